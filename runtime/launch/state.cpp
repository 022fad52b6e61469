#include "runtime/launch/state.hpp"

#include "runtime/launch/marker.hpp"

namespace o3::launch {

std::string_view to_string(target_class c) {
  static constexpr std::string_view names[] = {"A", "B", "C", "D"};
  return names[static_cast<std::size_t>(c)];
}

std::string_view to_string(phase p) {
  static constexpr std::string_view names[]
    = {"prepared", "preflight", "sending", "resending", "searching", "absent",
       "parked",   "confirmed", "failed",  "given_up",  "canceled"};
  static_assert(std::size(names) == phase_count);
  return names[static_cast<std::size_t>(p)];
}

std::string_view to_string(park_reason r) {
  static constexpr std::string_view names[]
    = {"none",          "bare_ambiguous", "undecidable",      "only_relaunches",
       "attempt_twice", "hourly_limit",   "refused_in_doubt", "restored"};
  return names[static_cast<std::size_t>(r)];
}

void apply(launch_state& s, const record& r) {
  s.at = r.at;
  if (r.plan)
    s.plan = *r.plan;
  if (r.witness)
    s.witness = r.witness;
  if (r.outcome)
    s.outcome = *r.outcome;
  if (r.note)
    s.note = *r.note;
  if (r.sent_at)
    s.sent_at = *r.sent_at;
}

record difference(const launch_state& before, const launch_state& after) {
  record r;
  r.at = after.at;
  if (before.plan != after.plan)
    r.plan = after.plan;
  if (before.witness != after.witness)
    r.witness = after.witness;
  if (before.outcome != after.outcome)
    r.outcome = after.outcome;
  if (before.note != after.note)
    r.note = after.note;
  if (before.sent_at != after.sent_at)
    r.sent_at = after.sent_at;
  return r;
}

std::string marker_text(const launch_state& s) {
  return to_text({s.plan.install8, s.plan.launch_id, s.at.attempt});
}

std::string key_text(const launch_state& s) {
  return key_text(s.plan.install8, s.plan.launch_id);
}

} // namespace o3::launch
