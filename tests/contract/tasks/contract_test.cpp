// What every task class must keep, whoever wrote it. A class that joins the registry is tested by
// itself.
#include "runtime/outside/talk.hpp"
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
    auto types = f.schema.value("type", json("string"));
    auto type = (types.is_array() ? types[0] : types).get<std::string>();
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

// Those that are stepped, and those that call out; a class is one or the other.
std::vector<tasks::installed_class> stepped() {
  std::vector<tasks::installed_class> out;
  for (auto& c : all())
    if (c.code.step)
      out.push_back(std::move(c));
  return out;
}
std::vector<tasks::installed_class> calling_out() {
  std::vector<tasks::installed_class> out;
  for (auto& c : all())
    if (c.code.outside)
      out.push_back(std::move(c));
  return out;
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
    REQUIRE((c->runs_in == "engine" || c->runs_in == "worker" || c->runs_in == "outside"
             || c->runs_in == "child"));
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
  for (const auto& c : stepped()) {
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
  for (const auto& c : stepped())
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
  for (const auto& c : stepped()) {
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
  for (const auto& c : stepped()) {
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

TEST_CASE("a class is stepped or calls out, and says so", "[contract][tasks]") {
  std::size_t nested = 0; // other workflows: the engine's own business
  for (const auto& c : all())
    nested += c.about->runs_in == "child" ? 1 : 0;
  REQUIRE(stepped().size() + calling_out().size() + nested == all().size());
  for (const auto& c : stepped())
    REQUIRE(c.about->runs_in != "outside");
  for (const auto& c : calling_out()) {
    INFO(c.about->name);
    REQUIRE(c.about->runs_in == "outside");
    REQUIRE(c.code.outside->begin);
  }
}

TEST_CASE("every talk of a class that calls out ends, whatever its target answers",
          "[contract][tasks]") {
  using outside::topic;
  for (const auto& c : calling_out())
    for (auto t : {topic::read, topic::preflight, topic::send, topic::search, topic::watch,
                   topic::finish, topic::cancel})
      for (int status : {0, 200, 204, 302, 401, 403, 404, 409, 429, 500, 503}) {
        const auto launches = c.code.outside->launches;
        if ((t == topic::read) == launches)
          continue;
        INFO(c.about->name << " " << static_cast<int>(t) << " " << status);
        auto inputs = example_inputs(*c.about);
        for (auto& [name, value] : inputs.items())
          if (name.find("url") != std::string::npos)
            value = "https://target.example";
        json attributes = json::object();
        outside::occasion o{.inputs = inputs,
                            .attributes = attributes,
                            .marker = "o3-00000000-x-1",
                            .key = "o3-00000000-x",
                            .external_id = "7",
                            .now = from_ms(1'800'000'000'000)};
        std::unique_ptr<outside::talk> talk;
        try {
          talk = c.code.outside->begin(t, o);
        } catch (const std::logic_error&) { // it never holds this one
          REQUIRE((t == topic::search || t == topic::preflight));
          REQUIRE((t != topic::search || c.code.outside->target != launch::target_class::searched));
          continue;
        }
        REQUIRE(talk);
        int requests = 0;
        bool sent = false;
        while (auto r = talk->next()) {
          REQUIRE(++requests < 1000);
          sent = sent || r->once;
          outside::answer a;
          a.status = status;
          a.body = "{}";
          talk->hear(std::move(a));
        }
        auto said = talk->conclude();
        if (t == topic::send || t == topic::preflight || t == topic::search)
          REQUIRE((said.launch || said.ask_in || said.end));
        if (sent && status >= 500) // what was only asked for before it started nothing
          REQUIRE((!said.launch || std::holds_alternative<launch::send_ambiguous>(*said.launch)));
      }
}
