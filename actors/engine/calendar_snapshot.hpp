// The calendars there are right now, as one immutable value that is swapped when one changes.
// CAF-free. Threads: any.
#pragma once
#include "runtime/schedule/calendar.hpp"
#include "runtime/workflow/calendars.hpp"

#include <map>
#include <memory>
#include <mutex>

namespace o3::engine {

class calendar_snapshot final : public workflow::calendar_view {
public:
  using key = std::pair<std::string, std::string>; ///< project, name
  using map = std::map<key, std::shared_ptr<const schedule::calendar>>;

  calendar_snapshot(map all, std::uint64_t version, millis recheck)
      : all_(std::move(all)), version_(version), recheck_(recheck) {}

  [[nodiscard]] workflow::opening next_open(std::string_view project,
                                            const std::vector<std::string>& names,
                                            wall_time from) const override;
  [[nodiscard]] std::uint64_t version() const override { return version_; }
  [[nodiscard]] millis recheck() const override { return recheck_; }

  [[nodiscard]] const map& all() const { return all_; }
  [[nodiscard]] const schedule::calendar* find(std::string_view project,
                                               std::string_view name) const;
  /// "did you mean …?" for a name that is not there; "" if nothing is near.
  [[nodiscard]] std::string hint(std::string_view project, std::string_view name) const;

private:
  map all_;
  std::uint64_t version_;
  millis recheck_;
};

/// Never empty: version 1 has no calendars.
class calendar_holder {
public:
  [[nodiscard]] std::shared_ptr<const calendar_snapshot> get() const {
    std::lock_guard lock{mutex_};
    return current_;
  }
  void set(std::shared_ptr<const calendar_snapshot> s) {
    std::lock_guard lock{mutex_};
    current_ = std::move(s);
  }

private:
  mutable std::mutex mutex_;
  std::shared_ptr<const calendar_snapshot> current_
    = std::make_shared<calendar_snapshot>(calendar_snapshot::map{}, 1, millis{3'600'000});
};

} // namespace o3::engine
