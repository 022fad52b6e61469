// One task's steps: start, ping, stop, time out, and what becomes of a step's result.
#include "runtime/base/text.hpp"
#include "runtime/workflow/decider.hpp"
#include "runtime/workflow/people.hpp"

namespace o3::workflow {
namespace {

// How long a task whose class is not installed waits before it looks again.
constexpr millis class_recheck{30'000};

} // namespace

std::uint64_t decider::next_random() {
  return mix64(c_.seed + 0x9E3779B97F4A7C15ULL * ++steps_);
}

outputs_lookup lookup_in(const state& s) {
  // What loops give is made when it is asked for, and once.
  auto made = std::make_shared<std::map<std::uint32_t, json>>();
  return [&s, made](std::uint32_t t) -> const json* {
    if (auto it = made->find(t); it != made->end())
      return &it->second;
    json value;
    const auto* out = outputs_of(s, t, value);
    return out == &value ? &made->emplace(t, std::move(value)).first->second : out;
  };
}

run_facts facts_of(const state& s, std::optional<std::uint32_t> t) {
  run_facts facts{lookup_in(s)};
  facts.state = [&s](std::uint32_t other) { return s.tasks[other].state; };
  if (t)
    facts.item = item_of(s, *t);
  return facts;
}

result<json> worker_inputs(const state& s, std::uint32_t t, const sealer& seal, const limits& lim) {
  return resolve_inputs(*s.graph, s.spec_of(t), s.inputs, facts_of(s, t), seal, lim);
}

result<json> decider::inputs_of(std::uint32_t t) {
  std::vector<secret_input> secrets;
  auto inputs = resolve_inputs(*s_.graph, s_.spec_of(t), s_.inputs, facts_of(s_, t), c_.seal,
                               c_.lim, &secrets);
  learn(t, std::move(secrets));
  return inputs;
}

std::optional<std::uint32_t> decider::missing_producer(std::uint32_t t) const {
  for (auto p : s_.node(t).reads)
    if (s_.tasks[p].state != task_state::successful)
      return p;
  return std::nullopt;
}

void decider::start(std::uint32_t t) {
  if (auto p = missing_producer(t)) {
    emit(task_ended{t,
                    0,
                    task_state::skipped,
                    {},
                    fault::upstream_failed,
                    "needs an output of " + spec(*p).ref + ", which ended "
                      + std::string{to_string(s_.tasks[*p].state)}});
    log(t, 0, log_level::info, "task skipped " + s_.at(t).message);
    return;
  }
  if (!s_.is_item(t) && stays_as_it_was(t))
    return;
  if (skip_by_condition(t) || waits_for_window(t))
    return;
  if (spec(t).approved_by && unapproved(t))
    return;
  if (!s_.is_item(t) && opens_loop(t))
    return;
  const auto* code = c_.code(cls(t).name);
  if (code == nullptr) {
    ++steps_;
    emit(task_blocked{t, c_.now + class_recheck, fault::class_missing,
                      "task class '" + cls(t).name + "' is not installed on this node"});
    return;
  }
  auto attempt = (s_.has(t) ? s_.at(t).attempt : 0) + 1;
  auto inputs = inputs_of(t);
  if (!inputs) {
    ++steps_;
    end_attempt(t, attempt, {task_state::failed, inputs.error().code, inputs.error().message}, {});
    return;
  }
  if (is_outside(t)) {
    ++steps_;
    start_outside(t, attempt, *code->outside, *inputs);
    return;
  }
  if (is_child(t)) {
    ++steps_;
    start_child(t, attempt, *inputs);
    return;
  }
  if (cls(t).runs_in == "worker") {
    ++steps_;
    emit(task_started{t, attempt});
    emit(task_progress{t, {}, {}, "a worker", true, false});
    effects_.push_back(call_worker{t, attempt});
    return;
  }
  auto attributes = s_.has(t) ? opened(s_.at(t).attributes, c_.seal) : json::object();
  auto r = step(t, task_verb::task_init, *code, *inputs, attempt, attributes);
  if (!r.end) {
    attributes.update(r.set);
    auto second = step(t, task_verb::run, *code, *inputs, attempt, attributes);
    if (!r.set.empty()) {
      r.set.update(second.set);
      second.set = std::move(r.set);
    }
    r = std::move(second);
  }
  const bool listens = r.listens;
  conclude(t, attempt, std::move(r));
  if (listens)
    take_kept(t);
}

void decider::ping(std::uint32_t t) {
  if (is_child(t)) {
    ping_child(t);
    return;
  }
  if (is_outside(t)) {
    ping_outside(t);
    return;
  }
  const auto* code = c_.code(cls(t).name);
  if (code == nullptr) {
    ++steps_;
    emit(task_progress{t,
                       {},
                       c_.now + class_recheck,
                       "task class '" + cls(t).name + "' is not installed on this node",
                       false,
                       s_.at(t).canceling});
    return;
  }
  auto inputs = inputs_of(t);
  if (!inputs) {
    ++steps_;
    end_attempt(t, 0, {task_state::failed, inputs.error().code, inputs.error().message}, {});
    return;
  }
  auto verb = s_.at(t).canceling ? task_verb::cancel : task_verb::ping;
  conclude(t, 0,
           step(t, verb, *code, *inputs, s_.at(t).attempt, opened(s_.at(t).attributes, c_.seal)));
}

// Tells a task to stop. A worker is told once the record is on disk; code in the engine is asked
// here.
void decider::stop(std::uint32_t t) {
  auto& task = s_.at(t);
  if (is_loop(t) && task.state == task_state::running) { // it ends when its items have
    emit(task_progress{t, {}, {}, task.waits_for, false, true});
    return;
  }
  if (is_child(t) && task.state == task_state::running) {
    stop_child(t);
    return;
  }
  if (is_outside(t) && task.attempt != 0 && task.state != task_state::waiting) {
    stop_outside(t);
    return;
  }
  if (task.state != task_state::running) {
    emit(task_ended{t,
                    0,
                    task_state::canceled,
                    {},
                    fault::canceled,
                    task.attempt == 0 ? "not started"
                                      : "canceled while waiting for its next attempt"});
    return;
  }
  if (task.calling) {
    effects_.push_back(stop_worker{t, task.attempt});
    emit(task_progress{t, {}, {}, "the worker to stop", true, true});
    return;
  }
  const auto* code = c_.code(cls(t).name);
  auto inputs = inputs_of(t);
  if (code == nullptr || !inputs) {
    end_stopped(t, "stopped without being asked: its class or inputs are gone");
    return;
  }
  emit(task_progress{t, {}, task.wake_at, task.waits_for, false, true});
  conclude(
    t, 0,
    step(t, task_verb::cancel, *code, *inputs, task.attempt, opened(task.attributes, c_.seal)));
}

void decider::time_out(std::uint32_t t) {
  if (s_.at(t).state == task_state::needs_operator && s_.graph->doc.finally_after) {
    ++steps_;
    end_attempt(t, 0,
                {task_state::failed, fault::given_up,
                 "nobody said what became of it within finally_after_s: " + s_.at(t).message},
                {});
    return;
  }
  if (is_outside(t) && time_out_outside(t))
    return;
  if (is_child(t) && time_out_child(t))
    return;
  const auto& task = s_.at(t);
  auto first = task.first_started_at.value_or(c_.now);
  bool total = spec(t).total_timeout && first + *spec(t).total_timeout <= c_.now;
  task_end end{task_state::timeout, fault::task_timeout,
               total ? "the time over all attempts (total_timeout_s) is over"
                     : "the attempt took longer than timeout_s"};
  if (task.canceling) // it was told to stop in time and has not
    end = stopped(t, {});
  ++steps_;
  if (task.state != task_state::running) { // waits for a retry that would come too late
    emit(task_ended{t, 0, end.state, {}, end.code, end.message});
    after_bad_end(t, end.state);
    return;
  }
  end_attempt(t, 0, end, cut_off(t));
}

// Asks a running task to stop and does not wait for its answer; what it set on the way out is kept.
json decider::cut_off(std::uint32_t t) {
  const auto& task = s_.at(t);
  if (is_loop(t))
    return {};
  if (is_outside(t)) {
    cut_off_outside(t);
    return {};
  }
  if (is_child(t)) {
    if (!owns_child(s_, t))
      return {};
    effects_.push_back(
      tell_child{t, task.attempt, child_of(s_, t, task.attempt), tell_child::word::cancel, true});
    return {};
  }
  if (task.calling) {
    effects_.push_back(stop_worker{t, task.attempt});
    return {};
  }
  const auto* code = c_.code(cls(t).name);
  auto inputs = inputs_of(t);
  if (code == nullptr || !inputs)
    return {};
  auto r
    = step(t, task_verb::cancel, *code, *inputs, task.attempt, opened(task.attributes, c_.seal));
  return check_set(t, r.set) ? json{} : std::move(r.set);
}

decider::attempt_result decider::step(std::uint32_t t, task_verb verb, const task_code& code,
                                      const json& inputs, std::uint32_t attempt,
                                      const json& attributes, const task_signal* signal) {
  static const task_instance unborn; // an item that begins
  const auto& task = s_.has(t) ? s_.at(t) : unborn;
  bool fresh = attempt != task.attempt;
  auto last = fresh && task.attempt != 0 ? std::optional{task.last_state.value_or(task.state)}
                                         : task.last_state;
  const auto name = task_name(*s_.graph, t);
  auto uuid = id::derived(s_.workflow, name).hex();
  auto random = next_random();
  step_input in{.verb = verb,
                .inputs = inputs,
                .attributes = attributes,
                .now = c_.now,
                .started_at = fresh ? c_.now : task.started_at.value_or(c_.now),
                .random = random,
                .attempt = attempt,
                .last_task_state = last ? to_string(*last) : "never",
                .always_run = spec(t).always_run,
                .ref_name = name,
                .uuid = uuid,
                .trace_id = s_.trace_id,
                .signal = signal};
  people_facts people;
  if (is_for_people(t)) {
    people = facts_for(s_, t, verb, c_.seal, c_.lim);
    in.requesters = people.requesters;
    in.evidence = people.evidence ? &*people.evidence : nullptr;
  }
  step_result r;
  try {
    r = code.step(in);
  } catch (const std::exception& e) {
    return {
      json::object(),
      task_end{task_state::exception, fault::task_exception, masked(printable(e.what(), 1024))},
      {},
      {}};
  } catch (...) {
    return {json::object(),
            task_end{task_state::exception, fault::task_exception,
                     "something that is no std::exception was thrown"},
            {},
            {}};
  }
  for (auto& l : r.log)
    if (l.level >= c_.log_threshold)
      log(t, attempt, l.level, masked(std::move(l.text)));
  if (r.end && !r.end->message.empty())
    r.end->message = masked(std::move(r.end->message));
  if (!r.waits_for.empty())
    r.waits_for = masked(std::move(r.waits_for));
  if (is_for_people(t)) {
    static_cast<void>(masked({})); // the secrets are known now
    mask_what_is_asked(r.set, *secrets_);
    for (auto& e : r.refused)
      e.message = secrets_->masked(std::move(e.message));
  }
  return {std::move(r.set),       std::move(r.end), r.wake_at,
          std::move(r.waits_for), r.listens,        std::move(r.refused)};
}

// Size limits and sealing of what a step set. On success `set` may go into a record.
std::optional<task_end> decider::check_set(std::uint32_t t, json& set) {
  if (set.is_null() || (set.is_object() && set.empty()))
    return std::nullopt;
  if (!set.is_object())
    return task_end{task_state::exception, fault::task_exception,
                    "the class returned attributes that are no object"};
  std::size_t total = 0;
  learn_secrets(t);
  for (auto& [name, value] : set.items()) {
    auto size = canonical(value).size();
    total += size;
    if (size > c_.lim.attribute_bytes)
      return task_end{task_state::failed, fault::attribute_too_large,
                      "attribute '" + name + "' has " + std::to_string(size)
                        + " bytes, the limit is " + std::to_string(c_.lim.attribute_bytes)
                        + " (limits.attribute_bytes)"};
    const auto* field = cls(t).output(name);
    if (((field != nullptr && field->secret) || is_secret_name(name)
         || came_as_secret(t, name, value))
        && !sealer::is_sealed(value))
      value = c_.seal.seal(value);
  }
  std::size_t had_bytes = 0;
  static const json nothing;
  if (const auto& had = s_.has(t) ? s_.at(t).attributes : nothing; had.is_object())
    for (const auto& [name, value] : had.items()) {
      auto size = canonical(value).size();
      had_bytes += size;
      total += set.contains(name) ? 0 : size;
    }
  if (s_.output_bytes - had_bytes + total > c_.lim.workflow_output_bytes)
    return task_end{task_state::failed, fault::output_too_large,
                    "the workflow's outputs would pass the limit of "
                      + std::to_string(c_.lim.workflow_output_bytes)
                      + " bytes (limits.workflow_output_bytes)"};
  if (total > c_.lim.output_bytes)
    return task_end{task_state::failed, fault::output_too_large,
                    "the task's outputs have " + std::to_string(total) + " bytes, the limit is "
                      + std::to_string(c_.lim.output_bytes) + " (limits.output_bytes)"};
  return std::nullopt;
}

void decider::conclude(std::uint32_t t, std::uint32_t new_attempt, attempt_result r) {
  if (auto bad = check_set(t, r.set)) {
    r.set = json::object();
    r.end = std::move(bad);
  }
  if (r.end) {
    end_attempt(t, new_attempt, *r.end, std::move(r.set));
    return;
  }
  bool stopping = new_attempt == 0 && s_.at(t).canceling;
  if (!r.wake_at && (stopping || !r.listens)) {
    if (!stopping) {
      end_attempt(t, new_attempt,
                  {task_state::exception, fault::task_exception,
                   "class '" + cls(t).name + "' neither ended nor asked to be woken"},
                  std::move(r.set));
      return;
    }
    r.wake_at = s_.cancel_until; // it will be ended then at the latest
  }
  if (new_attempt != 0)
    emit(task_started{t, new_attempt});
  emit(task_progress{t, std::move(r.set), r.wake_at, std::move(r.waits_for), false, stopping});
}

} // namespace o3::workflow
