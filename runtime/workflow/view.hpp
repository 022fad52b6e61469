// How a workflow and its tasks look to people: the JSON documents of the API (AMENDMENTS 39),
// secrets shown as "***", and the answer to "why is it waiting?". Threads: pure.
#pragma once
#include "runtime/base/json_writer.hpp"
#include "runtime/store/journal.hpp"
#include "runtime/workflow/records.hpp"

#include <functional>
#include <string>
#include <vector>

namespace o3::workflow {

/// One cause in a chain; `code` and the names in `details` are stable.
struct cause {
  std::string code; ///< "dependency", "timer", "retry", "schedule", "class_missing", "worker",
                    ///< "grace", "cancel", "launch", "external", "operator", "quarantined",
                    ///< "loop", "workflow", "phase", "paused", "approval", "signal", "queue", …
  std::string text; ///< one sentence for people
  std::optional<wall_time> until;
  json details{}; ///< the same for programs: an object, or null
};
std::vector<cause> why(const state& s);
std::vector<cause> why_task(const state& s, std::uint32_t t);

/// What the workflow gives: the outputs its template declares, else those of its successful tasks,
/// by task. As another workflow may read them: secrets stay sealed, a class's own hidden.
json outputs_document(const state& s);
void write_workflow(json_writer& out, const state& s);
void write_task(json_writer& out, const state& s, std::uint32_t t);
/// A line of a list, from the summary alone.
void write_summary(json_writer& out, const store::summary& s);
/// The answer to a submit: {id, ref, trace_id, revision, state, warnings[], links{}}.
void write_accepted(json_writer& out, const state& s);
/// The same for a repeated submit, from what the store keeps.
void write_accepted(json_writer& out, const store::summary& s, const std::vector<error>& warnings);
/// The event a record shows to the outside: name and JSON data; empty name if it is internal.
struct public_event {
  std::string name;
  std::string data;
};
public_event to_event(const record& r, const id& workflow, wall_time at, const plan& p);

} // namespace o3::workflow
