// The things a Terraform Enterprise has, as far as a client of its API sees them. Threads: the
// loop's.
#pragma once
#include "tests/doubles/base/exchange.hpp"

#include <map>
#include <set>

namespace o3::doubles::tfe {

using names = std::set<std::string>;

struct user {
  std::string id, name;
  bool organization_token = false; ///< may administer, but not run
};

struct variable {
  std::string id, key, value, category = "terraform", description;
  bool hcl = false, sensitive = false;
};

/// How the runs of a workspace go.
struct plan_script {
  millis stage{20}; ///< every status that is only passed through
  millis plan{2000}, apply{2000};
  millis upload{20};           ///< from the PUT to `uploaded`
  millis outputs{100};         ///< from `applied` until outputs can be read
  millis action{20};           ///< an accepted action takes effect so late
  millis cancel{100};          ///< until a canceled run has stopped
  millis force_cancel{10'000}; ///< the cool-off before a force-cancel
  bool has_changes = true;
  bool plan_fails = false, apply_fails = false;
  bool stuck = false;  ///< ignores cancel; only force-cancel ends it
  bool framing = true; ///< logs with STX and ETX
  bool cost_estimation = false;
  std::string policy;           ///< "" none, "passed", "soft_failed", "hard_failed"
  names tasks;                  ///< run tasks: pre_plan, post_plan, pre_apply, post_apply
  bool awaits_decision = false; ///< post_plan ends in post_plan_awaiting_decision
  int additions = 2, changes = 0, destructions = 0;
  json outputs_made = json::object(); ///< name to {"value","sensitive","type"}
};

struct workspace {
  std::string id, name, organization, terraform_version = "1.9.8", working_directory, project;
  std::string execution_mode = "remote";
  bool auto_apply = false, destroyable = true;
  std::string locked_by, lock_reason; ///< user id; "" is not locked by a user
  names write, read;                  ///< user names; "*" is everyone
  std::vector<plan_script> plans;     ///< taken in turn, the last one stays
  std::size_t runs_made = 0;
  std::map<std::string, variable> vars;
  std::vector<std::string> runs;  ///< oldest first
  std::vector<std::string> queue; ///< pending, oldest first
  std::string current_run;        ///< as shown: the last one that started
  std::string holder;             ///< the run that others wait for; "" if there is none
  std::string latest_cv, state_version;
};

struct configuration_version {
  std::string id, workspace, status = "pending", error, error_message, secret;
  bool auto_queue_runs = true, speculative = false, provisional = false;
  std::string user;
  std::size_t bytes = 0;
};

/// A plan or an apply.
struct phase {
  std::string id, status = "pending", secret;
  std::string log;
  std::optional<steady_time> started, ended;
  std::optional<wall_time> started_at, ended_at;
  millis length{0};
};

struct run {
  std::string id, workspace, cv, user, message, status = "pending", source = "tfe-api";
  std::string terraform_version, locked_out; ///< why it waits
  wall_time created{};
  bool is_destroy = false, auto_apply = false, plan_only = false, refresh = true;
  bool refresh_only = false, allow_empty_apply = false, save_plan = false;
  std::vector<std::string> replace_addrs, target_addrs;
  json variables = json::array();
  std::map<std::string, wall_time> stamps; ///< status to time
  plan_script how;
  phase plan, apply;
  std::string policy_check, cost_estimate; ///< ids, "" if there is none
  std::string policy_status;
  bool confirming = false, cancel_asked = false, discarding = false;
  std::optional<wall_time> canceled_at;
  std::optional<steady_time> force_cancel_at;
  std::optional<wall_time> force_cancel_available;
  std::vector<std::string> path; ///< statuses still ahead
  std::uint32_t turn = 0;        ///< steps planned before it changed are void
  json events = json::array();
};

struct output {
  std::string id, name, type;
  json value;
  bool sensitive = false;
};

struct state_version {
  std::string id, workspace, run;
  wall_time created{};
  steady_time ready{}; ///< outputs are processed from then on
  std::vector<output> outputs;
  int serial = 1;
};

struct notification {
  std::string id, workspace, name, url, token, destination = "generic";
  bool enabled = false;
  std::vector<std::string> triggers;
  json deliveries = json::array();
};

bool is_final(const run& r);
/// Statuses in which a run waits for somebody.
bool is_waiting_status(std::string_view status);
std::string operation(const run& r);

} // namespace o3::doubles::tfe
