#include "tests/bench/figures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace o3::bench {

namespace {

struct target {
  std::string_view workload, figure;
  double must, aim;
  bool more_is_better = false;
};

// The figures to reach on two cores with the load from the same machine.
constexpr std::array targets{
  target{"W1i", "wf_per_s", 5000, 15'000, true},
  target{"W1i", "server_cpu_ms_per_wf", 0.15, 0.05},
  target{"W1i", "peak_pss_mib", 100, 48},
  target{"W1ii", "wf_per_s", 10'000, 25'000, true},
  target{"W1ii", "peak_pss_mib", 100, 48},
  target{"W1iii", "wf_per_s", 2500, 5000, true},
  target{"W1iii", "peak_pss_mib", 100, 48},
  target{"W2", "p50_ms", 1, 0.5},
  target{"W2", "p99_ms", 4, 2},
  target{"W3", "fan_s", 0.1, 0.02},
  target{"W3", "chain_s", 0.4, 0.2},
  target{"W4/50000", "bytes_per_parked", 1000, 300},
  target{"W5", "late_all_s", 1, 0.3},
  target{"W5", "run_twice", 0, 0},
  target{"W7", "ready_ms", 300, 100},
  target{"W7", "idle_cpu_percent", 0.5, 0.1},
  target{"W7", "idle_pss_mib", 60, 30},
};

/// Four significant digits: more would only pretend.
double rounded(double v) {
  if (v == 0 || !std::isfinite(v))
    return 0;
  const double scale = std::pow(10, 3 - std::floor(std::log10(std::fabs(v))));
  return scale < 1 ? std::round(v) : std::round(v * scale) / scale;
}

nlohmann::ordered_json number(double v) {
  const double r = rounded(v);
  constexpr double exact_max = 1e15;
  if (r == std::floor(r) && std::fabs(r) < exact_max)
    return static_cast<std::int64_t>(r);
  return r;
}

} // namespace

double figures::at(std::string_view name) const {
  for (const auto& [n, v] : values)
    if (n == name)
      return v;
  return 0;
}

void figures::ratio(std::string_view name, double a, double b) {
  if (b != 0)
    add("ratios." + std::string{name}, a / b);
}

figures medians(const std::vector<figures>& repetitions) {
  figures out;
  for (const auto& r : repetitions)
    out.wrong.insert(out.wrong.end(), r.wrong.begin(), r.wrong.end());
  if (repetitions.empty())
    return out;
  for (const auto& [name, first] : repetitions.front().values) {
    std::vector<double> all;
    for (const auto& r : repetitions)
      all.push_back(r.at(name));
    std::sort(all.begin(), all.end());
    out.add(name, all[all.size() / 2]);
  }
  return out;
}

std::string to_line(std::string_view workload, const figures& f) {
  nlohmann::ordered_json out;
  out["workload"] = workload;
  for (const auto& [name, value] : f.values) {
    const auto dot = name.find('.');
    if (name == "client_bound")
      out[name] = value != 0;
    else if (dot == std::string::npos)
      out[name] = number(value);
    else
      out[name.substr(0, dot)][name.substr(dot + 1)] = number(value);
  }
  for (const auto& t : targets)
    if (t.workload == workload) {
      out["must"][std::string{t.figure}] = number(t.must);
      out["aim"][std::string{t.figure}] = number(t.aim);
    }
  out["wrong"] = f.wrong;
  return out.dump();
}

std::string to_table(std::string_view workload, const figures& f) {
  std::string out;
  for (const auto& t : targets) {
    if (t.workload != workload)
      continue;
    const double v = f.at(t.figure);
    const auto reached = [&](double bound) { return t.more_is_better ? v >= bound : v <= bound; };
    std::array<char, 160> line{};
    std::snprintf(line.data(), line.size(), "%-9s %-22s %12.4g   must %8.4g   aim %8.4g   %s\n",
                  std::string{workload}.c_str(), std::string{t.figure}.c_str(), v, t.must, t.aim,
                  reached(t.aim)    ? "aim reached"
                  : reached(t.must) ? "reached"
                                    : "NOT REACHED");
    out += line.data();
  }
  for (const auto& w : f.wrong)
    out.append(workload).append(" WRONG: ").append(w).append("\n");
  return out;
}

double quantile(const std::vector<double>& sorted, double share) {
  if (sorted.empty())
    return 0;
  const auto n = static_cast<double>(sorted.size());
  const auto at = static_cast<std::size_t>(std::max(0.0, std::ceil(share * n) - 1));
  return sorted[std::min(at, sorted.size() - 1)];
}

} // namespace o3::bench
