// The engine as its callers see it: submit, validate, cancel. CAF-free (AMENDMENTS 11): messages
// and reply slots are made behind it. Threads: every call from any thread; a reply is called
// exactly once, on a thread of the engine or, if it refuses at once, on the caller's; a reply must
// not block.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/fault.hpp"
#include "runtime/base/id.hpp"
#include "runtime/base/json.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace o3::engine {

/// Who asks; made by the authoriser.
struct caller {
  std::string principal = "admin";
  std::string project = "default";
  std::vector<std::string> roles{}; ///< by which approvals know who may decide
};

/// What every port answers. `problem.code == fault::none` means it went well.
struct answer {
  enum class how : std::uint8_t { ok, accepted, replayed };
  how kind = how::ok;
  error problem;
  std::vector<error> errors; ///< every error found, for `validation_failed`
  std::string body;          ///< the JSON document to send
  std::string location;      ///< of a new workflow: "/api/v1/workflow/<id>/"
};
using reply_fn = std::function<void(answer)>;

struct submit_request {
  std::shared_ptr<const json> body; ///< already parsed strictly
  std::string idempotency_key;      ///< header; "" to use meta.ref
  caller who;
  std::vector<std::string> calendars{}; ///< of the schedule whose run it is
  /// Prefer: wait. Answer when the workflow ended (`ok`, the workflow document) or after this long
  /// (`accepted`).
  std::optional<millis> wait;
};

struct cancel_request {
  id workflow;
  caller who;
  std::string reason;
  bool force = false; ///< do not wait for what runs to stop
};

/// What an operator says of a launch that is parked.
struct resolve_request {
  enum class verb : std::uint8_t {
    adopt,          ///< this is what the task started: go on with it
    declare_absent, ///< it was never started: start it
    give_up         ///< the task ends failed, whatever runs there
  };
  id workflow;
  std::string task;
  verb what = verb::give_up;
  std::string external_id; ///< adopt
  caller who;
};

/// A quarantined workflow may run again.
struct release_request {
  id workflow;
  caller who;
};

/// Nothing new starts, or starts again; what runs goes on.
struct pause_request {
  id workflow;
  caller who;
  bool on = true; ///< false: resume
  std::string reason;
};
/// An ended workflow runs again; see runtime/workflow/rerun.hpp for the body.
struct rerun_request {
  id workflow;
  caller who;
  json body = json::object();
  bool dry_run = false; ///< the plan only
};
/// Other inputs for an ended workflow: `body` is a workflow request.
struct revise_request {
  id workflow;
  caller who;
  std::shared_ptr<const json> body;
  bool run = false; ///< and a rerun with them
};
/// Something for a workflow, or for one task of it.
struct signal_request {
  id workflow;
  caller who;
  std::string task; ///< "" for whoever waits for it
  std::string name;
  json body;
  bool decision = false; ///< on the approval `task`: body {decision, comment, form, evidence_hash}
};
/// What can be asked of one workflow, live or not.
using workflow_ask = std::variant<cancel_request, resolve_request, release_request, pause_request,
                                  rerun_request, revise_request, signal_request>;

class port {
public:
  virtual ~port() = default;
  /// `accepted` after the commit: {id, ref, trace_id, revision, state, warnings[], links{}};
  /// `replayed` with the same shape and the current state; problems: validation_failed (errors
  /// filled), idempotency_mismatch, unavailable, shutting_down.
  virtual void submit(submit_request r, reply_fn reply) = 0;
  /// The same checks, nothing stored: {valid, errors[], warnings[], plan{layers[][], edges[]}}.
  virtual void validate(submit_request r, reply_fn reply) = 0;
  /// cancel: `accepted` (under way), `ok` (already asked for or ended canceled), body: the workflow
  /// document; workflow_ended.
  /// resolve: `ok` once it is on disk, body: the task document; conflict (it waits for no
  /// operator). release: `ok` once it is on disk, body: the workflow document; conflict (not
  /// quarantined), workflow_ended, quarantined (it still cannot be run). pause and resume: `ok`,
  /// body: the workflow document; workflow_ended. rerun: `accepted` once it is on disk, body: the
  /// workflow document; dry_run: `ok`, body:
  /// {"tasks": [{task, state, action, why}]}; validation_failed, still_running.
  /// revise: `ok`, or `accepted` when it runs, body: the workflow document; validation_failed,
  /// still_running.
  /// signal: `ok` once it is on disk, body: of the task's document if it names one, else of the
  /// workflow's; unknown_signal, task_ended, workflow_ended, conflict, and what the task's class
  /// refuses (forbidden, already_decided, evidence_changed, validation_failed).
  /// All: not_found.
  virtual void ask(workflow_ask r, reply_fn reply) = 0;
  /// Another system says that something happened to its job `external_id`: tasks that wait for it
  /// look now. A hint; unknown ids are forgotten.
  virtual void happened(std::string external_id) = 0;
};

} // namespace o3::engine
