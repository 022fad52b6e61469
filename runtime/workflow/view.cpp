#include "runtime/workflow/view.hpp"

#include "runtime/launch/evidence.hpp"
#include "runtime/workflow/people.hpp"

namespace o3::workflow {
namespace {

void time_or_null(json_writer& out, std::string_view key, const std::optional<wall_time>& t) {
  out.key(key);
  if (t)
    out.time(*t);
  else
    out.null();
}

void write_causes(json_writer& out, const std::vector<cause>& causes) {
  out.key("why").begin_array();
  for (const auto& c : causes) {
    out.begin_object()
      .field("code", std::string_view{c.code})
      .field("text", std::string_view{c.text});
    if (c.until)
      out.key("until").time(*c.until);
    if (c.details.is_object() && !c.details.empty())
      out.field("details", c.details);
    out.end_object();
  }
  out.end_array();
}

void write_error(json_writer& out, fault code, std::string_view message) {
  out.key("error");
  if (code == fault::none) {
    out.null();
    return;
  }
  out.begin_object().field("code", fault_code(code)).field("message", message).end_object();
}

void write_warnings(json_writer& out, const std::vector<error>& warnings) {
  out.key("warnings").begin_array();
  for (const auto& w : warnings) {
    out.begin_object()
      .field("code", fault_code(w.code))
      .field("pointer", std::string_view{w.pointer});
    out.field("message", std::string_view{w.message});
    if (!w.hint.empty())
      out.field("hint", std::string_view{w.hint});
    out.end_object();
  }
  out.end_array();
}

void write_links(json_writer& out, const id& workflow) {
  auto self = "/api/v1/workflow/" + workflow.hex() + "/";
  out.key("links").begin_object().field("self", std::string_view{self});
  for (const auto* part : {"task", "log", "events", "cancel", "rerun", "revision"})
    out.field(part, std::string_view{self + part + "/"});
  out.end_object();
}

// What a class keeps for itself is nobody's output: names that begin with '_'.
json shown(const json& attributes) {
  auto out = json::object();
  if (attributes.is_object())
    for (const auto& [name, value] : attributes.items())
      if (!name.starts_with('_'))
        out[name] = redacted(value);
  return out;
}

// Where it comes from, and what people did to it.
void write_family(json_writer& out, const state& s) {
  if (s.from) {
    out.key("parent").begin_object().field("workflow", s.from->parent);
    out.field("root", s.from->root).field("depth", s.from->depth).end_object();
  }
  out.key("paused");
  if (!s.paused) {
    out.null();
    return;
  }
  out.begin_object().field("by", std::string_view{s.paused->by});
  out.field("reason", std::string_view{s.paused->reason}).key("at").time(s.paused->at);
  out.end_object();
}

void write_loop(json_writer& out, const loop_state& l) {
  out.key("loop").begin_object().field("items", l.items.size()).field("begun", l.next);
  out.field("running", l.running).field("failed", l.failed).end_object();
}

void write_outputs(json_writer& out, const json& attributes) {
  out.value(shown(attributes));
}

std::string object(const std::function<void(json_writer&)>& fill) {
  std::string text;
  json_writer w{text};
  w.begin_object();
  fill(w);
  w.end_object();
  return text;
}

json task_outputs(const state& s) {
  json all = json::object();
  for (std::uint32_t t = 0; t < s.tasks.size(); ++t) {
    json made;
    const auto* outputs = outputs_of(s, t, made);
    if (outputs == nullptr || outputs->empty())
      continue;
    auto& mine = all[s.graph->doc.tasks[t].ref] = json::object();
    for (const auto& [name, value] : outputs->items())
      if (!name.starts_with('_'))
        mine[name] = value;
  }
  return all;
}

} // namespace

json outputs_document(const state& s) {
  if (s.graph->doc.outputs.empty())
    return task_outputs(s);
  return s.outputs.is_null() ? json::object() : s.outputs;
}

void write_workflow(json_writer& out, const state& s) {
  out.begin_object().field("id", s.workflow).field("ref", std::string_view{s.ref});
  out.field("trace_id", std::string_view{s.trace_id}).field("project", std::string_view{s.project});
  out.field("template", std::string_view{s.template_ref}).field("name", std::string_view{s.name});
  out.field("description", std::string_view{s.description}).field("revision", s.revision);
  out.field("run", s.run).field("state", to_string(s.status));
  out.field("phase", to_string(s.phase));
  write_family(out, s);
  write_labels(out.key("labels"), s.labels);
  out.key("created_at").time(s.created_at);
  time_or_null(out, "started_at", s.started_at);
  time_or_null(out, "ended_at", s.ended_at);
  write_causes(out, why(s));
  // What the template declares stands for the workflow; without that, what its tasks gave does.
  out.field("outputs", redacted(outputs_document(s)));
  if (!s.graph->doc.outputs.empty())
    out.field("task_outputs", redacted(task_outputs(s)));
  write_warnings(out, s.warnings);
  out.key("tasks").begin_object().field("total", s.tasks.size()).field("ended", s.ended_count);
  out.field("active", s.active.size()).end_object();
  write_error(out, s.code, s.message);
  write_links(out, s.workflow);
  out.end_object();
}

void write_task(json_writer& out, const state& s, std::uint32_t i) {
  const auto& t = s.at(i);
  const auto& spec = s.spec(i);
  const auto& node = s.node(i);
  const auto name = task_name(*s.graph, i);
  out.begin_object()
    .field("ref", std::string_view{name})
    .field("name", std::string_view{spec.name});
  out.field("phase", to_string(spec.phase));
  if (const auto item = item_of(s, i)) {
    out.field("item_of", std::string_view{spec.ref}).field("index", item->index);
    out.key("key").value(item->key);
    out.key("value").value(redacted(*item->value));
  }
  if (const auto loop = s.loops.find(i); loop != s.loops.end())
    write_loop(out, loop->second);
  out.field("id", id::derived(s.workflow, name)).field("class", std::string_view{spec.class_name});
  out.field("state", to_string(t.state)).field("attempt", t.attempt);
  // Attempts are counted on over reruns; a lost worker may add some.
  out.field("attempts_max", std::max(t.attempt, t.attempts_before + attempts_allowed(s, i)));
  out.field("last_task_state", t.last_state ? to_string(*t.last_state) : std::string_view{"never"});
  out.field("optional", spec.optional).field("always_run", spec.always_run);
  time_or_null(out, "started_at", t.started_at);
  time_or_null(out, "ended_at", t.ended_at);
  time_or_null(out, "wake_at", t.wake_at);
  write_causes(out, why_task(s, i));
  out.key("outputs");
  json made;
  const auto* outputs = outputs_of(s, i, made);
  write_outputs(out, outputs ? *outputs : t.attributes);
  if (const auto* asks = asked_of_people(s, i))
    out.key("asks").value(redacted(*asks));
  out.key("depends_on").begin_array();
  std::vector<std::uint32_t> before = node.reads;
  before.insert(before.end(), node.after.begin(), node.after.end());
  std::sort(before.begin(), before.end());
  for (auto d : before)
    out.value(std::string_view{s.graph->doc.tasks[d].ref});
  out.end_array();
  out.key("launches").begin_array();
  for (const auto& l : t.launches)
    out.value(launch::evidence(l));
  out.end_array();
  write_error(
    out, t.state == task_state::successful || t.state == task_state::running ? fault::none : t.code,
    t.message);
  out.end_object();
}

void write_summary(json_writer& out, const store::summary& s) {
  out.begin_object().field("id", s.workflow).field("ref", std::string_view{s.ref});
  out.field("trace_id", std::string_view{s.trace_id}).field("project", std::string_view{s.project});
  out.field("template", std::string_view{s.template_ref}).field("name", std::string_view{s.name});
  out.field("revision", s.revision).field("state", to_string(s.state));
  write_labels(out.key("labels"), s.labels);
  out.key("created_at").time(s.created_at);
  time_or_null(out, "started_at", s.started_at);
  time_or_null(out, "ended_at", s.ended_at);
  out.key("wake_at");
  if (s.wake_at && to_ms(*s.wake_at) > 0)
    out.time(*s.wake_at);
  else
    out.null();
  out.field("error", std::string_view{s.error}).end_object();
}

void write_accepted(json_writer& out, const state& s) {
  out.begin_object().field("id", s.workflow).field("ref", std::string_view{s.ref});
  out.field("trace_id", std::string_view{s.trace_id}).field("revision", s.revision);
  out.field("state", to_string(s.status));
  write_warnings(out, s.warnings);
  write_links(out, s.workflow);
  out.end_object();
}

void write_accepted(json_writer& out, const store::summary& s, const std::vector<error>& warnings) {
  out.begin_object().field("id", s.workflow).field("ref", std::string_view{s.ref});
  out.field("trace_id", std::string_view{s.trace_id}).field("revision", s.revision);
  out.field("state", to_string(s.state));
  write_warnings(out, warnings);
  write_links(out, s.workflow);
  out.end_object();
}

public_event to_event(const record& r, const id& workflow, wall_time at, const plan& p) {
  if (std::holds_alternative<checkpoint>(r) || std::holds_alternative<parent_told>(r))
    return {};
  std::string name{name_of(r)};
  auto data = object([&](json_writer& w) {
    w.field("workflow", workflow).key("at").time(at);
    if (auto t = task_of(r); t && *t != no_task)
      w.field("task", task_name(p, *t));
    std::visit(
      [&](const auto& x) {
        if constexpr (requires { x.state; })
          w.field("state", to_string(x.state));
        if constexpr (requires { x.attempt; })
          if (x.attempt != 0)
            w.field("attempt", x.attempt);
        if constexpr (requires { x.set; })
          if (auto visible = shown(x.set); !visible.empty())
            w.field("outputs", visible);
        if constexpr (requires { x.phase; })
          w.field("phase", to_string(x.phase));
        if constexpr (requires { x.items; })
          w.field("items", x.items.size());
        if constexpr (requires { x.run; })
          w.field("run", x.run);
        if constexpr (requires { x.revision; })
          w.field("revision", x.revision);
        if constexpr (requires { x.outputs; })
          if (!x.outputs.is_null())
            w.field("outputs", redacted(x.outputs));
        if constexpr (requires { x.value; })
          w.field("name", std::string_view{x.name}).field("value", redacted(x.value));
        if constexpr (requires { x.change; }) {
          w.field("phase", to_string(x.change.at.phase));
          if (x.change.outcome && !x.change.outcome->external_id.empty())
            w.field("external_id", std::string_view{x.change.outcome->external_id});
          if (x.change.note && !x.change.note->message.empty())
            w.field("message", std::string_view{x.change.note->message});
        }
        if constexpr (requires { x.wake_at; })
          time_or_null(w, "wake_at", x.wake_at);
        if constexpr (requires { x.due; })
          w.key("due").time(x.due);
        if constexpr (requires { x.opens; })
          time_or_null(w, "opens", x.opens);
        if constexpr (requires { x.until; })
          w.key("until").time(x.until);
        if constexpr (requires { x.code; })
          if (x.code != fault::none)
            w.field("code", fault_code(x.code));
        if constexpr (requires { x.message; })
          if (!x.message.empty())
            w.field("message", std::string_view{x.message});
        if constexpr (requires { x.template_ref; })
          w.field("template", std::string_view{x.template_ref})
            .field("trace_id", std::string_view{x.trace_id});
        if constexpr (requires { x.by; })
          w.field("by", std::string_view{x.by});
        if constexpr (requires { x.reason; })
          w.field("reason", std::string_view{x.reason});
      },
      r);
  });
  return {std::move(name), std::move(data)};
}

} // namespace o3::workflow
