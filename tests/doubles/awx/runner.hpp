// The life of jobs after they are accepted: pending, waiting, running, an end; who has to wait for
// whom; workflows and their nodes; cancel. Driven by the agenda alone. Threads: the loop's.
#pragma once
#include "tests/doubles/awx/world.hpp"
#include "tests/doubles/base/core.hpp"

namespace o3::doubles::awx {

class runner {
public:
  /// Told of a job that "started", or ended with "success" or "error".
  using told_fn = std::function<void(const job&, const std::string& moment)>;
  runner(world& w, const surroundings& s, told_fn told);

  /// Makes a pending job of a template and starts its life. `values` are what it runs with.
  job& launch(job_template& t, json values, const json& accepted, oid by, std::string launch_type);
  /// The same for a template whose jobs are sliced: a workflow job with a node a slice.
  job& launch_sliced(job_template& t, const json& values, const json& accepted, oid by, int count,
                     std::string launch_type);
  /// A workflow job with the given nodes (of a workflow template, or of a bulk launch: t =
  /// nullptr).
  job& launch_workflow(job_template* t, std::string name, json values, const json& accepted,
                       std::vector<node> nodes, oid by, std::string launch_type);
  /// An update of a project or an inventory source.
  job& launch_update(const resource& of, kind what, oid by, std::string launch_type);

  /// Asks a job to stop; it ends a little later, by its play perhaps otherwise.
  void cancel(job& j);
  /// Ends a job now.
  void finish(job& j, const std::string& status, const std::string& explanation = {});

private:
  job& add(kind what, oid by, std::string launch_type);
  void plan(job& j, millis delay, void (runner::*step)(job&));
  void try_start(job& j);
  [[nodiscard]] std::string held_by(const job& j) const;
  void to_running(job& j);
  void to_end(job& j);
  void to_canceled(job& j);
  void advance(job& workflow);
  void start_node(job& workflow, node& n);
  void wake_waiting(oid template_id);

  world& w_;
  surroundings s_;
  told_fn told_;
  std::map<oid, std::set<oid>> held_;   ///< pending jobs by template
  std::map<oid, std::set<oid>> active_; ///< started, not ended, by template
};

} // namespace o3::doubles::awx
