// Random lives of workflows with phases, loops, nested workflows, pauses, cancels and reruns, with
// crashes between any two rows; and what must be true of each. Threads: one owner.
#pragma once
#include "runtime/base/random.hpp"
#include "runtime/workflow/apply.hpp"
#include "runtime/workflow/decide.hpp"
#include "runtime/workflow/rerun.hpp"
#include "tasks/host/registry.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace o3::simulation {

/// A schema_version 2 template with `finally`, `on_failure`, loops and nested workflows.
json random_flow(std::uint64_t seed);

/// One workflow with up to three runs.
class flow_life {
public:
  flow_life(std::uint64_t seed, std::shared_ptr<const plan> graph);

  /// To the last end; what is wrong, one sentence each.
  std::vector<std::string> run();

  [[nodiscard]] int crashes() const { return crashes_; }
  [[nodiscard]] std::size_t records() const { return records_; }
  [[nodiscard]] std::size_t retries() const { return retries_; }
  [[nodiscard]] int runs() const { return runs_; }
  [[nodiscard]] const std::vector<store::journal_row>& rows() const { return rows_; }

private:
  struct child {
    wall_time due;
    workflow_state end = workflow_state::successful;
    std::uint32_t task = 0, attempt = 0;
    bool accepted = false, canceled = false, over = false, told = false;
  };

  workflow::context context();
  std::optional<workflow::state> live(std::optional<workflow::state> s);
  std::optional<workflow::state> step(workflow::state s);
  std::optional<workflow::state> take(workflow::decision d);
  std::optional<workflow::state> restart();
  std::optional<workflow::state> reload();
  std::optional<workflow::event> word_of_a_child();
  void perform(const std::vector<workflow::effect>& effects);
  std::optional<workflow::state> begin_rerun(workflow::state s);
  void wrong_if_started(const store::journal_row& row);
  void check_run(const workflow::state& s);
  void check_retries(const workflow::state& s);
  void wrong(const std::string& what);

  std::unique_ptr<random_source> random_;
  std::shared_ptr<const plan> graph_;
  tasks::registry classes_{tasks::registry::native()};
  code_lookup code_ = [this](std::string_view n) { return classes_.code(n); };
  sealer seal_ = sealer::from_key(std::string(32, 's'));
  limits limits_;
  wall_time now_ = from_ms(1'800'000'000'000);
  std::vector<store::journal_row> rows_;
  std::map<id, child> children_;
  std::vector<workflow::child_news> news_; ///< under way to the parent; a crash loses them
  std::vector<workflow::rerun_line> plan_; ///< of the present run; empty for the first
  std::size_t run_from_ = 0;               ///< rows before the present run
  std::size_t records_ = 0, retries_ = 0;
  int crashes_ = 0, runs_ = 0;
  std::vector<std::string> wrong_;
};

} // namespace o3::simulation
