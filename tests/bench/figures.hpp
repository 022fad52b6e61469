// What a workload measured, and how it is told: one JSON line per workload, medians of the
// repetitions; a name with a dot ("raw.echo_per_s") becomes a member of an object.
// Units stand at the end of names. Threads: values.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace o3::bench {

struct figures {
  std::vector<std::pair<std::string, double>> values; ///< in the order they are shown
  /// What must never happen, whatever the speed: lost, doubled, never ended. Empty is good.
  std::vector<std::string> wrong;

  void add(std::string name, double value) { values.emplace_back(std::move(name), value); }
  /// 0 if it is not there.
  [[nodiscard]] double at(std::string_view name) const;
  /// "ratios.NAME" = a / b, unless b is 0.
  void ratio(std::string_view name, double a, double b);
};

/// By name; `wrong` of all together.
figures medians(const std::vector<figures>& repetitions);

/// The JSON line, with what must be reached and what is aimed at.
std::string to_line(std::string_view workload, const figures& f);
/// The same for people: a line for each figure that has a target.
std::string to_table(std::string_view workload, const figures& f);

/// The value below which a share of the sorted sample lies; 0 for none.
double quantile(const std::vector<double>& sorted, double share);

} // namespace o3::bench
