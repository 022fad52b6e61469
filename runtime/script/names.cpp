#include "runtime/script/names.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace o3::script {
namespace {

using kind = token::kind;

// helpers_test holds this list and the helpers together.
constexpr std::array<std::string_view, 47> helpers{
  "assert",     "base64",      "contains", "default",     "ends_with", "equal",    "error",
  "filter",     "first",       "flatten",  "from_base64", "ipairs",    "is_list",  "is_null",
  "is_object",  "join",        "json",     "keys",        "last",      "len",      "list",
  "lower",      "map",         "matches",  "math",        "merge",     "null",     "pairs",
  "parse_json", "range",       "replace",  "round",       "select",    "slice",    "sort",
  "split",      "starts_with", "string",   "table",       "tonumber",  "tostring", "trim",
  "type",       "unique",      "unpack",   "upper",       "values"};
static_assert(std::is_sorted(helpers.begin(), helpers.end()));

class reader {
public:
  explicit reader(const std::vector<token>& tokens) : tokens_(tokens) {}

  result<std::vector<read>> run() {
    for (at_ = 0; at_ < tokens_.size(); ++at_)
      declare();
    if (auto bad = reserved())
      return *std::move(bad);
    for (at_ = 0; at_ < tokens_.size(); ++at_) {
      track_brackets();
      if (tokens_[at_].is("goto") || tokens_[at_].is("::"))
        return bad_expression(tokens_[at_].line, "there is no 'goto' in expressions");
      if (tokens_[at_].what == kind::name && is_free())
        if (auto bad = free_name())
          return *std::move(bad);
    }
    return std::vector<read>{found_.begin(), found_.end()};
  }

private:
  [[nodiscard]] const token& look(std::size_t ahead) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }

  // Collects the names that `local`, `function` and `for` declare at at_.
  void declare() {
    auto i = at_ + 1;
    if (tokens_[at_].is("local") && i < tokens_.size() && tokens_[i].is("function")) {
      add_local(i + 1);
    } else if (tokens_[at_].is("local") || tokens_[at_].is("for")) {
      names_from(i, false);
    } else if (tokens_[at_].is("function")) {
      while (i < tokens_.size() && !tokens_[i].is("(") && tokens_[i].what != kind::end)
        ++i;
      names_from(i + 1, true);
    }
  }

  // name [<attribute>] {, name [<attribute>]}; parameters may end in "...".
  void names_from(std::size_t i, bool parameters) {
    while (i < tokens_.size() && tokens_[i].what == kind::name) {
      add_local(i++);
      if (!parameters && i + 2 < tokens_.size() && tokens_[i].is("<"))
        i += 3;
      if (i >= tokens_.size() || !tokens_[i].is(","))
        return;
      ++i;
    }
  }

  void add_local(std::size_t i) {
    if (i < tokens_.size() && tokens_[i].what == kind::name)
      locals_.insert(tokens_[i].text);
  }

  [[nodiscard]] std::optional<error> reserved() const {
    for (const auto& t : tokens_) {
      if (t.what == kind::name && t.text == "_ENV")
        return bad_expression(t.line, "'_ENV' cannot be used in expressions");
      if (t.what == kind::name && (t.text == "input" || t.text == "tasks" || t.text == "each")
          && locals_.contains(t.text))
        return bad_expression(t.line, "'" + std::string{t.text} + "' cannot be the name of a local",
                              "it has a meaning in every expression; choose another name");
    }
    return std::nullopt;
  }

  void track_brackets() {
    const auto& t = tokens_[at_];
    if (t.is("(") || t.is("[") || t.is("{"))
      open_.push_back(t.text.front());
    else if ((t.is(")") || t.is("]") || t.is("}")) && !open_.empty())
      open_.pop_back();
  }

  // Neither a member's name, nor a key in a table, nor a local.
  [[nodiscard]] bool is_free() const {
    if (locals_.contains(tokens_[at_].text))
      return false;
    if (at_ == 0)
      return true;
    const auto& before = tokens_[at_ - 1];
    if (before.is(".") || before.is(":"))
      return false;
    if (before.is("<") && look(1).is(">")
        && (tokens_[at_].text == "const" || tokens_[at_].text == "close"))
      return false; // local x <const> = …
    const bool key = (before.is("{") || before.is(",") || before.is(";")) && look(1).is("=")
                     && !open_.empty() && open_.back() == '{';
    return !key;
  }

  // `.NAME` or `["NAME"]` after position at_; moves there.
  std::optional<std::string> member() {
    if (look(1).is(".") && (look(2).what == kind::name || look(2).what == kind::keyword)) {
      at_ += 2;
      return std::string{tokens_[at_].text};
    }
    if (look(1).is("[") && look(2).what == kind::text && !look(2).escapes && look(3).is("]")) {
      at_ += 3;
      return std::string{tokens_[at_ - 1].text};
    }
    return std::nullopt;
  }

  std::optional<error> free_name() {
    const auto& t = tokens_[at_];
    if (t.text == "input") {
      if (auto name = member()) {
        found_.insert({read::kind::input, *std::move(name), {}});
        return std::nullopt;
      }
      return bad_expression(t.line, "'input' must be followed by the name of an input",
                            "write input.NAME or input[\"NAME\"]; what is read must be known "
                            "before the workflow runs");
    }
    if (t.text == "each")
      return of_loop(t);
    if (t.text == "tasks") {
      if (auto name = member())
        return of_task(*std::move(name), t);
      return bad_expression(t.line, "'tasks' must be followed by the name of a task",
                            "write tasks[\"NAME\"].output.x; what is read must be known before "
                            "the workflow runs");
    }
    if (std::binary_search(helpers.begin(), helpers.end(), t.text)) {
      if (look(1).is(".") && (look(2).text == "output" || look(2).text == "state"))
        return bad_expression(t.line, "'" + std::string{t.text} + "' is a helper, not a task",
                              "a task of that name is tasks[\"" + std::string{t.text} + "\"]");
      return std::nullopt;
    }
    return of_task(std::string{t.text}, t);
  }

  std::optional<error> of_loop(const token& t) {
    const auto part = member();
    for (const auto& [name, what] : loop_names)
      if (part == name) {
        found_.insert({what, {}, {}});
        return std::nullopt;
      }
    if (part == "output" || part == "state") // of a task that is called so
      return of_part("each", part, t);
    return bad_expression(t.line, "'each' must be followed by .value, .key or .index",
                          "write each.value for the item of the loop, each.key for its key");
  }

  std::optional<error> of_task(std::string task, const token& t) {
    return of_part(std::move(task), member(), t);
  }

  std::optional<error> of_part(std::string task, const std::optional<std::string>& part,
                               const token& t) {
    if (part == "state") {
      found_.insert({read::kind::state, std::move(task), {}});
    } else if (part == "output") {
      if (auto name = member())
        found_.insert({read::kind::output, std::move(task), *std::move(name)});
      else
        found_.insert({read::kind::outputs, std::move(task), {}});
    } else {
      const std::vector<std::string> known{helpers.begin(), helpers.end()};
      const auto close = nearest(t.text, known);
      return bad_expression(
        t.line,
        "'" + printable(task, 64)
          + "' is no helper and no local; a task's name is followed by .output or .state",
        close.empty() ? "write input.NAME, TASK.output.NAME, TASK.state, or a name that 'local' "
                        "declares"
                      : "did you mean '" + std::string{close} + "'?");
    }
    return std::nullopt;
  }

  const std::vector<token>& tokens_;
  std::size_t at_ = 0;
  std::set<std::string_view> locals_;
  std::vector<char> open_;
  std::set<read> found_;
};

} // namespace

result<std::vector<read>> find_reads(const std::vector<token>& tokens) {
  return reader{tokens}.run();
}

std::span<const std::string_view> helper_names() {
  return helpers;
}

error bad_expression(unsigned line, std::string message, std::string hint) {
  return make_error(fault::bad_expression,
                    "line " + std::to_string(line) + ": " + std::move(message), "",
                    std::move(hint));
}

} // namespace o3::script
