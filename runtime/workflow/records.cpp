#include "runtime/workflow/records.hpp"

namespace o3::workflow {
namespace {

// The writing side. Absent means default, so that a row of three no-op tasks stays a few hundred
// bytes.
struct writer {
  json_writer& out;

  void text(std::string_view k, std::string_view v) const {
    if (!v.empty())
      out.field(k, v);
  }
  void number(std::string_view k, std::uint64_t v) const {
    if (v != 0)
      out.field(k, v);
  }
  void flag(std::string_view k, bool v) const {
    if (v)
      out.field(k, v);
  }
  void time(std::string_view k, const std::optional<wall_time>& t) const {
    if (t)
      out.field(k, to_ms(*t));
  }
  void object(std::string_view k, const json& v) const {
    if (!v.is_null() && !(v.is_object() && v.empty()))
      out.field(k, v);
  }
  void bad_end(fault code, std::string_view message) const {
    number("code", static_cast<std::uint16_t>(code));
    text("msg", message);
  }

  void write_warnings(const std::vector<error>& warnings) const {
    if (warnings.empty())
      return;
    out.key("warnings").begin_array();
    for (const auto& w : warnings) {
      out.begin_object().field("code", static_cast<std::uint16_t>(w.code));
      text("ptr", w.pointer);
      text("msg", w.message);
      text("hint", w.hint);
      out.end_object();
    }
    out.end_array();
  }

  void operator()(const accepted& r) const {
    out.field("id", r.workflow).field("trace", std::string_view{r.trace_id});
    text("ref", r.ref);
    text("name", r.name);
    text("desc", r.description);
    out.field("project", std::string_view{r.project}).field("by", std::string_view{r.principal});
    out.field("template", std::string_view{r.template_ref}).field("rev", r.revision);
    out.field("plan", std::string_view{to_hex(r.plan_hash)});
    object("inputs", r.inputs);
    write_warnings(r.warnings);
    time("start_at", r.start_at);
    if (!r.labels.empty())
      write_labels(out.key("labels"), r.labels);
    if (r.from) {
      out.key("from").begin_object().field("parent", r.from->parent).field("root", r.from->root);
      out.field("t", r.from->task).field("n", r.from->attempt).field("depth", r.from->depth);
      out.end_object();
    }
    if (!r.calendars.empty()) {
      out.key("calendars").begin_array();
      for (const auto& name : r.calendars)
        out.value(std::string_view{name});
      out.end_array();
    }
  }
  void operator()(const started&) const {}
  void operator()(const task_started& r) const { out.field("t", r.task).field("n", r.attempt); }
  void operator()(const task_progress& r) const {
    out.field("t", r.task);
    object("set", r.set);
    time("wake", r.wake_at);
    text("for", r.waits_for);
    flag("call", r.calling);
    flag("stop", r.canceling);
  }
  void operator()(const task_ended& r) const {
    out.field("t", r.task);
    number("n", r.attempt);
    out.field("s", static_cast<unsigned>(r.state));
    object("set", r.set);
    bad_end(r.code, r.message);
  }
  void operator()(const task_retry& r) const {
    out.field("t", r.task);
    number("n", r.attempt);
    out.field("s", static_cast<unsigned>(r.state));
    object("set", r.set);
    bad_end(r.code, r.message);
    out.field("due", to_ms(r.due));
    if (r.rule)
      out.field("rule", *r.rule);
  }
  void operator()(const task_blocked& r) const {
    out.field("t", r.task).field("due", to_ms(r.due));
    bad_end(r.code, r.message);
    time("opens", r.opens);
  }
  void operator()(const attribute_set& r) const {
    out.field("t", r.task).field("a", r.attempt).field("n", r.n);
    out.field("name", std::string_view{r.name}).field("value", r.value);
  }
  void operator()(const failing& r) const { out.field("t", r.task).field("until", to_ms(r.until)); }
  void operator()(const canceled& r) const {
    text("by", r.by);
    text("why", r.reason);
    out.field("until", to_ms(r.until));
    flag("force", r.forced);
  }
  void operator()(const ended& r) const {
    out.field("s", static_cast<unsigned>(r.state));
    bad_end(r.code, r.message);
    object("out", r.outputs);
  }
  void operator()(const checkpoint& r) const { out.field("body", r.body); }
  void operator()(const quarantined& r) const { out.field("msg", std::string_view{r.message}); }
  void operator()(const task_launch& r) const {
    out.field("t", r.task).key("launch");
    launch::encode(out, r.change);
    time("tick", r.tick_at);
    text("for", r.waits_for);
  }
  void operator()(const phase_begun& r) const {
    out.field("phase", static_cast<unsigned>(r.phase));
  }
  void operator()(const loop_opened& r) const {
    out.field("t", r.task).field("items", r.items);
    object("keys", r.keys);
    if (r.keep.empty())
      return;
    out.key("keep").begin_array();
    for (auto i : r.keep)
      out.value(i);
    out.end_array();
  }
  void operator()(const rerun_begun& r) const {
    out.field("run", r.run).field("rev", r.revision);
    text("by", r.by);
    text("why", r.reason);
    out.key("tasks").begin_array();
    for (const auto& t : r.tasks) {
      out.begin_object().field("a", static_cast<unsigned>(t.what));
      flag("all", t.all_items);
      text("print", t.print);
      object("set", t.outputs);
      text("items", t.items_print);
      out.end_object();
    }
    out.end_array();
    time("start_at", r.start_at);
    flag("at_once", r.at_once);
  }
  void operator()(const revised& r) const {
    out.field("rev", r.revision);
    text("by", r.by);
    text("name", r.name);
    text("desc", r.description);
    object("inputs", r.inputs);
    write_warnings(r.warnings);
  }
  void operator()(const paused& r) const {
    text("by", r.by);
    text("why", r.reason);
  }
  void operator()(const resumed& r) const { text("by", r.by); }
  void operator()(const signaled& r) const {
    if (r.task)
      out.field("t", *r.task);
    out.field("name", std::string_view{r.name});
    text("by", r.by);
    out.field("value", r.value);
  }
  void operator()(const signal_taken& r) const {
    out.field("t", r.task).field("name", std::string_view{r.name});
  }
  void operator()(const released& r) const { text("by", r.by); }
  void operator()(const parent_told&) const {}
  void operator()(const task_kept& r) const { out.field("t", r.task); }
  void operator()(const task_silent& r) const {
    out.field("t", r.task);
    text("msg", r.message);
  }
};

} // namespace

unsigned kind_of(const record& r) {
  return std::visit([](const auto& x) { return std::decay_t<decltype(x)>::is.number; }, r);
}

std::string_view name_of(const record& r) {
  return std::visit([](const auto& x) { return std::decay_t<decltype(x)>::is.name; }, r);
}

std::optional<std::uint32_t> task_of(const record& r) {
  return std::visit(
    [](const auto& x) -> std::optional<std::uint32_t> {
      if constexpr (requires { x.task; })
        return x.task;
      else
        return std::nullopt;
    },
    r);
}

void encode(json_writer& out, const record& r) {
  out.begin_object().field("k", kind_of(r)).field("v", 1U);
  std::visit(writer{out}, r);
  out.end_object();
}

} // namespace o3::workflow
