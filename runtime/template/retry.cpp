#include "runtime/template/retry.hpp"

#include "runtime/base/text.hpp"
#include "runtime/template/object_reader.hpp"
#include "runtime/template/template.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace o3 {
namespace {

constexpr std::array<std::string_view, 6> retry_keys{"on",     "times",       "delay_s",
                                                     "factor", "delay_max_s", "jitter"};
constexpr std::array<task_state, 3> retried_states{task_state::failed, task_state::exception,
                                                   task_state::timeout};
constexpr std::string_view transient_word = "transient";
constexpr std::string_view known_hint
  = "known: failed, exception, timeout, transient, and the codes of ends in "
    "runtime/base/faults.md, e.g. target_unreachable, infrastructure_failed, task_timeout";
constexpr std::size_t retry_rules_max = 16;
constexpr double factor_max = 100;

struct coded {
  fault code;
  retry_kind kind;
};
// Codes with which an attempt may end; others count as `plain`, but cannot be named.
constexpr coded ends[]{
  {fault::task_failed, retry_kind::plain},
  {fault::task_exception, retry_kind::plain},
  {fault::task_timeout, retry_kind::plain},
  {fault::target_refused, retry_kind::plain},
  {fault::apply_failed, retry_kind::plain},
  {fault::child_failed, retry_kind::plain},
  {fault::output_invalid, retry_kind::plain},
  {fault::secret_unreadable, retry_kind::plain},
  {fault::target_unreachable, retry_kind::transient},
  {fault::infrastructure_failed, retry_kind::transient},
  {fault::worker_lost, retry_kind::transient},
  {fault::heartbeat_lost, retry_kind::transient},
  {fault::too_many_requests, retry_kind::transient},
  {fault::unavailable, retry_kind::transient},
  {fault::shutting_down, retry_kind::transient},
  {fault::request_timeout, retry_kind::transient},
  {fault::outcome_lost, retry_kind::by_code},
  {fault::output_missing, retry_kind::by_code},
  {fault::canceled, retry_kind::never},
  {fault::grace_over, retry_kind::never},
  {fault::workflow_timeout, retry_kind::never},
  {fault::given_up, retry_kind::never},
  {fault::rejected, retry_kind::never},
  {fault::decision_timeout, retry_kind::never},
  {fault::evidence_changed, retry_kind::never},
  {fault::prompts_ignored, retry_kind::never},
  {fault::input_invalid, retry_kind::never},
  {fault::expression_failed, retry_kind::never},
  {fault::condition_false, retry_kind::never},
  {fault::upstream_failed, retry_kind::never},
  {fault::output_too_large, retry_kind::never},
  {fault::attribute_too_large, retry_kind::never},
  {fault::loop_invalid, retry_kind::never},
  {fault::loop_failed, retry_kind::never},
  {fault::too_deep, retry_kind::never},
  {fault::too_many_descendants, retry_kind::never},
  {fault::template_recursion, retry_kind::never},
  {fault::unknown_template, retry_kind::never},
  {fault::validation_failed, retry_kind::never},
};

const coded* named(std::string_view word) {
  const auto* at = std::find_if(std::begin(ends), std::end(ends),
                                [&](const coded& c) { return fault_code(c.code) == word; });
  return at == std::end(ends) ? nullptr : at;
}

template <class T>
bool holds(const std::vector<T>& all, const T& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}
template <class T>
void add(std::vector<T>& all, const T& one) {
  if (!holds(all, one))
    all.push_back(one);
}

void read_word(const json& word, const place& at, std::string_view what, retry_rule& rule,
               reporter& out) {
  if (!word.is_string()) {
    out.fail(fault::wrong_type, at,
             "'on' of " + std::string{what} + " must list names of errors, not "
               + std::string{type_name(word)},
             std::string{known_hint});
    return;
  }
  const auto& text = word.get_ref<const std::string&>();
  if (text == transient_word) {
    for (const auto& c : ends)
      if (c.kind == retry_kind::transient)
        add(rule.codes, c.code);
    return;
  }
  if (const auto state = parse_task_state(text);
      state && holds(std::vector(retried_states.begin(), retried_states.end()), *state)) {
    add(rule.states, *state);
    return;
  }
  const auto* code = named(text);
  if (code && code->kind != retry_kind::never) {
    add(rule.codes, code->code);
    return;
  }
  if (code || parse_task_state(text)) {
    out.fail(fault::bad_value, at,
             "what ended as " + in_quotes(text) + " is never tried again, so " + std::string{what}
               + " cannot name it",
             std::string{known_hint});
    return;
  }
  std::vector<std::string> known{"failed", "exception", "timeout", std::string{transient_word}};
  for (const auto& c : ends)
    if (c.kind != retry_kind::never)
      known.emplace_back(fault_code(c.code));
  const auto near = out.nearest(text, known);
  out.fail(fault::bad_value, at, std::string{what} + " knows no error " + in_quotes(text),
           near.empty() ? std::string{known_hint} : near);
}

retry_rule read_rule(const json& item, const place& at, std::string_view whose, const limits& lim,
                     reporter& out) {
  const auto what = "a retry rule of " + std::string{whose};
  object_reader in{item, at, what, out};
  in.refuse_others(retry_keys);
  retry_rule rule;
  const place on_at{at, "on"};
  if (const auto* on = in.list("on")) {
    for (std::size_t i = 0; i < on->size(); ++i)
      read_word((*on)[i], place{on_at, i}, what, rule, out);
    if (on->empty())
      out.fail(fault::bad_value, on_at, "a retry rule with an empty 'on' never applies",
               std::string{known_hint});
  } else {
    rule.states.assign(retried_states.begin(), retried_states.end());
  }
  if (in.require("times"))
    rule.times = static_cast<std::uint32_t>(in.whole("times", 0, lim.attempts).value_or(0));
  rule.delay = in.seconds("delay_s").value_or(rule.delay);
  rule.factor = in.number("factor", 1, factor_max).value_or(rule.factor);
  const auto most = in.seconds("delay_max_s");
  rule.delay_max = most.value_or(std::max(rule.delay_max, rule.delay));
  if (most && *most < rule.delay && !lim.stored)
    out.fail(fault::bad_value, place{at, "delay_max_s"},
             "'delay_max_s' of " + what + " is less than its 'delay_s'",
             "the first pause would be cut already: raise delay_max_s or lower delay_s");
  rule.jitter = in.number("jitter", 0, 1).value_or(rule.jitter);
  return rule;
}

// A rule of which every word has been taken by the rules before it.
void warn_of_idle_rules(const std::vector<retry_rule>& rules, const place& at,
                        std::string_view what, reporter& out) {
  retry_rule before;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const auto& r = rules[i];
    const auto taken = [&](fault code) { return holds(before.codes, code); };
    const auto had = [&](task_state s) { return holds(before.states, s); };
    if (i > 0 && (!r.states.empty() || !r.codes.empty())
        && std::all_of(r.states.begin(), r.states.end(), had)
        && std::all_of(r.codes.begin(), r.codes.end(), taken))
      out.warn(fault::bad_value, place{at, i},
               "a retry rule of " + std::string{what} + " never applies: rules before it name "
                 + names_of(r),
               "the first rule that names an error decides: put special rules first");
    for (auto s : r.states)
      add(before.states, s);
    for (auto c : r.codes)
      add(before.codes, c);
  }
}

} // namespace

retry_kind retry_kind_of(fault code) {
  const auto* at = std::find_if(std::begin(ends), std::end(ends),
                                [&](const coded& c) { return c.code == code; });
  return at == std::end(ends) ? retry_kind::plain : at->kind;
}

bool is_end_code(fault code) {
  return std::any_of(std::begin(ends), std::end(ends),
                     [&](const coded& c) { return c.code == code && c.kind != retry_kind::never; });
}

std::optional<std::size_t> find_rule(const std::vector<retry_rule>& rules, task_state end,
                                     fault code) {
  const auto kind = retry_kind_of(code);
  if (kind == retry_kind::never)
    return std::nullopt;
  for (std::size_t i = 0; i < rules.size(); ++i)
    if (holds(rules[i].codes, code) || (kind != retry_kind::by_code && holds(rules[i].states, end)))
      return i;
  return std::nullopt;
}

millis retry_pause(const retry_rule& rule, std::uint32_t k, std::uint64_t random) {
  const auto most = static_cast<double>(rule.delay_max.count());
  auto pause = static_cast<double>(rule.delay.count());
  for (std::uint32_t i = 1; i < k && pause < most; ++i)
    pause *= rule.factor;
  pause = std::min(pause, most);
  // So that many tasks do not come back as one wave.
  const auto part = static_cast<double>(random >> 11U) / 9007199254740992.0;
  return millis{static_cast<std::int64_t>(std::ceil(pause * (1 - rule.jitter * part)))};
}

std::vector<retry_rule> read_retry_rules(const json& list, const place& at, std::string_view what,
                                         const limits& lim, reporter& out) {
  std::vector<retry_rule> rules;
  if (list.size() > retry_rules_max)
    out.fail(fault::too_large, at,
             std::string{what} + " has more than " + std::to_string(retry_rules_max)
               + " retry rules",
             "join rules: 'on' takes several names");
  for (std::size_t i = 0; i < list.size() && i < retry_rules_max; ++i)
    rules.push_back(read_rule(list[i], place{at, i}, what, lim, out));
  warn_of_idle_rules(rules, at, what, out);
  return rules;
}

void check_times(const place& at, std::string_view what, const limits& lim, const task_spec& task,
                 reporter& out) {
  const auto zero = [&](const char* key, const std::optional<millis>& time) {
    if (time && *time <= millis{0} && !lim.stored)
      out.fail(fault::bad_value, place{at, key},
               in_quotes(key) + " of " + std::string{what} + " must be more than 0",
               "leave the key out for no limit");
  };
  zero("timeout_s", task.timeout);
  zero("total_timeout_s", task.total_timeout);
  zero("heartbeat_s", task.heartbeat);
  const auto idle = [&](const char* key, const std::optional<millis>& time, const char* of,
                        const std::optional<millis>& limit) {
    if (time && limit && *limit > millis{0} && *time > *limit)
      out.warn(fault::bad_value, place{at, key},
               in_quotes(key) + " of " + std::string{what} + " is never reached: its '"
                 + std::string{of} + "' is less",
               "the smaller of the two ends the attempt");
  };
  idle("timeout_s", task.timeout, "total_timeout_s", task.total_timeout);
  idle("heartbeat_s", task.heartbeat, "timeout_s", task.timeout);
  idle("heartbeat_s", task.heartbeat, "total_timeout_s", task.total_timeout);
  if (task.attempts_max == 1U && !task.retry.empty())
    out.warn(fault::bad_value, place{at, "attempts_max"},
             "'attempts_max' of " + std::string{what} + " is 1, so its retry rules never apply",
             "remove one of the two");
}

json to_json(const retry_rule& rule) {
  json on = json::array();
  for (auto s : rule.states)
    on.push_back(to_string(s));
  for (auto c : rule.codes)
    on.push_back(fault_code(c));
  const auto seconds = [](millis m) { return static_cast<double>(m.count()) / 1000; };
  return {{"on", std::move(on)},
          {"times", rule.times},
          {"delay_s", seconds(rule.delay)},
          {"factor", rule.factor},
          {"delay_max_s", seconds(rule.delay_max)},
          {"jitter", rule.jitter}};
}

std::string names_of(const retry_rule& rule) {
  std::vector<std::string> names;
  for (auto s : rule.states)
    names.emplace_back(to_string(s));
  for (auto c : rule.codes)
    names.emplace_back(fault_code(c));
  constexpr std::size_t shown = 8;
  return listed(names, shown);
}

} // namespace o3
