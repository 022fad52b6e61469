#include "runtime/secrets/small_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace o3::secrets {
namespace {

class descriptor {
public:
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

private:
  int fd_;
};

error cannot(const char* what, const std::filesystem::path& file) {
  const auto code = errno == ENOSPC ? fault::storage_full : fault::data_dir_unwritable;
  return make_error(
    code, std::string{what} + " " + file.string() + ": " + std::generic_category().message(errno),
    "", "check owner, mode and free space");
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

} // namespace

result<std::optional<std::string>> read_private(const std::filesystem::path& file,
                                                std::size_t bytes_max) {
  const descriptor fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (fd.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      return std::optional<std::string>{};
    return cannot("cannot read", file);
  }
  struct stat about {};
  if (::fstat(fd.get(), &about) != 0)
    return cannot("cannot read", file);
  if (!S_ISREG(about.st_mode) || static_cast<std::size_t>(about.st_size) > bytes_max)
    return make_error(fault::file_broken, file.string() + " is no regular file, or too large");
  if ((about.st_mode & (S_IRWXO | S_IWGRP)) != 0)
    return make_error(fault::file_broken,
                      file.string() + " holds a secret and is open to others than its owner", "",
                      "chmod 0400 (or 0440) " + file.string());
  std::string text(bytes_max < static_cast<std::size_t>(about.st_size)
                     ? bytes_max
                     : static_cast<std::size_t>(about.st_size),
                   '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const auto n = ::read(fd.get(), text.data() + have, text.size() - have);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return cannot("cannot read", file);
    if (n == 0)
      break;
    have += static_cast<std::size_t>(n);
  }
  text.resize(have);
  return std::optional{std::move(text)};
}

result<done> write_private(const std::filesystem::path& file, const std::string& text) {
  const auto temporary = file.string() + ".new";
  {
    const descriptor fd{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    if (fd.get() < 0 || ::fchmod(fd.get(), 0600) != 0 || !write_all(fd.get(), text)
        || ::fsync(fd.get()) != 0)
      return cannot("cannot write", file);
  }
  if (::rename(temporary.c_str(), file.c_str()) != 0)
    return cannot("cannot replace", file);
  const descriptor dir{::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (dir.get() < 0 || ::fsync(dir.get()) != 0)
    return cannot("cannot fsync", file.parent_path());
  return done{};
}

} // namespace o3::secrets
