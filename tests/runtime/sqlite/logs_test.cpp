#include "runtime/sqlite/log_catalog.hpp"
#include "runtime/sqlite/sqlite_store.hpp"
#include "tests/contract/store/backends.hpp"
#include "tests/contract/store/temp_dir.hpp"
#include "tests/harness/catch.hpp"

#include <fstream>
#include <sys/stat.h>

using namespace o3;
using namespace o3::store;
using namespace o3::test;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t day = 24LL * 3600 * 1000;

log_chunk line(std::uint64_t n, std::string text, std::int64_t at = 1000) {
  return {make_id(n), 0, 1, from_ms(at), std::move(text) + "\n"};
}

void write(log_writer& w, const log_chunk& c) {
  w.append({&c, 1});
}

std::shared_ptr<log_backend> open_at(const fs::path& dir, log_options o = {}) {
  auto r = open_sqlite_logs(dir, o);
  if (!r)
    throw std::runtime_error{r.error().message};
  return *std::move(r);
}

std::vector<std::string> names(const fs::path& dir) {
  std::vector<std::string> out;
  for (const auto& e : fs::directory_iterator{dir})
    if (const auto name = e.path().filename().string();
        name.ends_with(".db") || name.ends_with(".broken"))
      out.push_back(name);
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<log_row> all_rows(log_backend& logs, std::uint64_t n) {
  return logs.make_reader()->read(make_id(n), {}, 0, from_ms(0), 100'000);
}

void damage(const fs::path& file) {
  std::ofstream f{file, std::ios::binary | std::ios::trunc};
  f << std::string(8192, 'Z');
}

} // namespace

TEST_CASE("a log directory that is a file is refused") {
  const temp_dir tmp;
  std::ofstream{tmp.path() / "f"} << "x";
  const auto r = open_sqlite_logs(tmp.path() / "f", {});
  REQUIRE_FALSE(r);
  CHECK(r.error().code == fault::data_dir_unwritable);
}

TEST_CASE("nothing is created before the first line, then a private segment named by its day") {
  const temp_dir tmp;
  const auto dir = tmp.path() / "logs";
  const auto logs = open_at(dir);
  const auto w = logs->make_writer();
  const auto r = logs->make_reader();
  w->append({});
  w->maintain(from_ms(day));
  CHECK(r->read(make_id(1), {}, 0, from_ms(0), 10).empty());
  CHECK_FALSE(fs::exists(dir));
  write(*w, line(1, "first", 2 * day + 5));
  CHECK(names(dir) == std::vector<std::string>{"log-19700103-512.db"});
  struct stat st {};
  REQUIRE(::stat((dir / "log-19700103-512.db").c_str(), &st) == 0);
  CHECK((st.st_mode & 0777U) == 0600);
}

TEST_CASE("a broken segment is set aside, the others are read and writing goes on") {
  const temp_dir tmp;
  {
    const auto logs = open_at(tmp.path());
    const auto w = logs->make_writer();
    for (std::int64_t d = 1; d <= 3; ++d)
      write(*w, line(1, "day " + std::to_string(d), d * day));
  }
  const auto before = names(tmp.path());
  REQUIRE(before.size() == 3);
  damage(tmp.path() / before[1]);
  damage(tmp.path() / before[2]);
  const auto logs = open_at(tmp.path());
  const auto w = logs->make_writer();
  write(*w, line(1, "after", 3 * day)); // the writer meets the newest
  const auto rows = all_rows(*logs, 1); // the reader meets the middle one
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].chunk.text == "day 1\n");
  CHECK(rows[1].chunk.text == "after\n");
  const auto after = names(tmp.path());
  CHECK(std::count_if(after.begin(), after.end(), [](auto& n) { return n.ends_with(".broken"); })
        == 2);
}

TEST_CASE("a segment that a reader set aside is not written to any more") {
  const temp_dir tmp;
  const auto logs = open_at(tmp.path());
  const auto w = logs->make_writer();
  write(*w, line(1, "old"));
  const auto file = tmp.path() / names(tmp.path()).at(0);
  fs::remove(fs::path{file} += "-wal");
  fs::remove(file);
  damage(file);
  CHECK(all_rows(*logs, 1).empty());
  write(*w, line(1, "new"));
  REQUIRE(all_rows(*logs, 1).size() == 1);
  CHECK(all_rows(*logs, 1)[0].chunk.text == "new\n");
}

TEST_CASE(
  "after a restart lines go on in the same segment and cursors grow, by a gap for lost ones") {
  const temp_dir tmp;
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < 4; ++i) {
    const auto logs = open_at(tmp.path());
    const auto w = logs->make_writer();
    write(*w, line(1, std::to_string(i)));
    const auto rows = all_rows(*logs, 1);
    REQUIRE(rows.size() == i + 1);
    CHECK(rows.back().cursor > last + 1);
    last = rows.back().cursor;
  }
  CHECK(names(tmp.path()).size() == 1);
}

TEST_CASE("cursors grow though every segment is gone") {
  const temp_dir tmp;
  log_options o;
  o.keep = millis{day};
  std::uint64_t last = 0;
  {
    const auto logs = open_at(tmp.path(), o);
    const auto w = logs->make_writer();
    write(*w, line(1, "x", day));
    last = all_rows(*logs, 1).at(0).cursor;
    w->maintain(from_ms(10 * day));
    CHECK(names(tmp.path()).empty());
  }
  const auto logs = open_at(tmp.path(), o);
  write(*logs->make_writer(), line(1, "y", 10 * day));
  CHECK(all_rows(*logs, 1).at(0).cursor > last);
}

TEST_CASE("a clock that went back does not make cursors go back") {
  const temp_dir tmp;
  const auto logs = open_at(tmp.path());
  const auto w = logs->make_writer();
  write(*w, line(1, "a", 50 * day));
  write(*w, line(1, "b", 3 * day));
  write(*w, line(1, "c", 51 * day));
  const auto rows = all_rows(*logs, 1);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].chunk.text == "a\n");
  CHECK(rows[2].chunk.text == "c\n");
}

TEST_CASE("the limit of a task holds over a restart") {
  const temp_dir tmp;
  log_options o;
  o.task_bytes = 100;
  for (int i = 0; i < 5; ++i) {
    const auto logs = open_at(tmp.path(), o);
    write(*logs->make_writer(), line(1, std::string(39, 'x'), 10'000));
  }
  const auto rows = all_rows(*open_at(tmp.path(), o), 1);
  REQUIRE(rows.size() == 3);
  CHECK(rows[1].chunk.text.size() == 40);
  CHECK(rows[2].chunk.text.starts_with("[the limit of 100 bytes"));
}

TEST_CASE("segments rotate by size and by day, and a reader follows over them") {
  const temp_dir tmp;
  log_options o;
  o.segment_bytes = 100'000;
  const auto logs = open_at(tmp.path(), o);
  const auto w = logs->make_writer();
  const auto r = logs->make_reader();
  std::uint64_t after = 0;
  for (int i = 0; i < 40; ++i) {
    write(*w, line(1, std::string(10'000, 'a') + std::to_string(i), (1 + i / 20) * day));
    const auto rows = r->read(make_id(1), 0, after, from_ms(0), 10);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].chunk.text.ends_with("a" + std::to_string(i) + "\n"));
    after = rows[0].cursor;
  }
  CHECK(names(tmp.path()).size() >= 4);
  CHECK(all_rows(*logs, 1).size() == 40);
}

TEST_CASE("other files in the directory are left alone") {
  const temp_dir tmp;
  for (const auto* name :
       {"log-x.db", "log-20261121-.db", "log-20269921-4.db", "o3.db", "log-20261121-4"})
    std::ofstream{tmp.path() / name} << "not ours";
  const sqlite::log_catalog catalog{tmp.path()};
  CHECK(catalog.all().empty());
  const auto logs = open_at(tmp.path());
  const auto w = logs->make_writer();
  write(*w, line(1, "x"));
  w->maintain(from_ms(1000 * day));
  CHECK(fs::file_size(tmp.path() / "log-20261121-4") == 8);
  CHECK(fs::file_size(tmp.path() / "o3.db") == 8);
}
