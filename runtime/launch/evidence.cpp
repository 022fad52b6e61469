#include "runtime/launch/evidence.hpp"

#include "runtime/base/text.hpp"

namespace o3::launch {
namespace {

constexpr std::size_t message_bytes_max = 300;

std::string with_message(std::string text, const launch_state& s) {
  if (!s.note.message.empty())
    text += ": " + printable(s.note.message, message_bytes_max);
  return text;
}

std::string attempt(const launch_state& s) {
  return "attempt " + std::to_string(s.at.attempt);
}

std::string seconds(millis d) {
  constexpr auto ms_per_s = 1000;
  return d.count() < ms_per_s ? std::to_string(d.count()) + " ms"
                              : std::to_string(d.count() / ms_per_s) + " s";
}

std::string searching_line(const launch_state& s) {
  if (s.plan.cls != target_class::searched)
    return with_message("the target reported a conflict, what it has is read", s);
  return with_message("it is unknown whether " + attempt(s) + " was accepted; the target is "
                        + "searched for " + marker_text(s) + " until it stayed away for "
                        + seconds(s.at.quiet) + " (" + std::to_string(s.at.clean)
                        + " listings without it)",
                      s);
}

std::string parked_line(const launch_state& s) {
  switch (s.note.reason) {
  case park_reason::attempt_twice:
  case park_reason::hourly_limit:
    return with_message("stopped by the circuit breaker", s);
  default:
    return with_message("cannot be known whether it was launched; adopt ID, declare-absent or "
                        "give-up",
                        s);
  }
}

std::string confirmed_line(const launch_state& s) {
  std::string line = (s.outcome.adopted ? "found again as " : "launched as ")
                     + printable(s.outcome.external_id, message_bytes_max);
  if (!s.outcome.surplus.empty())
    line += ", beside " + std::to_string(s.outcome.surplus.size()) + " that nobody owns";
  if (s.at.sweep_pending)
    line += "; a last search for doubles follows";
  return line;
}

} // namespace

std::string why(const launch_state& s) {
  switch (s.at.phase) {
  case phase::prepared:
    return with_message(s.at.wait > millis{0} ? attempt(s) + " waits " + seconds(s.at.wait)
                                              : attempt(s) + " is about to be sent",
                        s);
  case phase::preflight:
    return attempt(s) + ": the target is asked whether the launch can work";
  case phase::sending:
    return attempt(s) + " is being sent";
  case phase::resending:
    return with_message("the answer to " + attempt(s) + " was lost, the same is sent again", s);
  case phase::searching:
    return searching_line(s);
  case phase::absent:
    return with_message(attempt(s) + " follows", s);
  case phase::parked:
    return parked_line(s);
  case phase::confirmed:
    return confirmed_line(s);
  case phase::failed:
    return with_message("not launched", s);
  case phase::given_up:
    return with_message("ended without knowing whether it was launched", s);
  case phase::canceled:
    return with_message("canceled before it was launched", s);
  }
  return {};
}

json evidence(const launch_state& s) {
  json j = {{"launch_id", s.plan.launch_id.hex()},
            {"marker", marker_text(s)},
            {"class", to_string(s.plan.cls)},
            {"phase", to_string(s.at.phase)},
            {"attempt", s.at.attempt},
            {"intended_at", to_rfc3339(s.plan.intended_at)},
            {"request_sha256", s.plan.request_sha256},
            {"since", to_rfc3339(s.at.phase_at)},
            {"sent", {{"count", s.at.sends}}},
            {"searched", {{"count", s.at.searches}, {"clean", s.at.clean}, {"blind", s.at.blind}}},
            {"in_doubt", in_doubt(s)},
            {"cancel_asked", s.at.cancel},
            {"verbs", json::array()}};
  if (!s.sent_at.empty())
    j["sent"]["last_at"] = to_rfc3339(s.sent_at.back());
  if (s.at.phase == phase::searching)
    j["searched"]["quiet_ms"] = s.at.quiet.count();
  if (s.witness)
    j["witness"] = {{"newest_job", s.witness->newest}, {"identity", s.witness->identity}};
  if (!s.outcome.surplus.empty())
    j["searched"]["surplus"] = s.outcome.surplus;
  if (!s.outcome.relaunches.empty())
    j["searched"]["relaunches"] = s.outcome.relaunches;
  if (!s.outcome.external_id.empty()) {
    j["external_id"] = s.outcome.external_id;
    j["adopted"] = s.outcome.adopted;
  }
  if (s.note.reason != park_reason::none)
    j["reason"] = to_string(s.note.reason);
  if (!s.note.message.empty())
    j["last_error"] = s.note.message;
  if (s.at.phase == phase::parked)
    j["verbs"] = {"adopt", "declare-absent", "give-up"};
  else if (s.at.phase == phase::searching || s.at.phase == phase::resending)
    j["verbs"] = {"adopt", "give-up"};
  return j;
}

} // namespace o3::launch
