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

/// Why its runs would not be accepted now, as {"code", "text"}: its template is not there. Else
/// null.
json problem_of(const stored_schedule& s, const engine::node_context& ctx);
/// How a schedule stands, for people; `next` coming runs with when they may start.
json view(const stored_schedule& s, const engine::node_context& ctx, std::size_t next);
/// The line of a list.
json line(const stored_schedule& s, const engine::node_context& ctx);
/// Both of one that cannot be read.
json broken_view(const std::string& project, const std::string& name, const error& why);

} // namespace o3::schedules
