// Inside of apply(): one record onto one state. Private to this folder; apply.cpp has the records
// of single tasks, apply_flow.cpp those of the workflow around them.
#pragma once
#include "runtime/workflow/apply.hpp"

namespace o3::workflow {

void insert_sorted(std::vector<std::uint32_t>& v, std::uint32_t t);
void erase_sorted(std::vector<std::uint32_t>& v, std::uint32_t t);

struct folder {
  state& s;
  wall_time at;
  void operator()(const accepted& r) const;
  void operator()(const started&) const;
  void operator()(const task_started& r) const;
  void operator()(const task_progress& r) const;
  void operator()(const task_ended& r) const;
  void operator()(const task_retry& r) const;
  void operator()(const task_blocked& r) const;
  void operator()(const attribute_set& r) const;
  void operator()(const failing& r) const;
  void operator()(const canceled& r) const;
  void operator()(const ended& r) const;
  void operator()(const phase_begun& r) const;
  void operator()(const loop_opened& r) const;
  void operator()(const rerun_begun& r) const;
  void operator()(const revised& r) const;
  void operator()(const paused& r) const;
  void operator()(const resumed&) const;
  void operator()(const signaled& r) const;
  void operator()(const signal_taken& r) const;
  void operator()(const parent_told&) const;
  void operator()(const task_kept& r) const;
  void operator()(const task_silent& r) const;
  void operator()(const checkpoint& r) const;
  void operator()(const task_launch& r) const;
  void operator()(const quarantined& r) const;
  void operator()(const released&) const;

private:
  // An item that begins for the first time has no instance yet.
  [[nodiscard]] task_instance& instance(std::uint32_t i) const;
  void say_failing() const;
  void count_retry(const task_retry& r) const;
  void count_begin(std::uint32_t item) const;
  void begin(std::uint32_t i, std::uint32_t attempt) const;
  void set(task_instance& t, const json& values) const;
  void put(task_instance& t, const std::string& name, const json& value) const;
  void finish(std::uint32_t i, task_state end, const json& values, fault code,
              const std::string& message) const;
  void count_end(std::uint32_t i) const;
  // Tasks of the phases up to `last` that never started do not start any more.
  void end_the_rest(task_phase last, const std::string& why) const;
  static void begin_anew(task_instance& t);
  // What a rerun makes of one task.
  void choose(std::uint32_t i, const task_choice& c) const;
  static void skip_kept(loop_state& l);
  // running while any task runs, else needs_operator if one is parked, else waiting (AMENDMENTS 26)
  void status() const;
};

} // namespace o3::workflow
