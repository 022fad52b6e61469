// Values of a declarative class: JSON in which texts may refer to what is known (`${input.limit}`)
// and objects with one key that begins with `$` are operators. FORMAT.md is the reference.
//
//   - A text that is exactly one reference keeps its JSON type; inside a text it is interpolated.
//   - A member, item or operand that refers to something absent is left out; null is a value.
//   - One pass: what comes out is never looked at again for references. Its size is capped.
//
// No loops but over a given list, no arithmetic, no recursion: whatever is written here ends.
// Threads: compiled values are immutable; an evaluation has one owner.
#pragma once
#include "runtime/base/json.hpp"
#include "runtime/template/report.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace o3::declarative {

/// Where a reference points: `${root.name/pointer}`.
enum class root : std::uint8_t {
  input,    ///< .NAME: an input, its schema's default when not given
  attr,     ///< .NAME: an attribute of the task, set earlier
  launch,   ///< .marker .key .id .attempt .newest
  external, ///< .id .details
  task,     ///< .attempt .last_state .force (a cancel that may lose something)
  target,   ///< .url .origin
  answer,   ///< .STEP: the answer as JSON
  status,   ///< .STEP: its status code
  header,   ///< .STEP: its headers by lower-case name
  body,     ///< .STEP: its bytes as text
  let,      ///< .NAME: a value a step made
  item,     ///< what a list operator, or a listing, stands at
  key,      ///< its name or position
  row,      ///< what is watched
  ids,      ///< of a batch, as "1,2,3"
  state,    ///< how the thing stands: "queued", "running", "successful", …
  error     ///< the readable text of an answer that was not as wanted
};
inline constexpr std::size_t root_count = 17;

struct ref {
  declarative::root root = root::input;
  std::string name;
  std::vector<std::string> path; ///< of the JSON Pointer, unescaped
  std::string text;              ///< as written
};

enum class op : std::uint8_t {
  merge,
  concat,
  join,
  first_given, ///< "$default"
  choose,      ///< "$if"
  cases,       ///< "$case"
  base64,
  to_json,
  from_json,
  to_text,
  to_number,
  hcl,
  each,
  object,
  at,
  lookup,
  keys,
  first,
  split,
  helper
};

struct value;
enum class test : std::uint8_t { all, any, none, equals, in, contains, empty, given, is, above };
struct condition {
  test what = test::given;
  std::vector<condition> parts;
  std::vector<value> sides; ///< subject, then operand
  bool wanted = true;       ///< empty, given
};

struct value {
  enum class kind : std::uint8_t { literal, reference, text, list, object, operation };
  kind what = kind::literal;
  json literal = nullptr;
  declarative::ref reference = {};
  declarative::op operation = op::merge;
  std::vector<value> parts = {};
  std::vector<std::string> keys
    = {}; ///< object: one per part; operations: names where they have any
  std::vector<condition> conditions = {}; ///< choose, cases: one per pair
};

/// What a document may refer to; names that nothing sets are mistakes.
struct known_names {
  std::set<std::string, std::less<>> inputs, attributes, steps, lets, helpers;
};

value compile_value(const json& doc, const place& at, const known_names& names, reporter& out);
condition compile_condition(const json& doc, const place& at, const known_names& names,
                            reporter& out);

/// What one request brought.
struct reply {
  unsigned status = 0;
  json headers = json::object();
  std::string bytes = {};
  json body = nullptr;  ///< absent JSON: discarded
  bool is_json = false; ///< `body` is what the bytes say
};

struct helper_set;

/// All that references can reach while one talk goes on.
struct scope {
  json inputs = json::object();
  json attributes = json::object();
  json launch = json::object();
  json external = json::object();
  json task = json::object();
  json target = json::object();
  json lets = json::object();
  std::map<std::string, reply, std::less<>> replies;
  std::optional<json> row, ids, state, error;
  const helper_set* helpers = nullptr;
};

/// One evaluation. `problem` says what could not be made; the first one stays.
class evaluator {
public:
  enum class manner : std::uint8_t {
    strict, ///< a text with an absent part is a problem: requests
    lenient ///< an absent part is empty: sentences for people
  };
  explicit evaluator(const scope& s, manner m = manner::strict) : scope_(s), manner_(m) {}

  /// Nothing: absent, or a problem.
  std::optional<json> eval(const value& v);
  bool holds(const condition& c);
  /// The value as text: texts as they are, all else as compact JSON; "" if absent.
  std::string text(const value& v);
  /// A text whose references are percent-encoded, each as one piece of a path. A piece that is
  /// empty, "." or ".." is a problem.
  std::string path(const value& v);

  /// What ${item} is; must outlive the evaluation.
  void stand_at(const json* item) { item_ = item; }

  [[nodiscard]] bool ok() const { return problem_.empty(); }
  [[nodiscard]] const std::string& problem() const { return problem_; }

private:
  const json* find(const ref& r);
  std::optional<json> interpolate(const value& v);
  std::optional<json> list(const value& v);
  std::optional<json> object(const value& v);
  std::optional<json> operate(const value& v);
  std::optional<json> convert(const value& v);
  std::optional<json> merged(const value& v);
  std::optional<json> joined(const value& v);
  std::optional<json> for_each(const value& v);
  std::optional<json> call(const value& v);
  bool tested(const condition& c);
  std::optional<json> counted(std::optional<json> made);
  std::optional<json> fail(std::string what);

  const scope& scope_;
  manner manner_;
  std::string problem_;
  std::size_t spent_ = 0;
  const json* item_ = nullptr;
  const json* key_ = nullptr;
  json made_; ///< what find() makes up: status codes and bytes
};

/// Everything made in one evaluation together.
inline constexpr std::size_t value_bytes_max = 64 << 20;

/// Unescapes "/a~1b" to {"a/b"}; nothing if it is no JSON Pointer.
std::optional<std::vector<std::string>> pointer_steps(std::string_view pointer);
/// Walks `path` into `j`; nullptr if it leads nowhere.
const json* walk(const json& j, const std::vector<std::string>& path);
/// Absent, null, "", [] or {}.
bool is_empty(const json& j);
/// A number, or a text of digits.
std::optional<double> number_of(const json& j);
/// `j` as a literal of HCL: texts quoted, `${` and `%{` escaped, lists and objects inside too.
std::string hcl_literal(const json& j);

} // namespace o3::declarative
