// The process's own log: one line per event, `time level subject message key=value …`.
// Where lines go is injected (spdlog to stderr in the node, memory in the harness).
// Threads: a `logger` may be used from any thread if its sink may.
#pragma once
#include "runtime/base/clock.hpp"

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace o3 {

enum class log_level : std::uint8_t { debug, info, warning, error, off };
std::string_view to_string(log_level l);
std::optional<log_level> parse_log_level(std::string_view text); ///< "debug" … "off"

class logger {
public:
  using sink = std::function<void(log_level, std::string_view line)>;
  using field = std::pair<std::string_view, std::string>;

  logger() = default; ///< drops everything
  logger(log_level threshold, const clock& c, sink s);

  [[nodiscard]] bool enabled(log_level l) const { return sink_ && l >= threshold_; }
  /// `subject` is the actor's name, `message` a verb phrase: "journal", "committed batch".
  void write(log_level l, std::string_view subject, std::string_view message,
             std::initializer_list<field> fields = {}) const;

private:
  log_level threshold_ = log_level::off;
  const clock* clock_ = nullptr;
  sink sink_;
};

} // namespace o3
