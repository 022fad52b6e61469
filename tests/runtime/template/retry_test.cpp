// Rules for further attempts as they are written, and what is refused.
#include "runtime/template/report.hpp"
#include "runtime/template/template.hpp"
#include "tests/harness/catch.hpp"

using namespace o3;

namespace {

findings of_task(const json& more, template_doc* read = nullptr) {
  json t = {{"ref_name", "a"}, {"class", "noop"}, {"input", json::object()}};
  t.update(more);
  findings found;
  auto doc = parse_template(
    {{"ref_name", "x"}, {"name", "x"}, {"schema_version", 2}, {"tasks", {t}}}, limits{}, found);
  if (read)
    *read = std::move(doc);
  return found;
}

void refused(const json& more, const std::string& pointer, fault code = fault::bad_value) {
  const auto found = of_task(more);
  INFO(more.dump());
  REQUIRE(found.errors.size() == 1);
  CHECK(found.errors[0].code == code);
  CHECK(found.errors[0].pointer == "/tasks/0" + pointer);
}

json one(json rule) {
  if (!rule.contains("times"))
    rule["times"] = 1;
  return {{"retry", {std::move(rule)}}};
}

} // namespace

TEST_CASE("words of a rule are states, codes and transient", "[template][retry]") {
  template_doc doc;
  REQUIRE(of_task({{"attempts_max", 7},
                   {"heartbeat_s", 2.5},
                   {"retry",
                    {{{"on", {"timeout", "target_refused"}}, {"times", 2}, {"jitter", 0}},
                     {{"on", {"transient"}}, {"times", 5}}}}},
                  &doc)
            .ok());
  const auto& task = doc.tasks[0];
  CHECK(task.attempts_max == 7U);
  CHECK(task.heartbeat == millis{2500});
  CHECK(find_rule(task.retry, task_state::timeout, fault::task_timeout) == 0U);
  CHECK(find_rule(task.retry, task_state::failed, fault::target_refused) == 0U);
  CHECK(find_rule(task.retry, task_state::failed, fault::target_unreachable) == 1U);
  CHECK(find_rule(task.retry, task_state::exception, fault::worker_lost) == 1U);
  CHECK(!find_rule(task.retry, task_state::failed, fault::task_failed));
  // What is written is read back as the same rule.
  for (const auto& r : task.retry) {
    findings found;
    reporter out{found, limits{}};
    const auto again = read_retry_rules(json::array({to_json(r)}), place{}, "x", limits{}, out);
    REQUIRE(again.size() == 1);
    CHECK(to_json(again[0]) == to_json(r));
  }
}

TEST_CASE("nonsense in rules and times is refused with its place", "[template][retry]") {
  refused(one({{"on", {"failure"}}}), "/retry/0/on/0");
  refused(one({{"on", {"failed", "canceled"}}}), "/retry/0/on/1");
  refused(one({{"on", {"prompts_ignored"}}}), "/retry/0/on/0");
  refused(one({{"on", {"successful"}}}), "/retry/0/on/0");
  refused(one({{"on", {3}}}), "/retry/0/on/0", fault::wrong_type);
  refused(one({{"on", json::array()}}), "/retry/0/on");
  refused(one({{"times", -1}}), "/retry/0/times");
  refused(one({{"times", 101}}), "/retry/0/times");
  refused(one({{"delay_s", -1}}), "/retry/0/delay_s");
  refused(one({{"delay_s", 60}, {"delay_max_s", 30}}), "/retry/0/delay_max_s");
  refused(one({{"factor", 0.5}}), "/retry/0/factor");
  refused(one({{"factor", 101}}), "/retry/0/factor");
  refused(one({{"jitter", 1.5}}), "/retry/0/jitter");
  refused(one({{"jitter", -0.1}}), "/retry/0/jitter");
  refused(one({{"tries", 3}}), "/retry/0/tries", fault::unknown_key);
  refused({{"attempts_max", 0}}, "/attempts_max");
  refused({{"attempts_max", 101}}, "/attempts_max");
  refused({{"timeout_s", 0}}, "/timeout_s");
  refused({{"heartbeat_s", -5}}, "/heartbeat_s");
  refused({{"heartbeat_s", 0}}, "/heartbeat_s");
  refused({{"total_timeout_s", 0}}, "/total_timeout_s");
}

TEST_CASE("a name that is nearly one is hinted at", "[template][retry]") {
  const auto found = of_task(one({{"on", {"target_unreachble"}}}));
  REQUIRE(found.errors.size() == 1);
  CHECK(found.errors[0].hint.find("target_unreachable") != std::string::npos);
}

TEST_CASE("what can never apply is a warning", "[template][retry]") {
  const auto warned = [](const json& more, const std::string& pointer) {
    const auto found = of_task(more);
    INFO(more.dump());
    CHECK(found.ok());
    REQUIRE(found.warnings.size() == 1);
    CHECK(found.warnings[0].pointer == "/tasks/0" + pointer);
    CHECK(!found.warnings[0].hint.empty());
  };
  warned({{"retry", {{{"times", 1}}, {{"on", {"failed"}}, {"times", 2}}}}}, "/retry/1");
  warned({{"attempts_max", 1}, {"retry", {{{"times", 1}}}}}, "/attempts_max");
  warned({{"timeout_s", 20}, {"total_timeout_s", 10}}, "/timeout_s");
  warned({{"heartbeat_s", 20}, {"timeout_s", 10}}, "/heartbeat_s");
}

TEST_CASE("a document that was accepted once is read again", "[template][retry]") {
  limits lim;
  lim.stored = true;
  findings found;
  const json t = {{"ref_name", "a"},
                  {"class", "noop"},
                  {"timeout_s", 0},
                  {"retry", {{{"times", 1}, {"delay_s", 60}, {"delay_max_s", 30}}}}};
  static_cast<void>(parse_template(
    {{"ref_name", "x"}, {"name", "x"}, {"schema_version", 2}, {"tasks", {t}}}, lim, found));
  CHECK(found.ok());
}

TEST_CASE("a pause is within its bounds whatever the random bits", "[template][retry]") {
  retry_rule r;
  r.delay = millis{100};
  r.factor = 10;
  r.delay_max = millis{5000};
  r.jitter = 0.25;
  for (std::uint64_t bits : {0ULL, ~0ULL, 0x8000'0000'0000'0000ULL, 12345ULL})
    for (std::uint32_t k = 1; k <= 1000; k = k * 2 + 1) {
      const auto full = std::min<std::int64_t>(5000, k == 1 ? 100 : k <= 2 ? 1000 : 5000);
      const auto pause = retry_pause(r, k, bits).count();
      CHECK(pause <= full);
      CHECK(pause >= full * 3 / 4);
    }
}
