// What the kernel says about processes: CPU time, memory, children, the machine's load. Reads /proc
// of other processes; memory of a process that may not be traced (the server hides its own) needs
// the same rights as a debugger, without them the resident size is taken and says so.
// Threads: pure. Units: CPU in milliseconds, memory in MiB.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace o3::bench {

/// User and system time of a process, threads that ended included; 0 when it is gone.
double cpu_ms(pid_t pid);
double own_cpu_ms();
/// Direct children: the server's workers.
std::vector<pid_t> children_of(pid_t pid);

/// What the threads that live now have done since they started.
struct effort {
  double context_switches = 0;
  double written_bytes = 0; ///< handed to the kernel, sockets and pipes included
};
effort effort_of(pid_t pid);

struct memory {
  double mib = 0;
  bool shared_counted = false; ///< the resident size, because PSS could not be read
};
/// Proportional set size of one process.
memory memory_of(pid_t pid);

/// All CPU time the machine spent on anything but idling since it started.
double machine_busy_ms();
double load_average();

/// Bytes on disk below a directory; `wal` counts files that end in -wal or -shm apart.
struct disk_use {
  std::uint64_t bytes = 0, wal_bytes = 0;
};
disk_use disk_use_of(const std::filesystem::path& dir);

/// Bytes of an ELF program that are mapped at run time: what is left of its size without symbols.
std::uint64_t loaded_bytes_of(const std::filesystem::path& program);

} // namespace o3::bench
