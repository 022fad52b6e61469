// watch: one thing, or one row of many; and the log it writes.
#include "tasks/declarative/session.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>

namespace o3::declarative {
namespace {

constexpr std::size_t log_lines_max = 20'000; ///< in one talk
constexpr std::size_t log_line_bytes_max = 8192;

void say_lines(session& s, std::string_view text) {
  for (std::size_t i = 0; i < text.size() && s.out.log.size() < log_lines_max;) {
    auto end = std::min(text.find('\n', i), text.size());
    auto line = text.substr(i, std::min(end - i, log_line_bytes_max));
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    s.say(log_level::info, std::string{line});
    i = end + 1;
  }
  if (s.out.log.size() == log_lines_max)
    s.say(log_level::warning, "more lines followed and are left out");
}

void say_all(session& s, const json& lines) {
  if (lines.is_string())
    say_lines(s, lines.get_ref<const std::string&>());
  else if (lines.is_array())
    for (const auto& line : lines)
      say_all(s, line);
}

std::string state_of(const watch_section& w, session& s, std::string& unknown) {
  for (const auto& r : w.rules)
    if (evaluator{s.known}.holds(r.when))
      return r.is;
  const auto status
    = w.status ? evaluator{s.known, evaluator::manner::lenient}.text(*w.status) : std::string{};
  if (const auto found = w.states.find(status); found != w.states.end())
    return found->second;
  unknown = status;
  return "running";
}

void conclude_over(session& s, std::string_view state) {
  auto end = s.end_of(state);
  s.set(attr_end, to_json(end));
  s.out.end = std::move(end);
  s.out.over = true;
}

class watch_talk final : public outside::talk {
public:
  watch_talk(std::shared_ptr<const document> d, const outside::occasion& o)
      : s_(std::move(d), o), log_(s_), logs_(o.logs_wanted) {
    if (s_.doc->watch && (!s_.doc->watch->when || evaluator{s_.known}.holds(*s_.doc->watch->when)))
      walk_.emplace(s_, s_.doc->watch->steps, walk_steps::taking::watching);
  }

  std::optional<outside::request> next() override {
    if (!walk_)
      return std::nullopt;
    if (!judged_) {
      if (auto q = walk_->next())
        return q;
      judge();
    }
    return logs_ ? log_.next() : std::nullopt;
  }

  void hear(outside::answer a) override {
    if (judged_)
      log_.hear(a);
    else {
      gone_ = a.status == 404 || a.status == 410;
      walk_->hear(a);
    }
  }

  outside::conclusion conclude() override {
    if (!walk_)
      conclude_over(s_, "successful");
    return std::move(s_.out);
  }

private:
  void judge() {
    judged_ = true;
    const auto& w = *s_.doc->watch;
    const auto& stopped = walk_->stopped();
    if (stopped && !gone_) {
      logs_ = false;
      if (stopped->what == stop::kind::again) {
        s_.out.waits_for = stopped->message;
        s_.out.ask_in = stopped->wait;
      } else if (stopped->what == stop::kind::refused) { // it will not be otherwise next time
        s_.out.end = task_end{task_state::exception, fault::outcome_lost,
                              stopped->message + ": how it ended cannot be said"};
      } else {
        s_.out.trouble = stopped->message;
        s_.out.ask_in = stopped->wait;
      }
      return;
    }
    evaluator e{s_.known};
    auto row = stopped ? std::nullopt : e.eval(w.row);
    if (!row || row->is_null()) {
      logs_ = false;
      missing();
      return;
    }
    s_.known.row = std::move(*row);
    judge_row(s_);
  }

  // What was started is not there any more; once may be a lapse.
  void missing() {
    const auto& w = *s_.doc->watch;
    auto said = s_.sentence(w.missing_say);
    if (said.empty())
      said = "the target no longer shows what was started there";
    const auto times = s_.count(attr_missing) + 1;
    s_.set(attr_missing, times);
    if (times < w.missing_times) {
      s_.out.trouble = said;
      s_.out.ask_in = w.every;
      return;
    }
    s_.out.end = task_end{task_state::exception, fault::outcome_lost,
                          said + ": how it ended cannot be said"};
  }

  session s_;
  log_reader log_;
  std::optional<walk_steps> walk_;
  bool logs_ = false, judged_ = false, gone_ = false;
};

} // namespace

void judge_row(session& s) {
  const auto& w = *s.doc->watch;
  std::string unknown;
  const auto state = state_of(w, s, unknown);
  s.known.state = state;
  s.set_all(w.set);
  if (s.attribute(attr_missing))
    s.set(attr_missing, nullptr);
  if (s.attribute(attr_ignored)) {
    auto fields = canonical(*s.attribute(attr_ignored));
    s.out.end = task_end{task_state::failed, fault::prompts_ignored,
                         "the target dropped fields it was given: " + fields};
    s.out.over = true;
    return;
  }
  if (is_terminal_word(state)) {
    conclude_over(s, state);
    return;
  }
  s.out.running = state == "running";
  s.out.waits_for = s.sentence(w.waits_for);
  if (!unknown.empty())
    s.out.waits_for
      += " (status '" + printable(unknown, 64) + "' is unknown here: taken as running)";
}

std::optional<outside::request> log_reader::next() {
  const auto& section = s_.doc->log;
  while (section && !over_) {
    if (!walk_) {
      if (section->when && !evaluator{s_.known}.holds(*section->when))
        break;
      walk_.emplace(s_, section->steps, walk_steps::taking::watching);
    }
    if (auto q = walk_->next())
      return q;
    take_round();
    walk_.reset();
  }
  over_ = true;
  return std::nullopt;
}

void log_reader::hear(const outside::answer& a) {
  if (walk_)
    walk_->hear(a);
}

void log_reader::take_round() {
  const auto& section = *s_.doc->log;
  if (walk_->stopped()) {
    // Its log is not worth a failure; what is missing now comes with a later look.
    over_ = true;
    return;
  }
  evaluator e{s_.known};
  if (const auto lines = e.eval(section.lines))
    say_all(s_, *lines);
  const bool more = section.more && e.holds(*section.more);
  if (section.cursor)
    if (auto cursor = e.eval(*section.cursor))
      s_.set(attr_log, std::move(*cursor));
  if (!e.ok())
    s_.say(log_level::warning, "its log could not be read: " + e.problem());
  over_ = !e.ok() || !more || ++round_ >= section.rounds || s_.out.log.size() >= log_lines_max;
}

talk_ptr make_watch_talk(std::shared_ptr<const document> d, const outside::occasion& o) {
  return std::make_unique<watch_talk>(std::move(d), o);
}

} // namespace o3::declarative
