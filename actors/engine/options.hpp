// The bounds of the engine's actors; every field is one of config/model's. CAF-free. Threads: a
// value.
#pragma once
#include "runtime/base/log.hpp"
#include "runtime/launch/next.hpp"
#include "runtime/schedule/decide.hpp"
#include "runtime/store/journal.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace o3::engine {

struct schedule_options {
  schedule::options firing;
  std::uint32_t catch_up_max = 1000; ///< that a schedule may ask for
  std::size_t count_max = 10'000;    ///< schedules, and calendars, of the installation
  std::size_t ranges_max = 500;      ///< windows and blackouts of one calendar
  /// A task that waits for a window looks again after this at the latest.
  millis recheck{3'600'000};
  millis look_again{30'000}; ///< whether a firing that others wait for has ended
};

struct engine_options {
  std::size_t active_max = 20'000;      ///< workflow actors at once; submissions beyond are refused
  std::uint32_t steps_max = 256;        ///< task steps in one decision
  std::uint32_t checkpoint_every = 256; ///< records between checkpoints of one workflow
  millis passivate_after{2'000};  ///< a workflow that waits longer than this gives up its actor
  std::uint32_t failures_max = 3; ///< crashes of one workflow's actor within a minute
  std::size_t batch_rows = 512;
  std::size_t batch_bytes = 4 << 20;
  millis checkpoint_interval{1'000}; ///< of the store's log into its main file
  millis request_timeout{30'000};    ///< of one actor asking another
  millis timers_horizon{60'000};
  std::size_t timers_slice = 10'000; ///< entries read from the index at once
  millis sweep_interval{300'000};    ///< safety net: look for due work nobody holds
  store::retention keep;
  std::optional<std::uint64_t> keep_count; ///< of ended workflows; beyond, the oldest go
  millis retention_interval{60'000};
  launch::settings launches;
  millis poll_interval{5'000};             ///< of what was started, if its class says nothing else
  millis poll_least{1'000};                ///< between two looks at one thing, when it is young
  millis poll_most{30'000};                ///< … and when it is old
  std::size_t answer_bytes_max = 16 << 20; ///< of a target
  log_level task_log = log_level::info;    ///< threshold of workflow and task logs
  millis log_maintenance{60'000};
  schedule_options schedules;
};

} // namespace o3::engine
