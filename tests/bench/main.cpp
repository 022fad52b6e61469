// o3_bench: drives a real `o3 serve` through the workloads and prints one JSON line each.
#include "tests/bench/clock.hpp"
#include "tests/bench/workloads.hpp"

#include <charconv>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace {

namespace bench = o3::bench;

constexpr int exit_wrong = 1;
constexpr int exit_usage = 2;
constexpr int exit_failed = 3;

struct command {
  bench::options how;
  std::set<std::string, std::less<>> names; ///< empty: all
  bool help = false;
};

int usage(std::ostream& out) {
  out
    << "usage: o3_bench [--program O3] [--smoke] [--full] [--reps N] [W1 W2 …]\n\n"
       "Starts O3 serve (default: environment O3_PROGRAM) in fresh directories and drives it; "
       "prints\n"
       "one JSON line per workload, medians of N repetitions (3). --smoke: tiny, one repetition.\n"
       "Exit code 1: a result was wrong (lost, doubled, never ended); time never fails.\n\n";
  for (const auto& w : bench::workloads())
    out << "  " << w.name << std::string(12 - w.name.size(), ' ') << w.what << "\n";
  return exit_usage;
}

bool known(std::string_view name) {
  for (const auto& w : bench::workloads())
    if (w.name == name || w.group == name)
      return true;
  return false;
}

std::optional<command> read(const std::vector<std::string_view>& words) {
  command c;
  if (const char* program = std::getenv("O3_PROGRAM")) // NOLINT(concurrency-mt-unsafe): one thread
    c.how.program = program;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto w = words[i];
    const bool more = i + 1 < words.size();
    if (w == "--smoke") {
      c.how.smoke = true;
    } else if (w == "--full") {
      c.how.full = true;
    } else if (w == "--help" || w == "-h") {
      c.help = true;
    } else if (w == "--program" && more) {
      c.how.program = words[++i];
    } else if (w == "--reps" && more) {
      const auto n = words[++i];
      const auto [end, bad] = std::from_chars(n.data(), n.data() + n.size(), c.how.repetitions);
      if (bad != std::errc{} || end != n.data() + n.size() || c.how.repetitions < 1) {
        std::cerr << "o3_bench: --reps wants a number from 1, not '" << n << "'\n";
        return std::nullopt;
      }
    } else if (known(w)) {
      c.names.emplace(w);
    } else {
      std::cerr << "o3_bench: '" << w << "' is neither an option nor a workload\n";
      return std::nullopt;
    }
  }
  if (c.how.smoke)
    c.how.repetitions = 1;
  return c;
}

bool chosen(const command& c, const bench::workload& w) {
  if (c.names.contains(w.name))
    return !w.full_only || c.how.full;
  return (!w.full_only || c.how.full) && (c.names.empty() || c.names.contains(w.group));
}

bench::figures repeat(const command& c, const bench::workload& w) {
  std::vector<bench::figures> all;
  const int n = w.once ? 1 : c.how.repetitions;
  all.reserve(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i)
    all.push_back(w.run(c.how));
  auto f = bench::medians(all);
  f.add("repetitions", n);
  return f;
}

int run(const command& c) {
  int code = 0;
  std::string table;
  for (const auto& w : bench::workloads()) {
    if (!chosen(c, w))
      continue;
    try {
      const auto f = repeat(c, w);
      std::cout << bench::to_line(w.name, f) << std::endl;
      table += bench::to_table(w.name, f);
      if (!f.wrong.empty())
        code = std::max(code, exit_wrong);
    } catch (const bench::interrupted& e) {
      std::cerr << "o3_bench: " << w.name << ": " << e.what() << "\n";
      return exit_failed;
    } catch (const std::exception& e) {
      std::cerr << "o3_bench: " << w.name << " could not be carried out: " << e.what() << "\n";
      code = exit_failed;
    }
  }
  if (!c.how.smoke)
    std::cerr << "\n" << table;
  return code;
}

} // namespace

int main(int argc, char** argv) {
  const auto c = read({argv + 1, argv + argc});
  if (!c || c->help)
    return usage(c ? std::cout : std::cerr), c ? 0 : exit_usage;
  if (c->how.program.empty()) {
    std::cerr << "o3_bench: which o3? Give --program PATH or set O3_PROGRAM.\n";
    return exit_usage;
  }
  bench::hold_signals();
  return run(*c);
}
