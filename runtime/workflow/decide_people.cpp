// What people tell a workflow: decisions of approvals, and signals, which are kept until a task
// takes them. Nothing is written down of what is refused.
#include "runtime/base/text.hpp"
#include "runtime/dag/evidence.hpp"
#include "runtime/dag/inputs.hpp"
#include "runtime/template/report.hpp"
#include "runtime/workflow/decider.hpp"
#include "runtime/workflow/people.hpp"

namespace o3::workflow {
namespace {

constexpr std::size_t names_listed = 20;

std::vector<error> refused(fault code, std::string message, std::string pointer = {},
                           std::string hint = {}) {
  return {make_error(code, std::move(message), std::move(pointer), std::move(hint))};
}

// The literal value of a task's input, if it is one.
const std::string* literal_input(const task_spec& spec, std::string_view name) {
  for (const auto& [key, value] : spec.input)
    if (key == name && value.what == expression::kind::literal && value.literal.is_string())
      return value.literal.get_ptr<const std::string*>();
  return nullptr;
}

// Members named like secrets, in what people sent; what is asked of them is no secret.
void seal_what_was_said(json& set, const sealer& seal) {
  for (auto at = set.begin(); at != set.end(); ++at)
    if (at.key() != asks_attribute)
      seal_members(*at, seal);
}

json with_secrets_sealed(json value, const sealer& seal) {
  seal_members(value, seal);
  return value;
}

} // namespace

void decider::on(const said& e) {
  ++steps_;
  errors problems;
  oddities odd;
  look_for(odd, e.body);
  const auto bytes = canonical(e.body).size();
  if (is_terminal(s_.status))
    problems = refused(fault::workflow_ended,
                       "the workflow has already ended " + std::string{to_string(s_.status)});
  else if (s_.parked())
    problems = refused(fault::conflict, "the workflow is parked: " + s_.message);
  else if (bytes > c_.lim.signal_bytes)
    problems = refused(fault::too_large,
                       "the body has " + std::to_string(bytes) + " bytes, the limit is "
                         + std::to_string(c_.lim.signal_bytes) + " (limits.signal_bytes)",
                       e.decision ? "" : "/body", "send a reference to large data");
  else if (odd.reserved)
    problems = refused(fault::bad_value,
                       "the body holds a member '$sealed' or '$secret', which are reserved",
                       e.decision ? "" : "/body");
  else
    problems = e.decision ? decide_approval(e) : take_or_keep(e);
  effects_.push_back(answer_sender{e.ticket, std::move(problems)});
}

// -- approvals

decider::errors decider::decide_approval(const said& e) {
  if (!e.task || !s_.has(*e.task))
    return refused(fault::not_found, "the workflow has no such task");
  const auto t = *e.task;
  const auto name = "task " + in_quotes(task_name(*s_.graph, t));
  const auto state = s_.at(t).state;
  if (!hears_decisions(cls(t)) || is_loop(t))
    return refused(fault::conflict, is_loop(t) ? name + " is a loop; decide on one of its items"
                                               : name + " is of class " + in_quotes(cls(t).name)
                                                   + ", which asks for no decision");
  if (is_terminal(state))
    return refused(fault::task_ended,
                   name + " has already ended " + std::string{to_string(state)}
                     + (s_.at(t).message.empty() ? "" : ": " + s_.at(t).message));
  if (asked_of_people(s_, t) == nullptr)
    return refused(fault::conflict,
                   name + " asks for no decision yet: it is " + std::string{to_string(state)});
  return tell(t, e);
}

// A running task hears it; what it makes of it is written down.
decider::errors decider::tell(std::uint32_t t, const said& e) {
  const auto name = "task " + in_quotes(task_name(*s_.graph, t));
  const auto* code = c_.code(cls(t).name);
  const auto limit = deadline(s_, t);
  if (limit && *limit <= c_.now)
    return refused(fault::task_ended,
                   name + " waits no more: its time was over at " + to_rfc3339(*limit));
  if (s_.at(t).canceling)
    return refused(fault::task_ended, name + " was asked to stop");
  auto inputs = inputs_of(t);
  if (code == nullptr || !inputs)
    return refused(fault::conflict, name + " cannot hear anything now: "
                                      + (code == nullptr ? "its class is not installed"
                                                         : masked(inputs.error().message)));
  const task_signal signal{e.decision ? "decision" : e.name, e.body, e.by, e.roles, c_.now};
  auto r = step(t, task_verb::signal, *code, *inputs, s_.at(t).attempt,
                workflow::opened(s_.at(t).attributes, c_.seal), &signal);
  if (!r.refused.empty())
    return std::move(r.refused);
  seal_what_was_said(r.set, c_.seal);
  if (auto bad = check_set(t, r.set))
    return refused(fault::too_large, bad->message);
  if (!e.decision) {
    emit(signaled{e.name, e.by, with_secrets_sealed(e.body, c_.seal), t});
    emit(signal_taken{t, e.name});
  }
  log(t, s_.at(t).attempt, log_level::info,
      (e.decision ? "decision by=" : "signal name=" + printable(e.name, 128) + " by=")
        + printable(e.by, 128));
  conclude(t, 0, std::move(r));
  return {};
}

// -- signals

// The name a task waits for, or will; absent if that is not known yet.
std::optional<std::string> decider::signal_name(std::uint32_t t) const {
  if (const auto* asks = asked_of_people(s_, t))
    return asks->value("name", "");
  if (const auto* name = literal_input(spec(t), "name"))
    return *name;
  if (is_loop(t))
    return std::nullopt;
  auto inputs = worker_inputs(s_, t, c_.seal, c_.lim);
  if (!inputs || !inputs->contains("name") || !inputs->at("name").is_string())
    return std::nullopt;
  return inputs->at("name").get<std::string>();
}

// Why a signal of this name would never be taken; absent if it may be.
std::optional<error> decider::nobody_waits_for(const std::string& name) const {
  std::vector<std::string> known, ended;
  for (std::uint32_t t = 0; t < s_.tasks.size(); ++t) {
    if (!hears_signals(cls(t)))
      continue;
    const bool over = is_terminal(s_.tasks[t].state);
    const auto waits_for = signal_name(t);
    if (!over && (!waits_for || *waits_for == name))
      return std::nullopt;
    if (waits_for && *waits_for == name)
      ended.push_back(spec(t).ref);
    else if (waits_for && !over)
      known.push_back(*waits_for);
  }
  if (!ended.empty())
    return make_error(fault::task_ended,
                      "what waits for the signal " + in_quotes(name)
                        + " has ended: " + listed(ended, names_listed),
                      "/name");
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  return make_error(
    fault::unknown_signal,
    "no task of the workflow waits for a signal " + in_quotes(name)
      + (known.empty() ? "; none waits for any" : "; known: " + listed(known, names_listed)),
    "/name", nearest_hint(name, known));
}

decider::errors decider::take_or_keep(const said& e) {
  if (!is_label(e.name))
    return refused(fault::bad_value, "the name of a signal has 1 to 128 printable ASCII characters",
                   "/name");
  if (e.task) {
    if (!s_.has(*e.task))
      return refused(fault::not_found, "the workflow has no such task", "/task");
    const auto name = "task " + in_quotes(task_name(*s_.graph, *e.task));
    if (!hears_signals(cls(*e.task)))
      return refused(
        fault::unknown_signal,
        name + " is of class " + in_quotes(cls(*e.task).name) + ", which waits for no signal",
        "/task", hears_decisions(cls(*e.task)) ? "it takes decisions: 'o3 approve'" : "");
    if (is_terminal(s_.at(*e.task).state))
      return refused(fault::task_ended,
                     name + " has already ended " + std::string{to_string(s_.at(*e.task).state)},
                     "/task");
    if (const auto waits_for = signal_name(*e.task); waits_for && *waits_for != e.name)
      return refused(fault::unknown_signal,
                     name + " waits for the signal " + in_quotes(*waits_for) + ", not for "
                       + in_quotes(e.name),
                     "/name");
    if (asked_of_people(s_, *e.task) != nullptr)
      return tell(*e.task, e);
    return keep(e);
  }
  for (auto t : std::vector(s_.active))
    if (const auto* asks = asked_of_people(s_, t); asks != nullptr && hears_signals(cls(t))
                                                   && asks->value("name", "") == e.name
                                                   && !s_.at(t).canceling)
      return tell(t, e);
  if (auto problem = nobody_waits_for(e.name))
    return {*std::move(problem)};
  return keep(e);
}

decider::errors decider::keep(const said& e) {
  if (s_.signals.size() >= c_.lim.signals)
    return refused(fault::conflict,
                   std::to_string(s_.signals.size())
                     + " signals are kept already and nobody took them (limits.signals)");
  std::size_t bytes = 0;
  for (const auto& k : s_.signals)
    bytes += about_bytes(k.body, c_.lim.workflow_output_bytes);
  if (bytes + about_bytes(e.body, c_.lim.signal_bytes) > c_.lim.workflow_output_bytes)
    return refused(fault::conflict, "the signals kept already would pass the limit of "
                                      + std::to_string(c_.lim.workflow_output_bytes)
                                      + " bytes (limits.workflow_output_bytes)");
  emit(signaled{e.name, e.by, with_secrets_sealed(e.body, c_.seal), e.task});
  log(no_task, 0, log_level::info,
      "signal kept name=" + printable(e.name, 128) + " by=" + printable(e.by, 128));
  return {};
}

// A task that begins to listen hears what came before. What does not fit it is dropped.
void decider::take_kept(std::uint32_t t) {
  const auto* code = c_.code(cls(t).name);
  for (;;) {
    const auto* asks = s_.has(t) ? asked_of_people(s_, t) : nullptr;
    if (asks == nullptr || !hears_signals(cls(t)) || code == nullptr)
      return;
    const auto name = asks->value("name", "");
    const auto at = oldest_signal(s_, t, name);
    if (at == s_.signals.end())
      return;
    const kept_signal kept = *at;
    auto inputs = inputs_of(t);
    if (!inputs)
      return;
    ++steps_;
    emit(signal_taken{t, name});
    auto clear = o3::opened(kept.body, c_.seal);
    const json body = clear ? *std::move(clear) : kept.body;
    const task_signal signal{name, body, kept.by, {}, kept.at};
    auto r = step(t, task_verb::signal, *code, *inputs, s_.at(t).attempt,
                  workflow::opened(s_.at(t).attributes, c_.seal), &signal);
    if (!r.refused.empty()) {
      log(t, s_.at(t).attempt, log_level::warning,
          "a signal name=" + printable(name, 128) + " by=" + printable(kept.by, 128)
            + " was dropped: " + r.refused.front().message);
      continue;
    }
    seal_what_was_said(r.set, c_.seal);
    conclude(t, 0, std::move(r));
  }
}

// -- what was approved

// True if the task ended instead of starting: what it would start on is not what was approved.
bool decider::unapproved(std::uint32_t t) {
  const auto& rule = *spec(t).approved_by;
  const auto position = s_.spec_of(t);
  const auto facts = facts_of(s_, t);
  auto approved = resolve_line(*s_.graph, position, rule.hash, s_.inputs, facts, c_.seal, c_.lim);
  auto now
    = resolve_shown_line(*s_.graph, position, rule.evidence, s_.inputs, facts, c_.seal, c_.lim);
  auto hash = now ? evidence_hash(*now, c_.seal) : result<std::string>{now.error()};
  task_end bad{task_state::failed, fault::none, ""};
  if (!approved || !hash) {
    const auto& e = approved ? hash.error() : approved.error();
    bad.code = e.code;
    bad.message = masked(e.message);
  } else if (approved->value != json(*hash)) {
    bad.code = fault::evidence_changed;
    bad.message = "not started: " + in_quotes(rule.task) + " approved the evidence "
                  + (approved->value.is_string() ? approved->value.get<std::string>()
                                                 : canonical(approved->value))
                  + ", now it is " + *hash;
  } else {
    return false;
  }
  ++steps_;
  const auto attempt = (s_.has(t) ? s_.at(t).attempt : 0) + 1;
  // Not end_attempt(): trying again would compare the same things.
  emit(task_ended{t, attempt, bad.state, {}, bad.code, bad.message});
  log(t, attempt, log_level::error, "task ended state=failed " + bad.message);
  after_bad_end(t, bad.state);
  return true;
}

} // namespace o3::workflow
