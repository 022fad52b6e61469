#include "runtime/dag/plan.hpp"

#include "tests/runtime/dag/fixtures.hpp"

using namespace o3;
using namespace o3::testing;

namespace {

findings refused(const json& doc, const limits& lim = {}) {
  findings found;
  const auto p = planned(doc, found, lim);
  INFO(said(found));
  REQUIRE_FALSE(p);
  REQUIRE_FALSE(found.ok());
  return found;
}

struct row {
  std::string tasks;
  fault code;
  const char* pointer;
  const char* message;
  const char* hint;
};

} // namespace

TEST_CASE("each mistake between tasks and classes has its code, place, sentence and hint",
          "[dag]") {
  const row rows[]{
    {R"({"ref_name": "a", "class": "nop"})", fault::unknown_class, "/tasks/0/class", "'nop'",
     "o3 task ls"},
    {R"({"ref_name": "a", "class": "noop"})", fault::missing_input, "/tasks/0", "'runtime_delay'",
     "${workflow.input.runtime_delay}"},
    {R"({"ref_name": "a", "class": "noop", "input": {"x": 1}})", fault::missing_input,
     "/tasks/0/input", "task 'a' has no input 'runtime_delay', which class 'noop' requires", "add"},
    {R"({"ref_name": "a", "class": "strict", "input": {"url": "http://x", "coumt": 1}})",
     fault::unknown_input, "/tasks/0/input/coumt", "'coumt'", "did you mean 'count'?"},
    {R"({"ref_name": "a", "class": "noop", "input": {"runtime_delay": "3"}})", fault::wrong_type,
     "/tasks/0/input/runtime_delay", "must be a number, not text", "schema"},
    {R"({"ref_name": "a", "class": "noop", "input": {"runtime_delay": -1}})", fault::bad_value,
     "/tasks/0/input/runtime_delay", "must be at least 0", "schema"},
    {R"({"ref_name": "a", "class": "strict", "input": {"url": "ftp://x"}})", fault::bad_value,
     "/tasks/0/input/url", "pattern", "schema"},
    {open_task("noop_01") + "," + open_task("b", R"({"x": ["${noop_1.output.y}"]})"),
     fault::unknown_task, "/tasks/1/input/x/0", "'${noop_1.output.y}' in task 'b'",
     "did you mean 'noop_01'?"},
    {open_task("noop_01") + "," + open_task("b", "{}", R"(["noop_01", "noop_2"])"),
     fault::unknown_task, "/tasks/1/depends_on/1", "'noop_2'", "noop_01"},
    {open_task("a", R"({"x": "1 ${a.output.y}"})"), fault::self_reference, "/tasks/0/input/x",
     "own output", "other"},
    {open_task("a", "{}", R"(["a"])"), fault::self_reference, "/tasks/0/depends_on/0",
     "depends on itself", "remove"},
    {R"({"ref_name": "n", "class": "noop", "input": {"runtime_delay": 0}},)"
       + open_task("b", R"({"x": {"k": "${n.output.rand_mo}"}})"),
     fault::unknown_output, "/tasks/1/input/x/k",
     "class 'noop' of task 'n' has no output 'rand_mo'", "did you mean 'rand_no'?"},
  };
  for (const auto& r : rows) {
    const auto doc = template_of(r.tasks);
    const auto found = refused(doc);
    INFO(said(found));
    REQUIRE(found.errors.size() == 1);
    require_error(found, r.code, r.pointer, r.message, r.hint);
    REQUIRE(leads_somewhere(doc, r.pointer));
  }
}

TEST_CASE("a global that reads an output is refused", "[dag]") {
  const auto found
    = refused(template_of(open_task("a") + "," + open_task("b", R"({"v": "${workflow.input.n}"})"),
                          R"({"v": {"k": "x ${a.output.y}"}})"));
  require_error(found, fault::bad_reference, "/workflow/input/global/v/k", "'${a.output.y}'",
                "task's own input");
}

TEST_CASE("a global of the wrong type for the variable that falls back on it is refused", "[dag]") {
  const auto tasks
    = R"({"ref_name": "a", "class": "noop", "input": {"runtime_delay": "${workflow.input.d}"}})";
  require_error(refused(template_of(tasks, R"({"runtime_delay": "60"})")), fault::wrong_type,
                "/workflow/input/global/runtime_delay", "must be a number, not text", "schema");
  good_plan(template_of(tasks, R"({"runtime_delay": 60})"));
}

TEST_CASE("a class with a broken schema is named, not believed", "[dag]") {
  auto c = open_class();
  c.inputs = {{"x", "", {{"type", "nmber"}}, false, false}};
  const class_lookup broken
    = [&](std::string_view) { return std::make_shared<const task_class>(c); };
  findings found;
  auto doc = parse_template(template_of(open_task("a")), limits{}, found);
  const auto p = make_plan(std::move(doc), broken, limits{}, found);
  REQUIRE_FALSE(p);
  require_error(found, fault::bad_value, "/tasks/0/class", "class 'open' is broken: input 'x'",
                "draft 7");
}

TEST_CASE("more edges than the limit are refused, as many are not", "[dag]") {
  limits lim;
  lim.edges = 3;
  const auto fan = open_task("a") + "," + open_task("b") + ","
                   + open_task("c", R"({"x": "${a.output.k}${a.output.l}"})", R"(["a", "b"])") + ","
                   + open_task("d", "{}", R"(["c"])");
  findings found;
  const auto p = planned(template_of(fan), found, lim);
  INFO(said(found));
  REQUIRE(p);
  REQUIRE(p->edges == 3);
  lim.edges = 2;
  require_error(refused(template_of(fan), lim), fault::too_many_edges, "/tasks",
                "3 times, at most 2", "limits.edges");
}

TEST_CASE("more tasks than the limit are refused even if they were read under another", "[dag]") {
  limits lim;
  findings found;
  auto doc = parse_template(template_of(open_task("a") + "," + open_task("b")), lim, found);
  lim.tasks_per_workflow = 1;
  const auto p = make_plan(std::move(doc), test_classes(), lim, found);
  REQUIRE_FALSE(p);
  require_error(found, fault::too_many_tasks, "/tasks", "2 tasks, at most 1",
                "limits.tasks_per_workflow");
}

TEST_CASE("reading and planning report together, and count what is beyond the limit", "[dag]") {
  auto doc = template_of(open_task("a", R"({"x": "${b.output.y}"})"));
  doc["nme"] = 1;
  findings found;
  REQUIRE_FALSE(planned(doc, found));
  require_error(found, fault::unknown_key, "/nme", "", "name");
  require_error(found, fault::unknown_task, "/tasks/0/input/x", "", "");
  std::string names;
  for (int i = 0; i < 500; ++i)
    names += (i ? ",\"x" : "\"x") + std::to_string(i) + "\"";
  const auto many = refused(template_of(open_task("a", "{}", "[" + names + "]")));
  REQUIRE(many.errors.size() == 101);
  REQUIRE(many.errors.back().code == fault::validation_failed);
  REQUIRE(holds(many.errors.back().message, "400 more"));
}

TEST_CASE("a document that could not be read does not break the planner", "[dag]") {
  for (const auto* text :
       {"[]", "{}",
        R"({"tasks": [1, {}, {"ref_name": 1, "class": 2, "input": 3, "depends_on": [4]}]})"}) {
    findings found;
    REQUIRE_FALSE(planned(parsed(text), found));
    REQUIRE_FALSE(found.ok());
  }
}

TEST_CASE("what is useless but harmless is only warned of", "[dag]") {
  findings found;
  const auto p
    = planned(template_of(open_task("a", R"({"awx_token": "abc", "x": 1, "password": ""})") + ","
                            + open_task("b", R"({"v": "${workflow.input.n}"})", R"(["a", "a"])"),
                          R"({"v": 1, "unused": "${workflow.input.m}"})"),
              found);
  INFO(said(found));
  REQUIRE(p);
  REQUIRE(found.warnings.size() == 3);
  REQUIRE(find_error(found.warnings, fault::duplicate_ref, "/tasks/1/depends_on/1"));
  REQUIRE(find_error(found.warnings, fault::unused_global, "/workflow/input/global/unused"));
  const auto* secret = find_error(found.warnings, fault::bad_value, "/tasks/0/input/awx_token");
  REQUIRE(secret);
  REQUIRE(secret->hint
          == "a secret written into a template is readable by everyone who can read templates");
  REQUIRE_FALSE(holds(secret->message, "abc"));
}

TEST_CASE("a secret that is a template's default is warned of as well", "[dag]") {
  findings found;
  const auto p = planned(template_of(R"({"ref_name": "a", "class": "strict", "input":
      {"url": "http://x", "pin": "${workflow.input.n}"}})",
                                     R"({"pin": "1234"})"),
                         found);
  REQUIRE(p);
  REQUIRE(find_error(found.warnings, fault::bad_value, "/workflow/input/global/pin"));
}

TEST_CASE("the first users' template is planned as printed: two tasks, then one", "[dag]") {
  findings found;
  const auto p = planned(file_json("templates/noop/noop_template_run.json"), found);
  INFO(said(found));
  REQUIRE(p);
  REQUIRE(found.warnings.size() == 1);
  REQUIRE(find_error(found.warnings, fault::unused_global, "/workflow/input/global/expires"));
  REQUIRE(p->layers == std::vector<std::vector<std::uint32_t>>{{0, 1}, {2}});
  REQUIRE(p->edges == 2);
  REQUIRE(p->tasks[2].reads == std::vector<std::uint32_t>{0, 1});
  REQUIRE(p->tasks[2].after.empty());
  REQUIRE(p->tasks[0].dependents == std::vector<std::uint32_t>{2});
  REQUIRE(p->index.at("noop_03") == 2);
}

TEST_CASE("the benchmark's template needs no input and is planned without a word", "[dag]") {
  findings found;
  const auto p = planned(file_json("templates/noop/three_noops.json"), found);
  INFO(said(found));
  REQUIRE(p);
  REQUIRE(found.warnings.empty());
  REQUIRE(p->inputs.empty());
  REQUIRE(p->layers == std::vector<std::vector<std::uint32_t>>{{0, 1}, {2}});
  REQUIRE(p->tasks[2].after == std::vector<std::uint32_t>{0, 1});
}

TEST_CASE("depends_on and references join: an edge is counted once", "[dag]") {
  const auto p
    = good_plan(template_of(open_task("a") + "," + open_task("b") + ","
                            + open_task("c", R"({"x": "${a.output.k}"})", R"(["b", "a"])")));
  REQUIRE(p->tasks[2].reads == std::vector<std::uint32_t>{0});
  REQUIRE(p->tasks[2].after == std::vector<std::uint32_t>{1});
  REQUIRE(p->edges == 2);
}

TEST_CASE("a stored plan loads as the same plan, whatever has become of classes and limits",
          "[dag]") {
  for (const auto* file :
       {"templates/noop/noop_template_run.json", "templates/noop/three_noops.json"}) {
    const auto p = good_plan(file_json(file));
    limits small;
    small.tasks_per_workflow = 1;
    small.edges = 0;
    small.json_depth = 2;
    small.json_nodes = 5;
    small.text_bytes = 1;
    const auto loaded = load_plan(p->body, small);
    REQUIRE(loaded);
    const auto& q = **loaded;
    REQUIRE(q.hash == p->hash);
    REQUIRE(q.body == p->body);
    REQUIRE(q.hash == sha256(p->body));
    REQUIRE(q.layers == p->layers);
    REQUIRE(q.edges == p->edges);
    REQUIRE(q.doc.source == p->doc.source);
    REQUIRE(q.tasks.size() == p->tasks.size());
    for (std::size_t i = 0; i < q.tasks.size(); ++i) {
      REQUIRE(q.tasks[i].reads == p->tasks[i].reads);
      REQUIRE(q.tasks[i].after == p->tasks[i].after);
      REQUIRE(q.tasks[i].dependents == p->tasks[i].dependents);
      REQUIRE(to_json(*q.tasks[i].cls) == to_json(*p->tasks[i].cls));
    }
  }
}

TEST_CASE("equal templates have equal hashes, and a changed class changes it", "[dag]") {
  const auto doc = file_json("templates/noop/three_noops.json");
  REQUIRE(good_plan(doc)->hash == good_plan(doc)->hash);
  auto changed = noop_class();
  changed.description = "another";
  findings found;
  const auto p = make_plan(
    parse_template(doc, limits{}, found),
    [&](std::string_view) { return std::make_shared<const task_class>(changed); }, limits{}, found);
  REQUIRE(p);
  REQUIRE(p->hash != good_plan(doc)->hash);
}

TEST_CASE("a body that is no plan is unreadable, with the reason", "[dag]") {
  const auto body = good_plan(file_json("templates/noop/three_noops.json"))->body;
  auto no_class = parsed(body);
  no_class["classes"].erase("noop");
  auto unknown_key = parsed(body);
  unknown_key["template"]["later"] = 1;
  auto cycle = parsed(body);
  cycle["template"]["tasks"][0]["depends_on"] = {"c"};
  auto bad_class = parsed(body);
  bad_class["classes"]["noop"] = 1;
  for (const auto& text :
       {std::string{}, std::string{"{"}, std::string{"[]"}, std::string{"{\"template\":{}}"},
        no_class.dump(), unknown_key.dump(), cycle.dump(), bad_class.dump()}) {
    const auto p = load_plan(text, limits{});
    INFO(text.substr(0, 100));
    REQUIRE_FALSE(p);
    REQUIRE(p.error().code == fault::workflow_unreadable);
    REQUIRE(p.error().message.size() > 30);
  }
}
