// Finding references in template values; evaluate.cpp gives them values.
#include "runtime/template/reference.hpp"

#include "runtime/base/text.hpp"
#include "runtime/template/report.hpp"
#include "runtime/template/secret_ref.hpp"

namespace o3 {
namespace {

constexpr std::string_view known_forms
  = "a reference is ${secret.NAME}, ${workflow.input.NAME}, ${TASK.output.NAME} with an optional "
    "path like .to[0].x, or in a loop ${each.value}, ${each.key} or ${each.index}; write $${ for a "
    "literal ${";
constexpr std::string_view input_prefix = "workflow.input.";
constexpr std::string_view output_infix = ".output.";
constexpr std::string_view secret_prefix = "secret.";
constexpr std::string_view each_prefix = "each.";
constexpr std::size_t name_bytes_max = 128;
constexpr std::size_t index_digits_max = 9;
/// Of one value: a text full of "${" must not fill the memory with explanations.
constexpr std::size_t errors_per_value_max = 100;

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
         || c == '-';
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= name_bytes_max
         && std::all_of(text.begin(), text.end(), is_name_char);
}

/// A member name of ≥ 1 characters, then any number of [n].
bool parse_segment(std::string_view segment, std::vector<path_step>& path) {
  auto bracket = segment.find('[');
  const auto key = segment.substr(0, bracket);
  if (!is_name(key))
    return false;
  path.push_back({std::string{key}, 0, false});
  while (bracket != std::string_view::npos) {
    segment.remove_prefix(bracket);
    const auto close = segment.find(']');
    if (close == std::string_view::npos)
      return false;
    const auto digits = segment.substr(1, close - 1);
    if (digits.empty() || digits.size() > index_digits_max
        || !std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; }))
      return false;
    path.push_back({"", static_cast<std::size_t>(std::stoul(std::string{digits})), true});
    segment.remove_prefix(close + 1);
    bracket = segment.empty() ? std::string_view::npos : 0;
    if (!segment.empty() && segment.front() != '[')
      return false;
  }
  return true;
}

bool parse_path(std::string_view text, std::vector<path_step>& path) {
  for (;;) {
    const auto dot = text.find('.');
    if (!parse_segment(text.substr(0, dot), path))
      return false;
    if (dot == std::string_view::npos)
      return true;
    text.remove_prefix(dot + 1);
  }
}

/// Why `inside` is no reference, as the end of a sentence.
std::string why_not(std::string_view inside) {
  if (inside.empty())
    return "is empty";
  if (std::any_of(inside.begin(), inside.end(),
                  [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }))
    return "holds blanks";
  if (inside.find("${") != std::string_view::npos)
    return "holds another reference; references do not nest";
  if (inside.starts_with(input_prefix)
      && inside.find_first_of(".[", input_prefix.size()) != std::string_view::npos)
    return "has a path after the input's name; an input is read as a whole";
  if (inside.starts_with("workflow.input"))
    return "does not name an input";
  if (inside.find(output_infix) != std::string_view::npos)
    return "has a malformed path to an output";
  return "has none of the known forms";
}

/// What follows "each."; a task called "each" is still read by ${each.output.NAME}.
std::optional<reference> parse_each(std::string_view inside) {
  if (inside == "key")
    return each_ref{each_ref::part::key, {}};
  if (inside == "index")
    return each_ref{each_ref::part::index, {}};
  constexpr std::string_view value = "value";
  if (!inside.starts_with(value))
    return std::nullopt;
  inside.remove_prefix(value.size());
  each_ref ref;
  if (inside.empty())
    return ref;
  // A path may begin with a position: ${each.value[0].x}
  const std::string path = (inside.front() == '.' ? "" : "v") + std::string{inside};
  if (!parse_path(std::string_view{path}.substr(inside.front() == '.' ? 1 : 0), ref.path))
    return std::nullopt;
  if (inside.front() != '.')
    ref.path.erase(ref.path.begin());
  return ref;
}

std::optional<reference> parse_reference(std::string_view inside) {
  if (inside.starts_with(input_prefix)) {
    const auto name = inside.substr(input_prefix.size());
    return is_name(name) ? std::optional<reference>{input_ref{std::string{name}}} : std::nullopt;
  }
  const auto infix = inside.find(output_infix);
  if (inside.starts_with(each_prefix) && !inside.starts_with("each.output."))
    return parse_each(inside.substr(each_prefix.size()));
  if (infix == std::string_view::npos)
    return std::nullopt;
  const auto task = inside.substr(0, infix);
  // Task names may hold dots, as ref_names may.
  if (task.empty() || task.size() > name_bytes_max
      || !std::all_of(task.begin(), task.end(), [](char c) { return is_name_char(c) || c == '.'; }))
    return std::nullopt;
  output_ref ref{std::string{task}, {}};
  if (!parse_path(inside.substr(infix + output_infix.size()), ref.path))
    return std::nullopt;
  return ref;
}

/// What an expression reads, as a reference; nothing if no such name can exist.
std::optional<reference> as_reference(const script::read& r) {
  using kind = script::read::kind;
  switch (r.what) {
  case kind::item:
    return each_ref{};
  case kind::key:
    return each_ref{each_ref::part::key, {}};
  case kind::index:
    return each_ref{each_ref::part::index, {}};
  case kind::input:
    return is_name(r.name) ? std::optional<reference>{input_ref{r.name}} : std::nullopt;
  default:
    break;
  }
  if (!is_ref_name(r.name))
    return std::nullopt;
  if (r.what == kind::state)
    return state_ref{r.name};
  output_ref ref{r.name, {}};
  if (r.what == kind::output)
    ref.path.push_back({r.output, 0, false});
  return ref;
}

class compiler {
public:
  compiler(findings& found, int schema_version) : found_(found), schema_version_(schema_version) {}

  expression script(std::string_view text, const place& at) {
    expression e;
    e.what = expression::kind::script;
    auto code = script::compile(text);
    if (!code) {
      note(fault::bad_expression, at,
           "the expression '" + printable_short(text) + "' cannot be used: " + code.error().message,
           std::move(code.error().hint));
      return {};
    }
    auto s = std::make_shared<scripted>();
    s->code = std::move(*code);
    for (const auto& r : s->code->reads) {
      auto ref = as_reference(r);
      if (!ref) {
        note(fault::bad_expression, at,
             "the expression '" + printable_short(text) + "' reads " + in_quotes(r.name)
               + ", which cannot be the name of an input or a task",
             "names have letters, digits, '_' and '-'");
        return {};
      }
      s->reads.push_back(std::move(*ref));
    }
    e.script = std::move(s);
    return e;
  }

  expression value(const json& v, const place& at) {
    if (v.is_string())
      return text(v.get_ref<const std::string&>(), at);
    expression e;
    if (v.is_array()) {
      e.what = expression::kind::list;
      for (std::size_t i = 0; i < v.size(); ++i)
        e.parts.push_back(value(v[i], place{at, i}));
    } else if (v.is_object()) {
      e.what = expression::kind::object;
      for (const auto& [key, member] : v.items()) {
        if (key == secret_member)
          fail(at, "there is a member '$secret', which is reserved",
               "refer to a stored secret by \"${secret.NAME}\"");
        e.keys.push_back(key);
        e.parts.push_back(value(member, place{at, key}));
      }
    }
    return is_constant(e) ? constant(v, e) : e;
  }

private:
  static bool is_constant(const expression& e) {
    return std::all_of(e.parts.begin(), e.parts.end(), [](const expression& part) {
      return part.what == expression::kind::literal;
    });
  }

  /// A value without any reference is one literal, whatever its depth; `$${` in its texts is
  /// resolved.
  static expression constant(const json& v, expression& e) {
    expression out;
    if (v.is_object()) {
      out.literal = json::object();
      for (std::size_t i = 0; i < e.parts.size(); ++i)
        out.literal[e.keys[i]] = std::move(e.parts[i].literal);
    } else if (v.is_array()) {
      out.literal = json::array();
      for (auto& part : e.parts)
        out.literal.push_back(std::move(part.literal));
    } else {
      out.literal = v;
    }
    return out;
  }

  expression text(const std::string& s, const place& at) {
    std::vector<expression> parts;
    std::string plain;
    const auto flush = [&] {
      if (plain.empty())
        return;
      expression piece;
      piece.literal = std::move(plain);
      parts.push_back(std::move(piece));
      plain.clear();
    };
    for (std::size_t i = 0; i < s.size();) {
      const auto rest = std::string_view{s}.substr(i);
      if (rest.starts_with("$${")) {
        plain += "${";
        i += 3;
      } else if (rest.starts_with("${{")) {
        const auto close = script::find_close(rest, 3);
        if (close == std::string_view::npos) {
          note(fault::bad_expression, at,
               "the expression starting at byte " + std::to_string(i) + " has no closing '}}'",
               "write $${ for a literal ${");
          break;
        }
        if (schema_version_ < 2)
          note(fault::bad_expression, at, "there are no expressions in schema_version 1",
               "needs schema_version 2");
        flush();
        parts.push_back(script(rest.substr(3, close - 3), at));
        i += close + 2;
      } else if (rest.starts_with("${")) {
        const auto close = rest.find('}');
        if (close == std::string_view::npos) {
          fail(at, "the reference starting at byte " + std::to_string(i) + " has no closing '}'");
          break;
        }
        const auto inside = rest.substr(2, close - 2);
        if (auto ref = parse_reference(inside)) {
          flush();
          expression piece;
          piece.what = expression::kind::ref;
          piece.ref = std::move(*ref);
          parts.push_back(std::move(piece));
        } else if (inside.starts_with(secret_prefix)) {
          if (i == 0 && close + 1 == s.size()
              && is_secret_label(inside.substr(secret_prefix.size())))
            return secret(inside.substr(secret_prefix.size()));
          fail(at, "'${" + printable_short(inside) + "}' is no secret's name alone",
               std::string{whole_secret_hint});
        } else {
          fail(at, "'${" + printable_short(inside) + "}' " + why_not(inside));
        }
        i += close + 1;
      } else {
        const auto next = s.find('$', i + 1);
        plain.append(s, i, (next == std::string::npos ? s.size() : next) - i);
        i = next == std::string::npos ? s.size() : next;
      }
    }
    flush();
    return assemble(std::move(parts));
  }

  static expression secret(std::string_view name) {
    expression e;
    e.literal = secret_marker(name);
    return e;
  }

  static expression assemble(std::vector<expression> parts) {
    if (parts.size() == 1)
      return std::move(parts.front());
    expression e;
    if (parts.empty()) {
      e.literal = "";
    } else {
      e.what = expression::kind::text;
      e.parts = std::move(parts);
    }
    return e;
  }

  static std::string printable_short(std::string_view text) {
    auto q = in_quotes(text);
    return q.substr(1, q.size() - 2);
  }

  void fail(const place& at, std::string message, std::string hint = std::string{known_forms}) {
    note(fault::bad_reference, at, std::move(message), std::move(hint));
  }
  void note(fault code, const place& at, std::string message, std::string hint) {
    if (++errors_ <= errors_per_value_max)
      found_.fail(code, at.pointer(), std::move(message), std::move(hint));
  }

  findings& found_;
  int schema_version_;
  std::size_t errors_ = 0;
};

} // namespace

std::string to_string(std::span<const path_step> path) {
  std::string text;
  for (const auto& step : path) {
    if (step.is_index)
      text += "[" + std::to_string(step.index) + "]";
    else
      text += (text.empty() ? "" : ".") + step.key;
  }
  return text;
}

std::string to_string(const reference& r) {
  if (const auto* in = std::get_if<input_ref>(&r))
    return "${" + std::string{input_prefix} + in->name + "}";
  if (const auto* each = std::get_if<each_ref>(&r)) {
    if (each->what != each_ref::part::value)
      return each->what == each_ref::part::key ? "${each.key}" : "${each.index}";
    const auto path = to_string(each->path);
    const std::string dot = path.empty() || path.front() == '[' ? "" : ".";
    return "${each.value" + dot + path + "}";
  }
  if (const auto* state = std::get_if<state_ref>(&r))
    return state->task + ".state";
  const auto& out = *std::get_if<output_ref>(&r);
  if (out.path.empty())
    return out.task + ".output";
  return "${" + out.task + std::string{output_infix} + to_string(out.path) + "}";
}

expression compile(const json& value, const std::string& at, findings& found, int schema_version) {
  return compiler{found, schema_version}.value(value, place{at});
}

expression compile_script(std::string_view text, const std::string& at, findings& found) {
  compiler c{found, 2};
  if (text.starts_with("${{") && script::find_close(text, 3) == text.size() - 2)
    text = text.substr(3, text.size() - 5);
  return c.script(text, place{at});
}

bool holds_script(const expression& e) {
  return e.what == expression::kind::script
         || std::any_of(e.parts.begin(), e.parts.end(), holds_script);
}

void for_each_reference(const expression& e, const std::function<void(const reference&)>& f) {
  if (e.what == expression::kind::ref)
    f(e.ref);
  if (e.what == expression::kind::script)
    for (const auto& r : e.script->reads)
      f(r);
  for (const auto& part : e.parts)
    for_each_reference(part, f);
}

} // namespace o3
