// Tasks that call out: when which talk is held, and what its conclusion means. How a talk is held
// is the class's (runtime/outside); whether something may be started is the launch's
// (runtime/launch).
#include "runtime/base/text.hpp"
#include "runtime/launch/evidence.hpp"
#include "runtime/launch/marker.hpp"
#include "runtime/workflow/decider.hpp"

namespace o3::workflow {
namespace {

using outside::topic;

std::string request_hash(const context& c, const json& inputs) {
  auto digest = c.seal.fingerprint(canonical(inputs)); // keyed: it shows nothing of the secrets
  return to_hex(digest);
}

// An answer belongs to the launch attempt it was asked for.
void set_attempt(launch::event& e, std::uint32_t attempt) {
  std::visit(
    [attempt](auto& x) {
      if constexpr (requires { x.attempt; })
        x.attempt = attempt;
    },
    e);
}

// A talk that broke says nothing about the target.
launch::event broken(topic about, std::string why) {
  if (about == topic::preflight)
    return launch::preflight_unavailable{0, std::move(why), {}};
  if (about == topic::send)
    return launch::send_ambiguous{0, std::move(why)};
  return launch::search_failed{std::move(why)};
}

} // namespace

launch::context decider::launch_context(std::uint32_t t) {
  const auto& launches = s_.at(t).launches;
  std::uint32_t others = 0;
  auto hour_ago = c_.now - std::chrono::hours{1};
  for (std::size_t i = 0; i + 1 < launches.size(); ++i)
    for (auto at : launches[i].sent_at)
      others += at > hour_ago ? 1 : 0;
  return {.now = c_.steady,
          .wall = c_.now,
          .epoch = c_.epoch,
          .seed = next_random(),
          .hold_sends = c_.hold_sends,
          .other_launches = others,
          .limits = c_.launches};
}

void decider::hold(std::uint32_t t, topic about, bool last) {
  hold_talk e;
  e.task = t;
  e.attempt = s_.at(t).attempt;
  e.about = about;
  e.last = last;
  if (const auto* l = s_.at(t).launch()) {
    e.launch_attempt = l->at.attempt;
    e.marker = launch::marker_text(*l);
    e.key = launch::key_text(*l);
    e.restored = l->at.look;
  }
  effects_.push_back(std::move(e));
}

void open_talks(const state& s, std::uint32_t t, std::vector<effect>& out) {
  const auto& task = s.at(t);
  if (task.state != task_state::running)
    return;
  const auto* l = task.launch();
  if (l != nullptr && l->at.phase != launch::phase::confirmed)
    return;
  if (l == nullptr && !task.calling)
    return;
  hold_talk e;
  e.task = t;
  e.attempt = task.attempt;
  e.about = l == nullptr ? topic::read : topic::watch;
  if (l != nullptr) {
    e.launch_attempt = l->at.attempt;
    e.key = launch::key_text(*l);
  }
  out.push_back(e);
  if (l != nullptr && task.canceling) {
    e.about = topic::cancel;
    out.push_back(std::move(e));
  }
}

void decider::start_outside(std::uint32_t t, std::uint32_t attempt,
                            const outside::outside_code& code, const json& inputs) {
  emit(task_started{t, attempt});
  if (!code.launches) {
    emit(task_progress{t, {}, {}, "the target's answer", true, false});
    hold(t, topic::read);
    return;
  }
  launch::request r;
  r.launch_id
    = id::derived(s_.workflow, task_name(*s_.graph, t) + "/launch/" + std::to_string(attempt));
  r.install8 = std::string{c_.install8};
  r.request_sha256 = request_hash(c_, inputs);
  r.cls = code.target_for ? code.target_for(inputs) : code.target;
  r.preflight = code.preflight;
  r.retry_ambiguous = spec(t).retry_ambiguous;
  r.on_surplus
    = spec(t).cancel_surplus ? launch::surplus_rule::cancel : launch::surplus_rule::alert;
  auto intent = launch::prepare(r, launch_context(t));
  if (!intent) {
    end_attempt(t, 0, {task_state::exception, intent.error().code, intent.error().message}, {});
    return;
  }
  emit(task_launch{t, *std::move(intent), c_.now, "the launch to begin"});
  // The same id may have been launched in the time that the backup does not know.
  if (c_.restored_epoch != 0 && s_.created_at < c_.restored_at)
    step_launch(t, launch::restored_backup{});
  step_launch(t, launch::tick{});
}

// -- the launch

void decider::step_launch(std::uint32_t t, const launch::event& e) {
  const auto* had = s_.at(t).launch();
  if (had == nullptr)
    return;
  auto before = had->at.phase;
  auto canceled_before = had->at.cancel;
  auto in = launch_context(t);
  auto step = launch::next(*had, e, in);
  if (!step.change) {
    // A tick that came too early, by the wall clock: ask again.
    if (std::holds_alternative<launch::tick>(e) && s_.at(t).wake_at && *s_.at(t).wake_at <= c_.now)
      if (auto due = launch::due_in(*had, in); due && *due > millis{0})
        emit(task_launch{t, launch::difference(*had, *had), c_.now + *due, launch::why(*had)});
    return;
  }
  auto after = *had;
  launch::apply(after, *step.change);
  auto due = launch::due_in(after, in);
  auto why = launch::why(after);
  if (after.at.phase != before)
    log(t, s_.at(t).attempt, log_level::info,
        "launch " + std::string{to_string(before)} + " -> " + std::string{to_string(after.at.phase)}
          + " marker=" + launch::marker_text(after)
          + (after.outcome.external_id.empty() ? "" : " id=" + after.outcome.external_id)
          + (after.note.message.empty() ? "" : ": " + masked(after.note.message)));
  emit(task_launch{t, *std::move(step.change), due ? std::optional{c_.now + *due} : std::nullopt,
                   masked(std::move(why))});
  for (const auto& x : step.effects)
    perform_launch(t, x);
  const auto* send = std::get_if<launch::send_not_done>(&e);
  const bool refused
    = std::holds_alternative<launch::preflight_refused>(e) || (send != nullptr && send->permanent);
  after_launch(t, before, canceled_before, refused);
}

void decider::perform_launch(std::uint32_t t, const launch::effect& x) {
  if (const auto* alert = std::get_if<launch::alert_surplus>(&x)) {
    std::string ids;
    for (const auto& i : alert->ids)
      ids += (ids.empty() ? "" : ", ") + i;
    log(t, s_.at(t).attempt, log_level::error,
        "the target holds jobs with this task's marker that nobody owns: " + printable(ids)
          + (alert->cancel ? "; they are canceled" : ""));
    if (alert->cancel)
      for (const auto& i : alert->ids) {
        hold(t, topic::cancel, true);
        std::get<hold_talk>(effects_.back()).external_id = i;
      }
    return;
  }
  hold(t, topic::search);
  auto& e = std::get<hold_talk>(effects_.back());
  if (const auto* p = std::get_if<launch::run_preflight>(&x)) {
    e.about = topic::preflight;
    e.launch_attempt = p->attempt;
  } else if (const auto* send = std::get_if<launch::send>(&x)) {
    e.about = topic::send;
    e.launch_attempt = send->attempt;
    e.marker = send->marker;
    e.key = send->key;
    e.deadline = send->deadline;
    e.not_after = send->not_after;
  } else if (const auto* search = std::get_if<launch::search>(&x)) {
    e.key = search->key;
    e.witness = search->witness;
  } else if (const auto* sweep = std::get_if<launch::sweep>(&x)) {
    e.key = sweep->key;
    e.witness = sweep->witness;
  }
}

// What a new phase means for the task.
void decider::after_launch(std::uint32_t t, launch::phase before, bool canceled_before,
                           bool refused) {
  const auto& l = s_.at(t).launches.back();
  if (is_terminal(s_.at(t).state))
    return;
  auto message = masked(l.note.message);
  switch (l.at.phase) {
  case launch::phase::confirmed:
    if (before != launch::phase::confirmed)
      hold(t, topic::watch);
    if (l.at.cancel && (before != launch::phase::confirmed || !canceled_before))
      hold(t, topic::cancel);
    break;
  case launch::phase::failed:
    end_attempt(
      t, 0,
      {task_state::failed, refused ? fault::target_refused : fault::target_unreachable, message},
      {});
    break;
  case launch::phase::given_up:
    end_attempt(t, 0, {task_state::failed, fault::given_up, message}, {});
    break;
  case launch::phase::canceled:
    end_attempt(t, 0, {task_state::canceled, fault::canceled, "canceled before it was started"},
                {});
    break;
  default:
    break;
  }
}

void decider::on(const resolved& e) {
  if (s_.has(e.task) && !is_terminal(s_.at(e.task).state))
    step_launch(e.task, e.verb);
}

void decider::recover_launches() {
  for (auto t : std::vector(s_.active))
    if (const auto* l = s_.at(t).launch(); is_outside(t) && l != nullptr) {
      if (l->at.epoch < c_.restored_epoch)
        step_launch(t, launch::restored_backup{});
      else
        step_launch(t, launch::recovered{});
    }
}

// -- what talks concluded

bool decider::take_set(std::uint32_t t, json set) {
  if (auto bad = check_set(t, set)) {
    cut_off_outside(t);
    end_attempt(t, 0, *bad, {});
    return false;
  }
  if (set.is_object() && !set.empty()) {
    const auto& task = s_.at(t);
    emit(
      task_progress{t, std::move(set), task.wake_at, task.waits_for, task.calling, task.canceling});
  }
  return true;
}

void decider::on(const talked& e) {
  if (!s_.has(e.task) || s_.at(e.task).attempt != e.attempt)
    return;
  learn_secrets(e.task);
  for (const auto& l : e.what.log)
    log(e.task, e.attempt, l.level, masked(l.text));
  if (!e.what.trouble.empty())
    log(e.task, e.attempt, log_level::warning,
        std::string{to_string(e.about)} + ": " + masked(e.what.trouble));
  auto state = s_.at(e.task).state;
  if (state != task_state::running && state != task_state::needs_operator)
    return;
  ++steps_;
  if (e.about == topic::preflight || e.about == topic::send || e.about == topic::search)
    talked_of_launch(e);
  else if (e.about != topic::cancel)
    talked_of_end(e);
}

void decider::talked_of_launch(const talked& e) {
  if (s_.at(e.task).launch() == nullptr || !take_set(e.task, e.what.set))
    return;
  auto heard = e.what.launch ? *e.what.launch
                             : broken(e.about, e.what.end ? e.what.end->message : e.what.trouble);
  set_attempt(heard, e.launch_attempt);
  step_launch(e.task, heard);
}

// read, watch and finish
void decider::talked_of_end(const talked& e) {
  const auto& task = s_.at(e.task);
  if (!e.what.end || e.what.over) {
    auto set = e.what.set;
    if (auto bad = check_set(e.task, set)) {
      cut_off_outside(e.task);
      end_attempt(e.task, 0, *bad, {});
      return;
    }
    auto waits = !e.what.waits_for.empty() ? masked(e.what.waits_for)
                 : !e.what.trouble.empty() ? "the target to answer: " + masked(e.what.trouble)
                                           : task.waits_for;
    if (waits != task.waits_for || !set.empty())
      emit(task_progress{e.task, std::move(set), task.wake_at, std::move(waits), task.calling,
                         task.canceling});
    return;
  }
  auto end = *e.what.end;
  end.message = masked(std::move(end.message));
  if (const auto* l = task.launch(); l != nullptr && l->at.sweep_pending)
    log(e.task, e.attempt, log_level::warning,
        "it was launched " + std::to_string(l->at.sends)
          + " times, the earlier ones proven absent; it ends before the late look for them");
  conclude(e.task, 0, {e.what.set, std::move(end), {}, {}});
}

// -- time and people

void decider::ping_outside(std::uint32_t t) {
  if (const auto* l = s_.at(t).launch(); l != nullptr) {
    ++steps_;
    step_launch(t, launch::tick{});
    return;
  }
  ++steps_;
  emit(task_progress{t, {}, {}, s_.at(t).waits_for, true, s_.at(t).canceling});
  hold(t, topic::read);
}

void decider::stop_outside(std::uint32_t t) {
  const auto& task = s_.at(t);
  if (task.launch() == nullptr) {
    effects_.push_back(drop_talks{t, task.attempt});
    end_stopped(t, "stopped when asked");
    return;
  }
  if (task.state == task_state::running)
    emit(task_progress{t, {}, task.wake_at, task.waits_for, task.calling, true});
  step_launch(t, launch::cancel_asked{});
}

// True if the end comes later: what was started is stopped first, or looked for.
bool decider::time_out_outside(std::uint32_t t) {
  const auto& task = s_.at(t);
  const auto* l = task.launch();
  if (l == nullptr || task.state == task_state::waiting || task.canceling || l->at.cancel)
    return false; // nothing was started, or it did not stop
  ++steps_;
  log(t, task.attempt, log_level::warning, "its time is over: what it started is stopped");
  stop_outside(t);
  return true;
}

// The task ends now, whatever runs outside: it is asked to stop, and nobody waits for it.
void decider::cut_off_outside(std::uint32_t t) {
  const auto* l = s_.at(t).launch();
  effects_.push_back(drop_talks{t, s_.at(t).attempt});
  if (l != nullptr && l->at.phase == launch::phase::confirmed)
    hold(t, topic::cancel, true);
}

} // namespace o3::workflow
