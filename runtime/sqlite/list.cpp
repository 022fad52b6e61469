#include "runtime/sqlite/list_query.hpp"
#include "runtime/sqlite/reader.hpp"
#include "runtime/sqlite/summary_row.hpp"
#include "runtime/store/list_order.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <sqlite3.h>

namespace o3::store::sqlite {

namespace {

/// All queries within see the same state of the store.
class snapshot {
public:
  explicit snapshot(connection& c) : connection_(c) { c.run("BEGIN"); }
  ~snapshot() { sqlite3_exec(connection_.raw(), "ROLLBACK", nullptr, nullptr, nullptr); }
  snapshot(const snapshot&) = delete;
  snapshot& operator=(const snapshot&) = delete;

private:
  connection& connection_;
};

struct scanned {
  std::vector<list_place> fitting;  ///< in order
  std::optional<list_place> cut_at; ///< the last one looked at, if there may be more after it
};

list_place place_at(const statement& s, list_order o) {
  list_place at{s.id_at(0)};
  if (o == list_order::last_ended || o == list_order::first_ended)
    at.ended_at = s.maybe_time(3);
  return at;
}

/// Looks until more than `max` fit or there was enough looking.
scanned scan(statement& s, list_order o, std::uint64_t scan_max, std::size_t max) {
  scanned out;
  std::uint64_t looked_at = 0;
  list_place last;
  while (out.fitting.size() <= max && s.step()) {
    last = place_at(s, o);
    ++looked_at;
    if (s.number(1) != 0)
      out.fitting.push_back(last);
  }
  if (looked_at == scan_max || out.fitting.size() > max)
    out.cut_at = last;
  return out;
}

/// The states to look for one by one; a single `nullopt` where they are no part of the search.
std::vector<std::optional<int>> searches(const list_filter& f, bool by_state) {
  if (!by_state)
    return {std::nullopt};
  std::vector<std::optional<int>> out;
  for (const auto state : std::set<workflow_state>(f.states.begin(), f.states.end()))
    out.emplace_back(static_cast<int>(state));
  return out;
}

class lister {
public:
  lister(connection& c, statement& find, const list_filter& f,
         const std::optional<list_place>& after)
      : filter_(f), after_(after), find_(find),
        by_state_(!f.states.empty() && f.order != list_order::last_ended
                  && f.order != list_order::first_ended),
        query_(f, after, by_state_), statement_(c, query_.text()),
        scan_max_(
          std::clamp<std::uint64_t>(f.scan_max, 1, std::numeric_limits<std::int32_t>::max())) {}

  /// One scan for each state, in order over all of them.
  list_page in_order(std::size_t max) {
    const auto first
      = [&](const auto& a, const auto& b) { return comes_before(filter_.order, a, b); };
    scanned all;
    for (const auto& state : searches(filter_, by_state_)) {
      const run_scope scope{statement_};
      query_.bind(statement_, scan_max_, state);
      auto one = scan(statement_, filter_.order, scan_max_, max);
      all.fitting.insert(all.fitting.end(), one.fitting.begin(), one.fitting.end());
      if (one.cut_at && (!all.cut_at || first(*one.cut_at, *all.cut_at)))
        all.cut_at = one.cut_at;
    }
    std::sort(all.fitting.begin(), all.fitting.end(), first);
    // Behind the first cut not every state was looked at.
    if (all.cut_at)
      std::erase_if(all.fitting, [&](const auto& at) { return first(*all.cut_at, at); });
    list_page out;
    out.next = all.cut_at;
    if (all.fitting.size() > max) {
      all.fitting.resize(max);
      out.next = all.fitting.back();
    }
    add_items(out, all.fitting);
    return out;
  }

  /// Looks at all of them, or at none: which names come first shows only at the end.
  list_page by_name(std::size_t max) {
    first_by_name kept{max, after_};
    list_page out;
    std::uint64_t looked_at = 0;
    for (const auto& state : searches(filter_, by_state_)) {
      const run_scope scope{statement_};
      query_.bind(statement_, scan_max_ + 1, state);
      while (statement_.step()) {
        out.too_many = ++looked_at > scan_max_;
        if (out.too_many)
          return out;
        if (statement_.number(1) != 0)
          kept.offer(statement_.id_at(0), statement_.text(2));
      }
    }
    const auto places = kept.take();
    if (kept.more())
      out.next = places.back();
    add_items(out, places);
    return out;
  }

private:
  void add_items(list_page& out, const std::vector<list_place>& places) {
    for (const auto& at : places) {
      const run_scope scope{find_};
      find_.bind(at.workflow);
      if (find_.step())
        out.items.push_back(read_summary(find_));
    }
  }

  const list_filter& filter_;
  const std::optional<list_place>& after_;
  statement& find_;
  bool by_state_;
  list_query query_;
  statement statement_;
  std::uint64_t scan_max_;
};

} // namespace

list_page list_workflows(connection& c, statement& find, const list_filter& f,
                         const std::optional<list_place>& after, std::size_t max) {
  if (max == 0)
    return {};
  lister l{c, find, f, after};
  const snapshot same{c}; // a workflow that changes its state meanwhile is neither doubled nor lost
  return f.order == list_order::name ? l.by_name(max) : l.in_order(max);
}

} // namespace o3::store::sqlite
