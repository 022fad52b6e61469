#include "runtime/sqlite/data_dir.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <system_error>
#include <unistd.h>

namespace o3::store::sqlite {

namespace {

class descriptor {
public:
  explicit descriptor(int fd) : fd_(fd) {}
  ~descriptor() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  [[nodiscard]] bool ok() const { return fd_ >= 0; }
  [[nodiscard]] int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

private:
  int fd_;
};

std::string shown(const std::filesystem::path& p) {
  return "'" + printable(p.string()) + "'";
}

error unwritable(const std::filesystem::path& p, std::string_view what, int code) {
  const bool full = code == ENOSPC || code == EDQUOT;
  return make_error(
    full ? fault::storage_full : fault::data_dir_unwritable,
    shown(p) + " cannot be " + std::string{what} + ": " + std::generic_category().message(code)
      + ".",
    {}, full ? "free some space" : "check the owner and the rights of the data directory");
}

// SQLite's locks and its shared memory are not dependable there.
bool is_network(long type) {
  constexpr std::array<long, 3> magic{0x6969L, 0xFF534D42L, 0xFE534D42L}; // NFS, CIFS, SMB2
  return std::find(magic.begin(), magic.end(), type) != magic.end();
}

std::string holder(int fd) {
  std::array<char, 32> text{};
  const auto n = ::pread(fd, text.data(), text.size(), 0);
  std::string pid;
  for (ssize_t i = 0; i < n && text.at(i) >= '0' && text.at(i) <= '9'; ++i)
    pid += text.at(i);
  return pid.empty() ? "another process" : "process " + pid;
}

} // namespace

result<done> make_private_dir(const std::filesystem::path& dir) {
  std::error_code ec;
  if (std::filesystem::is_directory(dir, ec))
    return done{};
  if (const auto parent = dir.parent_path(); !parent.empty())
    std::filesystem::create_directories(parent, ec); // whatever went wrong shows at mkdir
  if (::mkdir(dir.c_str(), 0700) != 0)
    return unwritable(dir, "made as the data directory", errno);
  if (::chmod(dir.c_str(), 0700) != 0)
    return unwritable(dir, "made private", errno);
  const auto parent = dir.parent_path();
  return sync_dir(parent.empty() ? "." : parent);
}

result<done> make_private_file(const std::filesystem::path& file) {
  const descriptor f{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!f.ok())
    return unwritable(file, "opened for writing", errno);
  if (::fchmod(f.get(), 0600) != 0 && errno != EPERM)
    return unwritable(file, "made private", errno);
  return done{};
}

result<done> sync_dir(const std::filesystem::path& dir) {
  const descriptor d{::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  // A directory above ours that may not be read is made durable by whoever owns it.
  if (d.ok() && ::fsync(d.get()) != 0 && errno != EINVAL)
    return unwritable(dir, "made durable", errno);
  return done{};
}

result<std::shared_ptr<data_dir>> data_dir::open(const std::filesystem::path& dir) {
  O3_TRY([[maybe_unused]] const done made, make_private_dir(dir));
  std::error_code ec;
  auto path = std::filesystem::canonical(dir, ec);
  if (ec)
    return unwritable(dir, "used as the data directory", ec.value());
  struct statfs fs {};
  if (::statfs(path.c_str(), &fs) == 0 && is_network(static_cast<long>(fs.f_type)))
    return make_error(fault::data_dir_unwritable,
                      "The data directory " + shown(path) + " is on a network file system.", {},
                      "choose a directory on a local disk");
  const auto file = path / "lock";
  descriptor f{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!f.ok())
    return unwritable(file, "opened for writing", errno);
  if (::flock(f.get(), LOCK_EX | LOCK_NB) != 0)
    return make_error(fault::data_dir_busy,
                      "The data directory " + shown(path) + " is in use by " + holder(f.get())
                        + ".",
                      {}, "stop that process, or choose another data directory");
  (void)::fchmod(f.get(), 0600);
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(f.get(), 0) != 0
      || ::pwrite(f.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
    return unwritable(file, "written", errno);
  return std::shared_ptr<data_dir>{new data_dir{std::move(path), f.release()}};
}

data_dir::~data_dir() {
  ::close(lock_);
}

} // namespace o3::store::sqlite
