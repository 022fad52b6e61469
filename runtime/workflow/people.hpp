// Tasks that wait for people: what a state says of them. Such a task keeps what it asks for in its
// attribute `_asks`, which is nobody's output:
//   {"kind": "approval", "message", "users", "roles", "quorum", "missing", "four_eyes", "form",
//    "until"}    or    {"kind": "signal", "name", "schema"}
// Threads: pure.
#pragma once
#include "runtime/secrets/mask.hpp"
#include "runtime/template/task_step.hpp"
#include "runtime/workflow/view.hpp"

namespace o3::workflow {

inline constexpr const char* asks_attribute = "_asks";

/// A class that takes signals of the name in its input `name`.
bool hears_signals(const task_class& c);
/// A class that is told the decisions of people.
bool hears_decisions(const task_class& c);
/// What the attempt under way asks for; nullptr if it waits for nobody.
const json* asked_of_people(const state& s, std::uint32_t t);
/// Why such a task waits.
cause why_people(const json& asks, const std::optional<wall_time>& until);

/// The oldest signal of this name that is for `task` or for anybody; end() if there is none.
std::vector<kept_signal>::const_iterator oldest_signal(const state& s, std::uint32_t task,
                                                       std::string_view name);

/// What a step of such a task is given beyond others.
struct people_facts {
  std::vector<std::string> requesters;
  std::optional<task_evidence> evidence;
};
people_facts facts_for(const state& s, std::uint32_t t, task_verb verb, const sealer& seal,
                       const limits& lim);
/// What is asked comes from inputs in clear: known secrets in it are starred.
void mask_what_is_asked(json& set, const secrets::masker& known);

} // namespace o3::workflow
