// Tasks that call out, on decide() alone: which talk is held when, and what its conclusion does.
#include "runtime/launch/marker.hpp"
#include "runtime/workflow/apply.hpp"
#include "runtime/workflow/decide.hpp"
#include "runtime/workflow/view.hpp"
#include "tests/harness/catch.hpp"

using namespace o3;
using namespace o3::workflow;
using outside::topic;
using std::chrono::seconds;

namespace {

json task(const std::string& ref, const std::string& cls, json more = json::object()) {
  json t = {{"name", ref},
            {"ref_name", ref},
            {"description", ""},
            {"class", cls},
            {"input", {{"x", 1}}},
            {"always_run", false},
            {"depends_on", json::array()},
            {"optional", false}};
  t.update(more);
  return t;
}

std::shared_ptr<const task_class> about(const std::string& name) {
  auto c = std::make_shared<task_class>();
  c->name = name;
  c->open_inputs = c->open_outputs = true;
  c->runs_in = "outside";
  return c;
}

// One workflow and the rows it wrote; every step is also folded from the rows and compared.
struct stage {
  explicit stage(json tasks, json more = json::object()) {
    auto reads = std::make_shared<outside::outside_code>();
    codes["read"].outside = reads;
    auto starts = std::make_shared<outside::outside_code>();
    starts->launches = true;
    starts->target = launch::target_class::searched;
    codes["start"].outside = starts;
    json doc = {{"name", "x"},
                {"ref_name", "x"},
                {"description", ""},
                {"schema_version", 2},
                {"tasks", std::move(tasks)}};
    doc.update(more);
    findings found;
    auto t = parse_template(doc, lim, found);
    graph = make_plan(
      std::move(t),
      [&](std::string_view n) {
        return codes.contains(std::string{n}) ? about(std::string{n}) : nullptr;
      },
      lim, found);
    for (const auto& e : found.errors)
      UNSCOPED_INFO(e.pointer << " " << e.message);
    REQUIRE(graph);
    accepted a;
    a.trace_id = "t";
    take(accept(a, graph, at()));
  }
  context at() {
    return {.now = now,
            .seed = ++seed,
            .code = code,
            .seal = seal,
            .lim = lim,
            .steady = steady,
            .epoch = epoch,
            .install8 = "0123abcd",
            .restored_epoch = restored_epoch,
            .restored_at = restored_at,
            .launches = settings};
  }
  void take(decision d) {
    if (d.record_count > 0)
      rows.push_back({rows.size() + 1, {}, rows.size() + 1, 1, d.at, d.records});
    effects = std::move(d.effects);
    s = std::move(d.next);
    s.seq = rows.size();
    auto folded = fold(graph, rows);
    REQUIRE(folded);
    REQUIRE(to_checkpoint(*folded) == to_checkpoint(s));
    state back;
    back.graph = graph;
    from_checkpoint(back, to_checkpoint(s));
    REQUIRE(to_checkpoint(back) == to_checkpoint(s));
  }
  void pass(millis d) {
    now += d;
    steady += d;
    take(decide(std::move(s), {}, at()));
  }
  void tell(event e) { take(decide(std::move(s), {std::move(e)}, at())); }
  void say(topic t, outside::conclusion c) {
    auto n = a().launch() != nullptr ? a().launch()->at.attempt : 0;
    tell(talked{0, a().attempt, t, n, std::move(c)});
  }
  void say(topic t, launch::event e) {
    outside::conclusion c;
    c.launch = std::move(e);
    say(t, std::move(c));
  }
  void crash() {
    ++epoch;
    auto folded = fold(graph, rows);
    REQUIRE(folded);
    s = *std::move(folded);
    auto open = open_effects(s);
    tell(reloaded{});
    effects.insert(effects.begin(), open.begin(), open.end());
  }
  [[nodiscard]] const task_instance& a() const { return s.tasks[0]; }
  [[nodiscard]] std::vector<topic> talks() const {
    std::vector<topic> out;
    for (const auto& e : effects)
      if (const auto* h = std::get_if<hold_talk>(&e))
        out.push_back(h->about);
    return out;
  }
  void confirmed() {
    say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
    say(topic::send, launch::send_confirmed{1, "41", {}});
    REQUIRE(talks() == std::vector{topic::watch});
  }

  limits lim;
  launch::settings settings;
  std::map<std::string, task_code> codes;
  code_lookup code = [this](std::string_view n) {
    auto it = codes.find(std::string{n});
    return it == codes.end() ? nullptr : &it->second;
  };
  sealer seal = sealer::from_key(std::string(32, 's'));
  std::shared_ptr<const plan> graph;
  wall_time now = from_ms(1'800'000'000'000);
  steady_time steady{millis{1'000'000}};
  std::uint64_t seed = 0, epoch = 1, restored_epoch = 0;
  wall_time restored_at{};
  state s;
  std::vector<store::journal_row> rows;
  std::vector<effect> effects;
};

outside::conclusion over(task_state state, json set = json::object()) {
  outside::conclusion c;
  c.set = std::move(set);
  c.end = task_end{state, state == task_state::successful ? fault::none : fault::task_failed, "x"};
  return c;
}

launch::search_result listing(const stage& w, std::vector<launch::hit> hits) {
  launch::search_result r;
  r.complete = true;
  r.started = w.steady;
  r.identity = "o3";
  r.newest = "45";
  r.hits = std::move(hits);
  return r;
}

} // namespace

TEST_CASE("a class that only reads holds one talk, again after a crash", "[workflow][outside]") {
  stage w{{task("a", "read")}};
  REQUIRE(w.talks() == std::vector{topic::read});
  REQUIRE(why_task(w.s, 0).front().code == "external");
  w.crash();
  REQUIRE(w.talks() == std::vector{topic::read});
  w.say(topic::read, over(task_state::successful, {{"workspace_id", "ws-1"}}));
  REQUIRE(w.s.status == workflow_state::successful);
  REQUIRE(w.a().attributes == json{{"workspace_id", "ws-1"}});
}

TEST_CASE("what is started is written down before it is sent, and watched once it is known",
          "[workflow][outside]") {
  stage w{{task("a", "start")}};
  REQUIRE(w.talks() == std::vector{topic::preflight});
  w.say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
  REQUIRE(w.talks() == std::vector{topic::send});
  auto sent = std::get<hold_talk>(w.effects.back());
  REQUIRE(sent.marker == launch::marker_text(*w.a().launch()));
  REQUIRE(w.a().launch()->at.phase == launch::phase::sending); // in the same append as the effect
  w.say(topic::send, launch::send_confirmed{1, "41", {}});
  REQUIRE(w.talks() == std::vector{topic::watch});
  REQUIRE(w.a().launch()->outcome.external_id == "41");
  outside::conclusion c;
  c.waits_for = "AWX job 41 is pending";
  w.say(topic::watch, c);
  REQUIRE(why_task(w.s, 0).front().text == "waits for AWX job 41 is pending");
  auto rows = w.rows.size();
  w.say(topic::watch, c);
  REQUIRE(w.rows.size() == rows); // no news, no row
  w.say(topic::finish, over(task_state::successful, {{"artifacts", {{"ip", "192.0.2.1"}}}}));
  REQUIRE(w.s.status == workflow_state::successful);
}

TEST_CASE("a lost answer is searched and adopted, across crashes, and never sent again",
          "[workflow][outside]") {
  stage w{{task("a", "start")}};
  w.say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
  REQUIRE(w.talks() == std::vector{topic::send});
  w.crash();
  REQUIRE(w.talks() == std::vector{topic::search});
  w.say(topic::search, launch::search_failed{"503"});
  w.crash();
  REQUIRE(w.talks() == std::vector{topic::search});
  w.say(topic::search, listing(w, {{"41", 1, launch::launch_kind::manual}}));
  REQUIRE(w.talks() == std::vector{topic::watch});
  REQUIRE(w.a().launch()->outcome.adopted);
}

TEST_CASE("what is proven absent is started again with the same launch id", "[workflow][outside]") {
  stage w{{task("a", "start")}};
  w.say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
  auto launch_id = w.a().launch()->plan.launch_id;
  w.say(topic::send, launch::send_ambiguous{1, "reset"});
  for (int i = 0; i < 400 && w.a().launch()->at.phase == launch::phase::searching; ++i) {
    if (w.talks() == std::vector{topic::search})
      w.say(topic::search, listing(w, {}));
    else
      w.pass(seconds{1});
    REQUIRE(w.talks() != std::vector{topic::send});
  }
  for (int i = 0; i < 100 && w.talks() != std::vector{topic::preflight}; ++i)
    w.pass(seconds{1});
  REQUIRE(w.a().launch()->plan.launch_id == launch_id);
  REQUIRE(w.a().launch()->at.attempt == 2);
  REQUIRE(w.a().attempt == 1);
}

TEST_CASE("what cannot be decided waits for an operator, who may adopt or give up",
          "[workflow][outside]") {
  for (bool adopt : {true, false}) {
    stage w{{task("a", "start")}};
    w.say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
    w.say(topic::send, launch::send_ambiguous{1, "reset"});
    auto purged = listing(w, {});
    purged.newest = "";
    purged.seen = launch::witness_seen::gone;
    for (int i = 0; i < 3000 && w.a().state != task_state::needs_operator; ++i) {
      purged.started = w.steady;
      if (w.talks() == std::vector{topic::search})
        w.say(topic::search, purged);
      else
        w.pass(seconds{1});
    }
    REQUIRE(w.s.status == workflow_state::needs_operator);
    REQUIRE_FALSE(in_hand(w.s));
    REQUIRE(why_task(w.s, 0).front().code == "operator");
    w.crash();
    REQUIRE(w.talks().empty());
    if (adopt) {
      w.tell(resolved{0, launch::adopt{"77", "ann"}});
      REQUIRE(w.talks() == std::vector{topic::watch});
      w.say(topic::finish, over(task_state::successful));
      REQUIRE(w.s.status == workflow_state::successful);
    } else {
      w.tell(resolved{0, launch::give_up{"ann"}});
      REQUIRE(w.a().code == fault::given_up);
      REQUIRE(w.s.status == workflow_state::failed);
    }
  }
}

TEST_CASE("cancel reaches what was started, also when it is found only later",
          "[workflow][outside]") {
  stage known{{task("a", "start")}};
  known.confirmed();
  known.tell(cancel_asked{"ann", "", false});
  REQUIRE(known.talks() == std::vector{topic::cancel});
  known.crash();
  REQUIRE(known.talks() == std::vector{topic::watch, topic::cancel});
  known.say(topic::finish, over(task_state::canceled));
  REQUIRE(known.s.status == workflow_state::canceled);

  stage lost{{task("a", "start")}};
  lost.say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
  lost.tell(cancel_asked{"ann", "", false});
  REQUIRE(lost.talks().empty()); // the answer is awaited
  lost.say(topic::send, launch::send_ambiguous{1, "reset"});
  REQUIRE(lost.talks() == std::vector{topic::search});
  lost.say(topic::search, listing(lost, {{"41", 1, launch::launch_kind::manual}}));
  REQUIRE(lost.talks() == std::vector{topic::watch, topic::cancel});

  stage early{{task("a", "start")}};
  early.tell(cancel_asked{"ann", "", false});
  REQUIRE(early.s.status == workflow_state::canceled); // nothing was sent
}

TEST_CASE("when its time is over, what was started is stopped before the attempt ends",
          "[workflow][outside]") {
  stage w{{task("a", "start", {{"timeout_s", 60}, {"retry", {{{"times", 1}, {"delay_s", 1}}}}})}};
  w.confirmed();
  w.pass(seconds{60});
  REQUIRE(w.a().state == task_state::running);
  REQUIRE(w.talks() == std::vector{topic::cancel});
  w.say(topic::finish, over(task_state::canceled));
  REQUIRE(w.a().last_state == task_state::timeout);
  w.pass(seconds{1});
  REQUIRE(w.a().attempt == 2);
  REQUIRE(w.talks() == std::vector{topic::preflight}); // a new launch: the first one has stopped
  REQUIRE(w.a().launches.size() == 2);

  stage stubborn{{task("a", "start", {{"timeout_s", 60}})}};
  stubborn.confirmed();
  stubborn.pass(seconds{60});
  stubborn.pass(seconds{119});
  REQUIRE(stubborn.a().state == task_state::running);
  stubborn.pass(seconds{2}); // the late sweep is due as well, and comes first
  stubborn.pass(seconds{0});
  REQUIRE(stubborn.a().state == task_state::timeout);
}

TEST_CASE("a refusal ends the task with the target's words; a talk that broke says nothing",
          "[workflow][outside]") {
  stage w{{task("a", "start")}};
  w.say(topic::preflight, outside::conclusion{});
  REQUIRE(w.a().state == task_state::running);
  for (int i = 0; i < 100 && w.talks() != std::vector{topic::preflight}; ++i)
    w.pass(seconds{1});
  w.say(topic::preflight, launch::preflight_refused{1, "ask_variables_on_launch is off"});
  REQUIRE(w.a().code == fault::target_refused);
  REQUIRE(w.a().message.find("ask_variables_on_launch") != std::string::npos);
}

TEST_CASE("what a class keeps for itself is shown nowhere", "[workflow][outside]") {
  stage w{{task("a", "start")}};
  w.confirmed();
  outside::conclusion c;
  c.set = {{"_cursor", 7}, {"url", "u"}};
  w.say(topic::watch, c);
  REQUIRE(w.a().attributes.contains("_cursor"));
  std::string text;
  json_writer out{text};
  write_task(out, w.s, 0);
  REQUIRE(text.find("_cursor") == std::string::npos);
  REQUIRE(text.find("\"url\":\"u\"") != std::string::npos);
}

TEST_CASE("a target that is silent is the reason of the wait until it speaks again",
          "[workflow][outside]") {
  stage w{{task("a", "start")}};
  w.confirmed();
  outside::conclusion running, silent;
  running.waits_for = "AWX job 41 is running";
  silent.trouble = "HTTP 503";
  w.say(topic::watch, running);
  w.say(topic::watch, silent);
  REQUIRE(why_task(w.s, 0).front().text == "waits for the target to answer: HTTP 503");
  w.say(topic::watch, running);
  REQUIRE(why_task(w.s, 0).front().text == "waits for AWX job 41 is running");
}

TEST_CASE("after a restored backup nothing is launched before it was searched, not even what had "
          "not begun in the backup",
          "[workflow][outside]") {
  for (bool begun : {true, false}) {
    INFO("begun " << begun);
    auto tasks = json::array({task("a", "start")});
    if (!begun) {
      tasks[0]["depends_on"] = {"b"};
      tasks.push_back(task("b", "read"));
    }
    stage w{tasks};
    REQUIRE(w.talks() == std::vector{begun ? topic::preflight : topic::read});
    w.now += seconds{60};
    w.restored_epoch = w.epoch + 1;
    w.restored_at = w.now;
    w.crash();
    if (!begun)
      w.tell(talked{1, 1, topic::read, 0, over(task_state::successful)});
    REQUIRE(w.a().launch() != nullptr);
    REQUIRE(w.a().launch()->at.look);
    if (w.a().launch()->at.phase == launch::phase::prepared)
      w.pass(millis{1});
    w.say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
    REQUIRE(w.talks() == std::vector{topic::search});
    w.crash(); // told once: the record of the new epoch says so
    REQUIRE(w.talks() == std::vector{topic::search});
    w.say(topic::search, listing(w, {{"41", 1, launch::launch_kind::manual}}));
    REQUIRE(w.talks() == std::vector{topic::watch});
    REQUIRE(w.a().launch()->at.sends == 0);
  }
}

TEST_CASE("a workflow accepted after the restore launches at once", "[workflow][outside]") {
  stage w{{task("a", "start", json{{"depends_on", {"b"}}}), task("b", "read")}};
  w.restored_epoch = 1;
  w.restored_at = w.now - seconds{1};
  w.tell(talked{1, 1, topic::read, 0, over(task_state::successful)});
  w.say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
  REQUIRE(w.talks() == std::vector{topic::send});
}
