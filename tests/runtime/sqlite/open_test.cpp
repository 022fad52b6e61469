#include "runtime/sqlite/data_dir.hpp"
#include "runtime/sqlite/schema.hpp"
#include "runtime/sqlite/sqlite_store.hpp"
#include "tests/contract/store/backends.hpp"
#include "tests/contract/store/temp_dir.hpp"
#include "tests/harness/catch.hpp"

#include <array>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace o3;
using namespace o3::store;
using namespace o3::test;
namespace fs = std::filesystem;

namespace {

result<std::shared_ptr<backend>> open_at(const fs::path& dir) {
  sqlite_options o;
  o.dir = dir;
  o.wal_limit_bytes = 256 << 10;
  return open_sqlite(std::move(o));
}

unsigned mode_of(const fs::path& p) {
  struct stat st {};
  return ::stat(p.c_str(), &st) == 0 ? static_cast<unsigned>(st.st_mode) & 07777U : 0;
}

void overwrite(const fs::path& file, std::streamoff at, std::size_t count) {
  std::fstream f{file, std::ios::in | std::ios::out | std::ios::binary};
  f.seekp(at);
  const std::string junk(count, '\x5A');
  f.write(junk.data(), static_cast<std::streamsize>(junk.size()));
  REQUIRE(f.good());
}

void fill(const fs::path& dir, std::uint64_t count) {
  auto b = open_at(dir);
  REQUIRE(b);
  const auto j = (*b)->make_journal();
  const auto epoch = j->claim("a", 1);
  for (std::uint64_t n = 1; n <= count; ++n)
    REQUIRE(append_one(*j, first_entry(n, epoch)) == outcome::ok);
}

} // namespace

TEST_CASE("a data directory in use is refused and names the process that uses it") {
  const temp_dir tmp;
  const auto first = open_at(tmp.path());
  REQUIRE(first);
  auto second = open_at(tmp.path());
  REQUIRE_FALSE(second);
  CHECK(second.error().code == fault::data_dir_busy);
  CHECK(second.error().message.find("process " + std::to_string(::getpid())) != std::string::npos);
  CHECK(second.error().message.find(tmp.path().string()) != std::string::npos);
}

TEST_CASE("the directory is free again only when journal and readers are gone too") {
  const temp_dir tmp;
  auto opened = open_at(tmp.path());
  REQUIRE(opened);
  auto r = (*opened)->make_reader();
  (*opened).reset();
  CHECK_FALSE(open_at(tmp.path()));
  r.reset();
  CHECK(open_at(tmp.path()));
}

TEST_CASE("a place that cannot be a data directory is refused as unwritable") {
  const temp_dir tmp;
  std::ofstream{tmp.path() / "file"} << "x";
  for (const auto& dir :
       {tmp.path() / "file", tmp.path() / "file" / "below", fs::path{"/proc/o3-data"}}) {
    auto r = open_at(dir);
    REQUIRE_FALSE(r);
    CHECK(r.error().code == fault::data_dir_unwritable);
    CHECK(r.error().message.find(dir.filename().string()) != std::string::npos);
    CHECK_FALSE(r.error().hint.empty());
  }
}

TEST_CASE(
  "directory and files are private whatever the umask, and a link to the directory is followed") {
  const temp_dir tmp;
  fs::create_directory_symlink(tmp.path() / "real", tmp.path() / "link");
  fs::create_directory(tmp.path() / "real");
  const auto old = ::umask(0);
  const auto b = open_at(tmp.path() / "new" / "data");
  const auto linked = open_at(tmp.path() / "link");
  ::umask(0377);
  const auto strict = open_at(tmp.path() / "strict");
  ::umask(old);
  REQUIRE(b);
  REQUIRE(linked);
  REQUIRE(strict);
  CHECK(fs::exists(tmp.path() / "real" / "o3.db"));
  CHECK(mode_of(tmp.path() / "strict") == 0700);
  const auto dir = tmp.path() / "new" / "data";
  const auto j = (*b)->make_journal();
  j->claim("a", 1);
  CHECK(mode_of(dir) == 0700);
  for (const auto* name : {"o3.db", "o3.db-wal", "o3.db-shm", "lock"}) {
    CAPTURE(name);
    CHECK(mode_of(dir / name) == 0600);
  }
}

TEST_CASE("a second journal at the same time is refused, one after the other is not") {
  const temp_dir tmp;
  const auto b = open_at(tmp.path());
  REQUIRE(b);
  auto j = (*b)->make_journal();
  CHECK_THROWS_AS((*b)->make_journal(), storage_failure);
  j.reset();
  CHECK_NOTHROW((*b)->make_journal());
}

TEST_CASE("a store of a newer version is refused and left as it is") {
  const temp_dir tmp;
  fill(tmp.path(), 1);
  {
    sqlite::connection c{tmp.path() / "o3.db", sqlite::access::write, {}};
    c.run("PRAGMA user_version=99");
  }
  auto r = open_at(tmp.path());
  REQUIRE_FALSE(r);
  CHECK(r.error().code == fault::store_newer);
  CHECK(r.error().message.find("99") != std::string::npos);
  CHECK(r.error().message.find(std::to_string(sqlite::migrations().back().version))
        != std::string::npos);
  sqlite::connection c{tmp.path() / "o3.db", sqlite::access::write, {}};
  CHECK(c.ask_number("PRAGMA user_version") == 99);
  CHECK(c.ask_number("SELECT count(*) FROM workflow") == 1);
}

TEST_CASE("a database of someone else is refused and left as it is") {
  const temp_dir tmp;
  REQUIRE(sqlite::make_private_file(tmp.path() / "o3.db"));
  {
    sqlite::connection c{tmp.path() / "o3.db", sqlite::access::write, {}};
    c.run("CREATE TABLE theirs(x)");
  }
  auto r = open_at(tmp.path());
  REQUIRE_FALSE(r);
  CHECK(r.error().code == fault::store_corrupt);
  sqlite::connection c{tmp.path() / "o3.db", sqlite::access::read, {}};
  CHECK(c.ask_number("SELECT count(*) FROM sqlite_schema") == 1);
}

TEST_CASE("a damaged file is reported as corrupt, at opening or at the first read that meets it") {
  const temp_dir tmp;
  fill(tmp.path(), 500);
  const auto file = tmp.path() / "o3.db";
  SECTION("its first page") {
    overwrite(file, 0, 200);
    auto r = open_at(tmp.path());
    REQUIRE_FALSE(r);
    CHECK(r.error().code == fault::store_corrupt);
    CHECK(r.error().message.find("o3.db") != std::string::npos);
  }
  SECTION("all but its first page") {
    overwrite(file, 4096, static_cast<std::size_t>(fs::file_size(file)) - 4096);
    auto r = open_at(tmp.path());
    REQUIRE_FALSE(r);
    CHECK(r.error().code == fault::store_corrupt);
  }
  SECTION("pages in the middle") {
    overwrite(file, std::streamoff{4096} * 20, static_cast<std::size_t>(fs::file_size(file)) / 2);
    auto r = open_at(tmp.path());
    if (!r) {
      CHECK(r.error().code == fault::store_corrupt);
      return;
    }
    try {
      const auto reader = (*r)->make_reader();
      reader->rows_after(0, 100'000);
      reader->list({}, std::nullopt, 100'000).items;
      FAIL("the damage was not noticed");
    } catch (const storage_failure& e) {
      CHECK(e.code == fault::store_corrupt);
    }
  }
}

TEST_CASE(
  "an old version is brought to the newest step by step, and a failing step changes nothing") {
  using sqlite::migration;
  const temp_dir tmp;
  const auto file = tmp.path() / "x.db";
  REQUIRE(sqlite::make_private_file(file));
  sqlite::connection c{file, sqlite::access::write, {}};
  const std::array v1{migration{1, "CREATE TABLE a(x); INSERT INTO a VALUES(1)"}};
  const std::array v3{v1[0], migration{2, "ALTER TABLE a ADD COLUMN y DEFAULT 5"},
                      migration{3, "INSERT INTO a VALUES(2, 6)"}};
  const std::array broken{v1[0], migration{2, "INSERT INTO a VALUES(7); CREATE TABLE a(z)"}};
  REQUIRE(sqlite::migrate(c, v1, "x.db"));
  CHECK(c.ask_number("PRAGMA user_version") == 1);
  CHECK_THROWS_AS((void)sqlite::migrate(c, broken, "x.db"), storage_failure);
  CHECK(c.ask_number("PRAGMA user_version") == 1);
  CHECK(c.ask_number("SELECT count(*) FROM a") == 1);
  REQUIRE(sqlite::migrate(c, v3, "x.db"));
  CHECK(c.ask_number("PRAGMA user_version") == 3);
  CHECK(c.ask_number("SELECT sum(x * 10 + y) FROM a") == 1 * 10 + 5 + 2 * 10 + 6);
  REQUIRE(sqlite::migrate(c, v3, "x.db")); // again changes nothing
  CHECK(c.ask_number("SELECT count(*) FROM a") == 2);
  CHECK_FALSE(sqlite::migrate(c, v1, "x.db"));
}

TEST_CASE("a store of version 1 opens with all it holds, and takes documents") {
  const temp_dir tmp;
  REQUIRE(sqlite::make_private_file(tmp.path() / "o3.db"));
  {
    sqlite::connection c{tmp.path() / "o3.db", sqlite::access::write, {}};
    REQUIRE(sqlite::migrate(c, sqlite::migrations().first(1), "o3.db"));
    c.run("INSERT INTO meta VALUES('install_id','0a1b2c3d');"
          "UPDATE shard SET owner='a', epoch=6;"
          "INSERT INTO journal VALUES(41, zeroblob(16), 1, 6, 0, '[]')");
  }
  const auto b = open_at(tmp.path());
  REQUIRE(b);
  const auto r = (*b)->make_reader();
  CHECK(r->meta("install_id") == "0a1b2c3d");
  CHECK(r->last_pos() == 41);
  CHECK(r->last_epoch() == 6);
  const auto j = (*b)->make_journal();
  const document_put e{"schedule", "default", "a", j->claim("b", 0), 0, "{}", from_ms(1)};
  CHECK(j->put_documents({&e, 1}).at(0) == outcome::ok);
  CHECK(r->find_document("schedule", "default", "a"));
}

TEST_CASE("a document belongs to the shard of its kind and key, whatever its project") {
  const temp_dir tmp;
  const auto b = open_at(tmp.path());
  REQUIRE(b);
  const auto j = (*b)->make_journal();
  const auto epoch = j->claim("a", 1);
  const auto shard = shard_of_document("schedule", "nightly");
  CHECK(shard == 81U);
  CHECK(shard != shard_of_document("schedule", "weekly"));
  CHECK(shard_of_document("ab", "c") != shard_of_document("a", "bc"));
  {
    sqlite::connection c{tmp.path() / "o3.db", sqlite::access::write, {}};
    c.run(
      ("UPDATE shard SET owner='b', epoch=epoch+1 WHERE shard=" + std::to_string(shard)).c_str());
  }
  std::vector<document_put> batch;
  for (const auto* project : {"default", "other"})
    for (const auto* key : {"nightly", "weekly"})
      batch.push_back({"schedule", project, key, epoch, 0, "{}", from_ms(1)});
  CHECK(j->put_documents(batch)
        == std::vector{outcome::fenced, outcome::ok, outcome::fenced, outcome::ok});
  sqlite::connection c{tmp.path() / "o3.db", sqlite::access::read, {}};
  CHECK(c.ask_number("SELECT shard FROM document") == shard_of_document("schedule", "weekly"));
}

TEST_CASE("the versions of the real schema grow by one and are stamped") {
  int expected = 0;
  for (const auto& m : sqlite::migrations())
    CHECK(m.version == ++expected);
  const temp_dir tmp;
  fill(tmp.path(), 1);
  sqlite::connection c{tmp.path() / "o3.db", sqlite::access::read, {}};
  CHECK(c.ask_number("PRAGMA user_version") == expected);
  CHECK(c.ask_number("SELECT count(*) FROM shard WHERE epoch=1 AND owner='a'") == shard_count);
  CHECK(c.ask_number("SELECT shard FROM workflow") == shard_of(make_id(1)));
  CHECK(c.ask_number("SELECT trace_id IS NULL FROM workflow") == 1);
}
