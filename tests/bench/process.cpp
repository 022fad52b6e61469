#include "tests/bench/process.hpp"

#include <charconv>
#include <ctime>
#include <elf.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace o3::bench {

namespace fs = std::filesystem;

namespace {

double ms_of(const timespec& t) {
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

std::string read_all(const std::string& path) {
  std::ifstream in{path};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// The number behind "NAME:" in a file of /proc.
double number_behind(const std::string& text, const std::string& name) {
  const auto at = text.find(name + ":");
  return at == std::string::npos ? 0 : std::strtod(text.c_str() + at + name.size() + 1, nullptr);
}

/// The parent's id from /proc/PID/stat; the name in brackets may hold blanks and brackets.
pid_t parent_of(const std::string& stat) {
  const auto end = stat.rfind(')');
  if (end == std::string::npos || end + 4 >= stat.size())
    return 0;
  return static_cast<pid_t>(std::strtol(stat.c_str() + end + 4, nullptr, 10));
}

} // namespace

double cpu_ms(pid_t pid) {
  clockid_t clock{};
  timespec t{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
    return 0;
  return ms_of(t);
}

double own_cpu_ms() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return ms_of(t);
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> found;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator("/proc", ec)) {
    const auto name = entry.path().filename().string();
    pid_t child = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), child);
    if (bad != std::errc{} || end != name.data() + name.size())
      continue;
    if (parent_of(read_all("/proc/" + name + "/stat")) == pid)
      found.push_back(child);
  }
  return found;
}

effort effort_of(pid_t pid) {
  effort out;
  const auto path = "/proc/" + std::to_string(pid);
  std::error_code ec;
  for (const auto& thread : fs::directory_iterator(path + "/task", ec)) {
    const auto text = read_all(thread.path() / "status");
    out.context_switches += number_behind(text, "\nvoluntary_ctxt_switches")
                            + number_behind(text, "\nnonvoluntary_ctxt_switches");
  }
  out.written_bytes = number_behind(read_all(path + "/io"), "wchar");
  return out;
}

memory memory_of(pid_t pid) {
  const auto path = "/proc/" + std::to_string(pid);
  constexpr double kib_per_mib = 1024;
  if (const auto pss = number_behind(read_all(path + "/smaps_rollup"), "Pss"); pss > 0)
    return {pss / kib_per_mib, false};
  return {number_behind(read_all(path + "/status"), "VmRSS") / kib_per_mib, true};
}

double machine_busy_ms() {
  // cpu  user nice system idle iowait irq softirq steal …, in ticks
  std::istringstream in{read_all("/proc/stat")};
  std::string word;
  in >> word;
  double busy = 0;
  double ticks = 0;
  constexpr int idle = 3;
  constexpr int iowait = 4;
  constexpr int columns = 7;
  for (int i = 0; i < columns && in >> ticks; ++i)
    if (i != idle && i != iowait)
      busy += ticks;
  return busy * 1e3 / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double load_average() {
  return std::strtod(read_all("/proc/loadavg").c_str(), nullptr);
}

disk_use disk_use_of(const fs::path& dir) {
  disk_use out;
  std::error_code ec;
  for (const auto& entry : fs::recursive_directory_iterator(dir, ec)) {
    struct stat info {};
    if (::stat(entry.path().c_str(), &info) != 0 || !S_ISREG(info.st_mode))
      continue;
    constexpr std::uint64_t block = 512;
    const auto bytes = static_cast<std::uint64_t>(info.st_blocks) * block;
    const auto name = entry.path().string();
    (name.ends_with("-wal") || name.ends_with("-shm") ? out.wal_bytes : out.bytes) += bytes;
  }
  return out;
}

std::uint64_t loaded_bytes_of(const fs::path& program) {
  std::ifstream in{program, std::ios::binary};
  Elf64_Ehdr head{};
  if (!in.read(reinterpret_cast<char*>(&head), sizeof head)
      || std::string_view{reinterpret_cast<const char*>(head.e_ident), SELFMAG} != ELFMAG)
    return 0;
  std::uint64_t bytes = 0;
  for (int i = 0; i < head.e_phnum; ++i) {
    Elf64_Phdr part{};
    in.seekg(static_cast<std::streamoff>(head.e_phoff) + std::streamoff{i} * head.e_phentsize);
    if (in.read(reinterpret_cast<char*>(&part), sizeof part) && part.p_type == PT_LOAD)
      bytes += part.p_filesz;
  }
  return bytes;
}

} // namespace o3::bench
