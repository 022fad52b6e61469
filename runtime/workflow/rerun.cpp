#include "runtime/workflow/rerun.hpp"

#include "runtime/base/text.hpp"
#include "runtime/template/object_reader.hpp"
#include "runtime/template/schema.hpp"
#include "runtime/workflow/decider.hpp"
#include "runtime/workflow/people.hpp"
#include "runtime/workflow/windows.hpp"

namespace o3::workflow {
namespace {

using action = task_choice::action;

constexpr std::array<std::string_view, 6> request_keys{"mode",    "from",   "tasks",
                                                       "dry_run", "reason", "start"};
constexpr std::array<std::string_view, 1> replace_keys{"replace"};

std::optional<action> parse_action(std::string_view word) {
  for (auto a : {action::keep, action::redo, action::skip})
    if (to_string(a) == word)
      return a;
  return std::nullopt;
}

task_choice read_choice(const json& value, const place& at, const std::string& ref, reporter& out) {
  task_choice c;
  if (value.is_string()) {
    const auto a = parse_action(value.get_ref<const std::string&>());
    if (!a)
      out.fail(fault::bad_value, at,
               "'" + printable(value.get_ref<const std::string&>(), 64) + "' is no choice for task "
                 + in_quotes(ref),
               "known: keep, redo, skip, {\"replace\": {outputs}}");
    c.what = a.value_or(action::redo);
    c.all_items = c.what == action::redo;
    return c;
  }
  const auto what = "the choice for task " + in_quotes(ref);
  object_reader in{value, at, what, out};
  in.refuse_others(replace_keys);
  c.what = action::replace;
  if (in.require("replace"))
    if (const auto* outputs = in.object("replace"))
      c.outputs = *outputs;
  if (!c.outputs.is_object())
    c.outputs = json::object();
  return c;
}

class planner {
public:
  planner(const state& s, const rerun_request& r, const sealer& seal, const limits& lim,
          findings& found)
      : s_(s), r_(r), seal_(seal), lim_(lim), found_(found), lines_(s.tasks.size()) {}

  std::vector<rerun_line> run() {
    check_names();
    if (is_superseded(s_) && !r_.at_once)
      found_.fail(fault::superseded, "/start", "not run again: " + printable(s_.cancel_reason, 256),
                  "rerun the newer one, or say \"start\": \"now\" to run this one all the same");
    mark_following();
    // Producers before their readers.
    for (auto t : order()) {
      lines_[t] = line(t);
      if (s_.graph->doc.tasks[t].for_each && !lines_[t].choice.all_items
          && lines_[t].choice.what != action::keep) {
        const auto* then = inputs_of_revision(s_, s_.ran_revision);
        lines_[t].choice.items_print
          = print_of(s_, t, then ? *then : s_.inputs, seal_, lim_, false);
      }
    }
    return std::move(lines_);
  }

private:
  [[nodiscard]] const std::string& ref(std::uint32_t t) const { return s_.graph->doc.tasks[t].ref; }

  void unknown(const std::string& name, const std::string& pointer) {
    std::vector<std::string> refs;
    for (const auto& t : s_.graph->doc.tasks)
      refs.push_back(t.ref);
    const bool item = task_number(*s_.graph, name).has_value();
    found_.fail(fault::unknown_task, pointer,
                item ? in_quotes(name) + " is one item of a loop; a rerun chooses whole tasks"
                     : "the workflow has no task " + in_quotes(name),
                item ? "redo the loop: items that succeeded are kept by default"
                     : nearest_hint(name, refs));
  }

  void check_names() {
    if (!r_.from.empty() && !s_.graph->index.contains(r_.from))
      unknown(r_.from, "/from");
    for (const auto& [name, choice] : r_.tasks) {
      const auto at = s_.graph->index.find(name);
      const auto pointer = pointer_join("/tasks", name);
      if (at == s_.graph->index.end())
        unknown(name, pointer);
      else if (choice.what == action::keep && s_.tasks[at->second].state != task_state::successful)
        found_.fail(fault::bad_value, pointer,
                    "task " + in_quotes(name) + " ended "
                      + std::string{to_string(s_.tasks[at->second].state)}
                      + ", so there is no success to keep",
                    "give it outputs with {\"replace\": {…}}, or skip it");
      else if (choice.what == action::replace)
        check_outputs(at->second, choice.outputs, pointer + "/replace");
    }
  }

  void check_outputs(std::uint32_t t, const json& outputs, const std::string& pointer) {
    const auto& cls = *s_.node(t).cls;
    if (hears_decisions(cls))
      found_.fail(fault::forbidden, pointer,
                  "task " + in_quotes(ref(t))
                    + " is an approval; only those whom it asks can give it",
                  "redo it, or skip it");
    if (s_.graph->doc.tasks[t].for_each) {
      found_.fail(fault::bad_value, pointer,
                  "task " + in_quotes(ref(t)) + " is a loop; its outputs are those of its items",
                  "redo it: items that succeeded are kept");
      return;
    }
    if (canonical(outputs).size() > lim_.output_bytes)
      found_.fail(fault::output_too_large, pointer,
                  "the outputs are larger than limits.output_bytes allows");
    for (const auto& [name, value] : outputs.items()) {
      const auto at = pointer_join(pointer, name);
      const auto* field = cls.output(name);
      if (field == nullptr) {
        std::vector<std::string> known;
        for (const auto& f : cls.outputs)
          known.push_back(f.name);
        if (!cls.open_outputs || name.starts_with('_'))
          found_.fail(fault::unknown_output, at,
                      "class " + in_quotes(cls.name) + " has no output " + in_quotes(name),
                      nearest_hint(name, known));
        continue;
      }
      auto check = value_check::compile(field->schema);
      if (check)
        for (const auto& v : (*check)->violations(value))
          found_.fail(v.code, at + v.pointer, "the value " + v.message,
                      "see the schema of this output at the task's class");
    }
    for (const auto& declared : s_.graph->doc.tasks[t].outputs)
      for (const auto& v : declared.check->violations(outputs.value(declared.name, json{})))
        found_.fail(v.code, pointer_join(pointer, declared.name) + v.pointer,
                    "the value " + v.message, "see what the template declares for this output");
    for (const auto& f : cls.outputs)
      if (f.required && !outputs.contains(f.name))
        found_.fail(fault::output_missing, pointer,
                    "class " + in_quotes(cls.name) + " always gives " + in_quotes(f.name)
                      + "; these outputs do not have it",
                    "add it");
  }

  // `from` and all that follow it.
  void mark_following() {
    following_.assign(s_.tasks.size(), false);
    const auto at = s_.graph->index.find(r_.from);
    if (at == s_.graph->index.end())
      return;
    std::vector<std::uint32_t> open{at->second};
    while (!open.empty()) {
      const auto t = open.back();
      open.pop_back();
      if (following_[t])
        continue;
      following_[t] = true;
      for (auto d : s_.graph->tasks[t].dependents)
        open.push_back(d);
    }
  }

  [[nodiscard]] std::vector<std::uint32_t> order() const {
    std::vector<std::uint32_t> open(s_.tasks.size()), out;
    for (std::uint32_t t = 0; t < open.size(); ++t) {
      const auto& n = s_.graph->tasks[t];
      open[t] = static_cast<std::uint32_t>(n.reads.size() + n.after.size());
      if (open[t] == 0)
        out.push_back(t);
    }
    for (std::size_t i = 0; i < out.size(); ++i)
      for (auto d : s_.graph->tasks[out[i]].dependents)
        if (--open[d] == 0)
          out.push_back(d);
    return out;
  }

  rerun_line redo(std::string why, bool all_items = false) const {
    rerun_line l;
    l.choice.all_items = all_items;
    l.why = std::move(why);
    return l;
  }

  rerun_line line(std::uint32_t t) const {
    const auto& spec = s_.graph->doc.tasks[t];
    if (const auto chosen = r_.tasks.find(spec.ref); chosen != r_.tasks.end())
      return {sealed(t, chosen->second), "as asked"};
    if (spec.phase == task_phase::finally)
      return redo("'finally' belongs to every run", true);
    if (spec.phase == task_phase::on_failure)
      return redo("runs again if a task fails again", true);
    if (r_.all)
      return redo("everything runs again", true);
    if (following_[t])
      return redo(spec.ref == r_.from ? "as asked" : "follows " + r_.from, true);
    const auto& task = s_.tasks[t];
    const auto* then = inputs_of_revision(s_, s_.ran_revision);
    const auto print = print_of(s_, t, then ? *then : s_.inputs, seal_, lim_);
    const bool changed = print != print_of(s_, t, s_.inputs, seal_, lim_);
    // Items that are still the same are kept if all else they read is.
    const auto items
      = [&](const json& inputs) { return print_of(s_, t, inputs, seal_, lim_, false); };
    const bool items_changed = changed && items(then ? *then : s_.inputs) != items(s_.inputs);
    if (task.state != task_state::successful)
      return redo("it ended " + std::string{to_string(task.state)}, items_changed);
    if (spec.always_run)
      return redo("always_run", true);
    if (changed)
      return redo(items_changed || !spec.for_each ? "its inputs changed"
                                                  : "its list changed; items that stay are kept",
                  items_changed);
    const auto& n = s_.graph->tasks[t];
    for (auto p : n.after)
      if (lines_[p].choice.what == action::redo)
        return redo("it comes after " + ref(p) + ", which runs again", true);
    std::string maybe;
    for (const auto* list : {&n.reads, &n.after})
      for (auto p : *list)
        if (lines_[p].choice.what != action::keep && lines_[p].choice.what != action::skip)
          maybe += (maybe.empty() ? "" : ", ") + ref(p);
    for (auto p : n.reads)
      if (lines_[p].choice.what == action::skip)
        return redo(ref(p) + ", whose outputs it reads, is left out", true);
    rerun_line l;
    if (maybe.empty()) {
      l.choice.what = action::keep;
      l.why = "it ended successful";
      return l;
    }
    l.choice.what = action::check;
    l.choice.print = print;
    l.why = "kept if what it reads of " + maybe + " comes out as before, else it runs again";
    return l;
  }

  [[nodiscard]] task_choice sealed(std::uint32_t t, task_choice c) const {
    if (c.what == action::replace)
      for (auto& [name, value] : c.outputs.items()) {
        const auto* field = s_.node(t).cls->output(name);
        if ((field != nullptr && field->secret) || is_secret_name(name))
          value = seal_.seal(value);
      }
    return c;
  }

  const state& s_;
  const rerun_request& r_;
  const sealer& seal_;
  const limits& lim_;
  findings& found_;
  std::vector<rerun_line> lines_;
  std::vector<bool> following_;
};

} // namespace

std::string_view to_string(task_choice::action a) {
  switch (a) {
  case action::keep:
    return "keep";
  case action::redo:
    return "redo";
  case action::check:
    return "check";
  case action::skip:
    return "skip";
  case action::replace:
    return "replace";
  }
  return "redo";
}

rerun_request parse_rerun(const json& doc, const limits& lim, findings& found) {
  reporter out{found, lim};
  rerun_request r;
  const place root;
  object_reader in{doc, root, "the rerun", out};
  in.refuse_others(request_keys);
  const auto mode = in.text("mode", lim.text_bytes);
  if (mode != "" && mode != "failed" && mode != "all")
    out.fail(fault::bad_value, place{root, "mode"}, "'mode' cannot be " + in_quotes(mode),
             "known: failed, all");
  r.all = mode == "all";
  r.from = in.text("from", lim.text_bytes);
  const auto start = in.text("start", lim.text_bytes);
  if (start != "" && start != "planned" && start != "now")
    out.fail(fault::bad_value, place{root, "start"}, "'start' cannot be " + in_quotes(start),
             "known: planned (as it was to start), now");
  r.at_once = start == "now";
  if (const auto* tasks = in.object("tasks")) {
    const place tasks_at{"/tasks"};
    for (auto t = tasks->begin(); t != tasks->end(); ++t)
      r.tasks[t.key()] = read_choice(t.value(), place{tasks_at, t.key()}, t.key(), out);
  }
  return r;
}

std::vector<rerun_line> plan_rerun(const state& s, const rerun_request& r, const sealer& seal,
                                   const limits& lim, findings& found) {
  return planner{s, r, seal, lim, found}.run();
}

void write_rerun(json_writer& out, const state& s, const std::vector<rerun_line>& lines) {
  out.key("tasks").begin_array();
  for (std::uint32_t t = 0; t < lines.size(); ++t)
    out.begin_object()
      .field("task", std::string_view{s.graph->doc.tasks[t].ref})
      .field("state", to_string(s.tasks[t].state))
      .field("action", to_string(lines[t].choice.what))
      .field("why", std::string_view{lines[t].why})
      .end_object();
  out.end_array();
}

std::string print_of(const state& s, std::uint32_t t, const json& inputs, const sealer& seal,
                     const limits& lim, bool with_list) {
  const auto& loop = s.graph->doc.tasks[t].for_each;
  const auto without = loop && !with_list ? std::optional{loop->line} : std::nullopt;
  auto reads = resolve_reads(*s.graph, t, inputs, facts_of(s), seal, lim, without);
  return to_hex(seal.fingerprint(canonical(reads)));
}

const json* inputs_of_revision(const state& s, std::uint32_t number) {
  if (number == s.revision)
    return &s.inputs;
  for (const auto& r : s.revisions)
    if (r.number == number)
      return &r.inputs;
  return nullptr;
}

} // namespace o3::workflow
