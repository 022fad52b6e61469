// What stands in journals: read back for ever, refused where it cannot be.
#include "tests/runtime/launch/fixtures.hpp"

using namespace o3;
using namespace o3::launch;
using namespace o3::launch::testing;

namespace {
// Written by version 1; these texts are never changed, a new version adds its own.
constexpr auto golden_state_v1
  = R"({"at":{"cancel":true,"clean":2,"due":1060000,"doubt":true,"epoch":7,"listings":2,"n":2,"p":4,)"
    R"("quiet":240000,"searches":3,"sends":2,"sent":2,"since":1000000,"t":1800000000000,"wait":60000,"asked":true},)"
    R"("note":{"msg":"reset"},"out":{"relaunches":["9"]},"plan":{"class":1,"deadline":60000,)"
    R"("id":"0102030405060708090a0b0c0d0e0f10","install":"0123abcd","quiesce":180000,"sha256":"ab","surplus":1,)"
    R"("t":1799999999000},"seen":{"as":"robot","newest":"500"},"sent_at":[1799999999500],"v":1})";
} // namespace

TEST_CASE("a damaged or newer launch is refused, nothing of it is guessed", "[launch]") {
  auto good = to_json(prepared(target_class::bare));
  REQUIRE(from_json(good));
  auto broken = [&good](auto change) {
    auto j = good;
    change(j);
    auto r = from_json(j);
    REQUIRE(!r);
    REQUIRE(r.error().code == fault::workflow_unreadable);
    REQUIRE(!r.error().message.empty());
  };
  broken([](json& j) { j = json::array(); });
  broken([](json& j) { j.erase("v"); });
  broken([](json& j) { j["v"] = 2; });
  broken([](json& j) { j.erase("at"); });
  broken([](json& j) { j.erase("plan"); });
  broken([](json& j) { j["at"]["p"] = 11; });
  broken([](json& j) { j["at"].erase("p"); });
  broken([](json& j) { j["at"]["p"] = "sending"; });
  broken([](json& j) { j["at"].erase("epoch"); });
  broken([](json& j) { j["plan"].erase("class"); });
  broken([](json& j) { j["plan"]["class"] = 4; });
  broken([](json& j) { j["plan"]["id"] = "x"; });
  broken([](json& j) { j["plan"]["install"] = "0123ABCD"; });
  broken([](json& j) { j["plan"]["surplus"] = 2; });
  broken([](json& j) { j["note"] = {{"why", 99}}; });
  broken([](json& j) { j["seen"] = {{"newest", 1}}; });
  broken([](json& j) { j["sent_at"] = {"yesterday"}; });
}

TEST_CASE("a launch of version 1 is read for ever", "[launch]") {
  auto s = from_json(json::parse(golden_state_v1));
  REQUIRE(s);
  REQUIRE(s->plan.launch_id.hex() == "0102030405060708090a0b0c0d0e0f10");
  REQUIRE(s->plan.cls == target_class::searched);
  REQUIRE(s->plan.preflight);
  REQUIRE(s->plan.on_surplus == surplus_rule::cancel);
  REQUIRE(s->plan.quiesce == millis{180'000});
  REQUIRE(s->at.phase == phase::searching);
  REQUIRE(s->at.attempt == 2);
  REQUIRE(s->at.due == steady_time{millis{1'060'000}});
  REQUIRE(s->at.quiet == millis{240'000});
  REQUIRE((s->at.doubt && s->at.cancel && s->at.asked));
  REQUIRE(s->witness == witness{"500", "robot"});
  REQUIRE(s->outcome.relaunches == std::vector<std::string>{"9"});
  REQUIRE(s->note.message == "reset");
  REQUIRE(s->sent_at.size() == 1);
  REQUIRE(to_json(*s) == json::parse(golden_state_v1));
}

TEST_CASE("a record of a step is small: what did not change is not in it", "[launch]") {
  auto s = state_of(phase::sending, target_class::searched);
  auto n = next(s, send_confirmed{1, "501", {}}, at(t0 + millis{10}));
  std::string text;
  json_writer out{text};
  encode(out, *n.change);
  INFO(text);
  REQUIRE(!n.change->plan);
  REQUIRE(!n.change->witness);
  REQUIRE(text.size() < 220);
}
