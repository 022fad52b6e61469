#include "runtime/sqlite/sqlite_store.hpp"

#include "runtime/base/text.hpp"
#include "runtime/sqlite/data_dir.hpp"
#include "runtime/sqlite/journal.hpp"
#include "runtime/sqlite/reader.hpp"
#include "runtime/sqlite/schema.hpp"
#include "runtime/sqlite/writer_gate.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <mutex>
#include <optional>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

namespace o3::store {

namespace {

using namespace sqlite;

// Overwriting a block that exists costs half the flush of one that lengthens the file, because no
// file-system journal takes part (134 against 321 us where it was measured).
constexpr std::size_t wal_ready_bytes = 8 << 20;
constexpr int checkpoint_wait_ms = 20;

/// Lengthens the WAL with zeros, which SQLite reads as "no frame here". Only while nobody writes.
/// Best effort: without it the store is slower, not wrong.
void make_wal_ready(const std::filesystem::path& file, std::size_t bytes) {
  auto wal = file;
  wal += "-wal";
  const int fd = ::open(wal.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    return;
  struct stat st {};
  static constexpr std::array<char, 64 << 10> zeros{};
  if (::fstat(fd, &st) == 0) {
    auto at = static_cast<std::size_t>(st.st_size);
    while (at < bytes) {
      const auto n
        = ::pwrite(fd, zeros.data(), std::min(zeros.size(), bytes - at), static_cast<off_t>(at));
      if (n <= 0)
        break;
      at += static_cast<std::size_t>(n);
    }
    (void)::fdatasync(fd);
  }
  ::close(fd);
}

class sqlite_backend final : public backend {
public:
  sqlite_backend(std::shared_ptr<data_dir> dir, sqlite_options o)
      : dir_(std::move(dir)), file_(dir_->path() / "o3.db"), options_(std::move(o)),
        checkpointer_(file_, access::write, {1024, options_.wal_limit_bytes, durability::full}),
        keeper_(file_, access::read, {256, options_.wal_limit_bytes, durability::full}),
        page_bytes_(static_cast<std::size_t>(checkpointer_.ask_number("PRAGMA page_size"))) {}

  result<done> prepare() {
    O3_TRY([[maybe_unused]] const done migrated,
           migrate(checkpointer_, migrations(), file_.string()));
    // A database that is cut off or damaged in its first pages is found here, not by the first
    // caller.
    checkpointer_.ask_number("SELECT count(*) FROM shard");
    checkpointer_.ask("SELECT id FROM workflow ORDER BY id DESC LIMIT 1");
    checkpointer_.ask("SELECT pos FROM journal ORDER BY pos DESC LIMIT 1");
    // From here on it only checkpoints: the last step of one waits for readers with the writer shut
    // out.
    sqlite3_busy_timeout(checkpointer_.raw(), checkpoint_wait_ms);
    make_wal_ready(file_, std::min(wal_ready_bytes, options_.wal_limit_bytes));
    return sync_dir(dir_->path());
  }

  std::unique_ptr<journal> make_journal() override {
    if (!gate_->take_place())
      throw storage_failure{fault::internal, "A second journal was asked for the store '"
                                               + file_.string() + "' while the first is in use."};
    try {
      return std::make_unique<sqlite_journal>(
        dir_, file_,
        connection_options{options_.cache_kib, options_.wal_limit_bytes, durability::full},
        options_.before_commit, gate_);
    } catch (...) {
      gate_->give_place_back();
      throw;
    }
  }

  std::unique_ptr<reader> make_reader() override {
    return std::make_unique<sqlite_reader>(
      dir_, file_,
      connection_options{std::max<std::size_t>(options_.cache_kib / 4, 256),
                         options_.wal_limit_bytes, durability::full});
  }

  void checkpoint() override {
    const std::lock_guard lock{checkpoint_mutex_};
    const auto frames = copy_frames();
    // Only a writer that finds every frame copied begins the WAL again, and while appends never
    // pause it never does: the WAL would grow for ever. The second passive step leaves little to
    // copy for the one that shuts the writer out.
    if (frames * page_bytes_ > options_.wal_limit_bytes / 2) {
      copy_frames();
      const closed_gate closed{*gate_};
      checkpoint_step(frames * page_bytes_ > 2 * options_.wal_limit_bytes
                        ? SQLITE_CHECKPOINT_TRUNCATE
                        : SQLITE_CHECKPOINT_RESTART);
    }
  }

  [[nodiscard]] std::string describe() const override {
    return "sqlite " + printable(file_.string());
  }

private:
  struct leaving {
    connection& keeper;
    explicit leaving(connection& k) : keeper(k) {}
    leaving(const leaving&) = delete;
    leaving& operator=(const leaving&) = delete;
    ~leaving() { sqlite3_exec(keeper.raw(), "COMMIT", nullptr, nullptr, nullptr); }
  };

  // SQLite 3.7.0 to 3.51.2, and so that of Debian 12 and 13, can lose committed pages when a writer
  // begins the WAL anew in the moment a checkpoint begins (sqlite.org/wal.html#walresetbug). So
  // nobody may begin it anew while one runs: a reader that stands in the WAL keeps writers from
  // that, and it takes its place while the writer is shut out. It stands in the WAL only if that
  // holds frames that are not copied yet; the small commit sees to it.
  std::size_t copy_frames() {
    std::optional<leaving> left;
    {
      const closed_gate closed{*gate_};
      // Nothing came since, so nobody is kept waiting; or it cannot be done beside the writer.
      if (gate_->passes() == copied_at_ || !stand_in_wal(left))
        return checkpoint_step(SQLITE_CHECKPOINT_PASSIVE);
      copied_at_ = gate_->passes();
    }
    return checkpoint_step(SQLITE_CHECKPOINT_PASSIVE);
  }

  // Errors are left to those whose work it is to meet them: the copy, and the writer.
  bool stand_in_wal(std::optional<leaving>& left) {
    const auto done = [](connection& c, const char* sql) {
      return sqlite3_exec(c.raw(), sql, nullptr, nullptr, nullptr) == SQLITE_OK;
    };
    if (!done(checkpointer_,
              "INSERT INTO meta(key, value) VALUES('_checkpoints', '1') ON CONFLICT(key) "
              "DO UPDATE SET value = CAST(value AS INTEGER) + 1")
        || !done(keeper_, "BEGIN"))
      return false;
    left.emplace(keeper_);
    return done(keeper_, "SELECT count(*) FROM shard");
  }

  /// The frames in the WAL when it began.
  std::size_t checkpoint_step(int mode) {
    int all = 0;
    const int rc = sqlite3_wal_checkpoint_v2(checkpointer_.raw(), nullptr, mode, &all, nullptr);
    // Busy: a reader or the writer stands in the way; the next call goes on.
    if (rc != SQLITE_OK && rc != SQLITE_BUSY && rc != SQLITE_LOCKED)
      checkpointer_.fail(rc, "checkpoint");
    return static_cast<std::size_t>(std::max(all, 0));
  }

  std::shared_ptr<data_dir> dir_; ///< holds the lock
  std::filesystem::path file_;
  sqlite_options options_;
  std::mutex checkpoint_mutex_;
  connection checkpointer_;
  connection keeper_;           ///< reads, so that nobody begins the WAL anew; see copy_frames
  std::uint64_t copied_at_ = 0; ///< passes of the gate at the last copy
  std::size_t page_bytes_;
  std::shared_ptr<writer_gate> gate_ = std::make_shared<writer_gate>();
};

} // namespace

result<std::shared_ptr<backend>> open_sqlite(sqlite_options o) {
  O3_TRY(auto dir, data_dir::open(o.dir));
  O3_TRY([[maybe_unused]] const done made, make_private_file(dir->path() / "o3.db"));
  try {
    auto opened = std::make_shared<sqlite_backend>(std::move(dir), std::move(o));
    O3_TRY([[maybe_unused]] const done ready, opened->prepare());
    return std::shared_ptr<backend>{std::move(opened)};
  } catch (const storage_failure& e) {
    return make_error(
      e.code, e.what(), {},
      e.code == fault::store_corrupt ? "restore the last backup of the data directory" : "");
  }
}

} // namespace o3::store
