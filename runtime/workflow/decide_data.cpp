// Conditions, declared outputs, and the outputs of the workflow: where templates compute.
#include "runtime/base/text.hpp"
#include "runtime/template/report.hpp"
#include "runtime/template/schema.hpp"
#include "runtime/workflow/decider.hpp"

namespace o3::workflow {
namespace {

constexpr std::size_t reads_shown_max = 8;
constexpr std::size_t misfits_shown_max = 5;

std::string shown(const std::vector<read_note>& reads) {
  std::string out;
  for (std::size_t i = 0; i < reads.size() && i < reads_shown_max; ++i)
    out += (i == 0 ? ": " : ", ") + reads[i].name + " = " + reads[i].shown;
  if (reads.size() > reads_shown_max)
    out += " and " + std::to_string(reads.size() - reads_shown_max) + " more";
  return out;
}

bool names_item(const expression& e) {
  bool found = false;
  for_each_reference(
    e, [&](const reference& r) { found = found || std::holds_alternative<each_ref>(r); });
  return found;
}

} // namespace

bool decider::skip_by_condition(std::uint32_t t) {
  // Asked once: a retry goes on with what was decided.
  if (!spec(t).when || (s_.has(t) && s_.at(t).tries() != 0))
    return false;
  const auto line = *spec(t).when;
  if (spec(t).for_each && s_.is_item(t) != names_item(spec(t).lines[line].value))
    return false; // of a loop it is for each item if it names the item, else for the whole
  ++steps_;
  const auto answer
    = resolve_line(*s_.graph, s_.spec_of(t), line, s_.inputs, facts_of(s_, t), c_.seal, c_.lim);
  const bool answers = answer && answer->value.is_boolean();
  if (answers && answer->value.get<bool>())
    return false;
  if (answers) {
    emit(task_ended{t,
                    0,
                    task_state::skipped,
                    {},
                    fault::condition_false,
                    masked("its condition was false" + shown(answer->reads))});
    log(t, 0, log_level::info, "task skipped " + s_.at(t).message);
    return true;
  }
  // No retry rule would make it another one.
  auto why = answer ? make_error(fault::expression_failed,
                                 "its condition must give true or false, not "
                                   + type_phrase(answer->value) + shown(answer->reads))
                    : answer.error();
  emit(task_ended{t, 0, task_state::failed, {}, why.code, masked(std::move(why.message))});
  log(t, 0, log_level::error, "task ended state=failed " + s_.at(t).message);
  after_bad_end(t, task_state::failed);
  return true;
}

/// What of a successful attempt's outputs is not as the template declares it.
std::optional<task_end> decider::misfit(std::uint32_t t, const json& set) const {
  std::string wrong;
  std::size_t count = 0;
  for (const auto& declared : spec(t).outputs) {
    const auto find = [&](const json& values) {
      return values.is_object() && values.contains(declared.name) ? &values.at(declared.name)
                                                                  : nullptr;
    };
    const auto* value = find(set);
    if (value == nullptr && s_.has(t))
      value = find(s_.at(t).attributes);
    auto clear = value == nullptr ? json{} : opened(json{{"v", *value}}, c_.seal).at("v");
    if (declared.check->accepts(clear))
      continue;
    const auto say = [&](const std::string& what) {
      if (++count <= misfits_shown_max)
        wrong += (wrong.empty() ? "" : "; ") + ("the output " + in_quotes(declared.name)) + what;
    };
    if (value == nullptr) {
      say(" is missing");
      continue;
    }
    for (const auto& v : declared.check->violations(clear))
      say((v.pointer.empty() ? " " : " at " + v.pointer + " ") + v.message);
  }
  if (count == 0)
    return std::nullopt;
  if (count > misfits_shown_max)
    wrong += "; and " + std::to_string(count - misfits_shown_max) + " more";
  return task_end{task_state::failed, fault::output_invalid, std::move(wrong)};
}

void decider::end_successfully() {
  const auto& lines = s_.graph->doc.outputs;
  const auto facts = facts_of(s_);
  json outputs;
  std::size_t bytes = 0;
  for (std::uint32_t i = 0; i < lines.size(); ++i) {
    const auto& name = lines[i].first;
    auto made = resolve_output(*s_.graph, i, s_.inputs, facts, c_.seal, c_.lim);
    if (!made) {
      end_workflow(workflow_state::failed, made.error().code,
                   masked("the output " + in_quotes(name)
                          + " of the workflow cannot be made: " + made.error().message));
      return;
    }
    bytes += canonical(made->value).size();
    outputs[name]
      = made->secret || is_secret_name(name) ? c_.seal.seal(made->value) : std::move(made->value);
  }
  if (bytes > c_.lim.output_bytes) {
    end_workflow(workflow_state::failed, fault::output_too_large,
                 "the outputs of the workflow have " + std::to_string(bytes)
                   + " bytes, the limit is " + std::to_string(c_.lim.output_bytes)
                   + " (limits.output_bytes)");
    return;
  }
  end_workflow(workflow_state::successful, fault::none, "", std::move(outputs));
}

void decider::learn(std::uint32_t t, std::vector<secret_input> secrets) {
  if (secrets.empty()) // most tasks: the list below stays short
    return;
  if (std::find(learned_.begin(), learned_.end(), t) != learned_.end())
    return;
  learned_.push_back(t);
  for (auto& s : secrets)
    secret_inputs_.emplace_back(t, std::move(s));
}

/// What expressions made of secrets is starred like them in what comes back.
void decider::learn_secrets(std::uint32_t t) {
  if (std::find(learned_.begin(), learned_.end(), t) != learned_.end())
    return;
  const auto& lines = spec(t).input;
  if (std::any_of(lines.begin(), lines.end(),
                  [](const auto& line) { return holds_script(line.second); }))
    (void)inputs_of(t);
}

/// An output that is a secret input, unchanged.
bool decider::came_as_secret(std::uint32_t t, const std::string& name, const json& value) const {
  return std::any_of(secret_inputs_.begin(), secret_inputs_.end(), [&](const auto& s) {
    const bool telling
      = value.is_structured()
        || (value.is_string()
            && value.template get_ref<const std::string&>().size() >= secrets::shortest_masked);
    return s.first == t && s.second.value == value && (s.second.name == name || telling);
  });
}

} // namespace o3::workflow
