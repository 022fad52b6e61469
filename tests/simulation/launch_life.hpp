// One launch from intent to end against a modelled target: a durable store, a process that dies
// between any two steps and comes back (here or elsewhere), operators, cancels, restored backups.
// Threads: one owner.
#pragma once
#include "runtime/launch/next.hpp"
#include "tests/simulation/launch_target.hpp"

namespace o3::simulation {

struct life_options {
  target_options target;
  bool retry_ambiguous = false;
  int crash_percent = 4; ///< at each of the three points of a step
  bool effect_before_record
    = false;          ///< negative control: the intent is not durable before the send
  bool people = true; ///< operators and cancels
};

struct life_counts {
  std::uint64_t steps = 0, crashes = 0, crashes_in_window = 0, zombies = 0, restores = 0;
  std::uint64_t adopted = 0, proven_absent = 0, alerts = 0;
};

class launch_life {
public:
  launch_life(std::uint64_t seed, const life_options& o);
  /// To the end; what is wrong, or "".
  std::string run();

  [[nodiscard]] const launch::launch_state& state() const { return durable_; }
  [[nodiscard]] const launch_target& target() const { return target_; }
  [[nodiscard]] const life_counts& counts() const { return counts_; }
  /// Jobs beside the launch's own that the last late sweep could see and nobody was told of.
  [[nodiscard]] int untold() const;
  /// Jobs that came even later than the late sweep.
  [[nodiscard]] int after_sweep() const;

private:
  launch::context context();
  void tell(const launch::event& e);
  void perform(const launch::step& n);
  void perform_one(const launch::effect& e);
  void append(const launch::record& r);
  bool crash();
  void die(const launch::step* unsent);
  void come_back();
  void operate();
  void act(std::int64_t kind);
  [[nodiscard]] bool is_surplus(const launch_target::job& j) const;
  [[nodiscard]] std::string verdict() const;

  life_options o_;
  dice dice_;
  launch_target target_;
  launch::settings limits_;
  std::int64_t now_ = 0, steady_base_ = 0;
  std::uint64_t epoch_ = 1;
  launch::launch_state durable_;
  std::vector<launch::launch_state> backups_;
  std::vector<launch_target::reply> pending_;
  struct late_send {
    std::int64_t at = 0;
    launch::send what;
  };
  std::vector<late_send> zombies_; ///< of processes that are gone
  std::vector<std::string> told_;
  std::optional<std::string> final_id_;
  std::optional<std::int64_t> operator_at_;
  std::int64_t cancel_at_, disturb_at_, hold_until_ = -1;
  bool dead_ = false;
  bool restored_ = false; ///< from a backup, and the launch was not told durably yet
  std::int64_t swept_at_ = 0;
  std::int64_t back_at_ = 0;
  std::string trouble_;
  life_counts counts_;
};

} // namespace o3::simulation
