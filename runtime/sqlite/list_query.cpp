#include "runtime/sqlite/list_query.hpp"

namespace o3::store::sqlite {

namespace {

constexpr int own_values = 2; ///< ?1 and ?2

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

bool is_by_end(list_order o) {
  return o == list_order::last_ended || o == list_order::first_ended;
}

std::string_view order_by(const list_filter& f) {
  switch (f.order) {
  case list_order::newest:
    return " ORDER BY id DESC";
  case list_order::oldest:
    return " ORDER BY id";
  // The '+' keeps the index of ends out: with a trace id its rows alone are to be looked at.
  case list_order::last_ended:
    return f.trace_id ? " ORDER BY +ended_at DESC, id DESC" : " ORDER BY ended_at DESC, id DESC";
  case list_order::first_ended:
    return f.trace_id ? " ORDER BY +ended_at, id" : " ORDER BY ended_at, id";
  case list_order::name: // all of them are looked at
    return "";
  }
  return "";
}

} // namespace

list_query::list_query(const list_filter& f, const std::optional<list_place>& after, bool by_state)
    : by_state_(by_state) {
  add_fits(f);
  where_ = by_state ? "state=?2" : "+state>=0";
  add_place(f, after);
  if (f.trace_id)
    add_trace(*f.trace_id);
  text_ = "SELECT id, " + fits_ + ", name, ended_at FROM workflow WHERE " + where_;
  text_ += order_by(f);
  text_ += " LIMIT ?1";
}

std::string list_query::mark(value v) {
  values_.push_back(std::move(v));
  return "?" + std::to_string(own_values + values_.size());
}

void list_query::add_fits(const list_filter& f) {
  const auto equal = [&](const char* column, const std::optional<std::string>& text) {
    if (text)
      fits_ += std::string{" AND "} + column + "=" + mark(*text);
  };
  equal("project", f.project);
  equal("template_ref", f.template_ref);
  equal("ref", f.ref);
  equal("principal", f.principal);
  if (f.parent)
    fits_ += " AND parent=" + mark(*f.parent);
  if (f.root)
    fits_ += " AND root=" + mark(*f.root);
  if (f.nested)
    fits_ += *f.nested ? " AND parent IS NOT NULL" : " AND parent IS NULL";
  if (f.since)
    fits_ += " AND created_at>=" + mark(to_ms(*f.since));
  if (f.until)
    fits_ += " AND created_at<" + mark(to_ms(*f.until));
  for (const auto& m : f.labels)
    fits_ += " AND instr(labels," + mark(label_part(m)) + ")>0";
  if (is_by_end(f.order) && !f.states.empty()) {
    std::int64_t mask = 0;
    for (const auto state : f.states)
      mask |= std::int64_t{1} << static_cast<int>(state);
    fits_ += " AND (1<<state)&" + mark(mask);
  }
  if (f.q)
    add_texts(*f.q);
}

void list_query::add_texts(const std::string& q) {
  const auto like = " LIKE " + mark(like_pattern(q)) + " ESCAPE '\\'";
  fits_ += " AND (name" + like;
  for (const char* text : {"ref", "template_ref", "error", "ifnull(trace_id,lower(hex(id)))"})
    fits_ += std::string{" OR "} + text + like;
  fits_ += " OR (labels IS NOT NULL AND EXISTS(SELECT 1 FROM json_each(workflow.labels) AS l "
           "WHERE l.key||'='||l.value"
           + like + ")))";
}

void list_query::add_place(const list_filter& f, const std::optional<list_place>& after) {
  if (is_by_end(f.order)) {
    const std::string ended = f.trace_id ? "+ended_at" : "ended_at";
    where_ += " AND " + ended + " IS NOT NULL";
    if (after) {
      const auto at = mark(to_ms(after->ended_at.value_or(wall_time{})));
      where_ += " AND (" + ended + ",id)" + (f.order == list_order::last_ended ? "<(" : ">(") + at
                + "," + mark(after->workflow) + ")";
    }
  } else if (f.order != list_order::name && after) {
    where_ += (f.order == list_order::newest ? " AND id<" : " AND id>") + mark(after->workflow);
  }
}

/// By its index; NULL stands for the id's own digits.
void list_query::add_trace(const std::string& trace_id) {
  where_ += " AND id IN (SELECT id FROM workflow WHERE trace_id=" + mark(trace_id);
  if (const auto as_id = id::parse(trace_id); as_id && as_id->hex() == trace_id)
    where_
      += " UNION ALL SELECT id FROM workflow WHERE id=" + mark(*as_id) + " AND trace_id IS NULL";
  where_ += ")";
}

void list_query::bind(statement& s, std::uint64_t scan_max, std::optional<int> state) const {
  s.put(1, scan_max);
  if (by_state_)
    s.put(2, state);
  int at = own_values;
  for (const auto& v : values_)
    std::visit([&](const auto& held) { s.put(++at, held); }, v);
}

} // namespace o3::store::sqlite
