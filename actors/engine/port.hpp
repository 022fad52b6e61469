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

namespace o3::engine {

/// Who asks; made by the authoriser.
struct caller {
  std::string principal = "admin";
  std::string project = "default";
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

class port {
public:
  virtual ~port() = default;
  /// `accepted` after the commit: {id, ref, trace_id, revision, state, warnings[], links{}};
  /// `replayed` with the same shape and the current state; problems: validation_failed (errors
  /// filled), idempotency_mismatch, unavailable, shutting_down.
  virtual void submit(submit_request r, reply_fn reply) = 0;
  /// The same checks, nothing stored: {valid, errors[], warnings[], plan{layers[][], edges[]}}.
  virtual void validate(submit_request r, reply_fn reply) = 0;
  /// `accepted` (under way), `ok` (already asked for or ended canceled); problems: not_found,
  /// workflow_ended. Body: the workflow document.
  virtual void cancel(cancel_request r, reply_fn reply) = 0;
  /// `ok` once it is on disk; problems: not_found, conflict (the task waits for no operator).
  /// Body: the task document.
  virtual void resolve(resolve_request r, reply_fn reply) = 0;
  /// `ok` once it is on disk; problems: not_found, conflict (it is not quarantined),
  /// workflow_ended, quarantined (it still cannot be run). Body: the workflow document.
  virtual void release(release_request r, reply_fn reply) = 0;
  /// Another system says that something happened to its job `external_id`: tasks that wait for it
  /// look now. A hint; unknown ids are forgotten.
  virtual void happened(std::string external_id) = 0;
};

} // namespace o3::engine
