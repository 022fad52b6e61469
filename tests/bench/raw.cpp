// The machine's own limits: file system, SQLite, HTTP without any work behind it.
#include "tests/bench/meter.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

namespace o3::bench {

namespace {

namespace fs = std::filesystem;

struct rate {
  double per_s = 0;
  double p50_ms = 0;
};

/// Calls `once` for this long; how often a second, and what one call takes in the middle.
template <class Once>
rate measure(double seconds, Once once) {
  std::vector<double> took;
  const auto begin = steady::now();
  do {
    const auto one = steady::now();
    once();
    took.push_back(seconds_since(one) * 1e3);
  } while (seconds_since(begin) < seconds);
  const double all = seconds_since(begin);
  std::sort(took.begin(), took.end());
  return {static_cast<double>(took.size()) / all, quantile(took, 0.5)};
}

/// 4 KiB and a flush at a time; `overwrite`: into blocks the file already has, so that the file
/// system has nothing of its own to write down.
rate synced_writes(const fs::path& dir, double seconds, bool overwrite) {
  const auto path = dir / "raw.log";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  std::array<char, 4096> block{};
  constexpr off_t blocks = 256;
  const auto put = [&](off_t n) {
    if (::pwrite(fd, block.data(), block.size(), n * static_cast<off_t>(block.size())) < 0)
      throw bench_error{"cannot write " + path.string()};
  };
  for (off_t n = 0; overwrite && n < blocks; ++n)
    put(n);
  ::fsync(fd);
  off_t next = 0;
  const auto r = measure(seconds, [&] {
    put(overwrite ? next % blocks : next);
    ++next;
    ::fdatasync(fd);
  });
  ::close(fd);
  fs::remove(path);
  return r;
}

class raw_database {
public:
  explicit raw_database(const fs::path& file) : file_(file) {
    if (sqlite3_open(file.c_str(), &db_) != SQLITE_OK)
      throw bench_error{"cannot open " + file.string()};
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
        "CREATE TABLE t(k INTEGER PRIMARY KEY, v BLOB NOT NULL) STRICT");
    sqlite3_prepare_v2(db_, "INSERT INTO t(v) VALUES(zeroblob(200))", -1, &insert_, nullptr);
  }
  ~raw_database() {
    sqlite3_finalize(insert_);
    sqlite3_close(db_);
    for (const auto* end : {"", "-wal", "-shm"})
      fs::remove(file_.string() + end);
  }
  raw_database(const raw_database&) = delete;
  raw_database& operator=(const raw_database&) = delete;

  void commit(int rows) {
    run("BEGIN IMMEDIATE");
    for (int i = 0; i < rows; ++i) {
      sqlite3_step(insert_);
      sqlite3_reset(insert_);
    }
    run("COMMIT");
  }

private:
  void run(const char* sql) {
    if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
      throw bench_error{std::string{"SQLite refused '"} + sql + "': " + sqlite3_errmsg(db_)};
  }
  fs::path file_;
  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
};

} // namespace

void measure_raw(figures& f, server& s, bool quick) {
  const double seconds = quick ? 0.05 : 0.4;
  const auto appended = synced_writes(s.scratch_dir(), seconds, false);
  f.add("raw.fdatasync_per_s", appended.per_s);
  f.add("raw.fdatasync_p50_ms", appended.p50_ms);
  const auto overwritten = synced_writes(s.scratch_dir(), seconds, true);
  f.add("raw.overwrite_per_s", overwritten.per_s);
  f.add("raw.overwrite_p50_ms", overwritten.p50_ms);
  raw_database db{s.scratch_dir() / "raw.db"};
  constexpr int many = 100;
  f.add("raw.sqlite_commits_per_s", measure(seconds, [&] { db.commit(1); }).per_s);
  f.add("raw.sqlite_rows_per_s", many * measure(seconds, [&] { db.commit(many); }).per_s);

  const auto request = render("GET", "/healthz", {});
  const deadline until{std::chrono::seconds{120}, "echo"};
  http_line line{s.port()};
  f.add("raw.echo_p50_ms", measure(seconds, [&] { line.call(request, until); }).p50_ms);
  http_load load{s.port(), 64};
  http_load::job echo;
  echo.count = quick ? 2000 : 20'000;
  echo.request = [&](std::size_t) { return std::string_view{request}; };
  echo.answered = [](std::size_t, const http_answer& a) {
    return a.status == 200 ? http_load::verdict::done : http_load::verdict::again;
  };
  const auto begin = steady::now();
  load.run(echo, until);
  f.add("raw.echo_per_s", static_cast<double>(echo.count) / seconds_since(begin));
}

} // namespace o3::bench
