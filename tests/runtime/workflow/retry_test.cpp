// Retries by class of error, their budgets, and what stopping a task means: on decide() alone.
#include "tests/runtime/workflow/stage.hpp"

using namespace o3;
using namespace o3::workflow;
using namespace o3::workflow::testing::builtin;

namespace {

using std::chrono::seconds;

json rule(json on, std::uint32_t times, double delay_s = 0, json more = json::object()) {
  json r = {{"on", std::move(on)}, {"times", times}, {"delay_s", delay_s}};
  r.update(more);
  return r;
}
json ends_as(const std::string& code, json more = json::object()) {
  json in = {{"code", code}};
  in.update(more);
  return in;
}
json with_rules(json rules, json more = json::object()) {
  json t = {{"retry", std::move(rules)}};
  t.update(more);
  return t;
}
void run_out(stage& w) {
  for (int i = 0; i < 50 && w["f"].state == task_state::waiting; ++i)
    w.pass(*w["f"].wake_at - w.now);
}

} // namespace

TEST_CASE("a rule takes the classes of errors it names and no others", "[workflow][retry]") {
  const auto attempts = [](const json& on, const std::string& code) {
    stage w{{task("f", "fail", ends_as(code), with_rules({rule(on, 2)}))}};
    run_out(w);
    CHECK(w["f"].state == task_state::failed);
    CHECK(w["f"].attempt == w["f"].tries());
    return w["f"].attempt;
  };
  CHECK(attempts({"transient"}, "target_unreachable") == 3);
  CHECK(attempts({"transient"}, "infrastructure_failed") == 3);
  CHECK(attempts({"transient"}, "too_many_requests") == 3);
  CHECK(attempts({"transient"}, "task_failed") == 1);
  CHECK(attempts({"transient"}, "target_refused") == 1);
  CHECK(attempts({"target_refused"}, "target_refused") == 3);
  CHECK(attempts({"target_refused"}, "task_failed") == 1);
  CHECK(attempts({"failed"}, "target_unreachable") == 3);
  CHECK(attempts({"timeout"}, "target_unreachable") == 1);
  // Whether it ran is not known: only a rule that says so tries it again.
  CHECK(attempts({"failed", "transient"}, "outcome_lost") == 1);
  CHECK(attempts({"outcome_lost"}, "outcome_lost") == 3);
}

TEST_CASE("what no attempt can better is never tried again", "[workflow][retry]") {
  const json all = {rule({"failed", "exception", "timeout"}, 5)};
  stage reads{
    {task("a", "noop", json::object()),
     task("f", "noop", {{"runtime_delay", "${a.output.rand_no.deep}"}}, with_rules(all))}};
  CHECK(reads["f"].code == fault::output_missing);
  CHECK(reads["f"].attempt == 1);
  stage small{{task("f", "noop", {{"runtime_delay", 1}}, with_rules(all))}};
  small.lim.workflow_output_bytes = 0;
  small.pass(seconds{1});
  CHECK(small["f"].code == fault::output_too_large);
  CHECK(small["f"].attempt == 1);
}

TEST_CASE("each rule counts for itself, attempts_max counts all", "[workflow][retry]") {
  const json modes = {{"mode", "timeout"}};
  const json rules = {rule({"timeout"}, 1), rule({"failed"}, 2)};
  stage w{{task("f", "worker.noop", {{"runtime_delay", 1}}, with_rules(rules))}};
  const auto end = [&](task_state state, fault code) {
    w.tell(call_ended{0, w["f"].attempt, {state, code, "no"}, {}, {}});
    if (w["f"].state == task_state::waiting)
      w.pass(seconds{1});
  };
  end(task_state::failed, fault::task_failed);
  end(task_state::timeout, fault::task_timeout);
  end(task_state::failed, fault::task_failed);
  REQUIRE(w["f"].attempt == 4);
  CHECK(w["f"].retried == std::vector<std::uint32_t>{1, 2});
  SECTION("the first is used up") {
    end(task_state::timeout, fault::task_timeout);
    CHECK(w["f"].state == task_state::timeout);
  }
  SECTION("the second is used up") {
    end(task_state::failed, fault::task_failed);
    CHECK(w["f"].state == task_state::failed);
  }
  SECTION("a budget over all rules") {
    stage b{{task("f", "fail", modes, with_rules({rule({"timeout"}, 9)}, {{"attempts_max", 3}}))}};
    run_out(b);
    CHECK(b["f"].attempt == 3);
    CHECK(b["f"].state == task_state::timeout);
    CHECK(attempts_allowed(b.s, 0) == 3);
  }
  SECTION("the node's bound is above all") {
    stage b{{task("f", "fail", json::object(), with_rules({rule({"failed"}, 9)}))}};
    b.lim.attempts = 2;
    run_out(b);
    CHECK(b["f"].attempt == 2);
  }
}

TEST_CASE("times 0 ends what would be tried again", "[workflow][retry]") {
  stage w{{task("f", "fail", ends_as("target_unreachable"),
                with_rules({rule({"target_unreachable"}, 0), rule({"failed"}, 5)}))}};
  CHECK(w["f"].attempt == 1);
  CHECK(w["f"].state == task_state::failed);
}

TEST_CASE("pauses grow by factor to delay_max, less at most jitter", "[workflow][retry]") {
  const auto pauses = [](double jitter, std::uint64_t seed) {
    stage w{{task("f", "fail", {{"delay", 1}},
                  with_rules({rule({"failed"}, 5, 10,
                                   {{"factor", 3}, {"delay_max_s", 60}, {"jitter", jitter}})}))}};
    w.seed += seed;
    std::vector<std::int64_t> out;
    for (w.pass(seconds{1}); w["f"].state == task_state::waiting; w.pass(seconds{1})) {
      out.push_back((*w["f"].wake_at - w.now).count());
      w.pass(*w["f"].wake_at - w.now);
    }
    return out;
  };
  CHECK(pauses(0, 0) == std::vector<std::int64_t>{10'000, 30'000, 60'000, 60'000, 60'000});
  const auto a = pauses(0.2, 1), again = pauses(0.2, 1), b = pauses(0.2, 2);
  CHECK(a == again); // all of it comes from the seed
  CHECK(a != b);
  const std::vector<std::int64_t> full{10'000, 30'000, 60'000, 60'000, 60'000};
  REQUIRE(a.size() == full.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i] <= full[i]);
    CHECK(a[i] >= full[i] * 8 / 10);
  }
}

TEST_CASE("no retry begins after total_timeout_s", "[workflow][retry]") {
  stage w{{task("f", "fail", json::object(),
                with_rules({rule({"failed"}, 9, 10, {{"factor", 1}, {"jitter", 0}})},
                           {{"total_timeout_s", 25}}))}};
  run_out(w);
  CHECK(w["f"].attempt == 3);
  CHECK(w["f"].state == task_state::failed); // it keeps the end of its last attempt
}

TEST_CASE("a rerun has its budget anew and goes on counting attempts", "[workflow][retry]") {
  stage w{{task("f", "fail", {{"tries", 9}}, with_rules({rule({"failed"}, 1)}))}};
  run_out(w);
  REQUIRE(w["f"].attempt == 2);
  w.rerun();
  run_out(w);
  CHECK(w["f"].attempt == 4);
  std::string shown;
  json_writer out{shown};
  write_task(out, w.s, 0);
  const auto doc = json::parse(shown);
  CHECK(doc["attempt"] == 4);
  CHECK(doc["attempts_max"] == 4);
}

TEST_CASE("a lost worker's task that may have done something is not repeated",
          "[workflow][retry]") {
  const auto after_loss = [](delivery_class delivery, json more) {
    stage w{{task("f", "worker.noop", {{"runtime_delay", 10}}, std::move(more))}};
    auto cls = std::make_shared<task_class>(*w.s.graph->tasks[0].cls);
    cls->delivery = delivery;
    auto graph = std::make_shared<plan>(*w.graph);
    graph->tasks[0].cls = cls;
    w.graph = w.s.graph = graph;
    w.tell(call_lost{0, 1, "signal 9"});
    return w["f"].state;
  };
  const json named = with_rules({rule({"worker_lost"}, 3, 10)});
  json ambiguous = named;
  ambiguous["on_ambiguous"] = "retry";
  CHECK(after_loss(delivery_class::local, json::object()) == task_state::waiting);
  CHECK(after_loss(delivery_class::idempotent, json::object()) == task_state::waiting);
  for (auto d : {delivery_class::deduplicated, delivery_class::searched, delivery_class::bare}) {
    CHECK(after_loss(d, json::object()) == task_state::exception);
    CHECK(after_loss(d, named) == task_state::exception);
    CHECK(after_loss(d, ambiguous) == task_state::waiting);
  }
}

TEST_CASE("a silent worker is stopped and its attempt ends", "[workflow][retry]") {
  stage w{{task("f", "worker.noop", {{"runtime_delay", 100}}, {{"heartbeat_s", 5}})}};
  w.tell(fell_silent{0, 2, ""});
  REQUIRE(w["f"].state == task_state::running); // of another attempt
  w.tell(fell_silent{0, 1, "said 'half way' last"});
  CHECK(w.count<stop_worker>() == 1);
  CHECK(w["f"].state == task_state::waiting); // its class is local: harmless to repeat
  CHECK(w["f"].code == fault::heartbeat_lost);
  CHECK(w["f"].message.find("half way") != std::string::npos);
  w.tell(fell_silent{0, 1, ""});
  CHECK(w["f"].retried.back() == 1); // once per silence
  for (std::uint32_t attempt = 2; attempt <= 3; ++attempt) {
    w.pass(seconds{1});
    REQUIRE(w["f"].attempt == attempt);
    w.tell(fell_silent{0, attempt, ""});
  }
  CHECK(w["f"].state == task_state::timeout);
  CHECK(w["f"].code == fault::heartbeat_lost);
}

TEST_CASE("nobody's silence counts where no heartbeat was asked for", "[workflow][retry]") {
  stage w{{task("f", "worker.noop", {{"runtime_delay", 100}})}};
  w.tell(fell_silent{0, 1, ""});
  CHECK(w["f"].state == task_state::running);
}

TEST_CASE("all tasks that the workflow's time stops end the same way", "[workflow][retry]") {
  stage w{{task("plain", "noop", {{"runtime_delay", 100}}),
           task("worker", "worker.noop", {{"runtime_delay", 100}}),
           task("loop", "noop", {{"runtime_delay", 100}}, {{"for_each", {1, 2}}}),
           task("child", "workflow", {{"template", "t"}}),
           task("again", "fail", json::object(), with_rules({rule({"failed"}, 1, 1000)})),
           task("later", "noop", json::object(), {{"depends_on", {"plain"}}})},
          {{"timeout_s", 5}, {"cancel_deadline_s", 30}}};
  child_news began;
  began.task = 3;
  began.attempt = 1;
  w.tell(began);
  w.pass(seconds{5});
  CHECK(w["plain"].state == task_state::timeout);
  CHECK(w["loop[0]"].state == task_state::timeout);
  CHECK(w["loop"].state == task_state::timeout);
  CHECK(w["again"].state == task_state::failed); // it waited: its last end is its end
  w.tell(call_ended{1, 1, {task_state::canceled, fault::canceled, "stopped"}, {}, {}});
  CHECK(w["worker"].state == task_state::timeout);
  auto over = began;
  over.what = child_news::kind::ended;
  over.state = workflow_state::canceled;
  w.tell(over);
  CHECK(w["child"].state == task_state::timeout);
  for (const auto* ref : {"plain", "worker", "loop", "loop[1]", "child"})
    CHECK(w[ref].code == fault::workflow_timeout);
  CHECK(w["later"].state == task_state::skipped);
  CHECK(w.s.status == workflow_state::failed);
  CHECK(w.s.code == fault::workflow_timeout);
}

TEST_CASE("one that does not stop in the workflow's time is said to run on", "[workflow][retry]") {
  stage w{{task("f", "worker.noop", {{"runtime_delay", 100}})},
          {{"timeout_s", 5}, {"cancel_deadline_s", 30}}};
  w.pass(seconds{5});
  REQUIRE(w["f"].state == task_state::running);
  CHECK(why_task(w.s, 0).front().code == "workflow_timeout");
  w.pass(seconds{30});
  CHECK(w["f"].state == task_state::timeout);
  CHECK(w["f"].code == fault::workflow_timeout);
  CHECK(w["f"].message.find("may still run") != std::string::npos);
}

TEST_CASE("a forced cancel says that it was forced", "[workflow][retry]") {
  stage w{{task("f", "worker.noop", {{"runtime_delay", 100}})}};
  w.tell(cancel_asked{"me", "", true});
  CHECK(w["f"].state == task_state::canceled);
  CHECK(w["f"].message.find("forced") != std::string::npos);
  CHECK(w["f"].message.find("deadline") == std::string::npos);
  CHECK(w["f"].message.find("may still run") != std::string::npos);
}

TEST_CASE("why says which retry it waits for and what bounds it", "[workflow][retry]") {
  stage w{{task(
    "f", "fail", ends_as("target_unreachable"),
    with_rules({rule({"transient"}, 3, 10)}, {{"attempts_max", 9}, {"total_timeout_s", 60}}))}};
  const auto causes = why_task(w.s, 0);
  REQUIRE(causes.size() == 1);
  CHECK(causes[0].code == "retry");
  CHECK(causes[0].until == w["f"].wake_at);
  CHECK(causes[0].text.find("retry 1 of 3") != std::string::npos);
  CHECK(causes[0].details["code"] == "target_unreachable");
  CHECK(causes[0].details["retry"] == 1);
  CHECK(causes[0].details["retries_max"] == 3);
  CHECK(causes[0].details["attempts_max"] == 9);
}

TEST_CASE("a journal of before rules were recorded counts the same", "[workflow][retry]") {
  stage w{{task("f", "fail", json::object(), with_rules({rule({"failed"}, 2)}))}};
  auto rows = w.rows;
  for (auto& row : rows) {
    auto records = json::parse(row.records);
    for (auto& r : records)
      r.erase("rule");
    row.records = records.dump();
  }
  const auto old = fold(w.graph, rows);
  REQUIRE(old);
  CHECK(old->at(0).retried == w["f"].retried);
  CHECK(w["f"].retried == std::vector<std::uint32_t>{1});
}
