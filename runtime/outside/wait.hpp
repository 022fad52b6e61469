// For how long a target asks to be left alone. Threads: pure.
#pragma once
#include "runtime/outside/talk.hpp"

namespace o3::outside {

/// What the node itself says (`answer::wait`), else Retry-After (seconds or a date), else
/// X-RateLimit-Reset (seconds, or a Unix time); these are taken between 1 s and 1 h.
std::optional<millis> told_to_wait(const answer& a, wall_time now);

} // namespace o3::outside
