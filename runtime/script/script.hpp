// Expressions of templates: Lua 5.4 without I/O, time, randomness or anything that survives the
// evaluation. What an expression reads is known before it runs (`reads`), it is bounded in steps
// and memory, and equal inputs give equal results on every machine. README.md is the language.
// Errors: `bad_expression` from compile(), `expression_failed` from evaluate(), or what the lookup
// said. Threads: a `code` is immutable and shared; each evaluation has its own interpreter.
#pragma once
#include "runtime/base/json.hpp"
#include "runtime/base/result.hpp"

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace o3::script {

/// One thing an expression reads from outside.
struct read {
  enum class kind : std::uint8_t {
    input,   ///< input.N: an input of the workflow
    output,  ///< T.output.x: one output of a task
    outputs, ///< T.output as a whole: all outputs of a task
    state,   ///< T.state: how a task ended, as text
    item,    ///< item: the element of a loop
    key,     ///< key: of a map its key, of a list its position (from 0)
    index    ///< index: its position (from 0)
  };
  kind what = kind::input;
  std::string name;   ///< of the input or of the task
  std::string output; ///< kind output: its name
  auto operator<=>(const read&) const = default;
};

/// An expression that was understood.
struct code {
  std::string text;        ///< as written, without the braces
  bool block = false;      ///< statements with a `return`, not one expression
  std::vector<read> reads; ///< sorted, unique
};

/// Checks the syntax and finds what it reads. The message names the line and what stands there.
result<std::shared_ptr<const code>> compile(std::string_view text);

/// Where the `}}` stands that closes the expression starting at `from`; npos if nothing does.
/// Braces of tables and inside texts and comments do not close it.
std::size_t find_close(std::string_view text, std::size_t from);

/// What a read gave.
struct value {
  json data;
  bool secret = false; ///< must not be seen; what is made from it neither
  bool absent = false; ///< there is no such thing: nil
};
/// Asked once per read, when the expression gets there; an error ends the evaluation.
using lookup = std::function<result<value>(const read&)>;

struct bounds {
  std::uint64_t steps = 200'000; ///< instructions, and what helpers say they cost
  std::size_t bytes = 4 << 20;   ///< of the interpreter's memory; also of the result as JSON
};

/// The result is secret if anything that was read is. An error after that does not repeat what the
/// expression says.
result<value> evaluate(const code& c, const lookup& find, const bounds& b);

} // namespace o3::script
