// The things an AWX has, as far as a client sees them. Ids come from one counter per kind of thing;
// all kinds of jobs share one, as they do there. Threads: the loop's.
#pragma once
#include "tests/doubles/base/exchange.hpp"

#include <map>
#include <set>

namespace o3::doubles::awx {

using oid = std::int64_t;
using names = std::set<std::string>;

struct user {
  oid id = 0;
  std::string name, password;
  bool superuser = false;
  bool auditor = false; ///< sees everything, may do nothing
};

struct token {
  oid id = 0;
  oid user_id = 0;
  std::string secret, scope = "write", description;
  wall_time created{};
  bool expired = false;
};

/// A named thing with an organization and the users that may use it: inventory, credential, label …
struct resource {
  oid id = 0;
  std::string name, kind, description;
  oid organization = 1;
  std::vector<std::string> hosts; ///< of an inventory
  names use;                      ///< who may use it beside superusers; "*" is everyone
  bool may_update = true;         ///< of a project (scm_type) or an inventory source
  bool failed = false;            ///< of a project: its last update failed
  bool update_on_launch = false;
};

/// How the jobs of a template go.
struct play {
  millis pending{20}, waiting{20}, duration{2000}, cancel{100};
  std::string outcome = "successful";
  std::string explanation;
  json artifacts = json::object();
  bool no_log = false;
  std::map<std::string, json>
    hosts;                      ///< name to {"ok":n,"dark":n,…}; empty: the inventory's, all ok
  std::string output;           ///< instead of the made-up stdout
  std::size_t output_bytes = 0; ///< made-up stdout at least as large
  millis events_lag{0};         ///< the last events come so long after the end
  millis disorder{0};           ///< every other event comes so late
  bool survives_cancel = false; ///< ends as scripted although a cancel was accepted
};

struct node {
  std::string identifier;
  oid template_id = 0; ///< of a job template; 0: an approval
  std::vector<std::string> after;
  json prompts = json::object();
  oid job = 0;
  bool do_not_run = false;
};

/// A job template or a workflow job template.
struct job_template {
  oid id = 0;
  bool workflow = false;
  std::string name, description, playbook = "site.yml";
  oid organization = 1;
  oid project = 0;
  json values = json::object(); ///< by launch field: "extra_vars", "inventory", "limit" …
  names ask;                    ///< "variables", "inventory", "tags" …: what may be prompted
  json survey = json::array();  ///< questions; an empty list is no survey
  std::vector<std::string> passwords; ///< needed to start: "ssh_password" …
  bool allow_simultaneous = false;
  names execute, admin, read;                  ///< users with the role; "*" is everyone
  std::vector<play> plays;                     ///< taken in turn, the last one stays
  std::vector<node> nodes;                     ///< of a workflow
  std::map<std::string, std::set<oid>> notify; ///< "started", "success", "error"
  std::size_t launches = 0;
  std::vector<oid> jobs; ///< launched from it, oldest first
};

enum class kind : std::uint8_t {
  job,
  workflow_job,
  project_update,
  inventory_update,
  workflow_approval
};
std::string_view type_name(kind k);
std::string_view collection(kind k); ///< "jobs" …

struct job {
  oid id = 0;
  kind what = kind::job;
  oid template_id = 0; ///< job template, workflow, project or inventory source
  std::string name, description, status = "pending", launch_type = "manual", explanation;
  oid organization = 1;
  oid created_by = 0;
  wall_time created{};
  std::optional<wall_time> started, finished, canceled_on;
  std::optional<steady_time> ran_at, ended_at;
  json values = json::object();  ///< by launch field, what it runs with
  json prompts = json::object(); ///< what the launch gave
  std::string extra_vars;        ///< as shown: a JSON text, survey passwords hidden
  std::string playbook;
  play how;
  oid project = 0;
  bool allow_simultaneous = false, cancel_asked = false, bulk = false, is_sliced = false;
  std::string secret_of; ///< the user who gave passwords in the survey
  oid parent = 0;        ///< workflow job
  oid waits_for = 0;     ///< project update
  int slice_number = 0, slice_count = 1;
  std::vector<node> nodes;
  std::uint32_t turn = 0; ///< steps planned before it changed are void

  [[nodiscard]] bool active() const {
    return status == "new" || status == "pending" || status == "waiting" || status == "running";
  }
  [[nodiscard]] bool failed() const {
    return status == "failed" || status == "error" || status == "canceled";
  }
};

struct label {
  oid id = 0;
  std::string name;
  oid organization = 1;
  wall_time created{};
  std::vector<oid> jobs;
};

struct notification_template {
  oid id = 0;
  std::string name;
  oid organization = 1;
  json configuration;
  json messages;
};

struct notification {
  oid id = 0, template_id = 0;
  std::string status = "pending", error;
};

} // namespace o3::doubles::awx
