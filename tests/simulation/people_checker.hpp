// What must be true of a journal after people decided and signaled, whatever crashed. Threads:
// pure.
#pragma once
#include "runtime/workflow/decide.hpp"

#include <string>
#include <vector>

namespace o3::simulation {

// What the senders know of their messages.
enum class fate : std::uint8_t { unknown, counted, refused };
struct message {
  workflow::said what;
  fate how = fate::unknown;
  std::string code;
};

/// Checks the records of a workflow of random_people() against its template and what was sent.
/// Returns what is wrong, one sentence each:
///  - what was confirmed stands there once, what was refused does not
///  - who decided may, once each, on the evidence shown; approved means a quorum and no rejection
///  - what is approved_by something ran on just that
///  - a signal goes to one task that waits for its name, the oldest first
std::vector<std::string> people_violations(const json& document, const json& records,
                                           const std::vector<message>& sent);

} // namespace o3::simulation
