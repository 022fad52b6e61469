// What a node does about shortage, slow reads and what nobody needs any more.
#include "actors/observe/load_share.hpp"
#include "tests/cluster/node/documents.hpp"
#include "tests/contract/store/temp_dir.hpp"
#include <filesystem>
#include <fstream>
#include <sqlite3.h>
#include <unistd.h>

using namespace o3;
using namespace o3::test;

TEST_CASE("a read without a descriptor is answered 503 and the node goes on; a broken disk ends it",
          "[node]") {
  harness::node o3(with({timer_template()}));
  const auto w = o3.submit(request("parked"));
  const auto path = "/api/v1/workflow/" + w + "/";
  harness::fault_plan reads;
  reads.reads_fail = fault::unavailable;
  o3.set_faults(reads);
  CHECK(o3.request(http::method::get, path).status == 503);
  CHECK(o3.request(http::method::get, "/api/v1/workflow/").status == 503);
  CHECK_FALSE(o3.dead());
  o3.set_faults({});
  CHECK(o3.request(http::method::get, path).status == 200);
  o3.await_end(w);
  CHECK(o3.state(w) == "successful");
  reads.reads_fail = fault::storage_failed;
  o3.set_faults(reads);
  o3.request(http::method::get, path);
  CHECK(o3.dead());
}

TEST_CASE("what is slow is done at most a twentieth of the time, what is quick whenever asked for",
          "[node]") {
  const auto at = [](std::int64_t ms) { return steady_time{millis{ms}}; };
  observe::load_share share;
  CHECK(share.due(at(0)));
  share.done(at(0), at(0));
  CHECK(share.due(at(0)));
  share.done(at(100), at(150));
  CHECK_FALSE(share.due(at(1099)));
  CHECK(share.due(at(1100)));
  share.done(at(2000), at(4000)); // never longer than a few seconds
  CHECK_FALSE(share.due(at(8999)));
  CHECK(share.due(at(9000)));
}

TEST_CASE("a template that no workflow uses any more leaves the store, one in use stays",
          "[node]") {
  const test::temp_dir tmp{test::medium::memory};
  auto o = with({timer_template()});
  o.sqlite_dir = tmp.path() / "data";
  o.engine.keep.keep_age = std::chrono::hours{1};
  harness::node o3{o};
  const auto plans = [&] {
    sqlite3* db = nullptr;
    sqlite3_stmt* s = nullptr;
    REQUIRE(sqlite3_open((o.sqlite_dir / "o3.db").c_str(), &db) == SQLITE_OK);
    REQUIRE(sqlite3_prepare_v2(db, "SELECT count(*) FROM blob WHERE kind='plan'", -1, &s, nullptr)
            == SQLITE_OK);
    REQUIRE(sqlite3_step(s) == SQLITE_ROW);
    const int n = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return n;
  };
  const json quick = {task("a", "noop", {{"runtime_delay", 0}})};
  o3.add_template(document("quick", quick));
  o3.await_end(o3.submit(request("quick")));
  auto changed = document("quick", quick);
  changed["description"] = "changed";
  o3.add_template(changed);
  const auto kept = o3.submit(request("quick"));
  o3.await_end(kept);
  o3.submit(request("parked"));
  CHECK(plans() == 3);
  o3.advance(std::chrono::hours{3}); // all ended workflows go, and at some round their plans
  CHECK(o3.request(get, "/api/v1/workflow/" + kept + "/").status == 404);
  CHECK(plans() == 2); // the replaced one is gone; "quick" is a template, "parked" as well
  o3.await_end(o3.submit(request("quick")));
  o3.add_template(document("quick", quick)); // as it was at first: stored anew
  const auto again = o3.submit(request("quick"));
  o3.await_end(again);
  o3.crash();
  o3.start();
  CHECK(o3.state(again) == "successful");
  CHECK(plans() == 3);
}
