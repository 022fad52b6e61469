#include "tests/doubles/awx/vars.hpp"

#include "http/core/chars.hpp"
#include "tests/doubles/base/exchange.hpp"

#include <charconv>
#include <vector>

namespace o3::doubles::awx {

namespace {

struct refused {};

json plain_scalar(std::string_view text) {
  text = http::trimmed(text);
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
    return nullptr;
  for (const char* yes : {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
    if (text == yes)
      return true;
  for (const char* no : {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
    if (text == no)
      return false;
  if (const auto n = whole_number(text.front() == '+' ? text.substr(1) : text))
    return *n;
  double d = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), d);
  if (ec == std::errc{} && end == text.data() + text.size()
      && text.find_first_of("0123456789") != std::string_view::npos)
    return d;
  if (std::string_view("&*!|>%@`").find(text.front()) != std::string_view::npos)
    throw refused{};
  return std::string(text);
}

/// Flow style: {'a': 1, "b": [x, y]}, as a printed Python dict looks too.
class flow {
public:
  explicit flow(std::string_view text) : in_(text) {}
  json all() {
    json j = value();
    blanks();
    if (at_ != in_.size())
      throw refused{};
    return j;
  }

private:
  void blanks() {
    while (at_ < in_.size() && (in_[at_] == ' ' || in_[at_] == '\n' || in_[at_] == '\t'))
      ++at_;
  }
  [[nodiscard]] char peek() const { return at_ < in_.size() ? in_[at_] : '\0'; }
  void take(char c) {
    blanks();
    if (peek() != c)
      throw refused{};
    ++at_;
  }
  json value() {
    blanks();
    if (peek() == '{')
      return mapping();
    if (peek() == '[')
      return list();
    return scalar();
  }
  json mapping() {
    json out = json::object();
    take('{');
    for (blanks(); peek() != '}'; blanks()) {
      const json key = scalar();
      take(':');
      out[key.is_string() ? key.get<std::string>() : key.dump()] = value();
      blanks();
      if (peek() != '}')
        take(',');
    }
    take('}');
    return out;
  }
  json list() {
    json out = json::array();
    take('[');
    for (blanks(); peek() != ']'; blanks()) {
      out.push_back(value());
      blanks();
      if (peek() != ']')
        take(',');
    }
    take(']');
    return out;
  }
  json scalar() {
    blanks();
    if (peek() == '\'' || peek() == '"')
      return quoted(in_[at_]);
    const std::size_t from = at_;
    while (at_ < in_.size() && std::string_view(",{}[]\n").find(in_[at_]) == std::string_view::npos
           && !(in_[at_] == ':' && (at_ + 1 == in_.size() || in_[at_ + 1] == ' ')))
      ++at_;
    return plain_scalar(in_.substr(from, at_ - from));
  }
  json quoted(char mark) {
    std::string out;
    for (++at_;; ++at_) {
      if (at_ >= in_.size())
        throw refused{};
      if (in_[at_] == mark && mark == '\'' && at_ + 1 < in_.size() && in_[at_ + 1] == mark)
        ++at_;
      else if (in_[at_] == mark)
        break;
      if (in_[at_] == '\\' && mark == '"' && at_ + 1 < in_.size()) {
        const char c = in_[++at_];
        out.push_back(c == 'n' ? '\n' : c == 't' ? '\t' : c);
        continue;
      }
      out.push_back(in_[at_]);
    }
    ++at_;
    return out;
  }

  std::string_view in_;
  std::size_t at_ = 0;
};

struct line {
  std::size_t indent;
  std::string_view text;
};

std::vector<line> lines_of(std::string_view text) {
  std::vector<line> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!one.empty() && one.back() == '\r')
      one.remove_suffix(1);
    const std::size_t indent = std::min(one.find_first_not_of(' '), one.size());
    one.remove_prefix(indent);
    if (one.empty() || one.front() == '#' || (indent == 0 && one == "---"))
      continue;
    if (one.front() == '\t')
      throw refused{};
    if (const auto comment = one.find(" #"); comment != std::string_view::npos)
      one = one.substr(0, comment);
    out.push_back({indent, http::trimmed(one)});
  }
  return out;
}

/// "key" and what follows its colon; nullopt if the line is no mapping entry.
std::optional<std::pair<std::string, std::string_view>> entry(std::string_view text) {
  if (text.front() == '{' || text.front() == '[')
    return std::nullopt;
  std::size_t colon = text.find(": ");
  if (colon == std::string_view::npos && text.back() == ':')
    colon = text.size() - 1;
  if (colon == std::string_view::npos)
    return std::nullopt;
  const json key = flow(text.substr(0, colon)).all();
  return std::pair(key.is_string() ? key.get<std::string>() : key.dump(),
                   http::trimmed(text.substr(colon + 1)));
}

json block(const std::vector<line>& all, std::size_t& at, std::size_t indent);

/// What stands behind "key:" or "-": on the line, or the deeper lines below.
json nested(const std::vector<line>& all, std::size_t& at, std::size_t indent,
            std::string_view rest) {
  if (!rest.empty())
    return flow(rest).all();
  const bool list_here = at < all.size() && all[at].indent == indent && all[at].text[0] == '-';
  if (at < all.size() && (all[at].indent > indent || list_here))
    return block(all, at, all[at].indent);
  return nullptr;
}

json block(const std::vector<line>& all, std::size_t& at, std::size_t indent) {
  json out;
  while (at < all.size() && all[at].indent == indent) {
    const std::string_view text = all[at].text;
    const bool item = text == "-" || text.substr(0, 2) == "- ";
    if (item) {
      if (!out.is_null() && !out.is_array())
        break;
      ++at;
      const auto rest = http::trimmed(text.substr(1));
      if (!rest.empty() && entry(rest))
        throw refused{}; // mappings inside list items are beyond this reader
      out.push_back(nested(all, at, indent, rest));
      continue;
    }
    const auto e = entry(text);
    if (!e || out.is_array())
      throw refused{};
    ++at;
    out[e->first] = nested(all, at, indent, e->second);
  }
  if (at < all.size() && all[at].indent > indent)
    throw refused{};
  return out;
}

} // namespace

std::optional<json> parse_yaml(std::string_view text) {
  try {
    const auto all = lines_of(text);
    if (all.empty())
      return json(nullptr);
    if (all.front().text.front() == '{' || all.front().text.front() == '['
        || (all.size() == 1 && !entry(all.front().text) && all.front().text.front() != '-'))
      return flow(http::trimmed(text)).all();
    std::size_t at = 0;
    json out = block(all, at, all.front().indent);
    if (at != all.size())
      return std::nullopt;
    return out;
  } catch (const refused&) {
    return std::nullopt;
  }
}

vars_text parse_vars(const json& given) {
  vars_text out;
  if (given.is_object()) {
    out.vars = given;
    return out;
  }
  if (given.is_null() || (given.is_string() && given.get_ref<const std::string&>().empty()))
    return out;
  if (!given.is_string()) {
    out.error = "Input type `" + std::string(given.type_name()) + "` is not a dictionary";
    return out;
  }
  const auto& text = given.get_ref<const std::string&>();
  json read = json::parse(text, nullptr, false);
  if (!read.is_object()) {
    const bool json_fine = !read.is_discarded();
    auto yaml = json_fine ? std::optional(read) : parse_yaml(text);
    if (yaml && yaml->is_null())
      yaml = json::object();
    if (!yaml || !yaml->is_object()) {
      out.error = "Cannot parse as JSON (error: "
                  + std::string(json_fine ? "Input type is not a dictionary"
                                          : "Expecting value: line 1 column 1 (char 0)")
                  + ") or YAML (error: "
                  + (yaml ? "Input type is not a dictionary" : "could not read the document")
                  + ").";
      return out;
    }
    read = *std::move(yaml);
  }
  out.vars = std::move(read);
  return out;
}

} // namespace o3::doubles::awx
