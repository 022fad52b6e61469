#include "tests/doubles/base/ledger.hpp"

#include "tests/doubles/base/exchange.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace o3::doubles {

namespace {

std::string errno_text() {
  return std::generic_category().message(errno);
}

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "ledger: %s failed: %s\n", what, errno_text().c_str());
  ::_exit(75);
}

} // namespace

result<std::unique_ptr<ledger>> ledger::open(const std::filesystem::path& file, const clock& c) {
  std::error_code ec;
  std::filesystem::create_directories(file.parent_path(), ec);
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0)
    return make_error(fault::data_dir_unwritable,
                      "the ledger " + file.string() + " cannot be opened: " + errno_text());
  std::unique_ptr<ledger> l(new ledger(fd, c));
  O3_TRY(const done ok, l->load(file));
  static_cast<void>(ok);
  if (::fsync(fd) != 0)
    return make_error(fault::storage_failed, "the ledger cannot be synced: " + errno_text());
  return l;
}

result<done> ledger::load(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  const std::string text = all.str();
  std::size_t from = 0;
  for (std::size_t end = 0; (end = text.find('\n', from)) != std::string::npos; from = end + 1) {
    const json j = json::parse(text.substr(from, end - from), nullptr, false);
    if (!j.is_object())
      return make_error(fault::file_broken, "line " + std::to_string(lines_.size() + 1) + " of "
                                              + file.string() + " is not a JSON object");
    if (lines_.empty())
      first_ = get_or<std::uint64_t>(j, "n", 1);
    last_id_ = std::max(last_id_, get_or<std::int64_t>(j, "id", 0));
    lines_.push_back(text.substr(from, end - from));
  }
  if (from < text.size() && ::ftruncate(fd_, static_cast<off_t>(from)) != 0)
    return make_error(fault::storage_failed, "the ledger's torn end cannot be cut off");
  return done{};
}

ledger::~ledger() {
  ::close(fd_);
}

std::uint64_t ledger::append(json entry) {
  const std::uint64_t n = first_ + lines_.size();
  entry["n"] = n;
  entry["time"] = to_rfc3339(clock_.wall());
  lines_.push_back(canonical(entry));
  pending_.append(lines_.back()).push_back('\n');
  return n;
}

void ledger::sync() {
  if (pending_.empty())
    return;
  for (std::size_t done_bytes = 0; done_bytes < pending_.size();) {
    const auto n = ::write(fd_, pending_.data() + done_bytes, pending_.size() - done_bytes);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      give_up("write");
    done_bytes += static_cast<std::size_t>(n);
  }
  if (::fdatasync(fd_) != 0)
    give_up("fdatasync");
  pending_.clear();
}

std::string ledger::lines(std::uint64_t since) const {
  std::string out;
  for (std::size_t i = since < first_ ? 0 : since - first_ + 1; i < lines_.size(); ++i)
    out.append(lines_[i]).push_back('\n');
  return out;
}

} // namespace o3::doubles
