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

constexpr std::size_t token_size_min = 16;

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
    // What no request could carry would lock everybody out, for ever.
    if (token.size() < token_size_min || !api::is_token(token))
      return make_error(fault::config_invalid,
                        "O3_TOKEN is not usable as a token: it must be "
                          + std::to_string(token_size_min) + " to "
                          + std::to_string(api::token_bytes_max) + " letters, digits and -._~+/=",
                        "", "leave it unset to have one made");
    O3_TRY([[maybe_unused]] auto written, write_durably(i.dir / "client-token", token + "\n"));
    hash = to_hex(sha256(token));
    journal.set_meta("token_hash", *hash);
    if (first_token.empty())
      i.new_token = token;
  }
  i.admin = {*hash, "admin", "default", {"*"}, {"admin"}};
  return done{};
}

store::log_options log_options_of(const config::options& o) {
  store::log_options l{.segment_bytes = o.log.segment_bytes,
                       .total_bytes = o.log.total_bytes,
                       .keep = std::nullopt,
                       .task_bytes = o.log.task_bytes};
  if (o.log.keep.count() > 0) // 0: for ever
    l.keep = o.log.keep;
  return l;
}

// A store remembers which key its secrets were sealed with: a lost or another key is noticed here,
// not by the first workflow whose secret cannot be read.
result<done> prepare_key(installation& i, store::journal& journal, store::reader& in) {
  constexpr auto name = "key_fingerprint";
  const bool used = in.meta("install_id").has_value();
  O3_TRY(auto seal, sealer::open(i.dir, used ? no_key::refuse : no_key::make));
  const auto fingerprint = to_hex(seal.fingerprint("o3 installation key"));
  const auto known = in.meta(name);
  if (known && *known != fingerprint)
    return make_error(
      fault::key_mismatch,
      "The key file " + key_path(i.dir).string()
        + " is not the one that the store beside it was written with: its secrets could not be "
          "read.",
      "", "put the secret.key of this data directory back from a backup, with mode 0600");
  if (!known) // a new store, or one of a version that did not write it down
    journal.set_meta(name, fingerprint);
  i.seal = std::make_shared<const sealer>(std::move(seal));
  return done{};
}

result<done> fill(installation& i, const std::string& first_token) {
  try {
    auto journal = i.store->make_journal();
    auto in = i.store->make_reader();
    O3_TRY([[maybe_unused]] auto keyed, prepare_key(i, *journal, *in));
    if (auto known = in->meta("install_id"))
      i.install_id = *known;
    else
      journal->set_meta("install_id", i.install_id = to_hex(random_bytes(4)));
    return prepare_token(i, *journal, *in, first_token);
  } catch (const store::storage_failure& e) {
    return make_error(e.code, e.what());
  }
}

// The file beside the store: "EPOCH POSITION". A store that knows of an earlier epoch, or of fewer
// rows, is a backup put back, or has lost its tail.
result<installation> note_epoch(installation& i) {
  auto text = read_small(i.dir / "epoch");
  std::uint64_t epoch = 0, position = 0;
  const auto* end = text.data() + text.size();
  auto rest = std::from_chars(text.data(), end, epoch).ptr;
  if (rest != end)
    std::from_chars(rest + 1, end, position);
  try {
    auto in = i.store->make_reader();
    i.restored = epoch > in->last_epoch() || position > in->last_pos();
  } catch (const store::storage_failure& e) {
    return make_error(e.code, e.what());
  }
  i.epoch_at_least = epoch + 1;
  return std::move(i);
}

} // namespace

result<installation> open_installation(const config::options& o, const std::string& first_token) {
  installation i;
  i.dir = o.data.dir;
  O3_TRY(i.store, store::open_sqlite({.dir = i.dir,
                                      .cache_kib = o.journal.cache_kib,
                                      .wal_limit_bytes = o.journal.wal_limit_bytes,
                                      .before_commit = {}}));
  O3_TRY(i.logs, store::open_sqlite_logs(i.dir / "logs", log_options_of(o)));
  O3_TRY([[maybe_unused]] auto filled, fill(i, first_token));
  return note_epoch(i);
}

result<done> remember_epoch(const installation& i, std::uint64_t epoch) {
  try {
    auto in = i.store->make_reader();
    return write_durably(i.dir / "epoch",
                         std::to_string(epoch) + " " + std::to_string(in->last_pos()) + "\n");
  } catch (const store::storage_failure& e) {
    return make_error(e.code, e.what());
  }
}

void announce_listen(const installation& i, const std::string& address) {
  std::ofstream{i.dir / "listen"} << address << "\n";
}
void retract_listen(const installation& i) {
  std::error_code ignored;
  fs::remove(i.dir / "listen", ignored);
}

} // namespace o3
