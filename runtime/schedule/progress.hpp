// How far a schedule has come: what decide() folds into and what is kept in its document.
//
// Every planned time is accounted for in the very change of the document that takes it off the
// future: it waits, was started, or was skipped for a reason. Threads: values.
#pragma once
#include "runtime/base/id.hpp"
#include "runtime/base/json.hpp"

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace o3::schedule {

/// Why a planned time did not run.
enum class reason : std::uint8_t {
  overlap,    ///< an earlier one waited or ran
  replaced,   ///< it waited, and a later one came (cancel_previous)
  queue_full, ///< too many waited
  missed,     ///< the engine was down, and `catch_up` did not reach that far back
  paused,     ///< the schedule was paused
  refused     ///< it was submitted, and the request was not accepted
};
inline constexpr std::size_t reason_count = 6;
std::string_view to_text(reason r);

/// What became of one planned time, or of several in a row.
struct note {
  std::optional<reason> skipped; ///< absent: it was started
  wall_time first;
  wall_time last;
  std::uint64_t count = 1;
  std::string detail; ///< the workflow that was started (32 hex digits), or why it was refused
  bool operator==(const note&) const = default;
};

/// The firing in hand.
struct firing {
  wall_time planned;
  std::optional<id> workflow; ///< absent: it must be submitted (again)
  bool cancel = false;        ///< its workflow shall be canceled
  bool operator==(const firing&) const = default;
};

struct progress {
  wall_time through;              ///< every planned time up to and including this is accounted for
  std::vector<wall_time> waiting; ///< shall start, oldest first
  std::optional<firing> active;
  bool paused = false;
  std::uint64_t started = 0;
  std::array<std::uint64_t, reason_count> skipped{}; ///< by reason
  std::deque<note> recent;                           ///< newest last

  /// Counts it and keeps it among the `keep` newest.
  void add(note n, std::size_t keep);
  bool operator==(const progress&) const = default;
};

json to_json(const progress& p);
/// Fails with store_corrupt: not what to_json() writes.
result<progress> read_progress(const json& doc);

} // namespace o3::schedule
