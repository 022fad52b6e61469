// JSON Schema draft 7 of single values, compiled once and checked often. Schemas that hold only
// type, minimum, maximum, exclusive bounds, lengths and enum are checked here; all others by
// valijson, which schema.cpp alone includes. Messages never repeat the value: it may be a secret.
// Errors: `bad_value` from compile() for a schema that cannot be used. Threads: immutable, shared.
#pragma once
#include "runtime/base/json.hpp"
#include "runtime/base/result.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace o3 {

/// One way in which a value breaks its schema.
struct violation {
  fault code = fault::bad_value; ///< wrong_type or bad_value
  std::string pointer;           ///< within the value, "" is the value itself
  std::string message;           ///< goes on from "the value …": "must be a number, not text"
};

class value_check {
public:
  static result<std::shared_ptr<const value_check>> compile(const json& schema);
  ~value_check();
  value_check(const value_check&) = delete;
  value_check& operator=(const value_check&) = delete;

  /// The quick question. A text longer than 4096 bytes fails where the schema has a `pattern`:
  /// std::regex recurses once per character.
  [[nodiscard]] bool accepts(const json& value) const;
  /// Everything that is wrong with `value`; empty if accepts().
  [[nodiscard]] std::vector<violation> violations(const json& value) const;
  [[nodiscard]] bool accepts_anything() const { return !deep_ && plain_.empty; }

private:
  struct plain_schema {
    bool empty = true;
    unsigned types = 0; ///< bits of json types; 0: any
    std::optional<double> minimum, maximum, above, below;
    std::optional<std::size_t> length_min, length_max;
    std::optional<std::vector<json>> values; ///< enum; an empty one accepts nothing
  };
  struct deep_schema;

  value_check();
  static bool is_plain(const json& schema);
  static plain_schema read_plain(const json& schema);
  [[nodiscard]] bool type_fits(const json& value) const;
  [[nodiscard]] std::vector<violation> plain_violations(const json& value) const;

  plain_schema plain_;
  std::unique_ptr<const deep_schema> deep_;
};

} // namespace o3
