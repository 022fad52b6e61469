#include "tests/doubles/awx/filter.hpp"

#include <algorithm>
#include <array>

namespace o3::doubles::awx {

namespace {

constexpr std::array<std::string_view, 18> lookups{
  "exact",    "iexact",    "contains", "icontains", "startswith", "istartswith",
  "endswith", "iendswith", "regex",    "iregex",    "gt",         "gte",
  "lt",       "lte",       "in",       "isnull",    "search",     "int"};

constexpr std::array<std::string_view, 8> forbidden_fields{
  "extra_vars", "survey_passwords", "job_args", "job_env",
  "start_args", "host_config_key",  "password", "token"};

bool is_lookup(std::string_view s) {
  return std::find(lookups.begin(), lookups.end(), s) != lookups.end();
}

std::vector<std::string> split(std::string_view text, std::string_view by) {
  std::vector<std::string> out;
  for (;;) {
    const std::size_t at = text.find(by);
    out.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos)
      return out;
    text.remove_prefix(at + by.size());
  }
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& p : parts)
    out.append(out.empty() ? "" : "__").append(p);
  return out;
}

/// The text of a filter as a value of the field's type.
std::optional<json> to_value(const std::string& text, fields::type t) {
  switch (t) {
  case fields::type::whole:
    if (const auto n = whole_number(text))
      return json(*n);
    return std::nullopt;
  case fields::type::real:
    try {
      std::size_t used = 0;
      const double d = std::stod(text, &used);
      return used == text.size() ? std::optional(json(d)) : std::nullopt;
    } catch (const std::exception&) {
      return std::nullopt;
    }
  case fields::type::flag: {
    const std::string low = lower_text(text);
    if (low == "true" || low == "1" || low == "yes" || low == "on")
      return json(true);
    if (low == "false" || low == "0" || low == "no" || low == "off")
      return json(false);
    return std::nullopt;
  }
  case fields::type::time:
    if (const auto ms = iso_ms(text))
      return json(*ms);
    return std::nullopt;
  case fields::type::text:
    break;
  }
  return json(text);
}

std::string as_text(const json& j) {
  return j.is_string() ? j.get<std::string>() : j.dump();
}

bool text_lookup(const std::string& lookup, std::string have, std::string want) {
  std::string name = lookup;
  if (name.front() == 'i' && name != "in" && name != "int") {
    have = lower_text(have);
    want = lower_text(want);
    name.erase(0, 1);
  }
  if (name == "exact")
    return have == want;
  if (name == "contains" || name == "search")
    return have.find(want) != std::string::npos;
  if (name == "startswith")
    return have.rfind(want, 0) == 0;
  return have.size() >= want.size()
         && have.compare(have.size() - want.size(), want.size(), want) == 0; // endswith
}

http::response refused(const std::string& why) {
  return json_answer(400, {{"detail", why}});
}

} // namespace

std::optional<std::int64_t> iso_ms(std::string_view text) {
  std::string t(text);
  std::replace(t.begin(), t.end(), ' ', t.size() > 10 && t[10] == ' ' ? 'T' : '+');
  if (t.size() == 10)
    t += "T00:00:00";
  const auto zone = t.find_first_of("Zz+-", 11);
  if (t.size() > 10 && zone == std::string::npos)
    t += "Z";
  const auto read = parse_rfc3339(t);
  return read ? std::optional(to_ms(*read)) : std::nullopt;
}

/// Reads one "name=value"; "" or why it is refused.
std::string filter::compile(std::string_view name, const std::string& value, const fields& f,
                            condition& out, bool& forbidden) {
  auto parts = split(name, "__");
  while (parts.size() > 1
         && (parts.front() == "not" || parts.front() == "or" || parts.front() == "chain")) {
    out.negate = out.negate || parts.front() == "not";
    out.any = out.any || parts.front() == "or";
    parts.erase(parts.begin());
  }
  bool to_int = false;
  if (parts.size() > 1 && parts.back() == "int") {
    to_int = true;
    parts.pop_back();
  }
  out.lookup = "exact";
  if (parts.size() > 1 && is_lookup(parts.back())) {
    out.lookup = parts.back();
    parts.pop_back();
  }
  for (const auto& p : parts)
    if (std::find(forbidden_fields.begin(), forbidden_fields.end(), p) != forbidden_fields.end()) {
      forbidden = true;
      return "Filtering on " + p + " is not allowed.";
    }
  out.path = joined(parts);
  if (out.path == "pk")
    out.path = "id";
  auto type = f.type_of(out.path);
  if (!type)
    return "No field named " + parts.back() + ".";
  if (to_int)
    type = fields::type::whole;
  if (out.lookup == "isnull") {
    const auto flag = to_value(value, fields::type::flag);
    if (!flag)
      return "Cannot use isnull with '" + value + "'.";
    out.want = {*flag};
    return {};
  }
  if (out.lookup == "regex" || out.lookup == "iregex") {
    try {
      out.pattern.emplace(value, out.lookup == "iregex" ? std::regex::ECMAScript | std::regex::icase
                                                        : std::regex::ECMAScript);
    } catch (const std::regex_error& e) {
      return std::string("Invalid regular expression: ") + e.what();
    }
    return {};
  }
  if (out.lookup == "in") {
    if (value.empty())
      return "cannot provide empty value for __in";
    for (const auto& one : split(value, ",")) {
      const auto v = to_value(one, *type);
      if (!v)
        return "Field '" + out.path + "' expected another type but got '" + one + "'.";
      out.want.push_back(*v);
    }
    return {};
  }
  const bool ordered
    = out.lookup == "exact" || out.lookup.rfind("gt", 0) == 0 || out.lookup.rfind("lt", 0) == 0;
  const auto v = ordered ? to_value(value, *type) : std::optional(json(value));
  if (!v)
    return "Field '" + out.path + "' expected another type but got '" + value + "'.";
  out.want = {*v};
  return {};
}

std::optional<http::response> filter::read(const call& c, const fields& f, const names& reserved,
                                           filter& out) {
  for (const auto& [name, value] : c.query) {
    if (reserved.count(name) != 0)
      continue;
    condition made;
    bool forbidden = false;
    const bool searches
      = name == "search" || (name.size() > 8 && name.compare(name.size() - 8, 8, "__search") == 0);
    if (name == "search") {
      made.path = "name";
      made.lookup = "icontains";
      made.want = {value};
    } else if (searches && f.type_of(name.substr(0, name.size() - 8) + "__name")) {
      made.path = name.substr(0, name.size() - 8) + "__name";
      made.lookup = "icontains";
      made.want = {value};
    } else if (const auto why = compile(name, value, f, made, forbidden); !why.empty()) {
      return forbidden ? json_answer(403, {{"detail", why}}) : refused(why);
    }
    const bool plain = !made.any && !made.negate && made.path == "id";
    if (plain && !out.only_ && (made.lookup == "in" || made.lookup == "exact")) {
      std::set<oid> ids;
      for (const json& id : made.want)
        ids.insert(id.get<oid>());
      out.only_.emplace(ids.begin(), ids.end());
      continue;
    }
    out.conditions_.push_back(std::move(made));
  }
  return std::nullopt;
}

bool filter::holds(const condition& c, const std::vector<json>& have) {
  if (c.lookup == "isnull")
    return c.want.front().get<bool>() == have.empty();
  return std::any_of(have.begin(), have.end(), [&c](const json& h) {
    if (c.pattern)
      return std::regex_search(as_text(h), *c.pattern);
    if (c.lookup == "in")
      return std::find(c.want.begin(), c.want.end(), h) != c.want.end();
    const json& w = c.want.front();
    if (c.lookup == "exact")
      return h == w
             || (h.is_string() && w.is_number() && h.get_ref<const std::string&>() == w.dump());
    if (c.lookup == "gt")
      return h > w;
    if (c.lookup == "gte")
      return h >= w;
    if (c.lookup == "lt")
      return h < w;
    if (c.lookup == "lte")
      return h <= w;
    return text_lookup(c.lookup, as_text(h), as_text(w));
  });
}

bool filter::passes(oid row, const fields& f) const {
  bool some_or = false, one_holds = false;
  std::vector<json> have;
  for (const condition& c : conditions_) {
    have.clear();
    f.get(row, c.path, have);
    const bool ok = holds(c, have) != c.negate;
    if (c.any) {
      some_or = true;
      one_holds = one_holds || ok;
    } else if (!ok) {
      return false;
    }
  }
  return !some_or || one_holds;
}

} // namespace o3::doubles::awx
