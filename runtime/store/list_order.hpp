// The orders of lists: their words, what comes before what, cursors as text, and the first rows by
// name of those that are looked at. Shared by all stores. Threads: pure functions; a
// `first_by_name` has one owner.
#pragma once
#include "runtime/store/journal.hpp"

#include <set>
#include <span>
#include <string>
#include <string_view>

namespace o3::store {

/// "-created", "created", "-ended", "ended", "name"; the first is the default.
std::span<const std::string_view> list_order_words();
std::string_view to_string(list_order o);
std::optional<list_order> parse_list_order(std::string_view word);

/// What order `name` compares, byte by byte: the first 64 bytes, ASCII letters in lower case.
std::string name_key(std::string_view name);
/// Where `s` stands; an order by end asks for ended ones only.
list_place place_of(list_order o, const summary& s);
/// Whether `a` comes before `b` in the order.
bool comes_before(list_order o, const list_place& a, const list_place& b);

/// A place as a short text without characters that a URL would escape. One of another order is
/// refused: nothing.
std::string to_cursor(list_order o, const list_place& at);
std::optional<list_place> parse_cursor(list_order o, std::string_view text);

/// Takes rows in any order and keeps the first `max` that come after `after`.
class first_by_name {
public:
  first_by_name(std::size_t max, const std::optional<list_place>& after)
      : max_(max), after_(after) {}
  void offer(const id& workflow, std::string_view name);
  /// In order. Whether rows were left out: more().
  [[nodiscard]] std::vector<list_place> take() const { return {kept_.begin(), kept_.end()}; }
  [[nodiscard]] bool more() const { return more_; }

private:
  struct before {
    bool operator()(const list_place& a, const list_place& b) const {
      return comes_before(list_order::name, a, b);
    }
  };
  std::size_t max_;
  const std::optional<list_place>& after_; ///< outlives this
  std::set<list_place, before> kept_;
  bool more_ = false;
};

} // namespace o3::store
