// How the readers of documents report mistakes: where (`place`) and a bounded list (`reporter`).
// Errors: none of its own. Threads: one owner; both live on the stack of one reading.
#pragma once
#include "runtime/base/json.hpp"
#include "runtime/base/limits.hpp"
#include "runtime/base/result.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace o3 {

/// Where in a document: links on the stack, made into a JSON Pointer only when something is wrong
/// there. A place refers to its parent and to its key's text; both must outlive it.
class place {
public:
  place() = default; ///< the whole document
  explicit place(std::string_view pointer) : root_(pointer) {}
  place(const place& parent, std::string_view key) : parent_(&parent), key_(key) {}
  place(const place& parent, std::size_t index)
      : parent_(&parent), index_(index), is_index_(true) {}

  [[nodiscard]] std::string pointer() const;

private:
  const place* parent_ = nullptr;
  std::string_view root_;
  std::string_view key_;
  std::size_t index_ = 0;
  bool is_index_ = false;
};

/// Adds to `findings` until `limits.findings` errors and as many warnings stand there, then only
/// counts; finish() (or the end of its life) adds one last entry saying how many more there were.
class reporter {
public:
  reporter(findings& found, const limits& lim);
  reporter(const reporter&) = delete;
  reporter& operator=(const reporter&) = delete;
  ~reporter() { finish(); }

  void fail(fault code, const place& at, std::string message, std::string hint = {});
  void warn(fault code, const place& at, std::string message, std::string hint = {});
  /// Takes over what another check found.
  void merge(findings more);
  void finish();

  /// No further error will be shown: costly hints need not be made.
  [[nodiscard]] bool full() const { return found_.errors.size() >= max_; }
  /// Nothing went wrong since this reporter began.
  [[nodiscard]] bool ok() const { return !failed_; }
  /// nearest_hint(), but only while somebody can see it.
  [[nodiscard]] std::string nearest(std::string_view word,
                                    std::span<const std::string> candidates) const;

private:
  findings& found_;
  std::size_t max_;
  bool failed_ = false;
  std::size_t errors_left_out_ = 0;
  std::size_t warnings_left_out_ = 0;
};

/// 'name' in quotes, safe to print, cut to a length that fits a sentence.
std::string in_quotes(std::string_view name);
/// "a, b, c": the first `count_max` names, then how many more.
std::string listed(std::span<const std::string> names, std::size_t count_max);

} // namespace o3
