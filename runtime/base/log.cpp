#include "runtime/base/log.hpp"

#include "runtime/base/text.hpp"

#include <array>

namespace o3 {

namespace {

constexpr std::array<std::string_view, 5> level_names{"debug", "info", "warning", "error", "off"};

} // namespace

std::string_view to_string(log_level l) {
  const auto i = static_cast<std::size_t>(l);
  return i < level_names.size() ? level_names[i] : "off";
}

std::optional<log_level> parse_log_level(std::string_view text) {
  for (std::size_t i = 0; i < level_names.size(); ++i)
    if (level_names[i] == text)
      return static_cast<log_level>(i);
  return std::nullopt;
}

logger::logger(log_level threshold, const clock& c, sink s)
    : threshold_(threshold), clock_(&c), sink_(std::move(s)) {
}

void logger::write(log_level l, std::string_view subject, std::string_view message,
                   std::initializer_list<field> fields) const {
  if (!enabled(l) || l == log_level::off)
    return;
  std::string line;
  line.reserve(64 + subject.size() + message.size() + 32 * fields.size());
  const auto time = rfc3339_chars(clock_->wall());
  line.append(time.data(), time.size()).append(1, ' ').append(to_string(l)).append(1, ' ');
  line.append(printable(subject)).append(1, ' ').append(printable(message));
  for (const auto& [key, value] : fields)
    line.append(1, ' ').append(log_field(key, value));
  try {
    sink_(l, line);
  } catch (...) {
    // A line that cannot be written must not end the work it tells of; there is nowhere to report
    // it.
    return;
  }
}

} // namespace o3
