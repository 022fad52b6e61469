// What a submission means: parse, find the template, bind its inputs. No messages, no store.
// Threads: pure over an immutable snapshot.
#pragma once
#include "actors/engine/context.hpp"
#include "actors/engine/messages.hpp"

namespace o3::engine {

struct checked_submission {
  findings found;
  std::string key;      ///< idempotency key: the header, else meta.ref, else ""
  stored_plan_ptr plan; ///< null if the template is unknown
  workflow::accepted accept;
};
checked_submission check_submission(const submission& job, const catalogue_snapshot& known,
                                    const node_context& ctx);

/// `validation_failed` with all errors.
answer validation_answer(std::vector<error> errors);
/// {valid, errors[], warnings[], plan{layers[][], edges[]}}; `more` adds members.
answer validate_answer(const checked_submission& c,
                       const std::function<void(json_writer&)>& more = {});
/// Adds `errors` or `warnings` as a JSON list of {code, pointer, message, hint}.
void write_findings(json_writer& out, std::string_view key, const std::vector<error>& list);
/// Adds "plan": {layers, edges}.
void write_plan(json_writer& out, const plan& p);

} // namespace o3::engine
