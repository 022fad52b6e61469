#include "runtime/script/pattern.hpp"

#include <algorithm>
#include <cstring>

namespace o3::script {
namespace {

constexpr std::size_t captures_max = 32;
constexpr unsigned depth_max = 200;
constexpr auto none = static_cast<std::size_t>(-1);
constexpr auto nowhere = none; ///< no match is to be skipped

struct malformed_pattern {
  const char* why;
};
struct budget_over {};

bool in_range(char c, char low, char high) {
  return c >= low && c <= high;
}
bool is_letter(char c) {
  return in_range(c, 'a', 'z') || in_range(c, 'A', 'Z');
}
bool is_digit(char c) {
  return in_range(c, '0', '9');
}
bool is_printable(char c) {
  return in_range(c, '!', '~');
}

bool in_class(char c, char letter) {
  const auto lower = static_cast<char>(letter | 0x20);
  bool is = false;
  switch (lower) {
  case 'a':
    is = is_letter(c);
    break;
  case 'd':
    is = is_digit(c);
    break;
  case 'l':
    is = in_range(c, 'a', 'z');
    break;
  case 'u':
    is = in_range(c, 'A', 'Z');
    break;
  case 's':
    is = c == ' ' || in_range(c, '\t', '\r');
    break;
  case 'w':
    is = is_letter(c) || is_digit(c);
    break;
  case 'x':
    is = is_digit(c) || in_range(c, 'a', 'f') || in_range(c, 'A', 'F');
    break;
  case 'p':
    is = is_printable(c) && !is_letter(c) && !is_digit(c);
    break;
  case 'c':
    is = in_range(c, '\0', '\x1F') || c == '\x7F';
    break;
  case 'g':
    is = is_printable(c);
    break;
  default:
    return letter == c; // %% and the like
  }
  return in_range(letter, 'A', 'Z') ? !is : is;
}

class matcher {
public:
  matcher(std::string_view text, std::string_view pattern, std::uint64_t& budget)
      : text_(text), pattern_(pattern), budget_(budget) {}

  std::optional<pattern_match> at(std::size_t from, std::size_t pattern_from) {
    captures_.clear();
    open_.clear();
    const auto end = match(from, pattern_from, 0);
    if (end == none)
      return std::nullopt;
    if (!open_.empty())
      throw malformed_pattern{"a '(' is never closed"};
    return pattern_match{from, end, captures_};
  }

private:
  void pay(std::uint64_t steps = 1) {
    if (budget_ < steps) {
      budget_ = 0;
      throw budget_over{};
    }
    budget_ -= steps;
  }

  // The end of the single item that starts at `p`: a character, a class or a set.
  [[nodiscard]] std::size_t item_end(std::size_t p) {
    const auto begin = p;
    const auto c = pattern_[p++];
    if (c == '%') {
      if (p >= pattern_.size())
        throw malformed_pattern{"it ends with '%'"};
      const auto what = pattern_[p];
      if (what == 'b' || what == 'f' || is_digit(what))
        throw malformed_pattern{"%b, %f and back references are not supported"};
      return p + 1;
    }
    if (c != '[')
      return p;
    if (p < pattern_.size() && pattern_[p] == '^')
      ++p;
    do { // the first character may be ']'
      if (p >= pattern_.size())
        throw malformed_pattern{"a '[' is never closed"};
      p += pattern_[p] == '%' ? 2 : 1;
    } while (p >= pattern_.size() || pattern_[p] != ']');
    pay((p - begin) / 32);
    return p + 1;
  }

  [[nodiscard]] bool in_set(char c, std::size_t p, std::size_t end) const {
    ++p;
    const bool negated = pattern_[p] == '^';
    p += negated ? 1 : 0;
    for (; p < end; ++p) {
      if (pattern_[p] == '%') {
        if (in_class(c, pattern_[++p]))
          return !negated;
      } else if (p + 2 < end && pattern_[p + 1] == '-') {
        const auto byte = static_cast<unsigned char>(c);
        if (static_cast<unsigned char>(pattern_[p]) <= byte
            && byte <= static_cast<unsigned char>(pattern_[p + 2]))
          return !negated;
        p += 2;
      } else if (pattern_[p] == c) {
        return !negated;
      }
    }
    return negated;
  }

  bool fits(std::size_t at, std::size_t p, std::size_t end) {
    pay(1 + (end - p) / 32);
    if (at >= text_.size())
      return false;
    const auto c = text_[at];
    switch (pattern_[p]) {
    case '.':
      return true;
    case '%':
      return in_class(c, pattern_[p + 1]);
    case '[':
      return in_set(c, p, end - 1);
    default:
      return pattern_[p] == c;
    }
  }

  std::size_t match(std::size_t at, std::size_t p, unsigned depth) {
    if (depth > depth_max)
      throw malformed_pattern{"it is too complex"};
    for (;;) {
      pay();
      if (p >= pattern_.size())
        return at;
      const auto c = pattern_[p];
      if (c == '(')
        return open(at, p + 1, depth);
      if (c == ')')
        return close(at, p + 1, depth);
      if (c == '$' && p + 1 == pattern_.size())
        return at == text_.size() ? at : none;
      const auto end = item_end(p);
      const auto times = end < pattern_.size() ? pattern_[end] : '\0';
      if (times == '*' || times == '+' || times == '-')
        return repeat(at, p, end, times, depth);
      const bool here = fits(at, p, end);
      if (times == '?') {
        if (here)
          if (const auto r = match(at + 1, end + 1, depth + 1); r != none)
            return r;
        p = end + 1;
        continue;
      }
      if (!here)
        return none;
      ++at;
      p = end;
    }
  }

  std::size_t repeat(std::size_t at, std::size_t p, std::size_t end, char times, unsigned depth) {
    if (times == '-') {
      for (;; ++at) {
        if (const auto r = match(at, end + 1, depth + 1); r != none)
          return r;
        if (!fits(at, p, end))
          return none;
      }
    }
    const auto least = at + (times == '+' ? 1 : 0);
    auto most = at;
    while (fits(most, p, end))
      ++most;
    for (auto i = most + 1; i-- > least;)
      if (const auto r = match(i, end + 1, depth + 1); r != none)
        return r;
    return none;
  }

  std::size_t open(std::size_t at, std::size_t p, unsigned depth) {
    if (captures_.size() >= captures_max)
      throw malformed_pattern{"it has too many captures"};
    const bool position = p < pattern_.size() && pattern_[p] == ')';
    captures_.push_back({at, at, position});
    if (!position)
      open_.push_back(captures_.size() - 1);
    const auto r = match(at, position ? p + 1 : p, depth + 1);
    if (r == none) {
      captures_.pop_back();
      if (!position)
        open_.pop_back();
    }
    return r;
  }

  std::size_t close(std::size_t at, std::size_t p, unsigned depth) {
    if (open_.empty())
      throw malformed_pattern{"a ')' has no '('"};
    const auto which = open_.back();
    open_.pop_back();
    captures_[which].end = at;
    const auto r = match(at, p, depth + 1);
    if (r == none)
      open_.push_back(which);
    return r;
  }

  std::string_view text_;
  std::string_view pattern_;
  std::uint64_t& budget_;
  std::vector<pattern_match::capture> captures_;
  std::vector<std::size_t> open_;
};

} // namespace

std::size_t find_plain(std::string_view text, std::string_view part, std::size_t from) {
  if (from > text.size())
    return std::string_view::npos;
  if (part.empty())
    return from;
  // glibc's is the two-way algorithm.
  const auto* at = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  return at == nullptr ? std::string_view::npos
                       : static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
}

pattern_search find_pattern(std::string_view text, std::string_view pattern, std::size_t from,
                            std::size_t skip_end, std::uint64_t& budget) {
  pattern_search out;
  if (pattern.find_first_of("^$*+?.([%-") == std::string_view::npos && skip_end == nowhere) {
    const auto at = find_plain(text, pattern, std::min(from, text.size()));
    if (at != std::string_view::npos && from <= text.size())
      out.found = pattern_match{at, at + pattern.size(), {}};
    return out;
  }
  const bool anchored = pattern.starts_with('^');
  matcher m{text, pattern, budget};
  try {
    for (auto at = from; at <= text.size(); ++at) {
      auto found = m.at(at, anchored ? 1 : 0);
      if (found && found->end != skip_end) {
        out.found = std::move(found);
        break;
      }
      if (anchored)
        break;
    }
  } catch (const malformed_pattern& e) {
    out.malformed = e.why;
  } catch (const budget_over&) {
    out.exhausted = true;
  }
  return out;
}

} // namespace o3::script
