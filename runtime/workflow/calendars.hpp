// When work that names calendars may start, as decide() asks for it.
// Threads: immutable; shared.
#pragma once
#include "runtime/base/clock.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace o3::workflow {

struct opening {
  std::optional<wall_time> at; ///< all are open; absent: not in sight
  std::string unknown;         ///< the first that does not exist: it is never open
};

class calendar_view {
public:
  virtual ~calendar_view() = default;
  /// The first instant from `from` on at which all these calendars of a project are open.
  [[nodiscard]] virtual opening next_open(std::string_view project,
                                          const std::vector<std::string>& names,
                                          wall_time from) const = 0;
  /// Grows with each change of a calendar.
  [[nodiscard]] virtual std::uint64_t version() const = 0;
  /// A task that waits for a window looks again after this at the latest, should nobody tell it of
  /// a change.
  [[nodiscard]] virtual millis recheck() const = 0;
};

} // namespace o3::workflow
