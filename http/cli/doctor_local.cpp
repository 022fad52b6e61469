// The checks that look at this machine.
#include "http/cli/doctor.hpp"
#include "runtime/base/text.hpp"

#include <cerrno>
#include <filesystem>
#include <sys/resource.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace o3::cli {
namespace {

constexpr std::uintmax_t free_bytes_fail = 64ULL << 20;
constexpr std::uintmax_t free_bytes_warn = 1ULL << 30;
constexpr rlim_t open_files_warn = 8192;

std::string mode_text(mode_t mode) {
  constexpr std::string_view digits = "01234567";
  return {'0', digits[(mode >> 6U) & 7U], digits[(mode >> 3U) & 7U], digits[mode & 7U]};
}

/// Whether a file can really be made there: the mode alone does not say (read-only mounts, quotas).
std::optional<int> cannot_write(const std::string& dir) {
  auto pattern = dir + "/.doctor-XXXXXX";
  const int fd = mkstemp(pattern.data());
  if (fd < 0)
    return errno;
  const bool written = write(fd, "x", 1) == 1;
  const int why = errno;
  close(fd);
  unlink(pattern.c_str());
  return written ? std::nullopt : std::optional<int>{why};
}

void check_private(diagnosis& out, const std::string& path, std::string_view right) {
  struct stat st {};
  if (stat(path.c_str(), &st) != 0)
    return;
  if ((st.st_mode & 077U) != 0)
    out.push_back({verdict::warn,
                   printable(path) + " can be read by others (mode " + mode_text(st.st_mode) + ")",
                   "chmod " + std::string{right} + " " + printable(path)});
}

} // namespace

diagnosis check_config(const context& c) {
  const auto in = c.config_input();
  if (!in)
    return {{verdict::fail, in.error().message, in.error().hint}};
  const auto loaded = config::load(*in);
  diagnosis out;
  for (const auto& e : loaded.found.errors)
    out.push_back({verdict::fail, "configuration: " + printable(e.message), printable(e.hint)});
  if (out.empty())
    out.push_back({verdict::ok,
                   loaded.file.empty() ? "configuration: built-in defaults and environment, no file"
                                       : "configuration: " + printable(loaded.file),
                   ""});
  return out;
}

diagnosis check_data_dir(const environment& env, const std::string& dir, bool server_is_up) {
  namespace fs = std::filesystem;
  const auto shown = "data directory " + printable(dir);
  struct stat st {};
  if (stat(dir.c_str(), &st) != 0) {
    const auto why = std::generic_category().message(errno);
    if (errno == ENOENT && !server_is_up)
      return {{verdict::ok, shown + " does not exist yet: 'o3 serve' makes it", ""}};
    return {{verdict::warn, shown + ": " + why,
             "if the server keeps its data elsewhere, name it with --data-dir"}};
  }
  if (!S_ISDIR(st.st_mode))
    return {{verdict::fail, shown + " is no directory",
             "move the file away or name another with --data-dir"}};
  diagnosis out;
  if (st.st_uid != geteuid() && !env.root) {
    out.push_back({verdict::warn, shown + " belongs to another user: it is not looked into",
                   "run 'o3 doctor' as the server's user"});
    return out;
  }
  if (const auto why = cannot_write(dir)) {
    out.push_back({verdict::fail,
                   shown + " cannot be written: " + std::generic_category().message(*why),
                   "check its owner, its mode and the mount"});
    return out;
  }
  check_private(out, dir, "0700");
  check_private(out, dir + "/client-token", "0600");
  check_private(out, dir + "/secret.key", "0600");
  check_private(out, dir + "/secrets.json", "0600");
  std::error_code ec;
  const auto space = fs::space(dir, ec);
  const auto mib = std::to_string(space.available >> 20U) + " MiB";
  if (!ec && space.available < free_bytes_fail)
    out.push_back({verdict::fail, shown + " has only " + mib + " left",
                   "make room: the server stops when it cannot write"});
  else if (!ec && space.available < free_bytes_warn)
    out.push_back({verdict::warn, shown + " has only " + mib + " left",
                   "make room, or lower retention.keep_days and log.total_bytes"});
  if (out.empty())
    out.push_back({verdict::ok,
                   shown + " is writable, mode " + mode_text(st.st_mode) + ", " + mib + " free",
                   ""});
  return out;
}

diagnosis check_open_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return {};
  const auto text = [](rlim_t n) { return n == RLIM_INFINITY ? "no limit" : std::to_string(n); };
  // The server raises the first to the second when it starts.
  const auto shown
    = "open files: " + text(limit.rlim_cur)
      + (limit.rlim_cur == limit.rlim_max ? ""
                                          : ", raised by the server to " + text(limit.rlim_max));
  if (limit.rlim_max < open_files_warn)
    return {{verdict::warn, shown,
             "each connection is one: raise 'ulimit -Hn', or LimitNOFILE of the unit, to 65536"}};
  return {{verdict::ok, shown, ""}};
}

} // namespace o3::cli
