// Approvals, on decide() alone: who may, twice, late, on other evidence; what starts only on what
// was approved.
#include "tests/runtime/workflow/people_stage.hpp"

using namespace o3;
using namespace o3::workflow;
using namespace o3::workflow::testing::builtin;

namespace {

using std::chrono::seconds;
const json instant = json::object();

const json planned = task("plan", "noop", instant);
json apply_task(json more = json::object()) {
  more["approved_by"] = {{"task", "ok"}, {"evidence", "${plan.output.rand_no}"}};
  return task("apply", "noop", instant, more);
}
const json on_plan = {{"users", {"alice", "bob"}}, {"evidence", "${plan.output.rand_no}"}};
json with(json base, const json& more) {
  base.update(more);
  return base;
}

} // namespace

TEST_CASE("an approval holds nothing while it waits, and what it was for starts on it",
          "[workflow][people]") {
  people w{{planned, approval(on_plan), apply_task()}};
  REQUIRE(w.states() == "plan=successful ok=running apply=created");
  CHECK_FALSE(in_hand(w.s));
  CHECK_FALSE(next_due(w.s));
  CHECK(open_effects(w.s).empty());
  CHECK(w["ok"].attributes["evidence"] == w["plan"].attributes["rand_no"]);
  CHECK(w["ok"].attributes["evidence_hash"]
        == to_hex(sha256(canonical(w["plan"].attributes["rand_no"]))));
  w.pass(seconds{86'400 * 365});
  REQUIRE(w["ok"].state == task_state::running);
  CHECK(w.decide_as("alice", with(w.yes(), {{"comment", "fine"}})) == "");
  CHECK(w.states() == "plan=successful ok=successful apply=successful");
  const auto& out = w["ok"].attributes;
  CHECK(out["decision"] == "approved");
  CHECK(out["decided_by"] == json({"alice"}));
  REQUIRE(out["decisions"].size() == 1);
  CHECK(out["decisions"][0]["by"] == "alice");
  CHECK(out["decisions"][0]["at"] == to_rfc3339(w.now));
  CHECK(out["decisions"][0]["comment"] == "fine");
  CHECK(out["decisions"][0]["evidence_hash"] == out["evidence_hash"]);
  CHECK(out["comments"] == json::parse(R"([{"by": "alice", "comment": "fine"}])"));
}

TEST_CASE("one rejection rejects", "[workflow][people]") {
  people w{{planned, approval(with(on_plan, {{"quorum", 2}})), apply_task()}};
  CHECK(w.decide_as("bob", w.yes()) == "");
  CHECK(w.decide_as("alice", with(w.no(), {{"comment", "too big"}})) == "");
  CHECK(w["ok"].state == task_state::failed);
  CHECK(w["ok"].code == fault::rejected);
  CHECK(w["ok"].message == "rejected by alice: too big");
  CHECK(w["ok"].attributes["decision"] == "rejected");
  CHECK(w["ok"].attributes["decisions"].size() == 2);
  CHECK(w["apply"].state == task_state::skipped);
  CHECK(w.s.status == workflow_state::failed);
}

TEST_CASE("who may not decide is refused, and nothing is recorded", "[workflow][people]") {
  people w{{planned, approval(with(on_plan, {{"quorum", 2}, {"roles", {"ops"}}})), apply_task()}};
  const auto before = w.rows.size();
  SECTION("neither named nor of a role") {
    CHECK(w.decide_as("eve", w.yes()) == "forbidden");
  }
  SECTION("of another role") {
    CHECK(w.decide_as("eve", w.yes(), "ok", {"dev"}) == "forbidden");
  }
  SECTION("whoever asked for it") {
    CHECK(w.decide_as("asker", w.yes(), "ok", {"ops"}) == "forbidden");
    CHECK(w.last[0].message.find("four_eyes") != std::string::npos);
  }
  SECTION("other evidence") {
    CHECK(w.decide_as("alice", with(w.yes(), {{"evidence_hash", "00"}})) == "evidence_changed");
  }
  SECTION("no evidence") {
    CHECK(w.decide_as("alice", {{"decision", "approve"}}) == "missing_key");
    CHECK(w.last[0].pointer == "/evidence_hash");
  }
  SECTION("no decision at all") {
    CHECK(w.decide_as("alice", {{"decision", "maybe"}, {"x", 1}}) == "unknown_key");
    CHECK(w.last.size() == 2);
    CHECK(w.decide_as("alice", json::array()) == "wrong_type");
    CHECK(w.decide_as("alice", with(w.yes(), {{"comment", 7}})) == "wrong_type");
    CHECK(w.decide_as("alice", with(w.yes(), {{"comment", std::string(5000, 'x')}}))
          == "too_large");
  }
  SECTION("a body that is too large") {
    w.lim.signal_bytes = 100;
    CHECK(w.decide_as("alice", with(w.yes(), {{"comment", std::string(90, 'x')}})) == "too_large");
  }
  SECTION("a form where there is none") {
    CHECK(w.decide_as("alice", with(w.yes(), {{"form", {{"x", 1}}}})) == "bad_value");
  }
  SECTION("a task that asks for no decision") {
    CHECK(w.decide_as("alice", w.yes(), "plan") == "conflict");
    CHECK(w.decide_as("alice", w.yes(), "apply") == "conflict");
  }
  CHECK(w.rows.size() == before);
  CHECK(w["ok"].attributes["decisions"].empty());
  // One of a role and one by name are two.
  w.lim = {};
  CHECK(w.decide_as("dave", w.yes(), "ok", {"dev", "ops"}) == "");
  CHECK(w.shown("ok")["asks"]["missing"] == 1);
  CHECK(w.decide_as("alice", w.yes()) == "");
  CHECK(w["apply"].state == task_state::successful);
}

TEST_CASE("nobody decides twice, nobody after the end", "[workflow][people]") {
  people w{{planned, approval(with(on_plan, {{"quorum", 2}}))}};
  CHECK(w.decide_as("alice", w.yes()) == "");
  const auto rows = w.rows.size();
  CHECK(w.decide_as("alice", w.yes()) == "already_decided");
  CHECK(w.decide_as("alice", w.no()) == "already_decided");
  CHECK(w.rows.size() == rows);
  CHECK(w.decide_as("bob", w.yes()) == "");
  CHECK(w.decide_as("bob", w.yes()) == "workflow_ended");
  people more{{planned, approval(on_plan), task("z", "noop", {{"runtime_delay", 10}})}};
  CHECK(more.decide_as("alice", more.yes()) == "");
  CHECK(more.decide_as("bob", more.yes()) == "task_ended");
}

TEST_CASE("whoever changed the inputs asked for the workflow as well", "[workflow][people]") {
  people w{{approval({{"roles", {"ops"}}})}};
  w.write(revised{2, "carol", "", "", w.s.inputs, {}});
  CHECK(w.decide_as("carol", w.yes(), "ok", {"ops"}) == "forbidden");
  CHECK(w.decide_as("dave", w.yes(), "ok", {"ops"}) == "");
}

TEST_CASE("four eyes can be waived", "[workflow][people]") {
  people w{{approval({{"users", {"asker"}}, {"four_eyes", false}})}};
  CHECK(w.decide_as("asker", w.yes()) == "");
  people never{{approval({{"users", {"asker"}}})}};
  CHECK(never["ok"].code == fault::input_invalid);
}

TEST_CASE("a quorum that cannot be reached fails at once", "[workflow][people]") {
  people three{{planned, approval(with(on_plan, {{"quorum", 3}}))}};
  CHECK(three["ok"].code == fault::input_invalid);
  people late{{approval({{"on_timeout", "approve"}})}};
  CHECK(late["ok"].code == fault::input_invalid);
  people form{{approval({{"form", {{"type", "nonsense"}}}})}};
  CHECK(form["ok"].code == fault::input_invalid);
}

TEST_CASE("an approval runs out of time as it says", "[workflow][people]") {
  const auto waiting = [](const char* word) {
    return people{
      {planned, approval(with(on_plan, {{"expires_s", 60}, {"on_timeout", word}})), apply_task()}};
  };
  SECTION("nobody decided: rejected") {
    auto w = waiting("reject");
    REQUIRE(next_due(w.s) == w.now + seconds{60});
    w.pass(seconds{60});
    CHECK(w["ok"].code == fault::decision_timeout);
    CHECK(w["apply"].state == task_state::skipped);
  }
  SECTION("nobody decided: approved") {
    auto w = waiting("approve");
    w.pass(seconds{60});
    CHECK(w["ok"].attributes["decision"] == "approved");
    CHECK(w["ok"].attributes["decided_by"].empty());
    CHECK(w["apply"].state == task_state::successful);
  }
  SECTION("a decision that comes with the end of the time is late") {
    auto w = waiting("reject");
    const auto yes = w.yes();
    w.now += seconds{60};
    CHECK(w.decide_as("alice", yes) == "task_ended");
    CHECK(w["ok"].code == fault::decision_timeout);
  }
  SECTION("the task's own time limit") {
    people w{{planned, approval(on_plan, {{"timeout_s", 60}})}};
    const auto yes = w.yes();
    w.now += seconds{60};
    CHECK(w.decide_as("alice", yes) == "task_ended");
    CHECK(w["ok"].state == task_state::timeout);
  }
}

TEST_CASE("a form is filled in as its schema says", "[workflow][people]") {
  const json form
    = {{"type", "object"},
       {"required", {"window", "password"}},
       {"properties",
        {{"window", {{"type", "integer"}, {"minimum", 1}}}, {"password", {{"type", "string"}}}}}};
  people w{{approval({{"form", form}, {"quorum", 2}}),
            task("r", "noop", {{"x", "${ok.output.form.password}"}})}};
  REQUIRE(w["ok"].state == task_state::running);
  CHECK(w.shown("ok")["asks"]["form"] == form);
  CHECK(w.decide_as("alice", {{"decision", "approve"}}) != "");
  CHECK(w.decide_as("alice", {{"decision", "approve"}, {"form", {{"window", 0}, {"password", 1}}}})
        != "");
  CHECK(w.last.size() >= 2);
  for (const auto& e : w.last)
    CHECK(e.pointer.starts_with("/form"));
  const json body = {{"decision", "approve"}, {"form", {{"window", 2}, {"password", "hunter22"}}}};
  CHECK(w.decide_as("alice", body) == "");
  CHECK(w.decide_as("bob", body) == "");
  CHECK(w["ok"].attributes["form"]["window"] == 2);
  for (const auto& row : w.rows)
    CHECK(row.records.find("hunter22") == std::string::npos);
  CHECK(worker_inputs(w.s, w.number("r"), w.seal, w.lim)->at("x") == "hunter22");
  // Whoever refuses fills in nothing.
  people refused{{approval({{"form", form}})}};
  CHECK(refused.decide_as("alice", {{"decision", "reject"}}) == "");
}

TEST_CASE("secrets in evidence are shown to nobody and still bind", "[workflow][people]") {
  const json tasks = {approval({{"evidence",
                                 {{"key", "${workflow.input.api_token}"},
                                  {"text", "uses ${workflow.input.api_token}"},
                                  {"n", 1}}}}),
                      task("apply", "noop", instant,
                           {{"approved_by",
                             {{"task", "ok"},
                              {"evidence",
                               {{"key", "${workflow.input.api_token}"},
                                {"text", "uses ${workflow.input.api_token}"},
                                {"n", 1}}}}}})};
  people w{tasks, {}, {{"api_token", "abcdefgh"}}};
  const auto doc = w.shown("ok");
  CHECK(doc["outputs"]["evidence"] == json({{"key", "***"}, {"text", "***"}, {"n", 1}}));
  for (const auto& row : w.rows)
    CHECK(row.records.find("abcdefgh") == std::string::npos);
  people other{tasks, {}, {{"api_token", "abcdefgX"}}};
  CHECK(other["ok"].attributes["evidence_hash"] != w["ok"].attributes["evidence_hash"]);
  CHECK(w.decide_as("bob", w.yes()) == "");
  CHECK(w["apply"].state == task_state::successful);
}

TEST_CASE("nothing starts on evidence that changed since it was approved", "[workflow][people]") {
  // The plan is read again after the approval, as one would of a target.
  const json again = task("again", "noop", instant, {{"depends_on", {"ok"}}});
  json apply = task("apply", "noop", instant,
                    {{"approved_by", {{"task", "ok"}, {"evidence", "${again.output.rand_no}"}}},
                     {"retry", {{{"times", 3}, {"delay_s", 1}}}}});
  people w{{planned, approval(on_plan), again, apply}};
  CHECK(w.decide_as("alice", w.yes()) == "");
  REQUIRE(w["again"].attributes["rand_no"] != w["plan"].attributes["rand_no"]);
  CHECK(w["apply"].state == task_state::failed);
  CHECK(w["apply"].code == fault::evidence_changed);
  CHECK(w["apply"].attempt == 1);
  CHECK(w["apply"].attributes.is_null());
  CHECK(w.s.status == workflow_state::failed);
  SECTION("in a loop as well") {
    json loop = apply_task({{"for_each", {1, 2}}});
    people l{{planned, approval(on_plan), loop}};
    CHECK(l.decide_as("alice", l.yes()) == "");
    CHECK(l["apply[1]"].state == task_state::successful);
  }
}

TEST_CASE("a rerun asks again when the evidence is new, and not when it is the same",
          "[workflow][people]") {
  people w{{planned, approval(on_plan), apply_task(),
            task("f", "fail", {{"tries", 1}}, {{"depends_on", {"apply"}}})}};
  CHECK(w.decide_as("alice", w.yes()) == "");
  REQUIRE(w["f"].state == task_state::failed);
  w.pass(seconds{500});
  SECTION("only what failed") {
    w.rerun();
    CHECK(w["ok"].attempt == 1);
    CHECK(w["apply"].attempt == 1);
  }
  SECTION("everything") {
    const auto old = w.yes();
    w.rerun({{"mode", "all"}});
    REQUIRE(w["ok"].state == task_state::running);
    CHECK(w["ok"].attributes["decision"] == "pending");
    CHECK(w["ok"].attributes["decisions"].empty());
    CHECK(w.decide_as("alice", old) == "evidence_changed");
    CHECK(w.decide_as("alice", w.yes()) == "");
    CHECK(w["apply"].attempt == 2);
  }
  SECTION("an approval is not replaced by whoever reruns") {
    findings found;
    auto r = parse_rerun({{"tasks", {{"ok", {{"replace", w["ok"].attributes}}}}}}, w.lim, found);
    plan_rerun(w.s, r, w.seal, w.lim, found);
    REQUIRE_FALSE(found.errors.empty());
    CHECK(found.errors[0].code == fault::forbidden);
  }
}

TEST_CASE("what approved_by must be is checked with the template", "[workflow][people]") {
  const auto code_of = [](json tasks) -> std::string {
    limits lim;
    findings found;
    tasks::registry classes{tasks::registry::builtin()};
    auto t = parse_template({{"name", "x"},
                             {"ref_name", "x"},
                             {"description", ""},
                             {"schema_version", 2},
                             {"tasks", std::move(tasks)}},
                            lim, found);
    make_plan(
      std::move(t), [&](std::string_view n) { return classes.find(n); }, lim, found);
    return found.errors.empty()
             ? ""
             : std::string{fault_code(found.errors[0].code)} + " " + found.errors[0].pointer;
  };
  const auto by = [](json rule) { return task("a", "noop", instant, {{"approved_by", rule}}); };
  CHECK(code_of({planned, approval(on_plan), apply_task()}) == "");
  CHECK(code_of({by({{"task", "nix"}, {"evidence", 1}})})
        == "unknown_task /tasks/0/approved_by/task");
  CHECK(code_of({planned, by({{"task", "plan"}, {"evidence", 1}})})
        == "unknown_output /tasks/1/approved_by/task");
  CHECK(code_of({approval(instant), by({{"task", "ok"}, {"evidence", 1}})})
        == "bad_value /tasks/1/approved_by/task");
  CHECK(code_of({by({{"task", "x"}})}) == "missing_key /tasks/0/approved_by");
  CHECK(code_of({by({{"task", "x"}, {"evidence", 1}, {"who", 1}})})
        == "unknown_key /tasks/0/approved_by/who");
  CHECK(code_of({by("ok")}) == "wrong_type /tasks/0/approved_by");
  CHECK(code_of({approval(with(on_plan, {{"evidence", "${apply.output.rand_no}"}})), apply_task(),
                 planned})
        == "cycle /tasks/0/input/evidence");
}

TEST_CASE("why: who may give the approval, how many are missing, until when",
          "[workflow][people]") {
  people w{
    {planned, approval(with(on_plan, {{"quorum", 2}, {"roles", {"ops"}}, {"expires_s", 60}}))}};
  auto causes = why_task(w.s, w.number("ok"));
  REQUIRE(causes.size() == 1);
  CHECK(causes[0].code == "approval");
  for (const char* part : {"alice, bob", "role ops", "2 of 2"})
    CHECK(causes[0].text.find(part) != std::string::npos);
  CHECK(causes[0].until == w.now + seconds{60});
  people s{{task("go", "wait_signal", {{"name", "start"}}, {{"timeout_s", 5}})}};
  causes = why_task(s.s, 0);
  REQUIRE(causes.size() == 1);
  CHECK(causes[0].code == "signal");
  CHECK(causes[0].text.find("'start'") != std::string::npos);
  CHECK(causes[0].until == s.now + seconds{5});
}

TEST_CASE("an approval ends with its workflow", "[workflow][people]") {
  people w{{planned, approval(on_plan)}};
  w.tell(cancel_asked{"me", "", false});
  CHECK(w["ok"].state == task_state::canceled);
  CHECK(w.s.status == workflow_state::canceled);
}
