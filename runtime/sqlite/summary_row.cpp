#include "runtime/sqlite/summary_row.hpp"

namespace o3::store::sqlite {

namespace {

/// `value`, or NULL, which takes no room.
template <class T>
void put_unless(bool absent, statement& to, int at, const T& value) {
  if (absent)
    to.put(at, std::nullopt);
  else
    to.put(at, value);
}

bool shows(std::string_view trace, const id& workflow) {
  constexpr std::string_view digits = "0123456789abcdef";
  if (trace.size() != 2 * workflow.bytes.size())
    return false;
  for (std::size_t i = 0; i < workflow.bytes.size(); ++i)
    if (trace[2 * i] != digits[workflow.bytes[i] >> 4U]
        || trace[2 * i + 1] != digits[workflow.bytes[i] & 15U])
      return false;
  return true;
}

} // namespace

void bind_summary(statement& to, const summary& s, const std::string& labels) {
  int at = 0;
  to.put(++at, s.workflow);
  to.put(++at, shard_of(s.workflow));
  to.put(++at, s.project);
  to.put(++at, s.principal);
  to.put(++at, s.ref);
  put_unless(shows(s.trace_id, s.workflow), to, ++at, s.trace_id);
  put_unless(s.idempotency_key.empty(), to, ++at, s.idempotency_key);
  put_unless(s.body_hash == sha256_hash{}, to, ++at, s.body_hash);
  to.put(++at, s.template_ref);
  put_unless(s.plan_hash == sha256_hash{}, to, ++at, s.plan_hash);
  to.put(++at, s.name);
  to.put(++at, s.revision);
  to.put(++at, static_cast<int>(s.state));
  to.put(++at, s.created_at);
  to.put(++at, s.started_at);
  to.put(++at, s.ended_at);
  to.put(++at, s.wake_at);
  to.put(++at, s.error);
  to.put(++at, s.root);
  to.put(++at, s.parent);
  to.put(++at, s.checkpoint_seq);
  put_unless(labels.empty(), to, ++at, labels);
}

summary read_summary(const statement& from) {
  summary s;
  s.workflow = from.id_at(0);
  s.project = from.text(2);
  s.principal = from.text(3);
  s.ref = from.text(4);
  s.trace_id = from.is_null(5) ? s.workflow.hex() : from.text(5);
  s.idempotency_key = from.text(6);
  s.body_hash = from.hash_at(7);
  s.template_ref = from.text(8);
  s.plan_hash = from.hash_at(9);
  s.name = from.text(10);
  s.revision = static_cast<std::uint32_t>(from.number(11));
  s.state = static_cast<workflow_state>(from.number(12));
  s.created_at = from.time_at(13);
  s.started_at = from.maybe_time(14);
  s.ended_at = from.maybe_time(15);
  s.wake_at = from.maybe_time(16);
  s.error = from.text(17);
  s.root = from.maybe_id(18);
  s.parent = from.maybe_id(19);
  s.checkpoint_seq = static_cast<std::uint64_t>(from.number(20));
  if (!from.is_null(21))
    s.labels = labels_of(from.text(21));
  return s;
}

} // namespace o3::store::sqlite
