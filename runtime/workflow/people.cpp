#include "runtime/workflow/people.hpp"

#include "runtime/dag/evidence.hpp"
#include "runtime/template/report.hpp"
#include "runtime/workflow/decider.hpp"

namespace o3::workflow {
namespace {

constexpr std::size_t names_shown = 5;

std::string names_in(const json& asks, const char* key) {
  std::vector<std::string> names;
  if (const auto at = asks.find(key); at != asks.end() && at->is_array())
    for (const auto& n : *at)
      if (n.is_string())
        names.push_back(n.get<std::string>());
  return listed(names, names_shown);
}

} // namespace

bool hears_signals(const task_class& c) {
  return c.runs_in == "people" && c.input("name") != nullptr;
}

bool hears_decisions(const task_class& c) {
  return c.runs_in == "people" && c.input("name") == nullptr;
}

const json* asked_of_people(const state& s, std::uint32_t t) {
  const auto& task = s.at(t);
  if (s.node(t).cls->runs_in != "people" || task.state != task_state::running
      || !task.attributes.is_object())
    return nullptr;
  const auto asks = task.attributes.find(asks_attribute);
  return asks != task.attributes.end() && asks->is_object() ? &*asks : nullptr;
}

cause why_people(const json& asks, const std::optional<wall_time>& until) {
  if (asks.value("kind", "") == "signal")
    return {"signal",
            "waits for the signal '" + asks.value("name", "") + "'",
            until,
            {{"name", asks.value("name", "")}}};
  const auto users = names_in(asks, "users");
  const auto roles = names_in(asks, "roles");
  std::string who = users;
  if (!roles.empty())
    who += (who.empty() ? "anybody with the role " : " or anybody with the role ") + roles;
  if (who.empty())
    who = "anybody who may approve";
  if (asks.value("four_eyes", true))
    who += " (not whoever asked for the workflow)";
  const auto quorum = asks.value("quorum", 1U);
  const auto missing = asks.value("missing", quorum);
  return {"approval",
          "waits for the approval of " + who
            + (quorum > 1
                 ? "; " + std::to_string(missing) + " of " + std::to_string(quorum) + " are missing"
                 : ""),
          until,
          {{"users", asks.value("users", json::array())},
           {"roles", asks.value("roles", json::array())},
           {"quorum", quorum},
           {"missing", missing},
           {"four_eyes", asks.value("four_eyes", true)}}};
}

std::vector<kept_signal>::const_iterator oldest_signal(const state& s, std::uint32_t task,
                                                       std::string_view name) {
  return std::find_if(s.signals.begin(), s.signals.end(), [&](const kept_signal& k) {
    return k.name == name && (!k.task || *k.task == task);
  });
}

people_facts facts_for(const state& s, std::uint32_t t, task_verb verb, const sealer& seal,
                       const limits& lim) {
  people_facts out;
  out.requesters.push_back(s.principal);
  // Whoever changed its inputs asked for what it is now.
  if (!s.revised.by.empty() && s.revised.by != s.principal)
    out.requesters.push_back(s.revised.by);
  const auto& input = s.spec(t).input;
  const bool shows = std::any_of(input.begin(), input.end(),
                                 [](const auto& line) { return line.first == "evidence"; });
  if (verb != task_verb::task_init || !shows)
    return out;
  auto shown
    = resolve_shown(*s.graph, s.spec_of(t), "evidence", s.inputs, facts_of(s, t), seal, lim);
  if (!shown)
    return out; // the task's inputs were resolved before: what is missing ended it then
  if (auto hash = evidence_hash(*shown, seal))
    out.evidence = task_evidence{*std::move(shown), *std::move(hash)};
  return out;
}

void mask_what_is_asked(json& set, const secrets::masker& known) {
  if (set.is_object())
    if (const auto asks = set.find(asks_attribute); asks != set.end())
      known.mask(*asks);
}

} // namespace o3::workflow
