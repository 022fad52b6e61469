#include "config/model/tables.hpp"

namespace o3::config::tables {

std::span<const field> keeping() {
  static constexpr std::string_view levels[] = {"debug", "info", "warning", "error", "off"};
  static const field rows[] = {
    {"retention.keep_days",
     O3_FIELD(retention, keep),
     "Ended workflows are kept this long; 0: for ever.",
     {0, 36'500}},
    {"retention.keep_count",
     O3_FIELD(retention, keep_count),
     "Most ended workflows kept, the oldest go first; 0: no bound.",
     {0, 1'000'000'000}},
    {"retention.interval_s",
     O3_FIELD(retention, interval),
     "How often what may go is looked for.",
     {1, 86'400}},
    {"retention.idempotency_keep_days",
     O3_FIELD(retention, idempotency_keep),
     "A request's key outlives its workflow by this, so that a late repeat is still noticed.",
     {0, 36'500}},
    {"log.level",
     O3_FIELD(log, level),
     "Least level of the process's own log.",
     {},
     {.choices = levels}},
    {"log.task_level",
     O3_FIELD(log, task_level),
     "Least level of the lines kept of workflows and tasks: what 'o3 logs' shows.",
     {},
     {.choices = levels}},
    {"log.segment_bytes",
     O3_FIELD(log, segment_bytes),
     "Size at which a new file of task logs is begun.",
     {64 * kib, 16 * gib}},
    {"log.total_bytes",
     O3_FIELD(log, total_bytes),
     "All task logs together; the oldest go first.",
     {mib, 1024LL * 1024 * gib}},
    {"log.keep_days",
     O3_FIELD(log, keep),
     "Task logs are kept this long; 0: for ever.",
     {0, 36'500}},
    {"log.task_bytes",
     O3_FIELD(log, task_bytes),
     "Longest log of one task; what comes after is dropped.",
     {kib, 64 * gib}},
  };
  return rows;
}

std::span<const field> processes() {
  static const field rows[] = {
    {"workers.count",
     O3_FIELD(workers, count),
     "Worker processes for tasks that do not run in the engine.",
     {0, 1024}},
    {"workers.tasks_per_worker",
     O3_FIELD(workers, tasks_per_worker),
     "Tasks one worker runs at once.",
     {1, 10'000}},
    {"workers.start_timeout_ms",
     O3_FIELD(workers, start_timeout),
     "Time for a worker to say it is ready.",
     {100, day_ms}},
    {"shutdown.deadline_ms",
     O3_FIELD(shutdown, deadline),
     "Time an orderly stop may take before it is cut short.",
     {100, 600'000}},
  };
  return rows;
}

} // namespace o3::config::tables
