// Reads values and conditions of a document and says what is wrong with them.
#include "runtime/base/text.hpp"
#include "tasks/declarative/operators.hpp"

#include <algorithm>

namespace o3::declarative {
namespace {

struct root_row {
  std::string_view word;
  declarative::root root;
  bool named;
};
constexpr std::array<root_row, root_count> root_rows{{{"input", root::input, true},
                                                      {"attr", root::attr, true},
                                                      {"launch", root::launch, true},
                                                      {"external", root::external, true},
                                                      {"task", root::task, true},
                                                      {"target", root::target, true},
                                                      {"answer", root::answer, true},
                                                      {"status", root::status, true},
                                                      {"header", root::header, true},
                                                      {"body", root::body, true},
                                                      {"let", root::let, true},
                                                      {"item", root::item, false},
                                                      {"key", root::key, false},
                                                      {"row", root::row, false},
                                                      {"ids", root::ids, false},
                                                      {"state", root::state, false},
                                                      {"error", root::error, false}}};

template <class Rows>
std::vector<std::string> words_of(const Rows& rows) {
  std::vector<std::string> words;
  for (const auto& row : rows)
    words.emplace_back(row.word);
  return words;
}

std::vector<std::string> listed_names(const std::set<std::string, std::less<>>& names) {
  return {names.begin(), names.end()};
}

class value_reader {
public:
  value_reader(const known_names& names, reporter& out) : names_(names), out_(out) {}

  value read(const json& doc, const place& at) {
    if (doc.is_string())
      return read_text(doc.get_ref<const std::string&>(), at);
    if (doc.is_array())
      return read_list(doc, at);
    if (!doc.is_object())
      return {.literal = doc};
    for (const auto& [key, member] : doc.items())
      if (key.starts_with('$'))
        return read_operation(key, doc, at);
    value v{.what = value::kind::object};
    for (const auto& [key, member] : doc.items()) {
      v.keys.push_back(key);
      v.parts.push_back(read(member, place{at, key}));
    }
    return v;
  }

  condition read_condition(const json& doc, const place& at) {
    condition c;
    if (!doc.is_object()) {
      out_.fail(fault::wrong_type, at,
                "a condition must be an object, not " + std::string{type_name(doc)},
                R"(write {"value": "${…}", "equals": …})");
      return c;
    }
    for (const auto& row : test_rows)
      if (doc.contains(row.word))
        return read_test(row, doc, at);
    const auto words = words_of(test_rows);
    for (const auto& [key, member] : doc.items())
      if (key != "value") {
        out_.fail(fault::unknown_key, place{at, key}, "a condition has no test " + in_quotes(key),
                  out_.nearest(key, words));
        return c;
      }
    out_.fail(fault::missing_key, at, "the condition tests nothing",
              "add one of: " + listed(words, words.size()));
    return c;
  }

private:
  value read_list(const json& doc, const place& at) {
    value v{.what = value::kind::list};
    for (std::size_t i = 0; i < doc.size(); ++i)
      v.parts.push_back(read(doc[i], place{at, i}));
    return v;
  }

  value read_text(const std::string& text, const place& at) {
    value v{.what = value::kind::text};
    std::string literal;
    for (std::size_t i = 0; i < text.size();) {
      if (text.compare(i, 3, "$${") == 0) {
        literal += "${";
        i += 3;
      } else if (text.compare(i, 2, "${") == 0) {
        const auto end = text.find('}', i);
        if (end == std::string::npos) {
          out_.fail(fault::bad_reference, at, "a reference begins with ${ and has no end",
                    "close it with }, or write $${ for the two characters themselves");
          return {.literal = text};
        }
        if (!literal.empty())
          v.parts.push_back({.literal = std::exchange(literal, {})});
        v.parts.push_back(
          {.what = value::kind::reference,
           .reference = read_ref(std::string_view{text}.substr(i + 2, end - i - 2), at)});
        i = end + 1;
      } else {
        literal += text[i++];
      }
    }
    if (v.parts.empty())
      return {.literal = std::move(literal)};
    if (!literal.empty())
      v.parts.push_back({.literal = std::move(literal)});
    if (v.parts.size() == 1)
      return std::move(v.parts.front());
    return v;
  }

  ref read_ref(std::string_view text, const place& at) {
    ref r;
    r.text = "${" + std::string{text} + "}";
    const auto slash = std::min(text.find('/'), text.size());
    const auto dot = std::min(text.find('.'), slash);
    const auto word = text.substr(0, dot);
    const auto row = std::find_if(root_rows.begin(), root_rows.end(),
                                  [&](const root_row& x) { return x.word == word; });
    if (row == root_rows.end()) {
      out_.fail(fault::bad_reference, at, in_quotes(r.text) + " refers to nothing there is",
                out_.nearest(word, words_of(root_rows)));
      return r;
    }
    r.root = row->root;
    if (dot < slash)
      r.name = text.substr(dot + 1, slash - dot - 1);
    // A header's and a step's name hold no slash, a path begins with one.
    if (row->named == r.name.empty()) {
      out_.fail(fault::bad_reference, at,
                in_quotes(r.text) + (row->named ? " names nothing" : " takes no name"),
                row->named ? "write ${" + std::string{word} + ".NAME}"
                           : "write ${" + std::string{word} + "/path}");
      return r;
    }
    if (auto steps = pointer_steps(text.substr(slash)))
      r.path = std::move(*steps);
    else
      out_.fail(fault::bad_reference, at, in_quotes(r.text) + " has no valid JSON Pointer",
                "in a pointer ~ is written ~0 and / inside a name ~1");
    check_name(r, at);
    return r;
  }

  void check_name(const ref& r, const place& at) {
    switch (r.root) {
    case root::input:
      check_among(r, names_.inputs, "input", at);
      break;
    case root::attr:
      check_among(r, names_.attributes, "attribute that is an output or is set anywhere", at);
      break;
    case root::answer:
    case root::status:
    case root::header:
    case root::body:
      check_among(r, names_.steps, "request", at);
      break;
    case root::let:
      check_among(r, names_.lets, "let", at);
      break;
    case root::launch:
      check_among(r, {"marker", "key", "id", "attempt", "newest", "restored"}, "launch value", at);
      break;
    case root::external:
      check_among(r, {"id", "details"}, "external value", at);
      break;
    case root::task:
      check_among(r, {"attempt", "last_state", "force"}, "task value", at);
      break;
    case root::target:
      check_among(r, {"url", "origin"}, "target value", at);
      break;
    default:
      break;
    }
  }

  void check_among(const ref& r, const std::set<std::string, std::less<>>& names,
                   std::string_view what, const place& at) {
    if (!names.contains(r.name))
      out_.fail(fault::bad_reference, at,
                in_quotes(r.text) + ": there is no " + std::string{what} + " of this name",
                out_.nearest(r.name, listed_names(names)));
  }

  value read_operation(const std::string& key, const json& doc, const place& at) {
    const auto row = std::find_if(operator_rows.begin(), operator_rows.end(),
                                  [&](const operator_row& x) { return x.word == key; });
    if (row == operator_rows.end()) {
      out_.fail(fault::unknown_key, place{at, key}, "there is no operator " + in_quotes(key),
                out_.nearest(key, words_of(operator_rows)));
      return {};
    }
    value v{.what = value::kind::operation, .operation = row->operation};
    const place here{at, key};
    read_members(*row, doc, at, v);
    const auto& argument = doc.at(key);
    if (row->operation == op::choose)
      read_choice(argument, here, v);
    else if (row->operation == op::cases)
      read_cases(argument, here, v);
    else if (row->operation == op::helper)
      read_helper(argument, here, v);
    else
      read_arguments(*row, argument, here, v);
    return v;
  }

  // The named members: "do", "key", "value", or whatever a helper takes.
  void read_members(const operator_row& row, const json& doc, const place& at, value& v) {
    for (const auto& name : row.members) {
      if (name.empty())
        continue;
      if (const auto member = doc.find(name); member != doc.end()) {
        v.keys.emplace_back(name);
        v.parts.push_back(read(*member, place{at, name}));
      } else {
        out_.fail(fault::missing_key, at,
                  "the operator " + in_quotes(row.word) + " has no " + in_quotes(name));
      }
    }
    for (const auto& [name, member] : doc.items()) {
      if (name == row.word || std::find(v.keys.begin(), v.keys.end(), name) != v.keys.end())
        continue;
      if (row.operation == op::helper) {
        v.keys.push_back(name);
        v.parts.push_back(read(member, place{at, name}));
      } else {
        out_.fail(fault::unknown_key, place{at, name},
                  "the operator " + in_quotes(row.word) + " has no " + in_quotes(name),
                  "an operator stands alone in its object");
      }
    }
  }

  void read_arguments(const operator_row& row, const json& argument, const place& at, value& v) {
    if (row.most == 0) { // one value, whatever it is
      v.parts.push_back(read(argument, at));
      return;
    }
    if (!argument.is_array() || argument.size() < row.least || argument.size() > row.most) {
      out_.fail(fault::wrong_type, at,
                in_quotes(row.word) + " takes a list of " + std::to_string(row.least)
                  + (row.most > 1000         ? " or more"
                     : row.most == row.least ? ""
                                             : " to " + std::to_string(row.most))
                  + " values");
      return;
    }
    for (std::size_t i = 0; i < argument.size(); ++i)
      v.parts.push_back(read(argument[i], place{at, i}));
  }

  void read_choice(const json& argument, const place& at, value& v) {
    if (!argument.is_array() || argument.size() < 2 || argument.size() > 3) {
      out_.fail(fault::wrong_type, at,
                "'$if' takes [condition, value] or [condition, value, else]");
      return;
    }
    v.conditions.push_back(read_condition(argument[0], place{at, std::size_t{0}}));
    for (std::size_t i = 1; i < argument.size(); ++i)
      v.parts.push_back(read(argument[i], place{at, i}));
  }

  void read_cases(const json& argument, const place& at, value& v) {
    if (!argument.is_array()) {
      out_.fail(fault::wrong_type, at, "'$case' takes a list of [condition, value]");
      return;
    }
    for (std::size_t i = 0; i < argument.size(); ++i) {
      const place here{at, i};
      if (!argument[i].is_array() || argument[i].size() != 2) {
        out_.fail(fault::wrong_type, here, "each entry of '$case' is [condition, value]");
        continue;
      }
      v.conditions.push_back(read_condition(argument[i][0], place{here, std::size_t{0}}));
      v.parts.push_back(read(argument[i][1], place{here, std::size_t{1}}));
    }
  }

  void read_helper(const json& argument, const place& at, value& v) {
    if (!argument.is_string()) {
      out_.fail(fault::wrong_type, at, "'$helper' names a helper");
      return;
    }
    v.literal = argument;
    const auto& name = argument.get_ref<const std::string&>();
    if (!names_.helpers.contains(name))
      out_.fail(fault::bad_value, at, "there is no helper " + in_quotes(name),
                out_.nearest(name, listed_names(names_.helpers)));
  }

  condition read_test(const test_row& row, const json& doc, const place& at) {
    condition c;
    c.what = row.what;
    const auto& operand = doc.at(row.word);
    const place here{at, row.word};
    for (const auto& [key, member] : doc.items())
      if (key != row.word && (key != "value" || row.takes == operand_kind::conditions))
        out_.fail(fault::unknown_key, place{at, key},
                  "a condition with " + in_quotes(row.word) + " has no " + in_quotes(key),
                  "a condition makes one test; join several with \"all\" or \"any\"");
    if (row.takes == operand_kind::conditions) {
      read_parts(row, operand, here, c);
      return c;
    }
    if (const auto subject = doc.find("value"); subject != doc.end())
      c.sides.push_back(read(*subject, place{at, "value"}));
    else
      out_.fail(fault::missing_key, at, "the condition has no 'value' to test");
    if (row.takes == operand_kind::flag) {
      if (operand.is_boolean())
        c.wanted = operand.get<bool>();
      else
        out_.fail(fault::wrong_type, here, in_quotes(row.word) + " must be true or false");
      return c;
    }
    if (row.what == test::is)
      check_kind(operand, here);
    c.sides.push_back(read(operand, here));
    return c;
  }

  void read_parts(const test_row& row, const json& operand, const place& at, condition& c) {
    if (row.what == test::none) {
      c.parts.push_back(read_condition(operand, at));
      return;
    }
    if (!operand.is_array()) {
      out_.fail(fault::wrong_type, at, in_quotes(row.word) + " takes a list of conditions");
      return;
    }
    for (std::size_t i = 0; i < operand.size(); ++i)
      c.parts.push_back(read_condition(operand[i], place{at, i}));
  }

  void check_kind(const json& operand, const place& at) {
    static const std::vector<std::string> kinds{"text", "number", "object", "list", "flag", "null"};
    if (!operand.is_string() || std::find(kinds.begin(), kinds.end(), operand) == kinds.end())
      out_.fail(fault::bad_value, at, "'is' names a kind of value",
                "one of: " + listed(kinds, kinds.size()));
  }

  const known_names& names_;
  reporter& out_;
};

} // namespace

value compile_value(const json& doc, const place& at, const known_names& names, reporter& out) {
  return value_reader{names, out}.read(doc, at);
}

condition compile_condition(const json& doc, const place& at, const known_names& names,
                            reporter& out) {
  return value_reader{names, out}.read_condition(doc, at);
}

} // namespace o3::declarative
