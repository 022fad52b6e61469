// Inside next(): one event on a copy of the state. The files divide its members by subject:
// next.cpp (dispatch, recovery, people), sending.cpp, searching.cpp. Not for others to include.
#pragma once
#include "runtime/launch/next.hpp"

#include <string>

namespace o3::launch {

class stepper {
public:
  stepper(launch_state s, const context& c) : n_(std::move(s)), c_(c) {}

  // One per event; returns why it is ignored, "" when it was not.
  std::string_view on(const preflight_ok& e);
  std::string_view on(const preflight_refused& e);
  std::string_view on(const preflight_unavailable& e);
  std::string_view on(const send_confirmed& e);
  std::string_view on(const send_not_done& e);
  std::string_view on(const send_ambiguous& e);
  std::string_view on(const conflict& e);
  std::string_view on(const search_result& e);
  std::string_view on(const search_failed& e);
  std::string_view on(const tick& e);
  std::string_view on(const recovered& e);
  std::string_view on(const restored_backup& e);
  std::string_view on(const adopt& e);
  std::string_view on(const declare_absent& e);
  std::string_view on(const give_up& e);
  std::string_view on(const cancel_asked& e);

  launch_state& state() { return n_; }
  std::vector<effect>& effects() { return effects_; }

private:
  // -- moving
  void enter(phase p, std::optional<millis> wait = std::nullopt);
  void park(park_reason why, std::string message);
  void end(phase p, std::string message = {});
  void confirm(std::string external_id, json details, bool adopted);
  void set_timer(millis wait);
  [[nodiscard]] millis backoff(std::uint32_t n, millis first, millis most) const;
  [[nodiscard]] bool repeatable() const; ///< class A or D: sending again is harmless
  [[nodiscard]] bool is_before_send() const;
  [[nodiscard]] bool is_stale(std::uint32_t attempt) const { return attempt != n_.at.attempt; }

  // -- sending.cpp
  void begin_attempt();
  void begin_send();
  void send_now(bool again);
  void wait_for_preflight(std::string message, std::optional<millis> wait);
  void retract();
  void burn(phase waiting, std::string message);
  void not_done(const send_not_done& e);
  void ambiguous(std::string message);

  // -- searching.cpp
  void begin_search(millis quiet);
  void begin_reread(std::string message);
  void ask();
  void proven_absent();
  void missed(std::string message);
  void next_listing(bool usable);
  bool take_hits(const search_result& e);
  void owned_by_another(const std::string& external_id);
  void alert(std::vector<std::string> ids, std::vector<std::string> relaunches);
  [[nodiscard]] bool counts_as_clean(const search_result& e) const;
  [[nodiscard]] bool is_same_identity(const search_result& e) const;
  std::string_view nothing_found(const search_result& e);
  std::string_view reread_found_nothing(const search_result& e);
  std::string_view swept(const search_result& e);
  std::string_view tick_search();
  std::string_view tick_sweep();

  launch_state n_;
  const context& c_;
  std::vector<effect> effects_;
};

// Reasons for which an event changes nothing.
inline constexpr std::string_view ignored_not_due = "not due";
inline constexpr std::string_view ignored_held = "the node reconciles first";
inline constexpr std::string_view ignored_stale = "answers another attempt";
inline constexpr std::string_view ignored_phase = "means nothing in this phase";
inline constexpr std::string_view ignored_known = "known already";
inline constexpr std::string_view ignored_epoch = "an older epoch";

} // namespace o3::launch
