#include "runtime/base/key_file.hpp"

#include "runtime/base/crypto.hpp"
#include "runtime/base/text.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace o3 {

namespace {

constexpr std::size_t key_bytes = 32;

class descriptor {
public:
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  [[nodiscard]] bool ok() const { return fd_ >= 0; }
  [[nodiscard]] int number() const { return fd_; }

private:
  int fd_;
};

std::string shown(const std::filesystem::path& p) {
  return "'" + printable(p.string()) + "'";
}

error system_error(int code, const std::string& what, const std::filesystem::path& p) {
  return make_error(fault::data_dir_unwritable,
                    "The key file " + shown(p) + " could not be " + what + ": "
                      + std::generic_category().message(code) + ".",
                    {}, "check the owner and the rights of the data directory, and its free space");
}

error broken(const std::filesystem::path& p, const std::string& why, std::string hint) {
  return make_error(fault::file_broken, "The key file " + shown(p) + " " + why + ".", {},
                    std::move(hint));
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool sync_directory(const std::filesystem::path& dir) {
  const descriptor d{::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return d.ok() && ::fsync(d.number()) == 0;
}

/// Reads at most a little more than a key, so that a wrong file is noticed and not swallowed.
result<std::string> read_all(const descriptor& f, const std::filesystem::path& p) {
  std::array<char, 4 * key_bytes> buffer{};
  std::size_t size = 0;
  while (size < buffer.size()) {
    const auto n = ::read(f.number(), buffer.data() + size, buffer.size() - size);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return system_error(errno, "read", p);
    if (n == 0)
      break;
    size += static_cast<std::size_t>(n);
  }
  return std::string{buffer.data(), size};
}

result<std::string> read_key(const descriptor& f, const std::filesystem::path& p) {
  struct stat st {};
  if (::fstat(f.number(), &st) != 0)
    return system_error(errno, "examined", p);
  if (!S_ISREG(st.st_mode))
    return broken(p, "is not a regular file", "put the key file back from a backup");
  if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return broken(p, "can be used by others than its owner", "chmod 600 " + printable(p.string()));
  O3_TRY(std::string text, read_all(f, p));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
    text.pop_back();
  auto key = from_hex(text);
  if (!key || text.size() != 2 * key_bytes)
    return broken(p, "does not hold 64 hex digits",
                  "put it back from a backup: without it sealed values cannot be read");
  return *std::move(key);
}

/// Written beside its place and then linked to it: a crash leaves a whole key or none, and a key
/// that is there already is never replaced.
result<done> make_key(const std::filesystem::path& dir, const std::filesystem::path& p) {
  auto draft = p;
  draft += ".new";
  ::unlink(draft.c_str());
  {
    const descriptor f{::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (!f.ok())
      return system_error(errno, "made", draft);
    if (!write_all(f.number(), to_hex(random_bytes(key_bytes)) + "\n") || ::fsync(f.number()) != 0)
      return system_error(errno, "written", draft);
  }
  const int linked = ::link(draft.c_str(), p.c_str()) == 0 ? 0 : errno;
  ::unlink(draft.c_str());
  if (linked != 0 && linked != EEXIST)
    return system_error(linked, "put in place", p);
  if (!sync_directory(dir))
    return system_error(errno, "made durable", p);
  return done{};
}

} // namespace

std::filesystem::path key_path(const std::filesystem::path& dir) {
  return dir / "secret.key";
}

result<std::string> load_key(const std::filesystem::path& dir, no_key otherwise) {
  const auto p = key_path(dir);
  // O_NONBLOCK: a named pipe in its place must not hang the start.
  constexpr int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  if (const descriptor f{::open(p.c_str(), flags)}; f.ok())
    return read_key(f, p);
  if (errno != ENOENT)
    return system_error(errno, "opened", p);
  if (otherwise == no_key::refuse)
    return make_error(
      fault::key_mismatch,
      "The key file " + shown(p)
        + " is missing, but there is a store that was written with it: its secrets could not be "
          "read again.",
      {}, "put the secret.key of this data directory back from a backup, with mode 0600");
  O3_TRY([[maybe_unused]] const done made, make_key(dir, p));
  const descriptor f{::open(p.c_str(), flags)};
  if (!f.ok())
    return system_error(errno, "opened", p);
  return read_key(f, p);
}

} // namespace o3
