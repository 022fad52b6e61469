#include "runtime/dag/build.hpp"
#include "runtime/dag/secret_uses.hpp"
#include "runtime/template/schema.hpp"
#include "runtime/template/secret_ref.hpp"

#include <set>

namespace o3 {
namespace {

constexpr std::size_t cycle_names_max = 20;

class task_checker {
public:
  task_checker(const plan& p, const class_table& table, reporter& out)
      : p_(p), table_(table), out_(out) {
    for (const auto& task : p.doc.tasks)
      if (!task.ref.empty())
        refs_.push_back(task.ref);
  }

  void check(std::uint32_t t) {
    const auto pointer = p_.doc.pointer_to(t);
    const place at{pointer};
    const place input_at{at, "input"};
    const auto& spec = p_.doc.tasks[t];
    check_class(spec, at);
    if (spec.heartbeat)
      check_heartbeat(spec, at);
    for (std::size_t v = 0; v < spec.input.size(); ++v)
      check_variable(t, v, input_at);
    for (const auto& line : spec.lines)
      check_line(spec, line, pointer + "/" + line.name);
    check_recursion(t, input_at);
    if (spec.approved_by)
      check_approval(spec, pointer + "/approved_by/task");
    const place depends_at{at, "depends_on"};
    std::set<std::string_view> seen;
    for (std::size_t d = 0; d < spec.depends_on.size(); ++d)
      check_depends(spec, d, place{depends_at, d}, seen);
    const place outputs_at{at, "outputs"};
    if (const auto& cls = p_.tasks[t].cls; cls && !cls->open_outputs)
      for (const auto& declared : spec.outputs)
        if (!cls->output(declared.name))
          unknown_output(task(spec) + " declares the output " + in_quotes(declared.name)
                           + ", which its class " + in_quotes(cls->name) + " does not have",
                         declared.name, *cls, place{outputs_at, declared.name});
  }

  /// What the template gives as the workflow's own outputs.
  void check_outputs() {
    const place outputs_at{"/outputs"};
    for (const auto& [name, e] : p_.doc.outputs) {
      const place at{outputs_at, name};
      walk_references(e, at, [&](const reference& r, const place& where) {
        check_reference(nullptr, r, where);
        if (std::holds_alternative<each_ref>(r))
          out_.fail(fault::bad_reference, where,
                    "'" + to_string(r) + "' in 'outputs' stands in no loop", "");
      });
      walk_secrets(e, at, false, [&](const std::string& secret, const place& where, bool) {
        out_.fail(fault::bad_reference, where, misplaced(secret), std::string{misplaced_hint});
      });
    }
  }

private:
  void check_class(const task_spec& spec, const place& at) {
    if (spec.class_name.empty())
      return;
    const auto& entry = table_.find(spec.class_name)->second;
    const place class_at{at, "class"};
    if (!entry.cls) {
      out_.fail(fault::unknown_class, class_at,
                task(spec) + " is of class " + in_quotes(spec.class_name)
                  + ", which is not installed",
                "'o3 task ls' shows the installed classes");
      return;
    }
    for (const auto& e : entry.broken)
      out_.fail(e.code, class_at,
                "class " + in_quotes(spec.class_name) + " is broken: " + e.message, e.hint);
    for (const auto& field : entry.cls->inputs) {
      if (!field.required || find_line(spec, field.name))
        continue;
      out_.fail(fault::missing_input, spec.input.empty() ? at : place{at, "input"},
                task(spec) + " has no input " + in_quotes(field.name) + ", which class "
                  + in_quotes(spec.class_name) + " requires",
                "add \"" + field.name + "\" to its \"input\", for example \"${workflow.input."
                  + field.name + "}\"");
    }
  }

  // Only what runs elsewhere can fall silent.
  void check_heartbeat(const task_spec& spec, const place& at) {
    const auto entry = table_.find(spec.class_name);
    if (entry == table_.end() || !entry->second.cls)
      return;
    const auto& cls = *entry->second.cls;
    if (cls.runs_in != "worker" && cls.runs_in != "outside")
      out_.fail(fault::bad_value, place{at, "heartbeat_s"},
                "'heartbeat_s' of " + task(spec) + " has no meaning: class " + in_quotes(cls.name)
                  + " runs neither in a worker nor outside",
                "remove the key; timeout_s limits how long it may take");
  }

  void check_variable(std::uint32_t t, std::size_t v, const place& input_at) {
    const auto& spec = p_.doc.tasks[t];
    const auto& [name, e] = spec.input[v];
    const auto& prepared = p_.tasks[t].variables[v];
    const auto& cls = p_.tasks[t].cls;
    const place at{input_at, name};
    if (cls && !cls->open_inputs && !cls->input(name)) {
      std::vector<std::string> known;
      for (const auto& field : cls->inputs)
        known.push_back(field.name);
      out_.fail(fault::unknown_input, at,
                "class " + in_quotes(cls->name) + " of " + task(spec) + " has no input "
                  + in_quotes(name),
                out_.nearest(name, known));
    }
    if (e.what == expression::kind::literal) {
      if (prepared.check && marked_secret(e.literal) == nullptr)
        check_literal(*prepared.check,
                      holds_marker(e.literal) ? with_stand_ins(e.literal) : e.literal, at, name,
                      spec.ref, out_);
      if (prepared.secret && e.literal.is_string()
          && !e.literal.get_ref<const std::string&>().empty())
        out_.warn(
          fault::bad_value, at,
          "the secret " + in_quotes(name) + " of " + task(spec) + " is written into the template",
          "a secret written into a template is readable by everyone who can read templates");
    }
    walk_references(e, at, [&](const reference& r, const place& where) {
      check_reference(&spec, r, where);
      if (std::holds_alternative<each_ref>(r) && !spec.for_each)
        out_.fail(fault::bad_reference, where,
                  "'" + to_string(r) + "' in " + task(spec) + " stands in no loop",
                  "give the task a \"for_each\"");
    });
    walk_secrets(
      e, at, prepared.secret, [&](const std::string& secret, const place& where, bool fits) {
        if (!fits)
          out_.fail(fault::bad_reference, where, misplaced(secret), std::string{misplaced_hint});
        else if (cls && cls->runs_in != "outside")
          out_.fail(fault::bad_reference, where, no_caller(secret, spec.ref, *cls),
                    std::string{no_caller_hint});
      });
  }

  void check_line(const task_spec& spec, const task_line& line, const std::string& pointer) {
    const bool loop = spec.for_each && &line == &spec.lines[spec.for_each->line];
    walk_references(line.value, place{pointer}, [&](const reference& r, const place& where) {
      check_reference(&spec, r, where);
      if (std::holds_alternative<each_ref>(r) && (loop || !spec.for_each))
        out_.fail(fault::bad_reference, where,
                  "'" + to_string(r) + "' in " + task(spec) + " stands in no loop",
                  loop ? "the list itself is made before its first item" : "");
    });
    walk_secrets(
      line.value, place{pointer}, false, [&](const std::string& secret, const place& where, bool) {
        out_.fail(fault::bad_reference, where, misplaced(secret), std::string{misplaced_hint});
      });
  }

  // With a condition or a list it may come to an end; without, only limits.nesting ends it.
  void check_recursion(std::uint32_t t, const place& input_at) {
    const auto& spec = p_.doc.tasks[t];
    const auto& cls = p_.tasks[t].cls;
    if (!cls || cls->runs_in != "child" || spec.when || spec.for_each
        || spec.phase == task_phase::on_failure)
      return;
    for (const auto& [name, e] : spec.input)
      if (name == "template" && e.what == expression::kind::literal && e.literal == p_.doc.ref)
        out_.fail(fault::template_recursion, place{input_at, name},
                  task(spec) + " always runs the template it stands in, without an end",
                  "give the task a \"when\", or a \"for_each\" over data that gets less");
  }

  // That the approval is there was checked with its line.
  void check_approval(const task_spec& spec, const std::string& pointer) {
    const auto at = p_.index.find(spec.approved_by->task);
    if (at == p_.index.end())
      return;
    const auto& from = p_.doc.tasks[at->second];
    const auto& cls = p_.tasks[at->second].cls;
    if (cls && cls->runs_in == "people" && !find_line(from, "evidence"))
      out_.fail(fault::bad_value, place{pointer},
                task(spec) + " is approved by " + in_quotes(from.ref)
                  + ", which shows nothing that could be compared",
                "give " + in_quotes(from.ref) + " an input \"evidence\"");
    if (from.for_each)
      out_.fail(fault::bad_value, place{pointer},
                task(spec) + " is approved by " + in_quotes(from.ref)
                  + ", which is a loop and gives many decisions",
                "let one approval show all of it");
    if (from.when && !spec.when)
      out_.warn(fault::bad_value, place{pointer},
                in_quotes(from.ref) + " has a condition: where it is false, " + task(spec)
                  + " is skipped with it and the workflow can still succeed",
                "give " + task(spec) + " the same \"when\" to say so, or approve always");
    if (cls && cls->runs_in != "people")
      out_.fail(fault::bad_value, place{pointer},
                in_quotes(from.ref) + " is of class " + in_quotes(cls->name)
                  + ", which approves nothing",
                "name a task of the class 'approval'");
  }

  /// A task that is named; `reader` is null for what belongs to the template itself.
  void check_reference(const task_spec* reader, const reference& r, const place& at) {
    const auto* out = std::get_if<output_ref>(&r);
    const auto* state = std::get_if<state_ref>(&r);
    if (!out && !state)
      return;
    const auto& name = out ? out->task : state->task;
    const auto text
      = [&] { return "'" + to_string(r) + "' in " + (reader ? task(*reader) : "'outputs'"); };
    if (reader && name == reader->ref) {
      out_.fail(fault::self_reference, at,
                text() + " reads the task's own " + (out ? "output" : "state"),
                "a task can read the outputs of other tasks only");
      return;
    }
    const auto producer = p_.index.find(name);
    if (producer == p_.index.end()) {
      out_.fail(fault::unknown_task, at, text() + " names no task of this template",
                out_.nearest(name, refs_));
      return;
    }
    const auto& from = p_.doc.tasks[producer->second];
    if (reader && from.phase > reader->phase)
      out_.fail(fault::bad_reference, at,
                text() + " reads a task of '" + std::string{to_string(from.phase)}
                  + "', which runs later",
                "tasks read tasks of their own or of an earlier part of the template");
    if (!out || out->path.empty())
      return;
    if (from.for_each) {
      check_loop_output(*out, text(), at);
      return;
    }
    const auto& cls = p_.tasks[producer->second].cls;
    if (cls && !cls->open_outputs && !cls->output(out->path.front().key))
      unknown_output(text() + ": class " + in_quotes(cls->name) + " of task " + in_quotes(name)
                       + " has no output " + in_quotes(out->path.front().key),
                     out->path.front().key, *cls, at);
  }

  void unknown_output(std::string message, const std::string& name, const task_class& cls,
                      const place& at) {
    std::vector<std::string> known;
    for (const auto& field : cls.outputs)
      known.push_back(field.name);
    out_.fail(fault::unknown_output, at, std::move(message), out_.nearest(name, known));
  }

  void check_loop_output(const output_ref& ref, const std::string& text, const place& at) {
    static const std::vector<std::string> known{"results", "states", "keys", "count", "failed"};
    if (std::find(known.begin(), known.end(), ref.path.front().key) == known.end())
      out_.fail(fault::unknown_output, at,
                text + ": the loop " + in_quotes(ref.task) + " has no output "
                  + in_quotes(ref.path.front().key),
                "those of its items are in results[0], results[1], …; there are also states, keys, "
                "count and failed");
  }

  void check_depends(const task_spec& spec, std::size_t d, const place& at,
                     std::set<std::string_view>& seen) {
    const auto& ref = spec.depends_on[d];
    if (ref.empty())
      return; // reported when the document was read
    if (!seen.insert(ref).second)
      out_.warn(fault::duplicate_ref, at,
                task(spec) + " names " + in_quotes(ref) + " twice in 'depends_on'",
                "once is enough");
    else if (ref == spec.ref)
      out_.fail(fault::self_reference, at, task(spec) + " depends on itself", "remove the entry");
    else if (!p_.index.contains(ref))
      out_.fail(fault::unknown_task, at,
                in_quotes(ref) + " in 'depends_on' of " + task(spec)
                  + " is no task of this template",
                out_.nearest(ref, refs_));
    else if (const auto phase = p_.doc.tasks[p_.index.find(ref)->second].phase; phase > spec.phase)
      out_.fail(fault::bad_reference, at,
                task(spec) + " depends on " + in_quotes(ref) + " of '"
                  + std::string{to_string(phase)} + "', which runs later",
                "remove the entry");
  }

  static std::string task(const task_spec& spec) { return "task " + in_quotes(spec.ref); }

  /// Input lines stand in the order of their keys.
  static bool find_line(const task_spec& spec, const std::string& name) {
    return std::any_of(spec.input.begin(), spec.input.end(),
                       [&](const auto& line) { return line.first == name; });
  }

  const plan& p_;
  const class_table& table_;
  reporter& out_;
  std::vector<std::string> refs_;
};

/// The line by which `consumer` waits for `producer`.
std::string line_of(const plan& p, std::uint32_t consumer, std::uint32_t producer) {
  const auto& spec = p.doc.tasks[consumer];
  const auto& wanted = p.doc.tasks[producer].ref;
  const auto pointer = p.doc.pointer_to(consumer);
  const place at{pointer};
  const place input_at{at, "input"};
  std::string line;
  const auto names = [&](const reference& r) {
    const auto* out = std::get_if<output_ref>(&r);
    const auto* state = std::get_if<state_ref>(&r);
    return (out && out->task == wanted) || (state && state->task == wanted);
  };
  for (const auto& l : spec.lines)
    for_each_reference(l.value, [&](const reference& r) {
      if (line.empty() && names(r))
        line = pointer + "/" + l.name;
    });
  for (const auto& [name, e] : spec.input)
    walk_references(e, place{input_at, name}, [&](const reference& r, const place& where) {
      if (line.empty() && names(r))
        line = where.pointer();
    });
  const place depends_at{at, "depends_on"};
  for (std::size_t d = 0; d < spec.depends_on.size() && line.empty(); ++d)
    if (spec.depends_on[d] == wanted)
      line = place{depends_at, d}.pointer();
  return line;
}

std::string spelled(const plan& p, const std::vector<std::uint32_t>& cycle) {
  std::string text;
  for (std::size_t i = 0; i < cycle.size(); ++i) {
    // A very long cycle shows its beginning and its end.
    if (cycle.size() > cycle_names_max && i == cycle_names_max - 2) {
      i = cycle.size() - 1;
      text += "… (" + std::to_string(cycle.size() - cycle_names_max + 1) + " more) → ";
    }
    text += p.doc.tasks[cycle[i]].ref + " → ";
  }
  return text + p.doc.tasks[cycle.front()].ref;
}

} // namespace

void check_literal(const value_check& check, const json& value, const place& at,
                   const std::string& name, const std::string& ref, reporter& out) {
  if (check.accepts(value))
    return;
  for (const auto& v : check.violations(value)) {
    const auto pointer = at.pointer() + v.pointer;
    out.fail(v.code, place{pointer},
             "the value for " + in_quotes(name) + " of task " + in_quotes(ref) + " " + v.message,
             "see the schema of this input at the task's class");
  }
}

void check_tasks(const plan& p, const class_table& table, reporter& out) {
  task_checker checker{p, table, out};
  for (std::uint32_t t = 0; t < p.tasks.size(); ++t)
    checker.check(t);
  checker.check_outputs();
}

void check_graph(const plan& p, const limits& lim, reporter& out) {
  if (p.edges > lim.edges)
    out.fail(fault::too_many_edges, place{"/tasks"},
             "the tasks depend on each other " + std::to_string(p.edges) + " times, at most "
               + std::to_string(lim.edges) + " are allowed",
             "let a task in between gather what many need, or raise limits.edges");
  for (const auto& cycle : find_cycles(p)) {
    const auto line = line_of(p, cycle.front(), cycle.back());
    out.fail(fault::cycle, place{line}, "these tasks wait for each other: " + spelled(p, cycle),
             "each arrow leads from a task to one that needs it; remove one of them, for example "
             "this line");
  }
}

} // namespace o3
