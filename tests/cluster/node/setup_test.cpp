// A data directory made ready, and what becomes of the configuration: the part of a start that
// comes before any service.
#include "cluster/node/installation.hpp"
#include "cluster/node/open_files.hpp"
#include "cluster/node/options.hpp"
#include "tests/contract/store/temp_dir.hpp"
#include "tests/harness/catch.hpp"

#include <fstream>
#include <sqlite3.h>
#include <sys/resource.h>

using namespace o3;

namespace {

config::options at(const test::temp_dir& tmp) {
  config::options o;
  o.data.dir = (tmp.path() / "data").string();
  return o;
}

/// What is left of a line of day 1 after upkeep, many years later.
std::size_t lines_left(config::days keep) {
  const test::temp_dir tmp{test::medium::memory};
  auto o = at(tmp);
  o.log.keep = keep;
  const auto i = open_installation(o, "");
  REQUIRE(i);
  const auto w = i->logs->make_writer();
  const auto workflow = id::derived(id{}, "log");
  const auto day_1 = from_ms(86'400'000);
  const store::log_chunk line{workflow, store::no_task, 0, day_1, "line\n"};
  w->append({&line, 1});
  w->maintain(day_1 + config::days{20'000});
  return i->logs->make_reader()->read(workflow, {}, 0, day_1, 10).size();
}

void run_sql(const config::options& o, const char* sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open((o.data.dir + "/o3.db").c_str(), &db) == SQLITE_OK);
  CHECK(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
}

/// The refusal, or `none`.
error refusal(const config::options& o) {
  auto i = open_installation(o, "");
  return i ? error{} : i.error();
}

} // namespace

TEST_CASE("log.keep_days = 0 keeps task logs for ever") {
  CHECK(lines_left(config::days{0}) == 1);
  CHECK(lines_left(config::days{30}) == 0);
}

TEST_CASE("a store does not start with a lost key or another one, and does with its own again") {
  namespace fs = std::filesystem;
  const test::temp_dir tmp{test::medium::memory};
  const auto o = at(tmp);
  const auto key = fs::path{o.data.dir} / "secret.key", aside = tmp.path() / "key";
  json sealed;
  {
    const auto first = open_installation(o, "");
    REQUIRE(first);
    sealed = first->seal->seal("hidden");
  }
  fs::rename(key, aside);
  for (int again = 0; again < 2; ++again) {
    const auto lost = refusal(o);
    CHECK(lost.code == fault::key_mismatch);
    CHECK(lost.message.find(key.string()) != std::string::npos);
    CHECK_FALSE(fs::exists(key));
  }
  std::ofstream{key} << std::string(64, 'a') << "\n";
  fs::permissions(key, fs::perms::owner_read | fs::perms::owner_write);
  CHECK(refusal(o).code == fault::key_mismatch);
  fs::rename(aside, key);
  {
    const auto own = open_installation(o, "");
    REQUIRE(own);
    CHECK(*own->seal->unseal(sealed) == "hidden");
  }
  // A store of a version that did not write its key down: taken as it is, and known from then on.
  run_sql(o, "DELETE FROM meta WHERE key='key_fingerprint'");
  CHECK(refusal(o).code == fault::none);
  fs::rename(key, aside);
  CHECK(refusal(o).code == fault::key_mismatch);
  run_sql(o, "DELETE FROM meta WHERE key='key_fingerprint'");
  CHECK(refusal(o).code == fault::key_mismatch);
}

TEST_CASE("a first token that no request could carry is refused, and nothing is kept of it") {
  const test::temp_dir tmp{test::medium::memory};
  const auto o = at(tmp);
  for (const auto& bad :
       {std::string{"correct horse battery!"}, std::string{"short"}, std::string{"0123456789abcde"},
        std::string(513, 'a'), std::string{"quoted\"0123456789"}}) {
    auto i = open_installation(o, bad);
    REQUIRE_FALSE(i);
    CHECK(i.error().code == fault::config_invalid);
    CHECK(i.error().message.find("O3_TOKEN") != std::string::npos);
    CHECK(i.error().message.find(bad) == std::string::npos);
  }
  const std::string good = "o3.first-token_0123456789+/~=";
  const auto i = open_installation(o, good);
  REQUIRE(i);
  const auto tokens = api::token_store::make({&i->admin, 1});
  REQUIRE(tokens);
  CHECK(tokens->find(good) != nullptr);
  CHECK(api::is_token(good));
}

TEST_CASE("connections are cut to what the limit of open files leaves beside the store") {
  const config::options o;
  const auto reserve = reserved_files(o);
  CHECK(reserve > 100);
  const auto fitted = [&](std::uint64_t limit, std::string& said) {
    http::server_options h;
    const logger log{log_level::info, system_clock(),
                     [&](log_level, std::string_view line) { said += line; }};
    const auto r = fit_connections(h, o, limit, log);
    return r ? h : http::server_options{.connections = 0};
  };
  std::string said;
  const auto wide = fitted(reserve + 4096, said);
  CHECK(wide.connections == 4096);
  CHECK(said.empty());
  const auto narrow = fitted(reserve + 4095, said);
  CHECK(narrow.connections == 4095);
  CHECK(said.find("http.connections is cut") != std::string::npos);
  CHECK(said.find("4095") != std::string::npos);
  const auto small = fitted(reserve + 20, said);
  CHECK(small.connections == 20);
  CHECK(small.connections_per_address == 20);
  CHECK(small.streams == 20);
  CHECK(fitted(reserve, said).connections == 0); // refused
}

TEST_CASE("the soft limit of open files is raised to the hard one") {
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit low = before;
  low.rlim_cur = std::min<rlim_t>(before.rlim_max, 256);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &low) == 0);
  const auto got = raise_open_files();
  rlimit after{};
  CHECK(getrlimit(RLIMIT_NOFILE, &after) == 0);
  CHECK(after.rlim_cur == before.rlim_max);
  CHECK((after.rlim_cur == RLIM_INFINITY || got == after.rlim_cur));
  CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
}

TEST_CASE("log.level is the process's own; log.task_level says what is kept of tasks") {
  const test::temp_dir tmp{test::medium::memory};
  auto o = at(tmp);
  const auto i = open_installation(o, "");
  REQUIRE(i);
  o.log.level = "error";
  auto n = node_options_of(o, *i, "o3");
  REQUIRE(n);
  CHECK(n->engine.task_log == log_level::info);
  o.log.level = "debug";
  o.log.task_level = "warning";
  n = node_options_of(o, *i, "o3");
  REQUIRE(n);
  CHECK(n->engine.task_log == log_level::warning);
}
