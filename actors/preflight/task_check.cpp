#include "actors/preflight/task_check.hpp"

#include "runtime/template/report.hpp"

#include <set>

namespace o3::preflight {
namespace {

using outside::topic;

/// "the outputs of 'a', 'b'" or "the item of its loop"; "" if all is known before it runs.
std::string reads_later(const plan& p, std::uint32_t task) {
  const auto& spec = p.doc.tasks[task];
  std::vector<std::string> producers;
  std::set<std::string> seen;
  bool later = false;
  for (std::size_t v = 0; v < spec.input.size(); ++v) {
    if (!p.tasks[task].variables[v].reads_outputs)
      continue;
    later = true;
    for_each_reference(spec.input[v].second, [&](const reference& r) {
      if (const auto* output = std::get_if<output_ref>(&r);
          output && seen.insert(output->task).second)
        producers.push_back("'" + output->task + "'");
    });
  }
  constexpr std::size_t named_max = 5;
  if (!producers.empty())
    return "the outputs of " + listed(producers, named_max);
  return !later ? "" : spec.for_each ? "the item of its loop" : "what is known when it runs only";
}

std::string calls_nothing(const task_class& cls) {
  const auto what = "a task of the class '" + cls.name + "' ";
  if (cls.runs_in == "child")
    return what + "runs or awaits another workflow: validate that one";
  if (cls.runs_in == "people")
    return what + "waits for people";
  return what + "calls no other system";
}

} // namespace

line not_checked(std::string why) {
  return {line::verdict::not_checked, fault::none, std::move(why)};
}

std::variant<question, line> question_of(const plan& p, std::uint32_t task, const json& inputs,
                                         const tasks::registry& classes, const sealer& seal,
                                         const limits& lim) {
  const auto& cls = *p.tasks[task].cls;
  const auto* code = classes.code(p.doc.tasks[task].class_name);
  if (code == nullptr)
    return line{line::verdict::problem, fault::class_missing,
                "the class '" + cls.name + "' is not installed on this node"};
  if (!code->outside)
    return not_checked(calls_nothing(cls));
  if (code->outside->launches && !code->outside->preflight)
    return not_checked("the class '" + cls.name + "' has no pre-flight");
  if (const auto later = reads_later(p, task); !later.empty())
    return not_checked("its inputs need " + later);
  auto resolved = resolve_inputs(
    p, task, inputs, [](std::uint32_t) -> const json* { return nullptr; }, seal, lim);
  if (!resolved)
    return line{line::verdict::problem, resolved.error().code, resolved.error().message};
  return question{code->outside, code->outside->launches ? topic::preflight : topic::read,
                  *std::move(resolved)};
}

bool changes_nothing(const outside::request& r) {
  return !r.once && (r.method == "GET" || r.method == "HEAD");
}

line stopped_before(const outside::request& next, unsigned answers) {
  if (answers == 0)
    return not_checked("its first call, " + next.method
                       + ", may change something and is made only when it runs");
  return {line::verdict::ok, fault::none,
          "what can be read is well; the " + next.method
            + " that comes next may change something and is made only when it runs"};
}

line judge(topic about, const outside::conclusion& said, unsigned answers) {
  const auto problem = [](fault code, std::string text) {
    return line{line::verdict::problem, code, std::move(text)};
  };
  const auto* event = said.launch ? &*said.launch : nullptr;
  if (const auto* no = event ? std::get_if<launch::preflight_refused>(event) : nullptr)
    return problem(fault::target_refused, no->message);
  if (const auto* none = event ? std::get_if<launch::preflight_unavailable>(event) : nullptr)
    return problem(fault::target_unreachable, none->message);
  if (said.end && said.end->state != task_state::successful)
    return problem(said.end->code, said.end->message);
  if (!said.trouble.empty() || (about == topic::preflight && event == nullptr))
    return problem(fault::target_unreachable, said.trouble);
  if (answers == 0)
    return not_checked("its class asks its target nothing before it starts");
  return {line::verdict::ok, fault::none,
          said.waits_for.empty() ? "" : "it would wait for " + said.waits_for};
}

std::optional<millis> told_to_wait(const outside::conclusion& said) {
  const auto* none
    = said.launch ? std::get_if<launch::preflight_unavailable>(&*said.launch) : nullptr;
  return none != nullptr ? none->wait : std::nullopt;
}

void teach(secrets::masker& known, const json& inputs, const sealer& seal) {
  if (sealer::is_sealed(inputs)) {
    if (const auto clear = seal.unseal(inputs))
      known.add_all(*clear);
  } else if (inputs.is_structured()) {
    for (const auto& v : inputs)
      teach(known, v, seal);
  }
}

void teach(secrets::masker& known, const plan& p, std::uint32_t task, const json& resolved) {
  const auto& spec = p.doc.tasks[task];
  for (std::size_t v = 0; v < spec.input.size(); ++v)
    if (const auto at = resolved.find(spec.input[v].first);
        p.tasks[task].variables[v].secret && at != resolved.end())
      known.add_all(*at);
}

} // namespace o3::preflight
