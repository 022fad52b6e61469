// The journal's format is forever: records written by any release are read by every later one.
#include "runtime/workflow/records.hpp"
#include "tests/harness/catch.hpp"

using namespace o3;
using namespace o3::workflow;

namespace {

std::string text_of(const record& r) {
  std::string out;
  json_writer w{out};
  encode(w, r);
  return out;
}

launch::record launch_step() {
  launch::record r;
  r.plan = launch::plan{};
  r.plan->launch_id = id::derived({}, "launch");
  r.plan->install8 = "0123abcd";
  r.plan->request_sha256 = std::string(64, 'a');
  r.at.phase = launch::phase::searching;
  r.witness = launch::witness{"40", "o3"};
  return r;
}

std::vector<record> one_of_each() {
  accepted a;
  a.workflow = id::derived({}, "golden");
  a.ref = "r";
  a.trace_id = "t";
  a.name = "n";
  a.description = "d";
  a.project = "default";
  a.principal = "admin";
  a.template_ref = "tpl";
  a.plan_hash.fill(7);
  a.inputs = {{"workflow", {{"x", 1}}}};
  a.warnings = {{fault::ignored_input, "m", "/p", "h"}};
  a.start_at = from_ms(5);
  a.labels = {{"team", "ops"}, {"x/y", "\"q\""}};
  a.calendars = {"nights"};
  a.from = parentage{id::derived({}, "p"), id::derived({}, "r"), 3, 2, 1};
  return {
    a,
    started{},
    task_started{1, 2},
    task_progress{1, {{"k", "v"}}, from_ms(9), "why", true, true},
    task_ended{1, 1, task_state::failed, {{"k", 1}}, fault::task_failed, "no"},
    task_retry{1, 1, task_state::exception, {{"k", 1}}, fault::task_exception, "no", from_ms(10)},
    task_blocked{1, from_ms(11), fault::class_missing, "gone", {}},
    attribute_set{1, 2, 3, "name", {{"deep", nullptr}}},
    failing{1, from_ms(12)},
    canceled{"me", "because", from_ms(13), true},
    ended{workflow_state::failed, fault::required_task_failed, "no"},
    checkpoint{{{"tasks", json::array()}}},
    quarantined{"thrice"},
    task_launch{1, launch_step(), from_ms(14), "an answer"},
    phase_begun{task_phase::finally},
    loop_opened{1, {"a", "b"}, {"x", "y"}, {1}},
    rerun_begun{3,
                2,
                "me",
                "because",
                {{task_choice::action::check, false, "print", {}},
                 {task_choice::action::replace, true, "", {{"k", 1}}}},
                from_ms(15),
                true},
    revised{
      2, "me", "n", "d", {{"workflow", {{"x", 1}}}}, {{fault::ignored_input, "m", "/p", "h"}}},
    paused{"me", "because"},
    resumed{"me"},
    signaled{"go", "me", {{"k", 1}}, 1},
    signal_taken{1, "go"},
    released{"me"},
    parent_told{},
    task_kept{1},
    task_silent{1, "nothing came"}};
}

} // namespace

TEST_CASE("every kind of record survives being written and read", "[workflow]") {
  auto all = one_of_each();
  REQUIRE(all.size() == std::variant_size_v<record>);
  for (const auto& r : all) {
    auto text = text_of(r);
    INFO(text);
    auto again = decode(json::parse(text));
    REQUIRE(again);
    REQUIRE(again->index() == r.index());
    REQUIRE(text_of(*again) == text);
  }
}

TEST_CASE("the outputs of a workflow stand in its last record", "[workflow]") {
  const auto text
    = text_of(ended{workflow_state::successful, fault::none, "", {{"x", {1, nullptr}}}});
  REQUIRE(text == R"({"k":11,"v":1,"s":3,"out":{"x":[1,null]}})");
  const auto again = decode(json::parse(text));
  REQUIRE(again);
  REQUIRE(text_of(*again) == text);
}

TEST_CASE("later records are written like this", "[workflow]") {
  REQUIRE(text_of(released{"me"}) == R"({"k":25,"v":1,"by":"me"})");
  const task_blocked closed{1, from_ms(11), fault::window_closed, "closed", from_ms(12)};
  REQUIRE(text_of(closed)
          == R"({"k":7,"v":1,"t":1,"due":11,"code":431,"msg":"closed","opens":12})");
  const auto again = decode(json::parse(text_of(closed)));
  REQUIRE(again);
  REQUIRE(std::get<task_blocked>(*again).opens == from_ms(12));
}

TEST_CASE("release 0.1.0 wrote its records like this", "[workflow]") {
  // Golden lines: they may only be added to. If one fails, an installed journal cannot be read any
  // more.
  static constexpr const char* golden[]
    = {R"({"k":3,"v":1,"t":1,"n":2})",
       R"({"k":4,"v":1,"t":1,"set":{"k":"v"},"wake":9,"for":"why","call":true,"stop":true})",
       R"({"k":5,"v":1,"t":1,"n":1,"s":4,"set":{"k":1},"code":400,"msg":"no"})",
       R"({"k":6,"v":1,"t":1,"n":1,"s":6,"set":{"k":1},"code":401,"msg":"no","due":10})",
       R"({"k":7,"v":1,"t":1,"due":11,"code":407,"msg":"gone"})",
       R"({"k":8,"v":1,"t":1,"a":2,"n":3,"name":"name","value":{"deep":null}})",
       R"({"k":9,"v":1,"t":1,"until":12})",
       R"({"k":10,"v":1,"by":"me","why":"because","until":13,"force":true})",
       R"({"k":11,"v":1,"s":4,"code":414,"msg":"no"})"};
  auto all = one_of_each();
  for (std::size_t i = 0; i < std::size(golden); ++i)
    REQUIRE(text_of(all[i + 2]) == golden[i]);
}

TEST_CASE("an unknown kind, version or shape is a fault, not a crash", "[workflow]") {
  for (const char* bad :
       {R"({"k":99,"v":1})", R"({"k":3,"v":2,"t":0,"n":1})", R"({"k":"x","v":1})", R"({"v":1})",
        R"({"k":3,"v":1})", R"({"k":3,"v":1,"t":"zero"})", R"([])", R"(7)"}) {
    INFO(bad);
    auto r = decode(json::parse(bad));
    REQUIRE(!r);
    REQUIRE(r.error().code == fault::workflow_unreadable);
  }
  REQUIRE(!decode_row("{"));
  REQUIRE(!decode_row(R"({"k":1})"));
}
