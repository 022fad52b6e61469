// A time zone: which instant a local reading of the clock is, and the other way round.
//
// Zones are those of the machine (/usr/share/zoneinfo, package tzdata), read once by Howard
// Hinnant's date; "UTC" is there without them. Rules beyond 2037 are not read: from then on the
// last offset counts. Threads: values; find() may be called from any thread.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"

#include <string>
#include <string_view>

namespace date {
class time_zone;
}

namespace o3::schedule {

/// What a clock on the wall shows, without a zone.
using local_time = std::chrono::local_seconds;

class zone {
public:
  zone() = default; ///< UTC
  /// A name of the IANA database ("Europe/Berlin", "UTC"), exactly as written there. Fails with
  /// unknown_zone for an unknown one, and for any but UTC if the machine has no zone files.
  static result<zone> find(std::string_view name);

  [[nodiscard]] const std::string& name() const { return name_; }

  /// From `begin` up to `end` the clock differs from UTC by `offset`.
  struct era {
    wall_time begin;
    wall_time end;
    std::chrono::seconds offset{0};
  };
  [[nodiscard]] era at(wall_time t) const;
  [[nodiscard]] local_time local(wall_time t) const; ///< cut to whole seconds

  /// The instant of a reading: of one that comes twice the first, of one that is skipped the first
  /// instant after the gap. Never goes back as `t` goes on.
  [[nodiscard]] wall_time first(local_time t) const { return instant(t, false); }
  /// The same, but of a reading that comes twice the second.
  [[nodiscard]] wall_time last(local_time t) const { return instant(t, true); }

private:
  [[nodiscard]] wall_time instant(local_time t, bool second) const;

  std::string name_ = "UTC";
  const date::time_zone* zone_ = nullptr; ///< lives as long as the process; null: UTC
};

} // namespace o3::schedule
