// Inside of decide(): one call's working state. Each emitted record is applied at once, so that
// later decisions of the same call see it. Not included outside runtime/workflow.
#pragma once
#include "runtime/workflow/apply.hpp"
#include "runtime/workflow/decide.hpp"

namespace o3::workflow {

/// Task `t` started a workflow; one that only waits for somebody else's did not.
bool owns_child(const state& s, std::uint32_t t);
/// What tasks may read in `s`, which must outlive it.
outputs_lookup lookup_in(const state& s);

class decider {
public:
  decider(state s, const context& c) : c_(c), s_(std::move(s)), out_(records_) {
    out_.begin_array();
  }

  void emit(const record& r);
  void on(const cancel_asked& e);
  void on(const attribute_written& e);
  void on(const call_said& e);
  void on(const call_ended& e);
  void on(const call_lost& e);
  void on(const fell_silent& e);
  void on(const talked& e);
  void on(const resolved& e);
  void on(const reloaded& e);
  void on(const release_asked& e);
  void on(const calendars_changed& e);
  void on(const child_news& e);
  void on(const parent_knows& e);
  void on(const pause_asked& e);
  void on(const resume_asked& e);
  void on(const rerun_asked& e);
  void on(const revise_asked& e);
  void on(const said& e);
  /// Everything that is due or possible at `now`.
  void advance();
  decision finish();

private:
  struct attempt_result {
    json set;
    std::optional<task_end> end;
    std::optional<wall_time> wake_at;
    std::string waits_for;
    bool listens = false;
    std::vector<error> refused{};
  };

  // decide.cpp
  void stop_overdue();
  void look_at_due();
  void start_ready();
  void begin_failing(std::uint32_t t);
  void after_bad_end(std::uint32_t t, task_state end);
  void end_attempt(std::uint32_t t, std::uint32_t new_attempt, const task_end& end, json set);
  void end_workflow(workflow_state end, fault code, const std::string& message,
                    json outputs = json());
  [[nodiscard]] bool out_of_steps();

  void unpark();

  // decide_retry.cpp
  struct next_attempt {
    std::uint32_t rule = 0;
    wall_time due;
    std::uint32_t k = 1, of = 1; ///< retry k of `of` by this rule
  };
  /// Whether another attempt follows; `why_not` says which budget is used up, if one is.
  std::optional<next_attempt> retry_of(std::uint32_t t, std::uint32_t attempt, const task_end& end,
                                       std::string& why_not);
  /// What its end means for a task that was told to stop.
  [[nodiscard]] task_end stopped(std::uint32_t t, task_end own) const;
  void end_stopped(std::uint32_t t, std::string message);
  void end_waiting();

  // decide_flow.cpp
  bool settle(); ///< true if another phase began
  void begin_phase(task_phase p);
  void time_out_workflow();
  [[nodiscard]] std::string name_of_failed() const;
  bool stays_as_it_was(std::uint32_t t);
  bool opens_loop(std::uint32_t t);
  bool go_round_loops(); ///< true if one of them ended
  void begin_items(std::uint32_t t);
  void close_loop(std::uint32_t t);
  [[nodiscard]] bool is_loop(std::uint32_t t) const {
    return !s_.is_item(t) && spec(t).for_each.has_value();
  }

  // decide_child.cpp
  void start_child(std::uint32_t t, std::uint32_t attempt, const json& inputs);
  void ping_child(std::uint32_t t);
  void stop_child(std::uint32_t t);
  bool time_out_child(std::uint32_t t);
  [[nodiscard]] bool is_child(std::uint32_t t) const {
    return cls(t).runs_in == "child" && !is_loop(t);
  }

  // decide_people.cpp
  using errors = std::vector<error>;
  errors decide_approval(const said& e);
  errors take_or_keep(const said& e);
  errors keep(const said& e);
  errors tell(std::uint32_t t, const said& e);
  void take_kept(std::uint32_t t);
  bool unapproved(std::uint32_t t);
  [[nodiscard]] bool is_for_people(std::uint32_t t) const { return cls(t).runs_in == "people"; }
  [[nodiscard]] std::optional<std::string> signal_name(std::uint32_t t) const;
  [[nodiscard]] std::optional<error> nobody_waits_for(const std::string& name) const;

  // decide_window.cpp
  bool waits_for_window(std::uint32_t t);
  void look_at_windows();

  // decide_task.cpp
  void start(std::uint32_t t);
  void ping(std::uint32_t t);
  void stop(std::uint32_t t);
  void time_out(std::uint32_t t);
  json cut_off(std::uint32_t t);
  attempt_result step(std::uint32_t t, task_verb verb, const task_code& code, const json& inputs,
                      std::uint32_t attempt, const json& attributes,
                      const task_signal* signal = nullptr);
  void conclude(std::uint32_t t, std::uint32_t new_attempt, attempt_result r);
  std::optional<task_end> check_set(std::uint32_t t, json& set);
  [[nodiscard]] std::optional<std::uint32_t> missing_producer(std::uint32_t t) const;
  std::string masked(std::string text);
  std::uint64_t next_random();
  result<json> inputs_of(std::uint32_t t);

  // decide_data.cpp
  bool skip_by_condition(std::uint32_t t);
  [[nodiscard]] std::optional<task_end> misfit(std::uint32_t t, const json& set) const;
  void end_successfully();
  void learn(std::uint32_t t, std::vector<secret_input> secrets);
  void learn_secrets(std::uint32_t t);
  [[nodiscard]] bool came_as_secret(std::uint32_t t, const std::string& name,
                                    const json& value) const;

  // decide_outside.cpp
  void recover_launches();
  void start_outside(std::uint32_t t, std::uint32_t attempt, const outside::outside_code& code,
                     const json& inputs);
  void ping_outside(std::uint32_t t);
  void stop_outside(std::uint32_t t);
  bool time_out_outside(std::uint32_t t);
  void cut_off_outside(std::uint32_t t);
  void talked_of_launch(const talked& e);
  void talked_of_end(const talked& e);
  bool take_set(std::uint32_t t, json set);
  void step_launch(std::uint32_t t, const launch::event& e);
  void after_launch(std::uint32_t t, launch::phase before, bool canceled_before, bool refused);
  void perform_launch(std::uint32_t t, const launch::effect& e);
  void hold(std::uint32_t t, outside::topic about, bool last = false);
  [[nodiscard]] launch::context launch_context(std::uint32_t t);
  [[nodiscard]] bool is_outside(std::uint32_t t) const {
    return cls(t).runs_in == "outside" && !is_loop(t);
  }

  void log(std::uint32_t task, std::uint32_t attempt, log_level level, std::string text);
  [[nodiscard]] const task_spec& spec(std::uint32_t t) const { return s_.spec(t); }
  [[nodiscard]] const task_class& cls(std::uint32_t t) const { return *s_.node(t).cls; }

  const context& c_;
  state s_;
  std::string records_;
  json_writer out_;
  std::uint32_t record_count_ = 0;
  std::vector<effect> effects_;
  std::uint32_t steps_ = 0;
  bool more_ = false;
  bool watching_ = false;                  ///< the effect watch_calendars is among them
  std::optional<secrets::masker> secrets_; ///< in clear, gathered when a text must be masked
  /// Inputs that secrets went into, in clear, of the tasks in learned_; the first masked_inputs_ of
  /// them are in secrets_.
  std::vector<std::pair<std::uint32_t, secret_input>> secret_inputs_;
  std::size_t masked_inputs_ = 0;
  std::vector<std::uint32_t> learned_;
};

} // namespace o3::workflow
