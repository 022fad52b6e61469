// What every task class must keep, whoever wrote it. A class that joins the registry is tested by
// itself.
#include "runtime/template/task_step.hpp"
#include "tasks/host/registry.hpp"
#include "tests/harness/catch.hpp"

using namespace o3;

namespace {

// Inputs that fit the class's own schemas, made from them.
json example_inputs(const task_class& c) {
  json out = json::object();
  for (const auto& f : c.inputs) {
    if (!f.required)
      continue;
    auto type = f.schema.value("type", std::string{"string"});
    if (f.schema.contains("enum"))
      out[f.name] = f.schema["enum"][0];
    else if (type == "number" || type == "integer")
      out[f.name] = f.schema.value("minimum", 1);
    else if (type == "boolean")
      out[f.name] = false;
    else
      out[f.name] = "x";
  }
  if (c.name == "timer")
    out["for"] = 5;
  return out;
}

struct bench {
  json inputs;
  json attributes = json::object();
  wall_time now = from_ms(1'800'000'000'000);
  wall_time started = now;

  step_result step(const tasks::installed_class& c, task_verb v, std::uint64_t random = 7) {
    step_input in{.verb = v,
                  .inputs = inputs,
                  .attributes = attributes,
                  .now = now,
                  .started_at = started,
                  .random = random,
                  .ref_name = "t",
                  .uuid = "u",
                  .trace_id = "x"};
    auto r = c.code.step(in);
    attributes.update(r.set);
    return r;
  }
};

std::vector<tasks::installed_class> all() {
  return tasks::registry::builtin();
}

} // namespace

TEST_CASE("a class describes itself completely and its description survives being stored",
          "[contract][tasks]") {
  tasks::registry reg{all()};
  REQUIRE(reg.problems().empty());
  REQUIRE(reg.all().size() >= 4);
  for (const auto& c : reg.all()) {
    INFO(c->name);
    REQUIRE(is_ref_name(c->name));
    REQUIRE(!c->description.empty());
    REQUIRE((c->runs_in == "engine" || c->runs_in == "worker"));
    for (const auto* list : {&c->inputs, &c->outputs})
      for (const auto& f : *list) {
        INFO(f.name);
        REQUIRE(!f.help.empty());
        REQUIRE(f.schema.is_object());
      }
    auto stored = to_json(*c);
    auto again = task_class_from_json(stored);
    REQUIRE(again);
    REQUIRE(to_json(*again) == stored);
  }
}

TEST_CASE("a step never ends in a state that is none, and says when to look again if it goes on",
          "[contract][tasks]") {
  for (const auto& c : all()) {
    INFO(c.about->name);
    bench b{example_inputs(*c.about)};
    auto r = b.step(c, task_verb::task_init);
    for (int i = 0; i < 100 && !r.end; ++i) {
      r = b.step(c, i == 0 ? task_verb::run : task_verb::ping);
      REQUIRE((r.end || r.wake_at));
      if (r.wake_at) {
        REQUIRE(*r.wake_at > b.now);
        b.now = *r.wake_at;
      }
    }
    REQUIRE(r.end);
    REQUIRE(is_terminal(r.end->state));
    REQUIRE((r.end->state == task_state::successful) == (r.end->code == fault::none));
  }
}

TEST_CASE("a class ends when it is canceled, at any point", "[contract][tasks]") {
  for (const auto& c : all())
    for (int pings = 0; pings < 3; ++pings) {
      INFO(c.about->name << " after " << pings);
      bench b{example_inputs(*c.about)};
      b.step(c, task_verb::task_init);
      bool over = false;
      for (int i = 0; i < pings && !over; ++i)
        over = b.step(c, i == 0 ? task_verb::run : task_verb::ping).end.has_value();
      if (over)
        continue;
      auto r = b.step(c, task_verb::cancel);
      REQUIRE((r.end || r.wake_at));
    }
}

TEST_CASE("a step is a pure function: the same inputs give the same result", "[contract][tasks]") {
  for (const auto& c : all()) {
    INFO(c.about->name);
    auto run = [&] {
      bench b{example_inputs(*c.about)};
      b.step(c, task_verb::task_init);
      auto r = b.step(c, task_verb::run, 42);
      return std::pair{r.set, r.end ? r.end->message : std::string{}};
    };
    REQUIRE(run() == run());
  }
}

TEST_CASE("a successful end sets every output the class requires", "[contract][tasks]") {
  for (const auto& c : all()) {
    INFO(c.about->name);
    bench b{example_inputs(*c.about)};
    auto r = b.step(c, task_verb::task_init);
    for (int i = 0; i < 10 && !r.end; ++i) {
      r = b.step(c, i == 0 ? task_verb::run : task_verb::ping);
      b.now = r.wake_at.value_or(b.now);
    }
    if (r.end && r.end->state == task_state::successful)
      for (const auto& f : c.about->outputs)
        REQUIRE((!f.required || b.attributes.contains(f.name)));
  }
}
