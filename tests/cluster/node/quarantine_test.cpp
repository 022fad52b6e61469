// A whole node and its quarantine: what crashes of earlier processes say, and the release.
#include "tests/cluster/node/documents.hpp"

using namespace o3;
using namespace o3::test;

namespace {

struct world {
  std::shared_ptr<engine::suspects> said = std::make_shared<engine::suspects>();
  std::vector<std::string> forgotten;
  harness::node o3;

  explicit world(std::vector<json> templates) : o3(options(std::move(templates))) {}
  harness::options options(std::vector<json> templates) {
    said->forget = [this](const id& w) { forgotten.push_back(w.hex()); };
    auto o = with(std::move(templates));
    o.suspects = said;
    return o;
  }
  void restart_after(std::uint32_t crashes, const std::string& workflow) {
    o3.crash();
    said->list = {{*id::parse(workflow), crashes, "SIGSEGV"}};
    forgotten.clear();
    o3.start();
  }
  json quarantine(const std::string& query = "") {
    const auto a = o3.request(get, "/api/v1/quarantine/" + query);
    REQUIRE(a.status == 200);
    return a.document();
  }
  harness::http_answer release(const std::string& workflow) {
    return o3.request(post, "/api/v1/workflow/" + workflow + "/release/");
  }
};

} // namespace

TEST_CASE("a workflow in hand at three crashes is parked, the others go on, released it goes on",
          "[node][quarantine]") {
  world w{{timer_template()}};
  const auto bad = w.o3.submit(request("parked", "bad")), good = w.o3.submit(request("parked"));
  w.restart_after(2, bad);
  CHECK(w.forgotten.empty());
  CHECK(w.quarantine()["items"].empty());
  w.restart_after(3, bad);
  CHECK(w.forgotten == std::vector{bad});
  const auto rows = w.o3.rows();
  w.restart_after(3, bad); // parked already
  CHECK(w.o3.rows() == rows);
  CHECK(w.forgotten == std::vector{bad});

  w.o3.advance(std::chrono::hours{2});
  CHECK(w.o3.state(good) == "successful");
  CHECK(w.o3.state(bad) == "needs_operator");
  const auto why = w.o3.workflow(bad)["why"][0];
  CHECK(why["code"] == "quarantined");
  CHECK(why["text"].get<std::string>().find("parked after 3 crashes of the server with it in hand "
                                            "(SIGSEGV)")
        == 0);
  const auto listed = w.quarantine();
  REQUIRE(listed["items"].size() == 1);
  CHECK(listed["items"][0]["id"] == bad);
  CHECK(listed["items"][0]["ref"] == "bad");
  CHECK(listed["items"][0]["reason"].get<std::string>().find("SIGSEGV") != std::string::npos);
  CHECK(w.quarantine("?limit=1")["items"].size() == 1);
  CHECK(w.o3.request(get, "/api/v1/quarantine/?cursor=nonsense").status == 400);

  const auto r = w.release(bad);
  CHECK(r.status == 200);
  CHECK(r.document()["state"] != "needs_operator");
  CHECK(w.quarantine()["items"].empty());
  w.o3.await_end(bad);
  CHECK(w.o3.state(bad) == "successful");
  CHECK(w.release(bad).status == 409);
  json kinds = json::array();
  for (const auto& rec : w.o3.journal(bad))
    if (rec["k"] == 13 || rec["k"] == 25)
      kinds.push_back(rec);
  REQUIRE(kinds.size() == 2);
  CHECK(kinds[1]["by"] == "admin");
}

TEST_CASE("a release is refused for what is not quarantined, and survives a crash",
          "[node][quarantine]") {
  world w{{timer_template()}};
  const auto one = w.o3.submit(request("parked"));
  CHECK(w.release(one).status == 409);
  CHECK(w.release(id::derived({}, "none").hex()).status == 404);
  w.restart_after(3, one);
  const auto listed = w.o3.request(get, "/api/v1/workflow/?state=needs_operator").document();
  CHECK(listed["items"][0]["error"].get<std::string>().find("parked after") == 0);
  CHECK(w.release(one).status == 200);
  w.o3.crash();
  w.said->list.clear();
  w.o3.start();
  CHECK(w.o3.state(one) == "running");
  CHECK(w.o3.request(get, "/api/v1/workflow/").document()["items"][0]["error"] == "");
  w.o3.await_end(one);
  CHECK(w.o3.state(one) == "successful");
}

TEST_CASE("a suspect that ends, or that nobody knows, counts no more", "[node][quarantine]") {
  world w{{timer_template()}};
  const auto one = w.o3.submit(request("parked"));
  w.restart_after(2, one);
  w.o3.await_end(one);
  CHECK(w.forgotten == std::vector{one});
  w.restart_after(3, one); // it has ended: nothing is parked
  CHECK(w.forgotten == std::vector{one});
  CHECK(w.o3.state(one) == "successful");
  const auto unknown = id::derived({}, "never accepted").hex();
  w.restart_after(5, unknown);
  CHECK(w.forgotten == std::vector{unknown});
}

TEST_CASE("a parked workflow can be canceled, and then is not released", "[node][quarantine]") {
  world w{{timer_template()}};
  const auto one = w.o3.submit(request("parked"));
  w.restart_after(3, one);
  CHECK(w.o3.cancel(one).status == 202);
  w.o3.await_end(one);
  CHECK(w.o3.state(one) == "canceled");
  CHECK(w.quarantine()["items"].empty());
  CHECK(w.release(one).status == 409);
}
