// Labels, filters, orders and bulk cancel through a whole node.
#include "tests/cluster/node/documents.hpp"

#include <set>

using namespace o3;
using namespace o3::test;

namespace {

const std::string list_path = "/api/v1/workflow/";
const std::string bulk_path = "/api/v1/workflow/bulk/";

json labelled(const std::string& tpl, json labels) {
  auto r = request(tpl);
  r["workflow"]["meta"]["labels"] = std::move(labels);
  return r;
}

std::vector<std::string> ids_of(const json& page) {
  std::vector<std::string> out;
  for (const auto& w : page.at("items"))
    out.push_back(w.at("id"));
  return out;
}

std::vector<std::string> listed(harness::node& o3, const std::string& query) {
  const auto a = o3.request(get, list_path + query);
  INFO(a.body);
  REQUIRE(a.status == 200);
  return ids_of(a.document());
}

harness::http_answer bulk(harness::node& o3, json filter, std::optional<int> confirm) {
  json body = {{"action", "cancel"}, {"filter", std::move(filter)}, {"reason", "not needed"}};
  if (confirm)
    body["confirm"] = *confirm;
  return o3.request(post, bulk_path, body.dump());
}

} // namespace

TEST_CASE("labels stay with a workflow from its request to its end, through crashes", "[node]") {
  const auto dir = fresh_dir("labels");
  auto options = with({timer_template()});
  options.sqlite_dir = dir;
  harness::node o3{std::move(options)};
  const json labels = {{"team", "ops"}, {"example.com/ticket", "a \"b\"\\\xC3\xA4"}};
  const auto id = o3.submit(labelled("parked", labels));
  const auto bare = o3.submit(request("parked"));
  o3.run();
  CHECK(o3.workflow(id).at("labels") == labels);
  CHECK(o3.workflow(bare).at("labels") == json::object());
  o3.crash();
  o3.start();
  o3.advance(std::chrono::hours{2});
  CHECK(o3.workflow(id).at("labels") == labels);
  CHECK(o3.state(id) == "successful");
  const auto page = o3.request(get, list_path + "?label=team=ops&state=successful").document();
  REQUIRE(ids_of(page) == std::vector{id});
  CHECK(page.at("items")[0].at("labels") == labels);
  CHECK(listed(o3, "?label=team").size() == 1);
  CHECK(listed(o3, "?label=team=dev").empty());
  CHECK(listed(o3, "?q=TICKET=A") == std::vector{id});
  // Another label is another request.
  auto keyed = labelled("parked", {{"team", "ops"}});
  keyed["workflow"]["meta"]["ref"] = "order-1";
  o3.submit(keyed);
  keyed["workflow"]["meta"]["labels"]["team"] = "dev";
  CHECK(o3.request(post, submit_path, keyed.dump()).document().at("code")
        == "idempotency_mismatch");
  keyed["workflow"]["meta"].erase("ref");
  keyed["workflow"]["meta"]["labels"] = {{"a b", 1}};
  const auto refused = o3.request(post, submit_path, keyed.dump());
  CHECK(refused.status == 422);
  CHECK(refused.document().at("errors")[0].at("pointer") == "/workflow/meta/labels/a b");
  std::filesystem::remove_all(dir);
}

TEST_CASE("a workflow is found by what made it fail", "[node]") {
  harness::node o3{with({document("bad", {task("a", "fail", {{"message", "no route to web01"}})}),
                         document("good", {task("a", "noop", {{"runtime_delay", 0}})})})};
  const auto good = o3.submit(request("good"));
  const auto bad = o3.submit(request("bad"));
  o3.run();
  CHECK(listed(o3, "?q=WEB01") == std::vector{bad});
  CHECK(listed(o3, "?principal=admin&state=successful") == std::vector{good});
  CHECK(listed(o3, "?principal=nobody").empty());
}

TEST_CASE("every order pages through all workflows, and a cursor belongs to its order", "[node]") {
  harness::node o3{with({document("good", {task("a", "noop", {{"runtime_delay", 0}})})})};
  std::vector<std::string> made;
  for (const std::string name : {"b", "A", "c", "a", "B"}) {
    auto r = request("good");
    r["workflow"]["meta"]["name"] = name;
    made.push_back(o3.submit(r));
    o3.advance(std::chrono::seconds{1});
  }
  const auto paged = [&](const std::string& sort) {
    std::vector<std::string> out;
    std::string cursor;
    do {
      const auto page = o3.request(get, list_path + "?limit=2&sort=" + sort
                                          + (cursor.empty() ? "" : "&cursor=" + cursor))
                          .document();
      for (const auto& id : ids_of(page))
        out.push_back(id);
      cursor = page.at("next_cursor").is_null() ? "" : page.at("next_cursor");
    } while (!cursor.empty());
    return out;
  };
  const auto at = [&](std::vector<int> order) {
    std::vector<std::string> out;
    for (const auto i : order)
      out.push_back(made.at(static_cast<std::size_t>(i)));
    return out;
  };
  CHECK(paged("created") == at({0, 1, 2, 3, 4}));
  CHECK(paged("-created") == at({4, 3, 2, 1, 0}));
  CHECK(paged("ended") == at({0, 1, 2, 3, 4}));
  CHECK(paged("-ended") == at({4, 3, 2, 1, 0}));
  CHECK(paged("name") == at({3, 1, 4, 0, 2})); // a A, B b, c: the newest of one name first
  const auto cursor
    = o3.request(get, list_path + "?limit=2&sort=name").document().at("next_cursor");
  const auto mixed
    = o3.request(get, list_path + "?sort=created&cursor=" + cursor.get<std::string>());
  CHECK(mixed.status == 400);
  CHECK(mixed.document().at("code") == "bad_value");
}

TEST_CASE("many are canceled by filter once their number is confirmed", "[node]") {
  harness::node o3{with({timer_template()})};
  std::set<std::string> ours;
  for (int i = 0; i < 30; ++i)
    ours.insert(o3.submit(labelled("parked", {{"team", "ops"}})));
  const auto other = o3.submit(labelled("parked", {{"team", "dev"}}));
  o3.run(); // all of them rest: none has an actor
  const json filter = {{"label", {{"team", "ops"}}}};
  for (const auto confirm : {std::optional<int>{}, std::optional{29}, std::optional{31}}) {
    const auto asked = bulk(o3, filter, confirm);
    CHECK(asked.status == 409);
    CHECK(asked.document().at("code") == "confirmation_needed");
    CHECK(asked.document().at("count") == 30);
    CHECK(asked.document().at("ids").size() == 10);
  }
  for (const auto& id : ours)
    REQUIRE(o3.state(id) == "running");
  harness::fault_plan reads;
  reads.reads_fail = fault::unavailable;
  o3.set_faults(reads);
  CHECK(bulk(o3, filter, 30).status == 503);
  o3.set_faults({});
  const auto done = bulk(o3, filter, 30);
  REQUIRE(done.status == 200);
  const auto doc = done.document();
  CHECK(doc.at("done") == 30);
  CHECK(doc.at("refused") == 0);
  std::set<std::string> told;
  for (const auto& item : doc.at("items")) {
    CHECK(item.at("status") == 202);
    told.insert(item.at("id"));
  }
  CHECK(told == ours);
  o3.run();
  for (const auto& id : ours) {
    CHECK(o3.state(id) == "canceled");
    CHECK(o3.journal(id).dump().find("not needed") != std::string::npos);
  }
  CHECK(o3.state(other) == "running");
  // The same once more: there is nothing left that could be meant.
  const auto again = bulk(o3, filter, 30);
  CHECK(again.status == 409);
  CHECK(again.document().at("count") == 0);
  CHECK(bulk(o3, filter, 0).document().at("done") == 0);
  CHECK(o3.journal(*ours.begin()).size() == o3.journal(*ours.rbegin()).size());
}

TEST_CASE("nested workflows stand beside the one that started them, and can be told apart",
          "[node]") {
  auto parent = document("parent", {task("c1", "workflow", {{"template", "child"}}),
                                    task("c2", "workflow", {{"template", "child"}})});
  parent["schema_version"] = 2;
  harness::node o3{with({parent, document("child", {task("a", "noop", {{"runtime_delay", 1}})}),
                         document("good", {task("a", "noop", {{"runtime_delay", 0}})})})};
  const auto before = o3.submit(request("good"));
  o3.advance(std::chrono::seconds{1});
  const auto family = o3.submit(request("parent"));
  o3.advance(std::chrono::seconds{1});
  const auto after = o3.submit(request("good"));
  o3.advance(std::chrono::seconds{10});
  REQUIRE(o3.state(family) == "successful");
  const auto all = listed(o3, "?sort=created");
  REQUIRE(all.size() == 5);
  CHECK(all[0] == before);
  CHECK(all[1] == family);
  CHECK(all[4] == after);
  const std::vector kids{all[2], all[3]};
  CHECK(listed(o3, "?sort=created&parent=" + family) == kids);
  CHECK(listed(o3, "?sort=created&root=" + family) == kids);
  CHECK(listed(o3, "?sort=created&nested=true") == kids);
  CHECK(listed(o3, "?sort=created&nested=false") == std::vector{before, family, after});
}

TEST_CASE("many run again by filter once their number is confirmed", "[node]") {
  harness::node o3{
    with({document("bad", {task("ok", "noop", {{"runtime_delay", 0}}),
                           task("a", "fail", {{"message", "AWX is down"}}, {"ok"})})})};
  std::vector<std::string> failed;
  for (int i = 0; i < 5; ++i)
    failed.push_back(o3.submit(request("bad")));
  o3.advance(std::chrono::minutes{10});
  const auto ask = [&](std::optional<int> confirm) {
    json body = {{"action", "rerun"}, {"filter", {{"q", "AWX is down"}}}};
    if (confirm)
      body["confirm"] = *confirm;
    return o3.request(post, bulk_path, body.dump());
  };
  CHECK(ask({}).document().at("count") == 5);
  for (const auto& id : failed)
    REQUIRE(o3.state(id) == "failed");
  const auto rows = o3.journal(failed[0]).size();
  const auto done = ask(5);
  REQUIRE(done.status == 200);
  CHECK(done.document().at("done") == 5);
  for (const auto& item : done.document().at("items"))
    CHECK(item.at("status") == 202);
  o3.advance(std::chrono::minutes{10});
  for (const auto& id : failed)
    CHECK(o3.state(id) == "failed");
  CHECK(o3.journal(failed[0]).size() > rows);
  CHECK(o3.task(failed[0], "ok").at("attempt") == 1); // what succeeded was kept
}

TEST_CASE("what the server keeps is told", "[node]") {
  auto options = with({timer_template()});
  options.engine.keep.keep_age = std::chrono::hours{24 * 30};
  options.engine.keep_count = 5;
  harness::node o3{std::move(options)};
  const auto told = o3.request(get, "/api/v1/info/").document().at("retention");
  CHECK(told.at("keep_days") == 30.0);
  CHECK(told.at("keep_count") == 5);
  CHECK(told.at("interval_s") == 60.0);
  CHECK(told.at("idempotency_keep_days") == 30.0);
}
