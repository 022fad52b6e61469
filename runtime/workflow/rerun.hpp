// Running an ended workflow again: what happens to each task, as data, before anything happens.
//
// By default what succeeded is kept and the rest runs again. A success is kept only while
// everything it read is kept, or comes out as before, and no task it names in depends_on ran again
// (AMENDMENTS 19); where that can be known only when the producers have ended the plan says
// `check`. Threads: pure.
#pragma once
#include "runtime/base/json_writer.hpp"
#include "runtime/workflow/records.hpp"

#include <map>
#include <string>
#include <vector>

namespace o3::workflow {

/// What the operator wants. JSON: {"mode": "failed" | "all", "from": T, "tasks": {T: "keep" |
/// "redo" | "skip" | {"replace": {outputs}}}, "start": "planned" | "now"}
struct rerun_request {
  bool all = false;                         ///< also what succeeded
  std::string from;                         ///< this task and all that follow it; "" for none
  std::map<std::string, task_choice> tasks; ///< explicit choices, by ref
  /// Now, and in spite of the schedule that started it: of its calendars, and of a newer run of it.
  bool at_once = false;
};
/// Reads it; `at` is where it stands in the document.
rerun_request parse_rerun(const json& doc, const limits& lim, findings& found);

struct rerun_line {
  task_choice choice;
  std::string why; ///< one sentence
};
/// One line per task of the plan. Errors: unknown_task, bad_value (keep of what did not succeed),
/// unknown_output and output_too_large (replace), superseded (unless `at_once`).
std::vector<rerun_line> plan_rerun(const state& s, const rerun_request& r, const sealer& seal,
                                   const limits& lim, findings& found);
/// {"tasks": [{"task", "action", "why"}…]}
void write_rerun(json_writer& out, const state& s, const std::vector<rerun_line>& lines);
std::string_view to_string(task_choice::action a);

/// A keyed print of everything task `t` reads, with the workflow's inputs `inputs`; of a loop with
/// the list it is made for, or only of what its items read besides.
std::string print_of(const state& s, std::uint32_t t, const json& inputs, const sealer& seal,
                     const limits& lim, bool with_list = true);
/// {"items": […]}: who made which revision when, with its inputs, the oldest first.
void write_revisions(json_writer& out, const state& s);
/// One of them, and with `against` what changed from that one to it; both must exist.
void write_revision(json_writer& out, const state& s, std::uint32_t number,
                    std::optional<std::uint32_t> against);
/// The inputs of revision `number`; null if there is none.
const json* inputs_of_revision(const state& s, std::uint32_t number);

} // namespace o3::workflow
