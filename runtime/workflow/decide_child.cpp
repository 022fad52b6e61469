// Tasks that are workflows: started under an id that follows from the attempt, told to stop, and
// heard of again when they end. The child tells its end until this side has it on disk; looking is
// the safety net.
#include "runtime/base/text.hpp"
#include "runtime/workflow/decider.hpp"

namespace o3::workflow {
namespace {

// A child tells of its end itself; a workflow that is joined is looked at.
constexpr std::size_t message_bytes_max = 1024; ///< of another workflow's words
constexpr millis look_again{300'000};
constexpr millis join_least{1'000};
constexpr millis join_most{30'000};

const std::string* joined_id(const json& attributes) {
  const auto at = attributes.is_object() ? attributes.find("joined") : attributes.end();
  return attributes.is_object() && at != attributes.end() && at->is_string()
           ? at->get_ptr<const std::string*>()
           : nullptr;
}

} // namespace

bool owns_child(const state& s, std::uint32_t t) {
  return s.node(t).cls->runs_in == "child" && (s.is_item(t) || !s.spec(t).for_each)
         && joined_id(s.at(t).attributes) == nullptr;
}

id child_of(const state& s, std::uint32_t t, std::uint32_t attempt) {
  if (s.has(t))
    if (const auto* other = joined_id(s.at(t).attributes))
      return id::parse(*other).value_or(id{});
  return id::nested(s.workflow, task_name(*s.graph, t) + "/child/" + std::to_string(attempt));
}

void open_child(const state& s, std::uint32_t t, std::vector<effect>& out) {
  const auto& task = s.at(t);
  if (task.state != task_state::running)
    return;
  const auto child = child_of(s, t, task.attempt);
  if (task.calling)
    out.push_back(begin_child{t, task.attempt, child});
  else
    out.push_back(look_child{t, task.attempt, child});
  if (joined_id(task.attributes) != nullptr)
    return;
  if (task.canceling)
    out.push_back(tell_child{t, task.attempt, child, tell_child::word::cancel, s.cancel_forced});
  else if (s.paused)
    out.push_back(tell_child{t, task.attempt, child, tell_child::word::pause, false});
}

void decider::start_child(std::uint32_t t, std::uint32_t attempt, const json& inputs) {
  emit(task_started{t, attempt});
  if (const auto join = inputs.find("workflow_id"); join != inputs.end()) {
    const auto other = id::parse(join->get<std::string>());
    if (!other || *other == s_.workflow) {
      end_attempt(t, 0,
                  {task_state::failed, fault::input_invalid,
                   other
                     ? "a workflow cannot wait for itself"
                     : "'workflow_id' is no id: '" + printable(join->get<std::string>(), 64) + "'"},
                  {});
      return;
    }
    emit(task_progress{t,
                       {{"joined", other->hex()}, {"workflow_id", other->hex()}},
                       c_.now + join_least,
                       "workflow " + other->hex(),
                       false,
                       false});
    effects_.push_back(look_child{t, attempt, *other});
    return;
  }
  const auto child = child_of(s_, t, attempt);
  emit(task_progress{t,
                     {{"workflow_id", child.hex()}},
                     {},
                     "workflow " + child.hex() + " to be accepted",
                     true,
                     false});
  effects_.push_back(begin_child{t, attempt, child});
}

void decider::ping_child(std::uint32_t t) {
  ++steps_;
  const auto& task = s_.at(t);
  const auto passed = c_.now - task.started_at.value_or(c_.now);
  const auto pause = joined_id(task.attributes) == nullptr
                       ? look_again
                       : std::clamp<millis>(std::chrono::duration_cast<millis>(passed) / 10,
                                            join_least, join_most);
  const auto child = child_of(s_, t, task.attempt);
  emit(task_progress{t, {}, c_.now + pause, task.waits_for, task.calling, task.canceling});
  if (task.calling)
    effects_.push_back(begin_child{t, task.attempt, child});
  else
    effects_.push_back(look_child{t, task.attempt, child});
}

void decider::stop_child(std::uint32_t t) {
  const auto& task = s_.at(t);
  if (joined_id(task.attributes) != nullptr) { // it is somebody else's
    end_stopped(t, "waits for the other workflow no more");
    return;
  }
  const auto child = child_of(s_, t, task.attempt);
  emit(
    task_progress{t, {}, task.wake_at, "workflow " + child.hex() + " to stop", task.calling, true});
  effects_.push_back(
    tell_child{t, task.attempt, child, tell_child::word::cancel, s_.cancel_forced});
}

// True if the end comes later: the child is stopped first.
bool decider::time_out_child(std::uint32_t t) {
  const auto& task = s_.at(t);
  if (task.state != task_state::running || task.canceling || joined_id(task.attributes) != nullptr)
    return false;
  ++steps_;
  log(t, task.attempt, log_level::warning, "its time is over: the workflow it started is stopped");
  stop_child(t);
  return true;
}

void decider::on(const child_news& e) {
  if (!s_.has(e.task) || !is_child(e.task))
    return;
  const auto& task = s_.at(e.task);
  if (task.state != task_state::running || task.attempt != e.attempt)
    return;
  ++steps_;
  const auto child = child_of(s_, e.task, e.attempt);
  const auto name = "workflow " + child.hex();
  const bool joined = joined_id(task.attributes) != nullptr;
  using kind = child_news::kind;
  if (e.what == kind::later) {
    emit(task_progress{e.task,
                       {},
                       c_.now + join_least,
                       name + " to be accepted: " + e.message,
                       task.calling,
                       task.canceling});
    return;
  }
  if (e.what == kind::began || e.what == kind::open) {
    if (!task.calling)
      return;
    emit(task_progress{e.task, {}, c_.now + look_again, name, false, task.canceling});
    if (task.canceling) // it was not there yet when it was told
      effects_.push_back(
        tell_child{e.task, e.attempt, child, tell_child::word::cancel, s_.cancel_forced});
    else if (s_.paused)
      effects_.push_back(tell_child{e.task, e.attempt, child, tell_child::word::pause, false});
    return;
  }
  const auto text = printable(masked(e.message), message_bytes_max);
  if (e.what == kind::refused) {
    if (task.canceling)
      end_attempt(e.task, 0, {task_state::canceled, fault::canceled, "canceled before it began"},
                  {});
    else
      end_attempt(e.task, 0,
                  {task_state::failed, e.code, joined ? text : name + " did not begin: " + text},
                  {});
    return;
  }
  json set = {{"state", to_string(e.state)}, {"outputs", e.outputs}};
  if (e.state == workflow_state::successful) {
    conclude(e.task, 0, {std::move(set), task_end{}, {}, {}});
    return;
  }
  task_end end{task_state::failed, fault::child_failed,
               name + " ended " + std::string{to_string(e.state)}
                 + (text.empty() ? "" : ": " + text)};
  if (e.state == workflow_state::canceled && task.canceling && !joined)
    end = {task_state::canceled, fault::canceled, name + " was stopped"};
  conclude(e.task, 0, {std::move(set), std::move(end), {}, {}});
}

void decider::on(const parent_knows&) {
  if (is_terminal(s_.status) && s_.from && !s_.parent_told)
    emit(parent_told{});
}

} // namespace o3::workflow
