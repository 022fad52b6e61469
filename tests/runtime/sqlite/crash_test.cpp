// A process that is killed while it appends: what it acknowledged must be there, whole batches
// only.
#include "runtime/sqlite/sqlite_store.hpp"
#include "tests/contract/store/backends.hpp"
#include "tests/contract/store/temp_dir.hpp"
#include "tests/harness/catch.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace o3;
using namespace o3::store;
using namespace o3::test;

namespace {

constexpr std::uint64_t batch_size = 3;
constexpr int kills = 24;

std::shared_ptr<backend> open_at(const std::filesystem::path& dir,
                                 std::function<void()> before_commit = {}) {
  sqlite_options o;
  o.dir = dir;
  o.wal_limit_bytes = 256 << 10;
  o.before_commit = std::move(before_commit);
  auto r = open_sqlite(std::move(o));
  if (!r)
    throw std::runtime_error{r.error().message};
  return *std::move(r);
}

/// In the child: appends batches for ever and writes the number of each one that is durable.
[[noreturn]] void append_for_ever(const std::filesystem::path& dir, std::uint64_t next, int to) {
  try {
    const auto b = open_at(dir);
    const auto j = b->make_journal();
    const auto epoch = j->claim("child", 1);
    for (std::uint64_t n = next;; ++n) {
      std::vector<append_entry> batch;
      for (std::uint64_t i = 0; i < batch_size; ++i)
        batch.push_back(first_entry(n * batch_size + i, epoch));
      if (j->append(batch) != std::vector(batch_size, outcome::ok))
        ::_exit(3);
      if (::write(to, &n, sizeof n) != sizeof n)
        ::_exit(4);
      if (n % 16 == 0)
        b->checkpoint();
      if (n % 32 == 31) {
        retention r;
        r.keep_age = millis{0};
        j->prune(r, from_ms(0), 10); // finds nothing, but writes
      }
    }
  } catch (...) {
    ::_exit(5);
  }
}

/// The last number the child acknowledged, and how it ended.
struct run {
  std::uint64_t acknowledged = 0;
  int status = 0;
};

run run_and_kill(const std::filesystem::path& dir, std::uint64_t next, std::uint64_t after) {
  std::array<int, 2> pipe_ends{};
  REQUIRE(::pipe(pipe_ends.data()) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(pipe_ends[0]);
    append_for_ever(dir, next, pipe_ends[1]);
  }
  ::close(pipe_ends[1]);
  run out;
  out.acknowledged = next - 1;
  bool killed = false;
  std::uint64_t n = 0;
  pollfd p{pipe_ends[0], POLLIN, 0};
  while (::poll(&p, 1, 60'000) > 0 && ::read(pipe_ends[0], &n, sizeof n) == sizeof n) {
    out.acknowledged = n;
    if (!killed && n >= next + after) {
      ::kill(child, SIGKILL);
      killed = true; // what is in the pipe still counts
    }
  }
  ::kill(child, SIGKILL);
  ::close(pipe_ends[0]);
  REQUIRE(::waitpid(child, &out.status, 0) == child);
  return out;
}

} // namespace

TEST_CASE("after kill -9 everything acknowledged is there, and no batch is torn") {
  const temp_dir tmp;
  std::uint64_t next = 1;
  for (int i = 0; i < kills; ++i) {
    CAPTURE(i);
    const auto result = run_and_kill(tmp.path(), next, 1 + static_cast<std::uint64_t>(i) * 7 % 40);
    REQUIRE(WIFSIGNALED(result.status));
    REQUIRE(WTERMSIG(result.status) == SIGKILL);
    const auto b = open_at(tmp.path());
    const auto r = b->make_reader();
    const auto rows = r->rows_after(0, 1'000'000);
    REQUIRE(rows.size() % batch_size == 0);
    const auto batches = rows.size() / batch_size;
    REQUIRE(batches >= result.acknowledged);
    CHECK(batches <= result.acknowledged + 1); // committed, but killed before it could say so
    for (std::size_t k = 0; k < rows.size(); ++k)
      REQUIRE(rows[k].workflow == make_id(batch_size + k));
    CHECK(r->list({}, std::nullopt, 1'000'000).items.size() == rows.size());
    next = batches + 1;
  }
}

TEST_CASE("a crash just before the commit leaves nothing of the batch") {
  const temp_dir tmp;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      int transactions = 0;
      const auto b = open_at(tmp.path(), [&] {
        if (++transactions == 3)
          ::_exit(42);
      });
      const auto j = b->make_journal();
      const auto epoch = j->claim("child", 7); // the first
      append_one(*j, first_entry(1, epoch));   // the second
      append_one(*j, first_entry(2, epoch));   // never returns
    } catch (...) {
    }
    ::_exit(5);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 42);
  const auto b = open_at(tmp.path());
  const auto r = b->make_reader();
  CHECK(r->find(make_id(1)));
  CHECK_FALSE(r->find(make_id(2)));
  CHECK(b->make_journal()->claim("next", 0) == 8);
}

TEST_CASE("a hook that throws before the commit leaves nothing and stops the journal") {
  const temp_dir tmp;
  bool fail = false;
  auto b = open_at(tmp.path(), [&] {
    if (fail)
      throw std::runtime_error{"stop"};
  });
  {
    const auto j = b->make_journal();
    const auto epoch = j->claim("a", 1);
    fail = true;
    CHECK_THROWS_AS(append_one(*j, first_entry(1, epoch)), std::runtime_error);
    fail = false;
    CHECK_THROWS_AS(append_one(*j, first_entry(1, epoch)), storage_failure);
  }
  CHECK(b->make_reader()->last_pos() == 0);
  const auto j = b->make_journal(); // as after a restart
  CHECK(append_one(*j, first_entry(1, j->claim("a", 1))) == outcome::ok);
}
