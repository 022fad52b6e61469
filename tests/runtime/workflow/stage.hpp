// One workflow of built-in classes on decide() alone, with the rows it wrote; every step is also
// folded from the rows and compared.
#pragma once
#include "runtime/workflow/apply.hpp"
#include "runtime/workflow/decide.hpp"
#include "runtime/workflow/rerun.hpp"
#include "runtime/workflow/view.hpp"
#include "tasks/host/registry.hpp"
#include "tests/harness/catch.hpp"

namespace o3::workflow::testing::builtin {

inline json task(const std::string& ref, const std::string& cls, json input,
                 json more = json::object()) {
  if (cls == "noop" && !input.contains("runtime_delay"))
    input["runtime_delay"] = 0;
  json t = {{"name", ref},
            {"ref_name", ref},
            {"description", ""},
            {"class", cls},
            {"input", std::move(input)},
            {"always_run", false},
            {"depends_on", json::array()},
            {"optional", false}};
  t.update(more);
  return t;
}

struct stage {
  explicit stage(json tasks, json more = json::object(), json inputs = json::object(),
                 std::optional<wall_time> start_at = {}, std::optional<parentage> from = {},
                 std::string principal = "asker", std::shared_ptr<const calendar_view> known = {},
                 std::vector<std::string> of_schedule = {})
      : calendars(std::move(known)) {
    json doc = {{"name", "x"},
                {"ref_name", "x"},
                {"description", ""},
                {"schema_version", 2},
                {"tasks", std::move(tasks)}};
    if (more.is_object())
      doc.update(more);
    findings found;
    auto t = parse_template(doc, lim, found);
    graph = make_plan(
      std::move(t), [&](std::string_view n) { return classes.find(n); }, lim, found);
    for (const auto& e : found.errors)
      UNSCOPED_INFO(e.pointer << " " << e.message);
    REQUIRE(graph);
    accepted a;
    a.trace_id = "t";
    a.principal = std::move(principal);
    a.from = from;
    a.start_at = start_at;
    a.calendars = std::move(of_schedule);
    a.plan_hash = graph->hash;
    findings none;
    workflow_request r;
    r.workflow_input = std::move(inputs);
    a.inputs = bind(*graph, r, seal, lim, none).inputs;
    for (const auto& e : none.errors)
      UNSCOPED_INFO(e.pointer << " " << e.message);
    REQUIRE(none.ok());
    take(accept(a, graph, at()));
  }
  context at() {
    return {
      .now = now, .seed = ++seed, .code = code, .seal = seal, .lim = lim, .calendars = calendars};
  }
  void take(decision d) {
    effects = d.effects;
    if (!d.records.empty())
      rows.push_back({rows.size() + 1, {}, rows.size() + 1, 1, d.at, d.records});
    s = std::move(d.next);
    s.seq = rows.size();
    // The rows alone, and a checkpoint alone, tell the same.
    auto again = fold(graph, rows);
    REQUIRE(again);
    const auto now_text = to_checkpoint(s).dump();
    REQUIRE(to_checkpoint(*again).dump() == now_text);
    state third;
    third.graph = graph;
    from_checkpoint(third, to_checkpoint(s));
    REQUIRE(to_checkpoint(third).dump() == now_text);
    for (const auto* other : {&*again, &third}) {
      REQUIRE(other->active == s.active);
      REQUIRE(other->ready == s.ready);
      REQUIRE(other->ended_count == s.ended_count);
      REQUIRE(other->open_dependencies == s.open_dependencies);
      REQUIRE(other->output_bytes == s.output_bytes);
    }
  }
  /// A record that the node writes by itself.
  void write(const record& r) {
    std::string text;
    json_writer out{text};
    out.begin_array();
    encode(out, r);
    out.end_array();
    rows.push_back({rows.size() + 1, {}, rows.size() + 1, 1, now, text});
    apply(s, r, now);
    s.seq = rows.size();
  }
  void pass(millis d) {
    now += d;
    take(decide(std::move(s), {}, at()));
  }
  void tell(event e) { take(decide(std::move(s), {std::move(e)}, at())); }
  /// "a", or "loop[2]" for an item.
  const task_instance& operator[](const std::string& ref) const {
    return s.at(task_number(*graph, ref).value());
  }
  std::uint32_t number(const std::string& ref) const { return task_number(*graph, ref).value(); }
  std::string states() const {
    std::string out;
    for (std::uint32_t t = 0; t < s.tasks.size(); ++t)
      out += (out.empty() ? "" : " ") + graph->doc.tasks[t].ref + "="
             + std::string{to_string(s.tasks[t].state)};
    return out;
  }
  template <class T>
  const T* last() const {
    for (auto e = effects.rbegin(); e != effects.rend(); ++e)
      if (const auto* found = std::get_if<T>(&*e))
        return found;
    return nullptr;
  }
  /// As an operator asks for it; the plan is kept for comparing it with what then happens.
  std::vector<rerun_line> rerun(json request = json::object()) {
    findings found;
    auto r = parse_rerun(request, lim, found);
    auto lines = plan_rerun(s, r, seal, lim, found);
    for (const auto& e : found.errors)
      FAIL(e.pointer << " " << e.message);
    rerun_asked e{"me", "", {}, r.at_once};
    for (const auto& l : lines)
      e.tasks.push_back(l.choice);
    tell(std::move(e));
    return lines;
  }
  template <class T>
  int count() const {
    int n = 0;
    for (const auto& e : effects)
      n += std::holds_alternative<T>(e) ? 1 : 0;
    return n;
  }

  std::shared_ptr<const calendar_view> calendars;
  limits lim;
  tasks::registry classes{tasks::registry::builtin()};
  code_lookup code
    = [this](std::string_view n) { return missing == n ? nullptr : classes.code(n); };
  std::string missing;
  sealer seal = sealer::from_key(std::string(32, 's'));
  std::shared_ptr<const plan> graph;
  wall_time now = from_ms(1'800'000'000'000);
  std::uint64_t seed = 0;
  state s;
  std::vector<effect> effects;
  std::vector<store::journal_row> rows;
};

} // namespace o3::workflow::testing::builtin
