#include "runtime/sqlite/reader.hpp"
#include "runtime/sqlite/summary_row.hpp"

#include <algorithm>
#include <limits>
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

/// The text of the query for a filter: only fixed names, every value is a parameter.
std::string list_sql(const list_filter& f, bool by_state) {
  std::string sql = "SELECT " + std::string{summary_columns} + " FROM workflow WHERE id<?1 AND ";
  sql += by_state ? "state=?2" : "+state>=0 AND ?2 IS NULL";
  if (f.project)
    sql += " AND project=?4";
  if (f.template_ref)
    sql += " AND template_ref=?5";
  if (f.trace_id) // NULL stands for the id's own digits
    sql += " AND id IN (SELECT id FROM workflow WHERE trace_id=?6 "
           "UNION ALL SELECT id FROM workflow WHERE id=?7 AND trace_id IS NULL)";
  if (f.ref)
    sql += " AND ref=?8";
  if (f.since)
    sql += " AND created_at>=?9";
  if (f.q)
    sql += " AND (name LIKE ?10 ESCAPE '\\' OR ref LIKE ?10 ESCAPE '\\' "
           "OR template_ref LIKE ?10 ESCAPE '\\' OR error LIKE ?10 ESCAPE '\\' "
           "OR ifnull(trace_id,lower(hex(id))) LIKE ?10 ESCAPE '\\')";
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
  std::int64_t max = 0;
  std::optional<id> trace_as_id;
  std::optional<std::string> pattern;
};

void run_query(statement& s, const list_filter& f, const list_values& v, std::optional<int> state,
               std::vector<summary>& out) {
  const run_scope scope{s};
  s.put(1, v.before);
  s.put(2, state);
  s.put(3, v.max);
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
  while (s.step())
    out.push_back(read_summary(s));
}

} // namespace

std::vector<summary> list_workflows(connection& c, const list_filter& f,
                                    const std::optional<id>& before, std::size_t max) {
  list_values v;
  v.before.bytes.fill(0xFF); // no version of UUID has these digits
  if (before)
    v.before = *before;
  v.max = static_cast<std::int64_t>(
    std::min<std::size_t>(max, std::numeric_limits<std::int64_t>::max()));
  if (f.trace_id)
    if (const auto as_id = id::parse(*f.trace_id); as_id && as_id->hex() == *f.trace_id)
      v.trace_as_id = as_id;
  if (f.q)
    v.pattern = like_pattern(*f.q);

  std::vector<summary> out;
  statement s{c, list_sql(f, !f.states.empty())};
  if (f.states.empty()) {
    run_query(s, f, v, std::nullopt, out);
    return out;
  }
  const snapshot same{c}; // a workflow that changes its state meanwhile is neither doubled nor lost
  // One scan of (state, id) for each state, at most a page of each; newest first over all of them.
  auto states = f.states;
  std::sort(states.begin(), states.end());
  states.erase(std::unique(states.begin(), states.end()), states.end());
  for (const auto state : states)
    run_query(s, f, v, static_cast<int>(state), out);
  std::sort(out.begin(), out.end(),
            [](const summary& a, const summary& b) { return a.workflow > b.workflow; });
  if (out.size() > max)
    out.resize(max);
  return out;
}

} // namespace o3::store::sqlite
