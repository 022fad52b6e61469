// What was stored under a template's name by the API, revision by revision: files
// `<owned directory>/.history/<ref_name>/<number>.jsonl`, the first line who, when and how, the
// second the document. Numbers grow by one and never come back; the oldest beyond a bound go. The
// template in use stays the file beside: a revision that was written just before a crash may never
// have been in use.
//
// CAF-free. Threads: blocking; called by the catalogue's owner only.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/json.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace o3::catalogue {

struct template_revision {
  std::uint32_t number = 0; ///< from 1; given by append()
  wall_time at;
  std::string by;      ///< principal; "" for one that was found in its file
  std::string project; ///< of `by`
  std::string action;  ///< "put", "rollback", "delete", or "found": its file was changed by others
  std::uint32_t from = 0; ///< rollback: to which revision
  std::string reason;
  std::string hash; ///< hash_of() its document; "" if it was deleted
  std::size_t tasks = 0;
};

/// SHA-256 of the canonical document, in hex.
std::string hash_of(const json& document);

class template_history {
public:
  /// `dir`: the owned directory of templates; `keep`: revisions of one template.
  template_history(std::filesystem::path dir, std::size_t keep)
      : dir_(std::move(dir)), keep_(keep) {}

  /// In order of their numbers; what cannot be read is left out.
  [[nodiscard]] std::vector<template_revision> list(const std::string& ref) const;
  /// `not_found`, or `file_broken`. null for a deletion.
  [[nodiscard]] result<json> document(const std::string& ref, std::uint32_t number,
                                      const limits& lim) const;
  /// Durable when it returns; gives the number. `document`: null for a deletion.
  result<std::uint32_t> append(const std::string& ref, template_revision r,
                               const json& document) const;
  /// Takes back what append() wrote last, because it did not come into use.
  void forget(const std::string& ref, std::uint32_t number) const;

private:
  [[nodiscard]] std::filesystem::path file(const std::string& ref, std::uint32_t number) const;
  [[nodiscard]] std::vector<std::uint32_t> numbers(const std::string& ref) const;

  std::filesystem::path dir_;
  std::size_t keep_;
};

/// The newest revision with this content; nullptr if there is none.
const template_revision* find_content(const std::vector<template_revision>& all,
                                      const std::string& hash);

} // namespace o3::catalogue
