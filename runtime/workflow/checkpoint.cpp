// The folded state as JSON and back. The plan is not part of it: it is stored once, by hash.
#include "runtime/workflow/apply.hpp"

namespace o3::workflow {
namespace {

void put(json& j, const char* k, const std::optional<wall_time>& t) {
  if (t)
    j[k] = to_ms(*t);
}
void put(json& j, const char* k, const std::string& text) {
  if (!text.empty())
    j[k] = text;
}
void take(const json& j, const char* k, std::optional<wall_time>& t) {
  t.reset();
  if (auto it = j.find(k); it != j.end())
    t = from_ms(it->get<std::int64_t>());
}
void take(const json& j, const char* k, std::string& text) {
  auto it = j.find(k);
  text = it == j.end() ? std::string{} : it->get<std::string>();
}

json task_to_json(const task_instance& t) {
  json j = {{"s", static_cast<unsigned>(t.state)}};
  if (t.attempt == 0 && t.code == fault::none && t.message.empty() && t.kept_if.empty()
      && t.items_if.empty() && t.state == task_state::created && t.attributes.is_null())
    return j;
  if (t.last_state)
    j["last"] = static_cast<unsigned>(*t.last_state);
  j["n"] = t.attempt;
  if (t.calling)
    j["call"] = true;
  if (t.canceling)
    j["stop"] = true;
  if (!t.attributes.is_null())
    j["attr"] = t.attributes;
  if (t.attribute_n != 0)
    j["attr_n"] = t.attribute_n;
  put(j, "first", t.first_started_at);
  put(j, "start", t.started_at);
  put(j, "end", t.ended_at);
  put(j, "wake", t.wake_at);
  put(j, "for", t.waits_for);
  if (t.code != fault::none)
    j["code"] = static_cast<std::uint16_t>(t.code);
  put(j, "msg", t.message);
  for (const auto& l : t.launches)
    j["launches"].push_back(launch::to_json(l));
  if (t.launches_before != 0)
    j["launches_before"] = t.launches_before;
  if (t.attempts_before != 0)
    j["attempts_before"] = t.attempts_before;
  put(j, "kept_if", t.kept_if);
  put(j, "items_if", t.items_if);
  if (t.began)
    j["began"] = true;
  put(j, "parked", t.parked_at);
  put(j, "opens", t.opens_at);
  if (!t.retried.empty())
    j["retried"] = t.retried;
  put(j, "silent", t.silent_at);
  return j;
}

task_instance task_from_json(const json& j) {
  task_instance t;
  t.state = static_cast<task_state>(j.at("s").get<unsigned>());
  if (j.contains("last"))
    t.last_state = static_cast<task_state>(j.at("last").get<unsigned>());
  t.attempt = j.value("n", 0U);
  t.calling = j.value("call", false);
  t.canceling = j.value("stop", false);
  t.attributes = j.value("attr", json{});
  t.attribute_n = j.value("attr_n", std::uint64_t{0});
  take(j, "first", t.first_started_at);
  take(j, "start", t.started_at);
  take(j, "end", t.ended_at);
  take(j, "wake", t.wake_at);
  take(j, "for", t.waits_for);
  t.code = static_cast<fault>(j.value("code", std::uint16_t{0}));
  take(j, "msg", t.message);
  if (auto it = j.find("launches"); it != j.end())
    for (const auto& l : *it) {
      auto state = launch::from_json(l);
      if (!state)
        throw json::other_error::create(501, state.error().message, &l);
      t.launches.push_back(*std::move(state));
    }
  t.launches_before = j.value("launches_before", std::size_t{0});
  t.attempts_before = j.value("attempts_before", 0U);
  take(j, "kept_if", t.kept_if);
  take(j, "items_if", t.items_if);
  t.began = j.value("began", false);
  take(j, "parked", t.parked_at);
  take(j, "opens", t.opens_at);
  t.retried = j.value("retried", std::vector<std::uint32_t>{});
  take(j, "silent", t.silent_at);
  return t;
}

json asked_to_json(const asked& a) {
  return {{"by", a.by}, {"why", a.reason}, {"at", to_ms(a.at)}};
}

asked asked_from_json(const json& j) {
  return {j.at("by").get<std::string>(), j.at("why").get<std::string>(),
          from_ms(j.at("at").get<std::int64_t>())};
}

json loop_to_json(std::uint32_t task, const loop_state& l) {
  json begun = json::array();
  for (const auto& t : l.begun)
    begun.push_back(task_to_json(t));
  return {{"t", task},      {"items", l.items}, {"keys", l.keys},
          {"open", l.open}, {"next", l.next},   {"begun", std::move(begun)}};
}

void loop_from_json(state& s, const json& j) {
  auto& l = s.loops[j.at("t").get<std::uint32_t>()];
  l.items = j.at("items");
  l.keys = j.at("keys");
  l.open = j.at("open").get<bool>();
  l.next = j.at("next").get<std::uint32_t>();
  for (const auto& t : j.at("begun"))
    l.begun.push_back(task_from_json(t));
}

// What came from people, and from the workflow's family.
void history_to_json(json& j, const state& s) {
  if (s.from)
    j["from"]
      = {{"parent", s.from->parent.hex()}, {"root", s.from->root.hex()}, {"t", s.from->task},
         {"n", s.from->attempt},           {"depth", s.from->depth},     {"told", s.parent_told}};
  if (s.run != 1)
    j["run"] = s.run;
  if (s.ran_revision != 1)
    j["ran"] = s.ran_revision;
  if (s.paused)
    j["paused"] = asked_to_json(*s.paused);
  if (!s.revised.by.empty())
    j["revised"] = asked_to_json(s.revised);
  for (const auto& r : s.revisions)
    j["revisions"].push_back({{"n", r.number},
                              {"who", asked_to_json(r.who)},
                              {"name", r.name},
                              {"desc", r.description},
                              {"inputs", r.inputs}});
  if (!s.outputs.is_null())
    j["outputs"] = s.outputs;
  for (const auto& k : s.signals) {
    json kept = {{"name", k.name}, {"by", k.by}, {"at", to_ms(k.at)}, {"value", k.body}};
    if (k.task)
      kept["t"] = *k.task;
    j["signals"].push_back(std::move(kept));
  }
}

void history_from_json(state& s, const json& j) {
  s.from.reset();
  if (auto f = j.find("from"); f != j.end()) {
    s.from = parentage{id::parse(f->at("parent").get<std::string>()).value_or(id{}),
                       id::parse(f->at("root").get<std::string>()).value_or(id{}),
                       f->at("t").get<std::uint32_t>(), f->at("n").get<std::uint32_t>(),
                       f->at("depth").get<std::uint32_t>()};
    s.parent_told = f->at("told").get<bool>();
  }
  s.run = j.value("run", 1U);
  s.ran_revision = j.value("ran", 1U);
  s.paused.reset();
  if (auto p = j.find("paused"); p != j.end())
    s.paused = asked_from_json(*p);
  if (auto r = j.find("revised"); r != j.end())
    s.revised = asked_from_json(*r);
  s.revisions.clear();
  if (auto list = j.find("revisions"); list != j.end())
    for (const auto& r : *list)
      s.revisions.push_back({r.at("n").get<std::uint32_t>(), asked_from_json(r.at("who")),
                             r.at("name").get<std::string>(), r.at("desc").get<std::string>(),
                             r.at("inputs")});
  s.outputs = j.value("outputs", json{});
  s.signals.clear();
  if (auto list = j.find("signals"); list != j.end())
    for (const auto& k : *list)
      s.signals.push_back(
        {k.at("name").get<std::string>(), k.at("by").get<std::string>(),
         from_ms(k.at("at").get<std::int64_t>()), k.at("value"),
         k.contains("t") ? std::optional{k.at("t").get<std::uint32_t>()} : std::nullopt});
}

std::size_t attribute_bytes(const task_instance& t) {
  std::size_t sum = 0;
  if (!t.attributes.is_null())
    for (const auto& value : t.attributes)
      sum += canonical(value).size();
  return sum;
}

void derive_loop(state& s, std::uint32_t task, loop_state& l) {
  l.running = l.failed = 0;
  for (std::uint32_t i = 0; i < l.begun.size(); ++i) {
    const auto& t = l.begun[i];
    s.output_bytes += attribute_bytes(t);
    l.failed += is_bad_end(t.state) ? 1 : 0;
    if (is_terminal(t.state) || t.state == task_state::created)
      continue;
    ++l.running;
    s.active.push_back(s.number_of(task, i));
  }
}

} // namespace

void derive(state& s) {
  auto n = s.tasks.size();
  s.open_dependencies.assign(n, 0);
  s.active.clear();
  s.ready.clear();
  s.ended_count = 0;
  s.output_bytes = 0;
  for (std::uint32_t t = 0; t < n; ++t) {
    const auto& p = s.graph->tasks[t];
    for (const auto* list : {&p.reads, &p.after})
      for (auto d : *list)
        s.open_dependencies[t] += is_terminal(s.tasks[d].state) ? 0 : 1;
    s.output_bytes += attribute_bytes(s.tasks[t]);
    if (is_terminal(s.tasks[t].state))
      ++s.ended_count;
    else if (s.tasks[t].state != task_state::created)
      s.active.push_back(t);
    else if (s.open_dependencies[t] == 0 && !is_terminal(s.status) && s.spec(t).phase == s.phase)
      s.ready.push_back(t);
  }
  for (auto& [task, loop] : s.loops)
    derive_loop(s, task, loop);
  std::sort(s.active.begin(), s.active.end());
}

json to_checkpoint(const state& s) {
  json j = {{"id", s.workflow.hex()},         {"trace", s.trace_id},
            {"project", s.project},           {"by", s.principal},
            {"template", s.template_ref},     {"rev", s.revision},
            {"created", to_ms(s.created_at)}, {"status", static_cast<unsigned>(s.status)}};
  put(j, "ref", s.ref);
  put(j, "name", s.name);
  put(j, "desc", s.description);
  if (!s.inputs.empty())
    j["inputs"] = s.inputs;
  for (const auto& w : s.warnings)
    j["warnings"].push_back({static_cast<std::uint16_t>(w.code), w.message, w.pointer, w.hint});
  put(j, "start_at", s.start_at);
  if (!s.labels.empty())
    j["labels"] = s.labels;
  if (!s.calendars.empty())
    j["calendars"] = s.calendars;
  if (s.at_once)
    j["at_once"] = true;
  put(j, "started", s.started_at);
  put(j, "ended", s.ended_at);
  if (s.code != fault::none)
    j["code"] = static_cast<std::uint16_t>(s.code);
  put(j, "msg", s.message);
  if (s.failed_task)
    j["failed"] = *s.failed_task;
  put(j, "grace", s.grace_until);
  put(j, "cancel", s.cancel_until);
  if (s.cancel_forced)
    j["cancel_forced"] = true;
  put(j, "cancel_by", s.cancel_by);
  put(j, "cancel_why", s.cancel_reason);
  if (s.phase != task_phase::main)
    j["phase"] = static_cast<unsigned>(s.phase);
  history_to_json(j, s);
  auto& tasks = j["tasks"] = json::array();
  for (const auto& t : s.tasks)
    tasks.push_back(task_to_json(t));
  for (const auto& [task, loop] : s.loops)
    j["loops"].push_back(loop_to_json(task, loop));
  return j;
}

void from_checkpoint(state& s, const json& j) {
  s.workflow = id::parse(j.at("id").get<std::string>()).value_or(id{});
  take(j, "trace", s.trace_id);
  take(j, "project", s.project);
  take(j, "by", s.principal);
  take(j, "template", s.template_ref);
  s.revision = j.value("rev", 1U);
  s.created_at = from_ms(j.at("created").get<std::int64_t>());
  s.status = static_cast<workflow_state>(j.at("status").get<unsigned>());
  take(j, "ref", s.ref);
  take(j, "name", s.name);
  take(j, "desc", s.description);
  s.inputs = j.value("inputs", json::object());
  s.warnings.clear();
  if (j.contains("warnings"))
    for (const auto& w : j.at("warnings"))
      s.warnings.push_back({static_cast<fault>(w.at(0).get<std::uint16_t>()),
                            w.at(1).get<std::string>(), w.at(2).get<std::string>(),
                            w.at(3).get<std::string>()});
  take(j, "start_at", s.start_at);
  s.labels = j.value("labels", label_map{});
  s.calendars = j.value("calendars", std::vector<std::string>{});
  s.at_once = j.value("at_once", false);
  take(j, "started", s.started_at);
  take(j, "ended", s.ended_at);
  s.code = static_cast<fault>(j.value("code", std::uint16_t{0}));
  take(j, "msg", s.message);
  s.failed_task.reset();
  if (j.contains("failed"))
    s.failed_task = j.at("failed").get<std::uint32_t>();
  take(j, "grace", s.grace_until);
  take(j, "cancel", s.cancel_until);
  s.cancel_forced = j.value("cancel_forced", false);
  take(j, "cancel_by", s.cancel_by);
  take(j, "cancel_why", s.cancel_reason);
  s.tasks.clear();
  for (const auto& t : j.at("tasks"))
    s.tasks.push_back(task_from_json(t));
  s.phase = static_cast<task_phase>(j.value("phase", 0U));
  history_from_json(s, j);
  s.loops.clear();
  if (auto loops = j.find("loops"); loops != j.end())
    for (const auto& l : *loops)
      loop_from_json(s, l);
  derive(s);
}

} // namespace o3::workflow
