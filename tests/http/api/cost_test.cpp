// What a submission costs: counted, not timed, so that a busy machine cannot make it fail.
#include "http/api/reply.hpp"
#include "tests/http/api/counting_new.hpp"
#include "tests/http/api/fakes.hpp"

#include <chrono>

using namespace o3;
using namespace o3::api;

namespace {

std::string big_body() {
  json tasks = json::object();
  for (int n = 0; n < 2000; ++n)
    tasks["task_number_" + std::to_string(n)] = {{"vars", {{"input", {{"delay", n}}}}}};
  return json{{"tasks", tasks}}.dump();
}

} // namespace

TEST_CASE("submit does not copy the document it parsed", "[http][api][cost]") {
  stage s;
  const auto body = big_body();
  auto before = allocations_so_far();
  const auto parsed = parse_json(body, limits{});
  const auto parse_alone = allocations_so_far() - before;
  REQUIRE(parsed);
  REQUIRE(parse_alone > 10'000);
  before = allocations_so_far();
  s.post_json("/api/v1/workflow/submit/", body);
  const auto whole_call = allocations_so_far() - before;
  CHECK(whole_call < parse_alone + 100);
  CHECK(*s.engine.submitted.body == *parsed);
}

TEST_CASE("the port's body becomes the response's without a copy", "[http][api][cost]") {
  stage s;
  s.says.next.kind = engine::answer::how::accepted;
  s.says.next.body = std::string(5000, ' ');
  const auto* data = s.says.next.body.data();
  const auto r = s.post_json("/api/v1/workflow/submit/", "{}");
  CHECK(r.body.data() == data);
}

TEST_CASE("building a response takes under 2 us", "[.][bench]") {
  constexpr int rounds = 200'000;
  std::size_t bytes = 0;
  std::vector<engine::answer> answers(rounds);
  for (auto& a : answers) {
    a.kind = engine::answer::how::accepted;
    a.body.assign(300, 'x');
    a.location = "/api/v1/workflow/" + some_id + "/";
  }
  const auto start = std::chrono::steady_clock::now();
  for (auto& a : answers)
    bytes += to_response(std::move(a), "/api/v1/workflow/submit/").body.size();
  const auto spent
    = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  WARN("to_response: " << spent / rounds << " us");
  CHECK(bytes == std::size_t{300} * rounds);

  stage s;
  const auto call_start = std::chrono::steady_clock::now();
  constexpr int calls = 20'000;
  const std::string body
    = R"({"schema_version":2,"workflow":{"meta":{"ref":"x","template":"noop_template_run"},"vars":{"global":{"input":{"global_delay":0}}},"schedule":{"when":"now"}},"tasks":{"noop_01":{"vars":{"input":{"delay":0}}}}})";
  for (int n = 0; n < calls; ++n)
    s.post_json("/api/v1/workflow/submit/", body);
  const auto call_spent
    = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - call_start)
        .count();
  WARN("submit through the router, "
       << body.size() << " bytes, engine answering at once: " << call_spent / calls << " us");
}
