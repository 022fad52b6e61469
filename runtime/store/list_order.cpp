#include "runtime/store/list_order.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

namespace o3::store {

namespace {

constexpr std::size_t name_bytes = 64;
constexpr std::array<std::string_view, 5> words{"-created", "created", "-ended", "ended", "name"};
/// First letter of a cursor; the default order has none, its cursor is the id alone.
constexpr std::array<char, 5> letters{' ', 'c', 'f', 'e', 'n'};

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t n = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, n);
  return failed == std::errc{} && stop == end ? std::optional{n} : std::nullopt;
}

} // namespace

std::span<const std::string_view> list_order_words() {
  return words;
}

std::string_view to_string(list_order o) {
  return words.at(static_cast<std::size_t>(o));
}

std::optional<list_order> parse_list_order(std::string_view word) {
  const auto at = std::find(words.begin(), words.end(), word);
  if (at == words.end())
    return std::nullopt;
  return static_cast<list_order>(at - words.begin());
}

std::string name_key(std::string_view name) {
  std::string key{name.substr(0, name_bytes)};
  for (char& c : key)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return key;
}

list_place place_of(list_order o, const summary& s) {
  list_place at{s.workflow};
  if (o == list_order::last_ended || o == list_order::first_ended)
    at.ended_at = s.ended_at;
  if (o == list_order::name)
    at.name_key = name_key(s.name);
  return at;
}

bool comes_before(list_order o, const list_place& a, const list_place& b) {
  switch (o) {
  case list_order::newest:
    return a.workflow > b.workflow;
  case list_order::oldest:
    return a.workflow < b.workflow;
  case list_order::last_ended:
    return std::tie(a.ended_at, a.workflow) > std::tie(b.ended_at, b.workflow);
  case list_order::first_ended:
    return std::tie(a.ended_at, a.workflow) < std::tie(b.ended_at, b.workflow);
  case list_order::name:
    return std::tie(a.name_key, b.workflow) < std::tie(b.name_key, a.workflow);
  }
  return false;
}

std::string to_cursor(list_order o, const list_place& at) {
  const auto workflow = at.workflow.hex();
  const std::string letter{letters.at(static_cast<std::size_t>(o))};
  switch (o) {
  case list_order::newest:
    return workflow;
  case list_order::oldest:
    return letter + "." + workflow;
  case list_order::last_ended:
  case list_order::first_ended:
    return letter + "." + std::to_string(to_ms(at.ended_at.value_or(wall_time{}))) + "." + workflow;
  case list_order::name:
    return letter + "." + to_hex(std::string_view{at.name_key}) + "." + workflow;
  }
  return workflow;
}

std::optional<list_place> parse_cursor(list_order o, std::string_view text) {
  const auto last = text.rfind('.');
  const auto workflow = id::parse(last == std::string_view::npos ? text : text.substr(last + 1));
  if (!workflow || (o == list_order::newest) != (last == std::string_view::npos))
    return std::nullopt;
  list_place at{*workflow};
  if (o == list_order::newest)
    return at;
  if (text.front() != letters.at(static_cast<std::size_t>(o)) || text.find('.') != 1)
    return std::nullopt;
  if (o == list_order::oldest)
    return last == 1 ? std::optional{at} : std::nullopt;
  if (last == 1)
    return std::nullopt;
  const auto key = text.substr(2, last - 2);
  if (o == list_order::name) {
    const auto bytes = from_hex(key);
    if (!bytes || bytes->size() > name_bytes)
      return std::nullopt;
    at.name_key.assign(bytes->begin(), bytes->end());
    return at;
  }
  const auto ms = number(key);
  if (!ms)
    return std::nullopt;
  at.ended_at = from_ms(*ms);
  return at;
}

void first_by_name::offer(const id& workflow, std::string_view name) {
  list_place at{workflow, {}, name_key(name)};
  const before first;
  if (after_ && !first(*after_, at))
    return;
  if (kept_.size() == max_) {
    more_ = true;
    if (kept_.empty() || !first(at, *kept_.rbegin()))
      return;
    kept_.erase(std::prev(kept_.end()));
  }
  kept_.insert(std::move(at));
}

} // namespace o3::store
