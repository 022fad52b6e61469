// What an operator reads is complete, one line stays one line, and every phase has words.
#include "runtime/launch/evidence.hpp"
#include "tests/runtime/launch/fixtures.hpp"

#include <set>

using namespace o3;
using namespace o3::launch;
using namespace o3::launch::testing;

TEST_CASE("every phase and reason is told in one line of its own", "[launch]") {
  std::set<std::string> lines;
  for (std::size_t i = 0; i < phase_count; ++i) {
    auto s = state_of(static_cast<phase>(i), target_class::searched);
    s.note.message = "first\nsecond\x1b[2J";
    auto line = why(s);
    INFO(line);
    REQUIRE(!line.empty());
    REQUIRE(line.find('\n') == std::string::npos);
    REQUIRE(line.find('\x1b') == std::string::npos);
    lines.insert(line);
  }
  REQUIRE(lines.size() == phase_count);
}

TEST_CASE("a parked launch shows intent, marker, what was searched, what was found, the verbs",
          "[launch]") {
  auto s = state_of(phase::parked, target_class::searched);
  s.at.searches = 9;
  s.at.clean = 2;
  s.at.blind = 3;
  s.outcome.relaunches = {"77"};
  auto e = evidence(s);
  REQUIRE(e["launch_id"] == s.plan.launch_id.hex());
  REQUIRE(e["marker"] == marker_text(s));
  REQUIRE(e["request_sha256"] == std::string(64, 'a'));
  REQUIRE(e["intended_at"] == to_rfc3339(w0));
  REQUIRE(e["sent"]["count"] == 1);
  REQUIRE(e["sent"]["last_at"] == to_rfc3339(w0));
  REQUIRE(e["witness"]["newest_job"] == "500");
  REQUIRE(e["witness"]["identity"] == "robot");
  REQUIRE(e["searched"]["count"] == 9);
  REQUIRE(e["searched"]["clean"] == 2);
  REQUIRE(e["searched"]["blind"] == 3);
  REQUIRE(e["searched"]["relaunches"] == json{"77"});
  REQUIRE(e["reason"] == "undecidable");
  REQUIRE(e["last_error"] == "cannot be told");
  REQUIRE(e["in_doubt"] == true);
  REQUIRE(e["verbs"] == json{"adopt", "declare-absent", "give-up"});
}

TEST_CASE("verbs are offered exactly where they do something", "[launch]") {
  for (std::size_t i = 0; i < phase_count; ++i)
    for (auto cls : all_classes) {
      auto s = state_of(static_cast<phase>(i), cls);
      auto verbs = evidence(s)["verbs"];
      auto offered = [&verbs](const char* v) {
        return std::find(verbs.begin(), verbs.end(), v) != verbs.end();
      };
      auto works = [&s](const event& e) { return next(s, e, at(t0)).change.has_value(); };
      INFO(to_string(s.at.phase));
      REQUIRE(offered("adopt") == works(adopt{"9", "ann"}));
      REQUIRE(offered("declare-absent") == works(declare_absent{"ann"}));
      REQUIRE(offered("give-up") == works(give_up{"ann"}));
    }
}
