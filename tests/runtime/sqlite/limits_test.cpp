// The disk is full, the log of the database grows: what the writer does then.
#include "runtime/sqlite/connection.hpp"
#include "runtime/sqlite/sqlite_store.hpp"
#include "tests/contract/store/backends.hpp"
#include "tests/contract/store/temp_dir.hpp"
#include "tests/harness/catch.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

using namespace o3;
using namespace o3::store;
using namespace o3::test;
namespace fs = std::filesystem;

namespace {

std::shared_ptr<backend> open_at(const fs::path& dir, std::size_t wal_limit) {
  sqlite_options o;
  o.dir = dir;
  o.wal_limit_bytes = wal_limit;
  auto r = open_sqlite(std::move(o));
  if (!r)
    throw storage_failure{r.error().code, r.error().message};
  return *std::move(r);
}

append_entry big_entry(std::uint64_t n, std::uint64_t epoch) {
  auto e = first_entry(n, epoch);
  e.records = "[" + std::string(20'000, '1') + "]";
  return e;
}

/// Appends until the store says it is full; how many were acknowledged.
std::uint64_t fill_up(const fs::path& dir) {
  const auto b = open_at(dir, 64 << 10);
  const auto j = b->make_journal();
  const auto epoch = j->claim("a", 1);
  for (std::uint64_t n = 1; n < 10'000; ++n) {
    try {
      const auto o
        = append_one(*j, big_entry(n, epoch)); // outside of an assertion, which would catch
      CHECK(o == outcome::ok);
    } catch (const storage_failure& e) {
      INFO(e.what());
      CHECK(e.code == fault::storage_full);
      // What a failed write left is not known: nothing more is written.
      CHECK_THROWS_AS(append_one(*j, big_entry(n, epoch)), storage_failure);
      return n - 1;
    }
  }
  return 0;
}

/// No file of this process may grow beyond `bytes`: a full disk for those who may not mount.
class file_limit {
public:
  explicit file_limit(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    auto tight = old_;
    tight.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &tight);
  }
  ~file_limit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    ::signal(SIGXFSZ, handler_);
  }
  file_limit(const file_limit&) = delete;
  file_limit& operator=(const file_limit&) = delete;

private:
  struct rlimit old_ {};
  void (*handler_)(int);
};

std::uint64_t fill_up_under_limit(const fs::path& dir) {
  const file_limit limit{2 << 20};
  return fill_up(dir);
}

void check_all_there(const fs::path& dir, std::uint64_t acknowledged) {
  REQUIRE(acknowledged > 10);
  const auto r = open_at(dir, 64 << 10)->make_reader();
  CHECK(r->rows_after(0, 100'000).size() == acknowledged);
  CHECK(r->list({}, std::nullopt, 100'000).items.size() == acknowledged);
}

class tmpfs {
public:
  explicit tmpfs(fs::path at) : at_(std::move(at)) {
    mounted_ = ::mount("tmpfs", at_.c_str(), "tmpfs", 0, "size=4m") == 0;
  }
  ~tmpfs() {
    if (mounted_)
      ::umount2(at_.c_str(), MNT_DETACH);
  }
  tmpfs(const tmpfs&) = delete;
  tmpfs& operator=(const tmpfs&) = delete;
  void make_room() const {
    CHECK(::mount("tmpfs", at_.c_str(), "tmpfs", MS_REMOUNT, "size=64m") == 0);
  }
  explicit operator bool() const { return mounted_; }

private:
  fs::path at_;
  bool mounted_ = false;
};

} // namespace

TEST_CASE(
  "on a file that may not grow the append fails as storage_full and nothing acknowledged is lost") {
  const temp_dir tmp;
  check_all_there(tmp.path(), fill_up_under_limit(tmp.path()));
}

TEST_CASE("on a full disk the append fails as storage_full and nothing acknowledged is lost") {
  const temp_dir tmp;
  const tmpfs disk{tmp.path()};
  if (!disk)
    return; // only root may mount; the case above holds for the others
  const auto n = fill_up(tmp.path());
  disk.make_room();
  check_all_there(tmp.path(), n);
}

TEST_CASE("a disk without room for an empty store is reported at opening") {
  const temp_dir tmp;
  const tmpfs disk{tmp.path()};
  if (!disk)
    return;
  const int fd = ::open((tmp.path() / "ballast").c_str(), O_WRONLY | O_CREAT, 0600);
  const std::string block(64 << 10, 'x');
  while (::write(fd, block.data(), block.size()) > 0) {
  }
  ::close(fd);
  sqlite_options o;
  o.dir = tmp.path() / "data";
  auto r = open_sqlite(std::move(o));
  REQUIRE_FALSE(r);
  CHECK(r.error().code == fault::storage_full);
}

TEST_CASE("checkpoints keep the WAL near its limit while appends never pause") {
  const temp_dir tmp;
  constexpr std::size_t limit = 256 << 10;
  const auto b = open_at(tmp.path(), limit);
  const auto j = b->make_journal();
  const auto epoch = j->claim("a", 1);
  std::uintmax_t largest = 0;
  for (std::uint64_t n = 1; n <= 400; ++n) {
    REQUIRE(append_one(*j, big_entry(n, epoch)) == outcome::ok);
    if (n % 4 == 0)
      b->checkpoint();
    largest = std::max(largest, fs::file_size(tmp.path() / "o3.db-wal"));
  }
  CHECK(largest <= 2 * limit); // 8 MB went through it
  CHECK(b->make_reader()->rows_after(0, 1000).size() == 400);
}

TEST_CASE("checkpoints from another thread get in between the appends of a busy writer") {
  const temp_dir tmp;
  constexpr std::size_t limit = 256 << 10;
  const auto b = open_at(tmp.path(), limit);
  const auto j = b->make_journal();
  const auto epoch = j->claim("a", 1);
  std::atomic<bool> stop{false};
  std::thread checkpointer{[&] {
    while (!stop.load())
      b->checkpoint();
  }};
  std::uintmax_t largest = 0;
  for (std::uint64_t n = 1; n <= 600; ++n) {
    append_one(*j, big_entry(n, epoch));
    largest = std::max(largest, fs::file_size(tmp.path() / "o3.db-wal"));
  }
  stop = true;
  checkpointer.join();
  CHECK(largest <= 24 * limit); // 13 MB went through it, on a machine that may be busy
  CHECK(b->make_reader()->rows_after(0, 1000).size() == 600);
}

TEST_CASE("a reader that stays open delays checkpoints but breaks nothing") {
  const temp_dir tmp;
  constexpr std::size_t limit = 128 << 10;
  const auto b = open_at(tmp.path(), limit);
  const auto j = b->make_journal();
  const auto epoch = j->claim("a", 1);
  sqlite::connection other{tmp.path() / "o3.db", sqlite::access::read, {}};
  other.run("BEGIN");
  CHECK(other.ask_number("SELECT count(*) FROM workflow") == 0);
  std::uintmax_t largest = 0;
  for (std::uint64_t n = 1; n <= 20; ++n) {
    REQUIRE(append_one(*j, big_entry(n, epoch)) == outcome::ok);
    largest = std::max(largest, fs::file_size(tmp.path() / "o3.db-wal"));
  }
  CHECK(largest > limit * 2);
  CHECK(other.ask_number("SELECT count(*) FROM workflow") == 0);
  other.run("COMMIT");
  b->checkpoint();
  REQUIRE(append_one(*j, big_entry(21, epoch)) == outcome::ok);
  CHECK(fs::file_size(tmp.path() / "o3.db-wal") <= limit * 2);
  CHECK(other.ask_number("SELECT count(*) FROM workflow") == 21);
}

TEST_CASE("a reader that finds no descriptor left says so, and reads once there is one") {
  const temp_dir tmp;
  const auto b = open_at(tmp.path(), 64 << 10);
  const auto before = b->make_reader();
  struct rlimit old {};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &old) == 0);
  const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  REQUIRE(next >= 0);
  ::close(next);
  auto tight = old;
  tight.rlim_cur = static_cast<rlim_t>(next);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
  auto code = fault::none;
  try {
    b->make_reader();
  } catch (const storage_failure& e) {
    code = e.code;
  }
  const auto last = before->last_pos(); // opened in time: needs nothing more
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &old) == 0);
  CHECK(code == fault::unavailable);
  CHECK(last == 0);
  CHECK(b->make_reader()->last_pos() == 0);
}
