#include "runtime/base/text.hpp"
#include "tests/runtime/schedule/times.hpp"

#include <algorithm>

using namespace o3;
using namespace o3::schedule;
using namespace o3::test;

namespace {

std::vector<std::string> wrong(const std::string& text) {
  findings found;
  parse_spec(json::parse(text), "/workflow/schedule", limits{}, {100, 2}, found);
  std::vector<std::string> out;
  for (const auto& e : found.errors)
    out.push_back(e.pointer + " " + std::string{fault_code(e.code)});
  std::sort(out.begin(), out.end());
  return out;
}

} // namespace

TEST_CASE("a schedule is read with all its keys, and with the fewest") {
  findings found;
  const auto s = parse_spec(json::parse(R"({"cron": "0 2 * * *", "zone": "Europe/Berlin",
    "overlap": "cancel_previous", "catch_up": 0, "calendars": ["change", "freeze"]})"),
                            "", limits{}, {}, found);
  REQUIRE(found.ok());
  CHECK(s.cron);
  CHECK(s.in.name() == "Europe/Berlin");
  CHECK(s.on_overlap == overlap::cancel_previous);
  CHECK(s.catch_up == 0);
  CHECK(s.calendars == std::vector<std::string>{"change", "freeze"});
  const auto least
    = parse_spec(json::parse(R"({"at": "2026-12-01T02:00:00+01:00"})"), "", limits{}, {}, found);
  REQUIRE(found.ok());
  CHECK(shown(*least.at) == "2026-12-01 01:00");
  CHECK(least.in.name() == "UTC");
  CHECK(least.on_overlap == overlap::skip);
  CHECK(least.catch_up == 1);
  CHECK(next_planned(least, at("2026-12-01 00:59"), 5) == std::vector{*least.at});
  CHECK_FALSE(next_planned(least, *least.at));
}

TEST_CASE("what is wrong in a schedule is said at its place, all at once") {
  using strings = std::vector<std::string>;
  const std::string at = "/workflow/schedule";
  CHECK(wrong(R"({})") == strings{at + " missing_key"});
  CHECK(wrong(R"([])") == strings{at + " wrong_type"});
  CHECK(wrong(R"({"cron": "* * * * *", "at": "2026-12-01T02:00:00Z"})")
        == strings{at + " bad_schedule"});
  CHECK(wrong(R"({"cron": "0 0 30 2 *", "zone": "Europe/Berlim", "overlap": "wait", "catch_up": 101,
                  "calendars": ["a", 5]})")
        == strings{at + "/calendars/1 wrong_type", at + "/catch_up bad_value",
                   at + "/cron bad_schedule", at + "/overlap bad_value",
                   at + "/zone unknown_zone"});
  CHECK(wrong(R"({"cron": 5, "zone": 5, "overlap": 5, "catch_up": "1", "calendars": "a"})")
        == strings{at + "/calendars wrong_type", at + "/catch_up wrong_type",
                   at + "/cron wrong_type", at + "/overlap wrong_type", at + "/zone wrong_type"});
  CHECK(wrong(R"({"at": "2026-02-30T00:00:00Z", "calendars": ["a", "b", "c"]})")
        == strings{at + "/at bad_schedule", at + "/calendars too_large"});
  CHECK(wrong(R"({"at": "2026-02-20T00:00:00Z", "calendars": ["a b"], "catch_up": -1})")
        == strings{at + "/calendars/0 bad_value", at + "/catch_up bad_value"});
}

TEST_CASE("the ref of a firing is a label, whatever the name") {
  CHECK(firing_ref("nightly", at("2026-11-21 02:00")) == "sched:nightly:2026-11-21T02:00:00.000Z");
  const std::string longest(80, 'x');
  CHECK(is_schedule_name(longest));
  CHECK(is_label(firing_ref(longest, at("2026-11-21 02:00"))));
  for (const auto& name : {longest + "x", std::string{}, std::string{"a b"}, std::string{"a/b"},
                           std::string{"1a"}, std::string{"a:b"}})
    CHECK_FALSE(is_schedule_name(name));
}

TEST_CASE("progress comes back from its document as it went in") {
  progress p;
  CHECK(*read_progress(to_json(p)) == p);
  p.through = at("2026-11-21 02:00");
  p.waiting = {at("2026-11-21 01:00"), at("2026-11-21 02:00")};
  p.active = firing{at("2026-11-21 00:00"), std::nullopt, false};
  CHECK(*read_progress(to_json(p)) == p);
  id workflow;
  workflow.bytes[3] = 9;
  p.active = firing{at("2026-11-21 00:00"), workflow, true};
  p.paused = true;
  for (std::size_t r = 0; r < reason_count; ++r)
    p.add({static_cast<reason>(r), p.through, p.through, r + 1, "why"}, 3);
  p.add({std::nullopt, p.through, p.through, 1, workflow.hex()}, 3);
  CHECK(p.recent.size() == 3);
  CHECK(p.started == 1);
  CHECK(p.skipped == std::array<std::uint64_t, reason_count>{1, 2, 3, 4, 5, 6});
  CHECK(*read_progress(json::parse(to_json(p).dump())) == p);
  for (
    const auto* text :
    {"{}", "[]", "5", R"({"v":2,"through":0,"started":0})", R"({"v":1,"through":"x","started":0})",
     R"({"v":1,"through":0,"started":0,"active":{"planned":0,"workflow":"x"}})",
     R"({"v":1,"through":0,"started":0,"recent":[{"first":0,"last":0,"count":1,"skipped":"x"}]})"}) {
    CAPTURE(text);
    const auto r = read_progress(json::parse(text));
    REQUIRE_FALSE(r);
    CHECK(r.error().code == fault::store_corrupt);
  }
}
