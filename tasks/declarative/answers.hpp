// What answers mean: readable texts of errors, how long to wait, and the classes of DESIGN
// section 6. Threads: pure functions.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/outside/wait.hpp"
#include "tasks/declarative/value.hpp"

namespace o3::declarative {

enum class meaning : std::uint8_t {
  not_done,  ///< certainly without effect, may be tried again
  permanent, ///< certainly without effect, and never with one
  ambiguous, ///< who knows
  conflict   ///< there is such a thing already: look
};

struct error_row {
  std::vector<std::pair<unsigned, unsigned>> statuses; ///< from, to
  std::optional<condition> when;
  declarative::meaning means = meaning::ambiguous;
  bool waits = false; ///< the target says for how long
  std::optional<value> say;
};

/// A target's error as one line: any JSON object walked as "key: value", HTML without its tags,
/// what came before an answer; at most 1,000 bytes.
std::string readable(const outside::answer& a);

/// The answer as references see it.
reply to_reply(const outside::answer& a);

/// How a GET that brought nothing useful is taken: may it work later?
struct refusal {
  bool permanent = false;
  std::string message;
  std::optional<millis> wait;
};

/// The first row that fits `r`; nullptr: none.
const error_row* matching(const std::vector<error_row>& rows, const reply& r, evaluator& e);

} // namespace o3::declarative
