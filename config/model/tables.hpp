// The tables behind fields(): one function per group of sections. Internal to config/model.
// Threads: pure.
#pragma once
#include "config/model/field.hpp"

namespace o3::config::tables {

/// The slot of `o.SECTION.MEMBER` as a plain function; a macro because a lambda's type has no name.
#define O3_FIELD(SECTION, MEMBER)                                                                  \
  (+[](options& o) -> decltype((o.SECTION.MEMBER)) { return o.SECTION.MEMBER; })

inline constexpr std::int64_t kib = 1 << 10;
inline constexpr std::int64_t mib = 1 << 20;
inline constexpr std::int64_t gib = 1 << 30;
inline constexpr std::int64_t day_ms = 86'400'000;

std::span<const field> data_and_http();
std::span<const field> catalogue(); ///< templates, tasks
std::span<const field> limit_rows();
std::span<const field> engine_rows();  ///< engine, journal, timers
std::span<const field> keeping();      ///< retention, log
std::span<const field> processes();    ///< workers, shutdown
std::span<const field> outside_rows(); ///< launch, poll, targets, preflight, webhooks, secrets

} // namespace o3::config::tables
