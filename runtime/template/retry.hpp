// When an attempt that ended badly is followed by another: rules by class of error.
//
// A rule names classes of errors in three ways: the state of the attempt's end (`failed`,
// `exception`, `timeout`), the code of that end (runtime/base/faults.md), or `transient`, which
// stands for the codes of what may well be better next time. Ends that no further attempt could
// better, or that somebody decided, are never tried again, whatever a rule says. Threads: pure.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/fault.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/limits.hpp"
#include "runtime/template/states.hpp"

#include <optional>
#include <string>
#include <vector>

namespace o3 {

class place;
class reporter;
struct task_spec;

/// JSON: {"on": ["transient", "timeout"], "times": 3, "delay_s": 1, "factor": 2, "delay_max_s":
/// 300, "jitter": 0.5}. `on` defaults to all three states. Before retry k of this rule passes
/// delay * factor^(k-1), at most delay_max, less a random part of it that is at most `jitter`.
struct retry_rule {
  std::vector<task_state> states;
  std::vector<fault> codes;
  std::uint32_t times = 0; ///< retries of this rule, not attempts; 0: what it names ends the task
  millis delay{1000};
  double factor = 2.0;
  millis delay_max{300'000};
  double jitter = 0.5;
};

/// How an end counts where rules are looked up.
enum class retry_kind : std::uint8_t {
  plain,     ///< by its state or its code
  transient, ///< also by the word `transient`
  by_code,   ///< by its code only: whether it ran is not known, or trying again is rarely any use
  never
};
retry_kind retry_kind_of(fault code);
/// A rule may name it: an attempt can end so, and another may follow.
bool is_end_code(fault code);

/// The position of the first rule for such an end; nothing if there is none, or nothing may follow.
std::optional<std::size_t> find_rule(const std::vector<retry_rule>& rules, task_state end,
                                     fault code);

/// How long to wait before retry `k` (from 1) of `rule`; `random` are fresh bits. At least
/// (1 - jitter) of the full pause and at most all of it.
millis retry_pause(const retry_rule& rule, std::uint32_t k, std::uint64_t random);

/// Reads a list of rules; `what` names whose they are ("task 'a'").
std::vector<retry_rule> read_retry_rules(const json& list, const place& at, std::string_view what,
                                         const limits& lim, reporter& out);
/// The form that read_retry_rules() reads.
json to_json(const retry_rule& rule);
/// Refuses times of a task that contradict each other or themselves.
void check_times(const place& at, std::string_view what, const limits& lim, const task_spec& task,
                 reporter& out);
/// What the rule names, as in its `on`.
std::string names_of(const retry_rule& rule);

} // namespace o3
