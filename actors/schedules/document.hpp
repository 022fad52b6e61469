// A schedule as it is kept, and as it is shown. CAF-free.
//
// Kept: document (kind "schedule", project, name), body {"v", "principal", "description", "spec",
// "request" (sealed), "progress", "created_at"}. Threads: values, pure functions.
#pragma once
#include "actors/engine/context.hpp"
#include "runtime/schedule/decide.hpp"
#include "runtime/store/document.hpp"

namespace o3::schedules {

inline constexpr std::string_view schedule_kind = "schedule";
inline constexpr std::string_view calendar_kind = "calendar";

struct stored_schedule {
  std::string project, name;
  std::string principal; ///< its workflows are theirs
  std::string description;
  json told = json::object();    ///< the keys of the spec as they were written
  json request = json::object(); ///< what is submitted, but for its ref
  schedule::spec spec;
  schedule::progress progress;
  wall_time created_at;
};

std::string to_body(const stored_schedule& s, const sealer& seal);
/// Fails with store_corrupt or secret_unreadable; unknown_zone if the machine's zones changed.
result<stored_schedule> read_body(const store::document& d, const engine::node_context& ctx);

/// The request of the firing at `planned`: its ref is the firing's.
json firing_request(const stored_schedule& s, wall_time planned);

/// How a schedule stands, for people; `next` coming runs with when they may start.
json view(const stored_schedule& s, const engine::calendar_snapshot& calendars, wall_time now,
          std::size_t next);
/// The line of a list.
json line(const stored_schedule& s, wall_time now);

} // namespace o3::schedules
