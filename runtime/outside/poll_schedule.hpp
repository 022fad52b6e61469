// When each of many watched things is asked for again, as a pure machine. A thing is asked after a
// tenth of its age: what just began is looked at often, what takes hours seldom, and how late its
// end is noticed stays in proportion. Threads: a value with one owner.
#pragma once
#include "runtime/base/clock.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace o3::outside {

class poll_schedule {
public:
  /// Between two looks at one thing lie `least` to `most`.
  poll_schedule(millis least, millis most) : least_(least), most_(std::max(least, most)) {}

  /// Due at once; known things stay as they are.
  void add(const std::string& id, steady_time now);
  void remove(const std::string& id);
  /// Somebody says that it changed: due now.
  void poke(const std::string& id, steady_time now);
  /// Nothing is due before this.
  void pause(steady_time until) { paused_until_ = std::max(paused_until_, until); }

  /// The earliest time when `take` gives anything; nothing: all are asked for, or there are none.
  [[nodiscard]] std::optional<steady_time> next_due() const;
  /// Up to `max` things that are due, and such as would be soon, for the same request.
  std::vector<std::string> take(std::size_t max, steady_time now);
  /// What take() gave was asked for, with or without success. Removed ones are ignored.
  void put_back(const std::vector<std::string>& ids, steady_time now);

  [[nodiscard]] std::size_t size() const { return things_.size(); }
  /// The time to the next look at a thing that began at `since`.
  [[nodiscard]] static millis interval(millis age, millis least, millis most);

private:
  struct thing {
    steady_time since;
    std::optional<steady_time> due; ///< nothing while it is asked for
    bool poked = false;             ///< while it was asked for
  };
  void schedule(const std::string& id, thing& t, steady_time due);

  millis least_, most_;
  steady_time paused_until_{};
  std::map<std::string, thing> things_;
  std::set<std::pair<steady_time, std::string>> queue_;
};

} // namespace o3::outside
