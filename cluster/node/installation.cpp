#include "cluster/node/installation.hpp"

#include "runtime/base/text.hpp"
#include "runtime/sqlite/sqlite_store.hpp"

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <fstream>
#include <system_error>
#include <unistd.h>

namespace o3 {
namespace {

namespace fs = std::filesystem;

error cannot(const char* what, const fs::path& p) {
  auto code = errno == ENOSPC ? fault::storage_full
              : errno == EIO  ? fault::storage_failed
                              : fault::data_dir_unwritable;
  return make_error(
    code, std::string{what} + " " + p.string() + ": " + std::generic_category().message(errno), "",
    "check the directory's owner, mode and free space");
}

// Replaces a small file durably: temporary name, fsync, rename, fsync of the directory.
result<done> write_durably(const fs::path& p, const std::string& text) {
  auto temporary = p.string() + ".new";
  int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0)
    return cannot("cannot write", p);
  bool ok = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size())
            && ::fsync(fd) == 0;
  int code = errno;
  ok = ::close(fd) == 0 && ok;
  if (!ok || ::rename(temporary.c_str(), p.c_str()) != 0) {
    errno = ok ? errno : code;
    return cannot("cannot write", p);
  }
  int dir = ::open(p.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ok = dir >= 0 && ::fsync(dir) == 0;
  if (dir >= 0)
    ::close(dir);
  if (!ok)
    return cannot("cannot fsync", p.parent_path());
  return done{};
}

std::string read_small(const fs::path& p) {
  std::ifstream in{p};
  std::string text;
  std::getline(in, text);
  return text;
}

// Makes the admin token at the first start and leaves it for the local CLI; the store keeps its
// hash.
result<done> prepare_token(installation& i, store::journal& journal, store::reader& in,
                           const std::string& first_token) {
  auto hash = in.meta("token_hash");
  if (!hash) {
    constexpr std::size_t token_bytes = 32;
    auto token = first_token.empty() ? "o3_" + to_hex(random_bytes(token_bytes)) : first_token;
    if (token.size() < 16 || !is_label(token))
      return make_error(fault::config_invalid, "O3_TOKEN must be 16 to 128 printable characters",
                        "", "leave it unset to have one made");
    O3_TRY([[maybe_unused]] auto written, write_durably(i.dir / "client-token", token + "\n"));
    hash = to_hex(sha256(token));
    journal.set_meta("token_hash", *hash);
    if (first_token.empty())
      i.new_token = token;
  }
  i.admin = {*hash, "admin", "default", {"*"}};
  return done{};
}

result<done> fill(installation& i, const std::string& first_token) {
  try {
    auto journal = i.store->make_journal();
    auto in = i.store->make_reader();
    if (auto known = in->meta("install_id"))
      i.install_id = *known;
    else
      journal->set_meta("install_id", i.install_id = to_hex(random_bytes(4)));
    return prepare_token(i, *journal, *in, first_token);
  } catch (const store::storage_failure& e) {
    return make_error(e.code, e.what());
  }
}

} // namespace

result<installation> open_installation(const config::options& o, const std::string& first_token) {
  installation i;
  i.dir = o.data.dir;
  O3_TRY(i.store, store::open_sqlite({.dir = i.dir,
                                      .cache_kib = o.journal.cache_kib,
                                      .wal_limit_bytes = o.journal.wal_limit_bytes,
                                      .before_commit = {}}));
  O3_TRY(auto key, sealer::open(i.dir));
  i.seal = std::make_shared<const sealer>(std::move(key));
  store::log_options lo{.segment_bytes = o.log.segment_bytes,
                        .total_bytes = o.log.total_bytes,
                        .keep = o.log.keep,
                        .task_bytes = o.log.task_bytes};
  O3_TRY(i.logs, store::open_sqlite_logs(i.dir / "logs", lo));
  O3_TRY([[maybe_unused]] auto filled, fill(i, first_token));
  auto text = read_small(i.dir / "epoch");
  std::uint64_t known = 0;
  std::from_chars(text.data(), text.data() + text.size(), known);
  i.epoch_at_least = known + 1;
  return i;
}

result<done> remember_epoch(const installation& i, std::uint64_t epoch) {
  return write_durably(i.dir / "epoch", std::to_string(epoch) + "\n");
}

void announce_listen(const installation& i, const std::string& address) {
  std::ofstream{i.dir / "listen"} << address << "\n";
}
void retract_listen(const installation& i) {
  std::error_code ignored;
  fs::remove(i.dir / "listen", ignored);
}

} // namespace o3
