// Everything there is in one AWX, the default catalogue, and how a JSON file adds to it (format in
// tests/doubles/README.md). Threads: the loop's.
#pragma once
#include "runtime/base/result.hpp"
#include "tests/doubles/awx/model.hpp"

#include <unordered_map>

namespace o3::doubles::awx {

struct world {
  std::map<oid, user> users;
  std::map<oid, token> tokens;
  std::unordered_map<std::string, oid> token_by_secret;
  std::map<oid, resource> organizations, inventories, credentials, projects, inventory_sources;
  std::map<oid, job_template> templates;
  std::map<oid, label> labels;
  std::map<std::string, oid> label_by_name; ///< "<organization>/<name>"
  std::map<oid, notification_template> notification_templates;
  std::map<oid, notification> notifications;
  std::map<oid, job> jobs;
  std::map<std::string, oid> next{}; ///< last id given, by kind of thing

  oid new_id(const std::string& of) { return ++next[of]; }
  [[nodiscard]] const user* user_named(std::string_view name) const;
  job* find_job(oid id);
  job_template* find_template(oid id, bool workflow);

  /// The default catalogue; jobs take `duration` to run.
  void fill(millis duration);
  /// Adds or replaces things; what is not mentioned stays. Unknown keys are errors.
  result<done> add(const json& j);
  token& add_token(oid user_id, std::string secret, std::string scope, std::string description,
                   wall_time now);
  label& add_label(std::string name, oid organization, wall_time now);
  /// Deletes every job that has ended.
  void purge();
};

/// Reads a play over the given one; keys as in the README.
result<play> read_play(const json& j, play base, const std::string& where);
bool allowed(const names& who, const std::string& name);

} // namespace o3::doubles::awx
