// `${…}` in template values. Four forms, nothing else:
//   ${workflow.input.N}              an input of the request (or the template's default)
//   ${T.output.path.to[0].x}         an output of task T; it is a dependency
//   ${each.value.path} ${each.key}   the item of a for_each; ${each.index} its position from 0
//   ${secret.N}                      a stored secret: a whole value, compiled to a literal marker
//                                    (secret_ref.hpp)
// A value that is exactly one reference keeps its JSON type; inside text it is interpolated; `$${`
// is a literal `${`; results are never scanned again. Threads: immutable values.
#pragma once
#include "runtime/base/json.hpp"
#include "runtime/base/result.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace o3 {

struct path_step {
  std::string key;       ///< member name, if !is_index
  std::size_t index = 0; ///< list position, if is_index
  bool is_index = false;
  bool operator==(const path_step&) const = default;
};
struct input_ref {
  std::string name;
  bool operator==(const input_ref&) const = default;
};
struct output_ref {
  std::string task;            ///< ref_name of the producer
  std::vector<path_step> path; ///< at least one step; the first is the output's name
  bool operator==(const output_ref&) const = default;
};
struct each_ref {
  enum class part : std::uint8_t { value, key, index };
  part what = part::value;
  std::vector<path_step> path; ///< into the value
  bool operator==(const each_ref&) const = default;
};
using reference = std::variant<input_ref, output_ref, each_ref>;
std::string to_string(const reference& r); ///< as written, with ${ }

/// A template value with its references found, ready to be evaluated.
struct expression {
  enum class kind : std::uint8_t { literal, ref, text, list, object };
  kind what = kind::literal;
  json literal;                  ///< kind literal
  reference ref;                 ///< kind ref
  std::vector<expression> parts; ///< text: literal texts and refs; list: items; object: values
  std::vector<std::string> keys; ///< object: one per part
};

/// Compiles any JSON value. Errors carry the pointer `at` (extended into the value).
expression compile(const json& value, const std::string& at, findings& found);
/// Calls `f` for each reference in `e`.
void for_each_reference(const expression& e, const std::function<void(const reference&)>& f);

/// What a reference stands for; an error ends the evaluation.
using reference_lookup = std::function<result<json>(const reference&)>;
/// The value of `e`. Interpolated text: strings as they are, everything else as compact JSON. Fails
/// with `input_invalid` when the result exceeds `bytes_max`.
result<json> evaluate(const expression& e, const reference_lookup& lookup, std::size_t bytes_max);
/// Walks `path` into `value`; nullptr if it leads nowhere.
const json* follow(const json& value, std::span<const path_step> path);
/// One step of follow().
const json* follow_step(const json& value, const path_step& step);
/// `path` as written: "to[0].x".
std::string to_string(std::span<const path_step> path);
/// About the bytes of `value` as compact JSON; stops counting above `enough`.
std::size_t about_bytes(const json& value, std::size_t enough);

} // namespace o3
