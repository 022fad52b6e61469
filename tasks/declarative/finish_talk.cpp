// finish: it has ended. Outputs, what is left of its log, and how the task ends. What the target
// started otherwise than asked is canceled here first.
#include "tasks/declarative/session.hpp"

#include "runtime/base/text.hpp"

namespace o3::declarative {
namespace {

constexpr millis look_again{2000};
constexpr std::int64_t looks_max = 300;

class finish_talk final : public outside::talk {
public:
  finish_talk(std::shared_ptr<const document> d, const outside::occasion& o)
      : s_(std::move(d), o), log_(s_) {
    const auto* end = s_.attribute(attr_end);
    end_ = end ? end_from_json(*end)
               : task_end{task_state::exception, fault::outcome_lost,
                          "how it ended was not kept; look at the target"};
    s_.known.state = std::string{to_string(end_.state)};
    doomed_ = s_.attribute(attr_ignored) != nullptr;
    if (doomed_ && s_.doc->cancel && !s_.attribute(attr_stopped))
      stopping_.emplace(s_, s_.doc->cancel->steps, walk_steps::taking::watching);
    else if (doomed_ && s_.doc->watch)
      looking_.emplace(s_, s_.doc->watch->steps, walk_steps::taking::watching);
    else if (s_.doc->finish)
      steps_.emplace(s_, s_.doc->finish->steps, walk_steps::taking::watching);
  }

  std::optional<outside::request> next() override {
    for (auto* walk : {&stopping_, &looking_, &steps_})
      if (*walk)
        if (auto q = (*walk)->next())
          return q;
    if (doomed_ || (steps_ && steps_->stopped()))
      return std::nullopt;
    return log_.next();
  }

  void hear(outside::answer a) override {
    for (auto* walk : {&stopping_, &looking_, &steps_})
      if (*walk && (*walk)->awaits()) {
        (*walk)->hear(a);
        return;
      }
    log_.hear(a);
  }

  outside::conclusion conclude() override {
    if (stopping_)
      conclude_stopping();
    else if (looking_)
      conclude_looking();
    else
      conclude_steps();
    return std::move(s_.out);
  }

private:
  [[nodiscard]] std::string dropped() const {
    return "the target dropped fields it was given (prompts_ignored): "
           + canonical(*s_.attribute(attr_ignored));
  }

  void again(std::string why, std::optional<millis> wait) {
    s_.out.waits_for = std::move(why);
    s_.out.ask_in = wait.value_or(look_again);
  }

  void conclude_stopping() {
    if (const auto& stopped = stopping_->stopped();
        stopped && stopped->what != stop::kind::refused) {
      s_.out.trouble = stopped->message;
      again("to be stopped: " + dropped(), stopped->wait);
      return;
    }
    s_.set(attr_stopped, 1);
    again("it to stop: " + dropped(), std::nullopt);
  }

  void conclude_looking() {
    const auto looks = s_.count(attr_stopped) + 1;
    bool ended = false;
    if (!looking_->stopped()) {
      evaluator e{s_.known};
      if (auto row = e.eval(s_.doc->watch->row)) {
        s_.known.row = std::move(*row);
        ended = row_has_ended();
      }
    }
    if (!ended && looks <= looks_max) {
      s_.set(attr_stopped, looks);
      again("it to stop: " + dropped(), std::nullopt);
      return;
    }
    s_.out.end = task_end{task_state::failed, fault::prompts_ignored,
                          dropped() + (ended ? "; it was canceled" : "; it may still run")};
  }

  // The watch's own judgement, without its conclusion.
  bool row_has_ended() {
    const auto& w = *s_.doc->watch;
    s_.set_all(w.set);
    for (const auto& r : w.rules)
      if (evaluator{s_.known}.holds(r.when))
        return is_terminal_word(r.is);
    const auto status
      = w.status ? evaluator{s_.known, evaluator::manner::lenient}.text(*w.status) : std::string{};
    const auto found = w.states.find(status);
    return found != w.states.end() && is_terminal_word(found->second);
  }

  void conclude_steps() {
    if (steps_ && steps_->stopped()) {
      const auto& stopped = *steps_->stopped();
      if (stopped.what == stop::kind::refused) {
        s_.out.end = task_end{task_state::failed, stopped.code, stopped.message};
        return;
      }
      if (stopped.what == stop::kind::trouble)
        s_.out.trouble = stopped.message;
      again(stopped.message, stopped.wait);
      return;
    }
    if (s_.doc->finish)
      s_.set_all(s_.doc->finish->set);
    // What the watch knew stands, unless a row can say more now.
    auto end = s_.failure_of(to_string(end_.state)).value_or(end_);
    if (end.state == task_state::successful)
      if (auto missing = missing_output())
        end = *std::move(missing);
    s_.out.end = std::move(end);
  }

  std::optional<task_end> missing_output() {
    for (const auto& f : s_.doc->about->outputs)
      if (f.required && !s_.attribute(f.name))
        return task_end{task_state::failed, fault::output_missing,
                        "the target's answers hold nothing for the output '" + f.name + "'"};
    return std::nullopt;
  }

  session s_;
  log_reader log_;
  task_end end_;
  bool doomed_ = false;
  std::optional<walk_steps> stopping_, looking_, steps_;
};

} // namespace

talk_ptr make_finish_talk(std::shared_ptr<const document> d, const outside::occasion& o) {
  return std::make_unique<finish_talk>(std::move(d), o);
}

} // namespace o3::declarative
