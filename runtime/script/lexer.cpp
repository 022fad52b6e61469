#include "runtime/script/lexer.hpp"

#include "runtime/script/script.hpp"

#include <algorithm>
#include <array>

namespace o3::script {
namespace {

constexpr std::array<std::string_view, 22> keywords{
  "and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
  "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
  "repeat",   "return", "then", "true", "until",  "while"};
constexpr std::array<std::string_view, 10> long_symbols{
  "...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>"};
constexpr auto none = static_cast<std::size_t>(-1);

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool in_name(char c) {
  return starts_name(c) || is_digit(c);
}

} // namespace

// The level of a long bracket that opens at `at`: [[ is 0, [=[ is 1; `none` if there is none.
std::size_t lexer::long_bracket(std::size_t at) const {
  if (at >= text_.size() || text_[at] != '[')
    return none;
  const auto start = ++at;
  while (at < text_.size() && text_[at] == '=')
    ++at;
  return at < text_.size() && text_[at] == '[' ? at - start : none;
}

bool lexer::skip_long(std::size_t level, std::string_view& inside) {
  const auto from = at_ + level + 2;
  std::string close(level + 2, '=');
  close.front() = close.back() = ']';
  const auto end = text_.find(close, from);
  const auto stop = end == std::string_view::npos ? text_.size() : end + close.size();
  line_
    += static_cast<unsigned>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                        text_.begin() + static_cast<std::ptrdiff_t>(stop), '\n'));
  at_ = stop;
  if (end == std::string_view::npos)
    return false;
  inside = text_.substr(from, end - from);
  return true;
}

void lexer::skip_blanks() {
  for (;;) {
    while (at_ < text_.size()
           && (text_[at_] == ' ' || (text_[at_] >= '\t' && text_[at_] <= '\r'))) {
      line_ += text_[at_] == '\n' ? 1 : 0;
      ++at_;
    }
    if (peek() != '-' || peek(1) != '-')
      return;
    at_ += 2;
    if (const auto level = long_bracket(at_); level != none) {
      std::string_view inside;
      broken_ = !skip_long(level, inside);
    } else {
      at_ = std::min(text_.find('\n', at_), text_.size());
    }
  }
}

token lexer::quoted(token t) {
  const auto quote = text_[at_++];
  const auto from = at_;
  while (at_ < text_.size() && text_[at_] != quote) {
    if (text_[at_] == '\n')
      break;
    if (text_[at_] == '\\') {
      t.escapes = true;
      ++at_;
      line_ += peek() == '\n' ? 1 : 0;
    }
    ++at_;
  }
  if (peek() != quote || at_ >= text_.size()) {
    at_ = std::min(at_, text_.size());
    t.what = token::kind::bad;
    t.text = text_.substr(t.at, std::min<std::size_t>(at_ - t.at, 32));
    return t;
  }
  t.what = token::kind::text;
  t.text = text_.substr(from, at_ - from);
  ++at_;
  return t;
}

token lexer::next() {
  skip_blanks();
  token t;
  t.at = at_;
  t.line = line_;
  if (broken_) {
    t.what = token::kind::bad;
    t.text = "--[[";
    return t;
  }
  if (at_ >= text_.size())
    return t;
  const auto c = text_[at_];
  if (c == '"' || c == '\'')
    return quoted(t);
  if (const auto level = long_bracket(at_); level != none) {
    t.what = skip_long(level, t.text) ? token::kind::text : token::kind::bad;
    t.escapes = t.text.starts_with('\n') || t.text.starts_with('\r');
    return t;
  }
  if (starts_name(c)) {
    while (in_name(peek()))
      ++at_;
    t.text = text_.substr(t.at, at_ - t.at);
    t.what = std::find(keywords.begin(), keywords.end(), t.text) == keywords.end()
               ? token::kind::name
               : token::kind::keyword;
    return t;
  }
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
    while (in_name(peek()) || peek() == '.'
           || ((peek() == '+' || peek() == '-')
               && std::string_view{"eEpP"}.find(text_[at_ - 1]) != std::string_view::npos))
      ++at_;
    t.what = token::kind::number;
    t.text = text_.substr(t.at, at_ - t.at);
    return t;
  }
  t.what = token::kind::symbol;
  t.text = text_.substr(at_, 1);
  for (const auto s : long_symbols)
    if (text_.substr(at_).starts_with(s)) {
      t.text = s;
      break;
    }
  at_ += t.text.size();
  return t;
}

std::vector<token> tokens_of(std::string_view text) {
  std::vector<token> all;
  lexer in{text};
  do
    all.push_back(in.next());
  while (all.back().what != token::kind::end && all.back().what != token::kind::bad);
  return all;
}

std::size_t find_close(std::string_view text, std::size_t from) {
  lexer in{text, from};
  std::size_t depth = 0;
  for (;;) {
    const auto t = in.next();
    if (t.what == token::kind::end || t.what == token::kind::bad)
      return std::string_view::npos;
    if (t.is("{"))
      ++depth;
    if (!t.is("}"))
      continue;
    if (depth > 0)
      --depth;
    else
      return text.substr(t.at).starts_with("}}") ? t.at : std::string_view::npos;
  }
}

} // namespace o3::script
