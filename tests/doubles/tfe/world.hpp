// Everything there is in one Terraform Enterprise, the default catalogue, and how a JSON file adds
// to it (format in tests/doubles/README.md). Threads: the loop's.
#pragma once
#include "runtime/base/random.hpp"
#include "runtime/base/result.hpp"
#include "tests/doubles/tfe/model.hpp"

#include <unordered_map>

namespace o3::doubles::tfe {

struct world {
  explicit world(random_source& r) : random(r) {}

  random_source& random;
  names organizations;
  std::map<std::string, user> users;                        ///< by name
  std::unordered_map<std::string, std::string> token_users; ///< token to user name
  bool tokens_expired = false;
  std::map<std::string, workspace> workspaces;
  std::unordered_map<std::string, configuration_version> cvs;
  std::unordered_map<std::string, run> runs;
  std::unordered_map<std::string, std::string> run_by_part; ///< plan, apply, check, estimate to run
  std::unordered_map<std::string, state_version> states;
  std::unordered_map<std::string, std::string> state_by_output;
  std::unordered_map<std::string, std::string>
    by_secret; ///< of URLs: to "upload:cv-…", "log:plan-…"
  std::map<std::string, notification> notifications;

  /// "run-" and 16 random letters and digits.
  std::string new_id(const char* kind);
  std::string new_secret();
  workspace* find_workspace(const std::string& organization, const std::string& name);
  workspace* find_workspace(const std::string& id);
  run* find_run(const std::string& id);
  /// The run that a plan, apply, policy check or cost estimate belongs to.
  run* run_of(const std::string& part);
  state_version* find_state(const std::string& id);

  /// The default catalogue; plans and applies take `duration`.
  void fill(millis duration);
  /// Adds or replaces things; what is not mentioned stays. Unknown keys are errors.
  result<done> add(const json& j);
  void purge();

private:
  workspace& add_workspace(const std::string& organization, const std::string& name,
                           millis duration);
};

result<plan_script> read_plan(const json& j, plan_script base, const std::string& where);

} // namespace o3::doubles::tfe
