// read, preflight and cancel: steps, and then a conclusion.
#include "tasks/declarative/session.hpp"

#include <algorithm>

namespace o3::declarative {
namespace {

constexpr std::int64_t reads_max = 8; ///< without an answer, in a row
constexpr millis first_wait{1000};
constexpr millis longest_wait{60'000};

class steps_talk final : public outside::talk {
public:
  steps_talk(std::shared_ptr<const document> d, outside::topic t, const outside::occasion& o,
             const steps_section& section)
      : s_(std::move(d), o), topic_(t), section_(section), attempt_(o.attempt),
        walk_(s_, section.steps,
              t == outside::topic::cancel ? walk_steps::taking::watching
                                          : walk_steps::taking::gets) {
    if (t == outside::topic::read && s_.count(attr_turn) != attempt_)
      s_.forget();
  }

  std::optional<outside::request> next() override { return walk_.next(); }
  void hear(outside::answer a) override { walk_.hear(a); }

  outside::conclusion conclude() override {
    if (topic_ == outside::topic::read)
      conclude_read();
    else if (topic_ == outside::topic::preflight)
      conclude_preflight();
    else
      conclude_cancel();
    return std::move(s_.out);
  }

private:
  void conclude_read() {
    const auto& stopped = walk_.stopped();
    if (!stopped) {
      s_.set_all(section_.set);
      s_.out.end = missing_output().value_or(task_end{});
      s_.forget();
      return;
    }
    if (stopped->what == stop::kind::refused) {
      s_.out.end = task_end{task_state::failed, stopped->code, stopped->message};
      s_.forget();
      return;
    }
    s_.set(attr_turn, attempt_);
    if (stopped->what == stop::kind::again) {
      s_.out.ask_in = stopped->wait;
      s_.out.waits_for = stopped->message;
      if (s_.attribute(attr_tries))
        s_.set(attr_tries, nullptr);
    } else {
      s_.out.trouble = stopped->message;
      s_.out.waits_for = "the target to answer: " + stopped->message;
      const auto tries = s_.count(attr_tries) + (stopped->wait ? 0 : 1);
      if (tries >= reads_max) {
        s_.out.end = task_end{task_state::failed, fault::target_unreachable, stopped->message};
        s_.out.trouble.clear();
        s_.forget();
        return;
      }
      s_.set(attr_tries, tries);
      s_.out.ask_in = stopped->wait.value_or(
        std::min(first_wait * (1 << std::min<std::int64_t>(tries, 6)), longest_wait));
    }
  }

  std::optional<task_end> missing_output() {
    for (const auto& f : s_.doc->about->outputs)
      if (f.required && !s_.attribute(f.name))
        return task_end{task_state::failed, fault::output_missing,
                        "the answers hold nothing for the output '" + f.name + "'"};
    return std::nullopt;
  }

  void conclude_preflight() {
    const auto& stopped = walk_.stopped();
    if (!stopped) {
      const auto& p = *s_.doc->preflight;
      launch::preflight_ok ok{attempt_, std::nullopt};
      if (p.newest) {
        evaluator e{s_.known};
        const auto newest = e.eval(*p.newest);
        const auto identity = p.identity ? e.eval(*p.identity) : std::nullopt;
        ok.witness
          = launch::witness{newest ? id_text(*newest) : "", identity ? id_text(*identity) : ""};
        if (p.identity && ok.witness->identity.empty()) {
          s_.out.launch = launch::preflight_unavailable{
            attempt_, "the target does not say who we are: " + e.problem(), std::nullopt};
          return;
        }
        s_.known.launch["newest"] = ok.witness->newest;
      }
      s_.forget();
      s_.set_all(section_.set);
      s_.out.launch = std::move(ok);
    } else if (stopped->what == stop::kind::refused) {
      s_.out.launch = launch::preflight_refused{attempt_, stopped->message};
    } else {
      s_.out.launch = launch::preflight_unavailable{attempt_, stopped->message, stopped->wait};
      s_.out.trouble = stopped->what == stop::kind::trouble ? stopped->message : "";
      s_.out.waits_for = stopped->what == stop::kind::again ? stopped->message : "";
    }
  }

  void conclude_cancel() {
    const auto& stopped = walk_.stopped();
    if (!stopped) {
      s_.set_all(section_.set);
      return;
    }
    if (stopped->what != stop::kind::refused)
      s_.out.ask_in = stopped->wait.value_or(first_wait * 2);
    if (stopped->what == stop::kind::again) {
      s_.out.waits_for = stopped->message;
      return;
    }
    s_.out.trouble = stopped->message;
    s_.say(log_level::warning, "it could not be stopped: " + stopped->message);
  }

  session s_;
  outside::topic topic_;
  const steps_section& section_;
  std::uint32_t attempt_;
  walk_steps walk_;
};

const steps_section no_steps;

} // namespace

talk_ptr make_steps_talk(std::shared_ptr<const document> d, outside::topic t,
                         const outside::occasion& o) {
  const steps_section* section = &no_steps;
  if (t == outside::topic::read && d->read)
    section = &*d->read;
  else if (t == outside::topic::preflight && d->preflight)
    section = &*d->preflight;
  else if (t == outside::topic::cancel && d->cancel)
    section = &*d->cancel;
  return std::make_unique<steps_talk>(d, t, o, *section);
}

} // namespace o3::declarative
