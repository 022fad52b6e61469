// `${…}` in template values. Five forms, nothing else:
//   ${workflow.input.N}              an input of the request (or the template's default)
//   ${T.output.path.to[0].x}         an output of task T; it is a dependency
//   ${each.value.path} ${each.key}   the item of a for_each; ${each.index} its position from 0
//   ${secret.N}                      a stored secret: a whole value, compiled to a literal marker
//                                    (secret_ref.hpp)
//   ${{ … }}                         an expression (runtime/script), from schema_version 2 on
// A value that is exactly one reference keeps its JSON type; inside text it is interpolated; `$${`
// is a literal `${`; results are never scanned again. Threads: immutable values.
#pragma once
#include "runtime/base/json.hpp"
#include "runtime/base/limits.hpp"
#include "runtime/base/result.hpp"
#include "runtime/script/script.hpp"

#include <functional>
#include <memory>
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
  std::vector<path_step> path; ///< the first step is the output's name; empty: all of them
  bool operator==(const output_ref&) const = default;
};
struct each_ref {
  enum class part : std::uint8_t { value, key, index };
  part what = part::value;
  std::vector<path_step> path; ///< into the value
  bool operator==(const each_ref&) const = default;
};
/// How a task ended; in expressions only.
struct state_ref {
  std::string task;
  bool operator==(const state_ref&) const = default;
};
using reference = std::variant<input_ref, output_ref, each_ref, state_ref>;
/// As written: ${…}, or what only an expression can say.
std::string to_string(const reference& r);

/// An expression and what it reads, in the order of `code->reads`.
struct scripted {
  std::shared_ptr<const script::code> code;
  std::vector<reference> reads;
};

/// A template value with its references found, ready to be evaluated.
struct expression {
  enum class kind : std::uint8_t { literal, ref, text, list, object, script };
  kind what = kind::literal;
  json literal;                  ///< kind literal
  reference ref;                 ///< kind ref
  std::vector<expression> parts; ///< text: literals, refs, scripts; list: items; object: values
  std::vector<std::string> keys; ///< object: one per part
  std::shared_ptr<const scripted> script; ///< kind script
};

/// Compiles any JSON value. Errors carry the pointer `at` (extended into the value).
expression compile(const json& value, const std::string& at, findings& found,
                   int schema_version = 2);
/// Compiles a text that is an expression, in ${{ }} or without. Errors as compile().
expression compile_script(std::string_view text, const std::string& at, findings& found);
/// Whether `e` holds an expression anywhere.
bool holds_script(const expression& e);
/// Calls `f` for each reference in `e`, those that its expressions read included.
void for_each_reference(const expression& e, const std::function<void(const reference&)>& f);

/// What a reference stands for; an error ends the evaluation.
using reference_lookup = std::function<result<json>(const reference&)>;
/// The value of `e`. Interpolated text: strings as they are, everything else as compact JSON. Fails
/// with `input_invalid` when the result exceeds `bytes_max`.
result<json> evaluate(const expression& e, const reference_lookup& lookup, std::size_t bytes_max);

/// What gives references their values where expressions have rules of their own.
class value_source {
public:
  virtual ~value_source() = default;
  /// What ${…} stands for.
  virtual result<json> value(const reference& r) = 0;
  /// The same where an expression reads it: what is not there is no error.
  virtual result<script::value> read(const reference& r) = 0;
};
result<json> evaluate(const expression& e, value_source& from, std::size_t bytes_max,
                      const limits& lim);
/// Walks `path` into `value`; nullptr if it leads nowhere.
const json* follow(const json& value, std::span<const path_step> path);
/// One step of follow().
const json* follow_step(const json& value, const path_step& step);
/// `path` as written: "to[0].x".
std::string to_string(std::span<const path_step> path);
/// About the bytes of `value` as compact JSON; stops counting above `enough`.
std::size_t about_bytes(const json& value, std::size_t enough);

} // namespace o3
