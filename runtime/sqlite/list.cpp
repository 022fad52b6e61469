#include "runtime/sqlite/reader.hpp"
#include "runtime/sqlite/summary_row.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <set>
#include <sqlite3.h>

namespace o3::store::sqlite {

namespace {

/// `text` as a LIKE pattern that matches it anywhere; '\' escapes.
std::string like_pattern(std::string_view text) {
  std::string out = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\')
      out += '\\';
    out += c;
  }
  return out + "%";
}

/// The text of the query for a filter: id and whether it fits, for at most ?3 of all that are
/// looked at, so that a filter that fits nothing costs no more than one that fits all. Only fixed
/// names, every value is a parameter.
std::string list_sql(const list_filter& f, bool by_state) {
  std::string fits = "1";
  if (f.project)
    fits += " AND project=?4";
  if (f.template_ref)
    fits += " AND template_ref=?5";
  if (f.ref)
    fits += " AND ref=?8";
  if (f.since)
    fits += " AND created_at>=?9";
  if (f.q)
    fits += " AND (name LIKE ?10 ESCAPE '\\' OR ref LIKE ?10 ESCAPE '\\' "
            "OR template_ref LIKE ?10 ESCAPE '\\' OR error LIKE ?10 ESCAPE '\\' "
            "OR ifnull(trace_id,lower(hex(id))) LIKE ?10 ESCAPE '\\')";
  std::string sql = "SELECT id, " + fits + " FROM workflow WHERE id<?1 AND ";
  sql += by_state ? "state=?2" : "+state>=0 AND ?2 IS NULL";
  if (f.trace_id) // by its index; NULL stands for the id's own digits
    sql += " AND id IN (SELECT id FROM workflow WHERE trace_id=?6 "
           "UNION ALL SELECT id FROM workflow WHERE id=?7 AND trace_id IS NULL)";
  return sql + " ORDER BY id DESC LIMIT ?3";
}

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

struct list_values {
  id before;
  std::uint64_t scan_max = 0;
  std::optional<id> trace_as_id;
  std::optional<std::string> pattern;
};

struct scanned {
  std::vector<id> fitting;  ///< newest first
  std::optional<id> cut_at; ///< the last one looked at, if there may be more below it
};

/// Looks until more than `max` fit or there was enough looking.
scanned scan(statement& s, const list_filter& f, const list_values& v, std::optional<int> state,
             std::size_t max) {
  const run_scope scope{s};
  s.put(1, v.before);
  s.put(2, state);
  s.put(3, v.scan_max);
  if (f.project)
    s.put(4, f.project);
  if (f.template_ref)
    s.put(5, f.template_ref);
  if (f.trace_id) {
    s.put(6, f.trace_id);
    s.put(7, v.trace_as_id);
  }
  if (f.ref)
    s.put(8, f.ref);
  if (f.since)
    s.put(9, f.since);
  if (f.q)
    s.put(10, v.pattern);
  scanned out;
  std::uint64_t looked_at = 0;
  id last;
  while (out.fitting.size() <= max && s.step()) {
    last = s.id_at(0);
    ++looked_at;
    if (s.number(1) != 0)
      out.fitting.push_back(last);
  }
  if (looked_at == v.scan_max || out.fitting.size() > max)
    out.cut_at = last;
  return out;
}

} // namespace

list_page list_workflows(connection& c, statement& find, const list_filter& f,
                         const std::optional<id>& before, std::size_t max) {
  if (max == 0)
    return {};
  list_values v;
  v.before.bytes.fill(0xFF); // no version of UUID has these digits
  if (before)
    v.before = *before;
  v.scan_max = std::clamp<std::uint64_t>(f.scan_max, 1, std::numeric_limits<std::int32_t>::max());
  if (f.trace_id)
    if (const auto as_id = id::parse(*f.trace_id); as_id && as_id->hex() == *f.trace_id)
      v.trace_as_id = as_id;
  if (f.q)
    v.pattern = like_pattern(*f.q);

  statement s{c, list_sql(f, !f.states.empty())};
  const snapshot same{c}; // a workflow that changes its state meanwhile is neither doubled nor lost
  scanned all;
  if (f.states.empty()) {
    all = scan(s, f, v, std::nullopt, max);
  } else {
    // One scan of (state, id) for each state; newest first over all of them.
    for (const auto state : std::set<workflow_state>(f.states.begin(), f.states.end())) {
      auto one = scan(s, f, v, static_cast<int>(state), max);
      all.fitting.insert(all.fitting.end(), one.fitting.begin(), one.fitting.end());
      if (one.cut_at && (!all.cut_at || *one.cut_at > *all.cut_at))
        all.cut_at = one.cut_at;
    }
    std::sort(all.fitting.begin(), all.fitting.end(), std::greater<>{});
    // Below the highest cut not every state was looked at.
    if (all.cut_at)
      std::erase_if(all.fitting, [&](const id& w) { return w < *all.cut_at; });
  }
  list_page out;
  out.next = all.cut_at;
  if (all.fitting.size() > max) {
    all.fitting.resize(max);
    out.next = all.fitting.back();
  }
  for (const auto& w : all.fitting) {
    const run_scope scope{find};
    find.bind(w);
    if (find.step())
      out.items.push_back(read_summary(find));
  }
  return out;
}

} // namespace o3::store::sqlite
