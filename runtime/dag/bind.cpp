#include "runtime/base/text.hpp"
#include "runtime/dag/build.hpp"
#include "runtime/dag/inputs.hpp"
#include "runtime/dag/secret_uses.hpp"
#include "runtime/template/schema.hpp"
#include "runtime/template/secret_ref.hpp"

namespace o3 {
namespace {

using level = input_levels::level;

/// What is known when a request comes in: its inputs.
class request_source final : public value_source {
public:
  request_source(const input_scope& scope, std::optional<std::uint32_t> global)
      : scope_(scope), global_(global) {}
  result<json> value(const reference& r) override {
    O3_TRY(auto v, read(r));
    return std::move(v.data);
  }
  result<script::value> read(const reference& r) override {
    return scope_.value(std::get<input_ref>(r).name, global_); // others wait until they can be read
  }

private:
  input_scope scope_;
  std::optional<std::uint32_t> global_;
};

class binder {
public:
  binder(const plan& p, const workflow_request& r, const sealer& seal, const limits& lim,
         reporter& out)
      : p_(p), r_(r), seal_(seal), lim_(lim), out_(out) {
    if (!r.keeps_sealed)
      return;
    clear_ = r; // what is checked; what is kept stays sealed
    for (auto* values : {&clear_->workflow_input, &clear_->task_input, &clear_->global_input})
      if (auto clear = opened(*values, seal))
        *values = *std::move(clear);
  }

  binding run() {
    check_version();
    static const std::string no_task;
    json inputs = json::object();
    json tasks = json::object();
    for (auto at = r_.task_input.begin(); at != r_.task_input.end(); ++at)
      if (auto kept = keep_task(at.key(), at.value()); !kept.empty())
        tasks[at.key()] = std::move(kept);
    put(inputs, "task", std::move(tasks));
    put(inputs, "workflow", keep(r_.workflow_input, p_.inputs, level::workflow, no_task));
    put(inputs, "global", keep(r_.global_input, p_.inputs, level::global, no_task));
    for (std::size_t t = 0; t < p_.tasks.size(); ++t)
      if (!p_.tasks[t].inputs.empty() || !p_.tasks[t].variables.empty())
        check_task(t);
    check_outputs();
    return {std::move(inputs), std::move(uses_)};
  }

private:
  void check_version() {
    if (r_.template_schema_version && *r_.template_schema_version != p_.doc.schema_version)
      out_.fail(fault::unsupported_version, place{"/workflow/meta/template_schema_version"},
                "the request is for schema_version " + std::to_string(*r_.template_schema_version)
                  + " of template " + in_quotes(p_.doc.ref) + ", which has schema_version "
                  + std::to_string(p_.doc.schema_version),
                "look at the template and set the number to its schema_version, or leave it out");
  }

  static void put(json& inputs, const char* part, json values) {
    if (!values.empty())
      inputs[part] = std::move(values);
  }

  json keep_task(const std::string& ref, const json& values) {
    const auto at = p_.index.find(ref);
    if (at != p_.index.end())
      return keep(values, p_.tasks[at->second].inputs, level::task, ref);
    std::vector<std::string> refs;
    if (!out_.full())
      for (const auto& task : p_.doc.tasks)
        refs.push_back(task.ref);
    const place tasks_at{"/tasks"};
    out_.fail(fault::unknown_task, place{tasks_at, ref},
              "template " + in_quotes(p_.doc.ref) + " has no task " + in_quotes(ref),
              out_.nearest(ref, refs));
    return json::object();
  }

  /// Those of `values` that some line uses, ready to be stored; the others get a warning.
  json keep(const json& values, const std::vector<plan_input>& used, level where,
            const std::string& ref) {
    json kept = json::object();
    for (auto at = values.begin(); at != values.end(); ++at) {
      const auto* input = find_input(used, at.key());
      if (!input) {
        ignore(at.key(), where, ref);
        continue;
      }
      oddities odd;
      look_for(odd, at.value());
      if (odd.reserved && !r_.keeps_sealed) {
        with_place(where, ref, at.key(), [&](const place& p) {
          out_.fail(fault::bad_value, p,
                    "the input " + in_quotes(at.key()) + " holds a member '$sealed' or '$secret'",
                    "these names are reserved; a stored secret is written \"${secret.NAME}\"");
        });
        continue;
      }
      auto& value = kept[at.key()];
      value = at.value();
      if (odd.secrets) {
        names_secrets_ = true;
        with_place(where, ref, at.key(),
                   [&](const place& p) { mark_secrets(value, p, input->secret, out_); });
      }
      if (!input->secret)
        seal_members(value, seal_);
      else if (marked_secret(value) == nullptr && !sealer::is_sealed(value)) // a name is no secret
        value = seal_.seal(value);
    }
    return kept;
  }

  void ignore(const std::string& name, level where, const std::string& ref) {
    if (std::binary_search(p_.unused_inputs.begin(), p_.unused_inputs.end(), name))
      return; // a line names it; the template's own warning says that nothing uses that line
    with_place(where, ref, name, [&](const place& at) {
      out_.warn(fault::ignored_input, at,
                where == level::task
                  ? "task " + in_quotes(ref) + " uses no input " + in_quotes(name)
                      + "; it is ignored"
                  : "the template uses no input " + in_quotes(name) + "; it is ignored");
    });
  }

  void check_task(std::size_t t) {
    const auto& spec = p_.doc.tasks[t];
    const auto& r = clear_ ? *clear_ : r_;
    const auto given = r.task_input.find(spec.ref);
    const input_levels levels{given == r.task_input.end() ? nullptr : &*given, &r.workflow_input,
                              &r.global_input};
    for (std::size_t l = 0; l < spec.lines.size(); ++l) {
      const auto user = "'" + spec.lines[l].name + "'";
      all_there(spec, user, p_.tasks[t].lines[l], levels);
      refuse_secrets(spec.ref, user, p_.tasks[t].lines[l].inputs, levels);
    }
    for (std::size_t v = 0; v < spec.input.size(); ++v) {
      const auto& variable = p_.tasks[t].variables[v];
      if (!variable.inputs.empty()
          && all_there(spec, "its variable " + in_quotes(spec.input[v].first), variable, levels)
          && variable.check && !variable.reads_outputs)
        check_value(spec, v, variable, levels);
    }
    if (names_secrets_ || p_.names_secrets)
      add_secret_uses(p_, static_cast<std::uint32_t>(t), levels, uses_, out_);
  }

  /// `user` is what needs them: "its variable 'x'".
  bool all_there(const task_spec& spec, const std::string& user, const plan_variable& variable,
                 const input_levels& levels) {
    bool there = true;
    for (const auto& name : variable.inputs) {
      if (levels.find(name).value)
        continue;
      const auto global = fallback_of(p_.doc, variable, name);
      if (!global) {
        there = false;
        missing(spec, user, name, "", levels);
        continue;
      }
      const auto& line = p_.doc.global[*global];
      for_each_reference(line.second, [&](const reference& r) {
        const auto* in = std::get_if<input_ref>(&r);
        if (!in || levels.find(in->name).value)
          return;
        there = false;
        missing(spec, user, in->name, " by way of the global " + in_quotes(line.first), levels);
      });
    }
    return there;
  }

  void missing(const task_spec& spec, const std::string& user, const std::string& name,
               const std::string& way, const input_levels& levels) {
    std::string hint;
    if (!out_.full()) {
      std::vector<std::string> given;
      for (const auto* values : {levels.task, levels.workflow, levels.global})
        if (values)
          for (auto at = values->begin(); at != values->end(); ++at)
            given.push_back(at.key());
      const auto close = nearest(name, given);
      hint = close.empty()
               ? "give it as tasks." + spec.ref + ".vars.input." + name
                   + " or, for all tasks, as workflow.vars.workflow.input." + name
               : "did you mean " + in_quotes(name) + " where you wrote " + in_quotes(close) + "?";
    }
    with_place(level::task, spec.ref, name, [&](const place& at) {
      out_.fail(fault::missing_input, at,
                "task " + in_quotes(spec.ref) + " needs the input " + in_quotes(name) + " for "
                  + user + way + ", and the request has none",
                std::move(hint));
    });
  }

  /// What is put in only when a request leaves cannot be read here.
  void refuse_secrets(const std::string& ref, const std::string& user,
                      const std::vector<std::string>& inputs, const input_levels& levels) {
    for (const auto& name : inputs) {
      const auto hit = levels.find(name);
      oddities odd;
      if (hit.value)
        look_for(odd, *hit.value);
      if (odd.secrets)
        with_place(hit.where, ref, name, [&](const place& at) {
          out_.fail(fault::bad_reference, at,
                    "the input " + in_quotes(name) + " refers to a stored secret, which " + user
                      + " cannot read",
                    std::string{whole_secret_hint});
        });
    }
  }

  /// The inputs of what the template gives as the workflow's outputs.
  void check_outputs() {
    static const std::string no_task;
    const input_levels levels{nullptr, &r_.workflow_input, &r_.global_input};
    for (const auto& [output, e] : p_.doc.outputs) {
      const auto user = "the output " + in_quotes(output) + " of the template";
      refuse_secrets(no_task, user, input_names(e), levels);
      const auto ask = [&](const std::string& name, const std::string& way) {
        if (levels.find(name).value)
          return;
        with_place(level::workflow, no_task, name, [&](const place& at) {
          out_.fail(fault::missing_input, at,
                    user + " needs the input " + in_quotes(name) + way
                      + ", and the request has none",
                    "give it as workflow.vars.workflow.input." + name);
        });
      };
      for (const auto& name : input_names(e)) {
        const auto global = find_global(p_.doc, name);
        if (!global || levels.find(name).value)
          ask(name, "");
        else
          for (const auto& behind : input_names(p_.doc.global[*global].second))
            ask(behind, " by way of the global " + in_quotes(name));
      }
    }
  }

  /// The whole value is known now: it must fit the class.
  void check_value(const task_spec& spec, std::size_t v, const plan_variable& variable,
                   const input_levels& levels) {
    const auto& e = spec.input[v].second;
    const auto& first = variable.inputs.front();
    const auto hit = levels.find(first);
    if (e.what == expression::kind::ref && hit.value) {
      if (!names_secret(*hit.value) && !variable.check->accepts(*hit.value))
        refuse(spec, v, *variable.check, *hit.value, first, hit.where);
      return;
    }
    if (e.what == expression::kind::ref
        && p_.doc.global[*variable.global].second.what == expression::kind::literal)
      return; // checked with the template
    request_source from{input_scope{p_, levels, nullptr, lim_.inputs_bytes, lim_}, variable.global};
    auto value = evaluate(e, from, lim_.inputs_bytes, lim_);
    if (value && p_.names_secrets)
      value = with_stand_ins(*std::move(value));
    if (value && (names_secret(*value) || variable.check->accepts(*value)))
      return;
    if (value)
      return refuse(spec, v, *variable.check, *value, first, hit.where);
    with_place(hit.where, spec.ref, first, [&](const place& at) {
      out_.fail(value.error().code, at,
                "the value for " + in_quotes(spec.input[v].first) + " of task "
                  + in_quotes(spec.ref) + " cannot be made: " + value.error().message,
                value.error().hint);
    });
  }

  /// Its value is known when it is sent.
  static bool names_secret(const json& value) {
    return value.is_string()
           && read_secret_text(value.get_ref<const std::string&>()).what
                == secret_text::kind::whole;
  }

  void refuse(const task_spec& spec, std::size_t v, const value_check& check, const json& value,
              const std::string& name, level where) {
    with_place(where, spec.ref, name, [&](const place& at) {
      check_literal(check, value, at, spec.input[v].first, spec.ref, out_);
    });
  }

  const plan& p_;
  const workflow_request& r_;
  std::optional<workflow_request> clear_;
  const sealer& seal_;
  const limits& lim_;
  reporter& out_;
  bool names_secrets_ = false; ///< the request does
  std::vector<secret_use> uses_;
};

} // namespace

binding bind(const plan& p, const workflow_request& r, const sealer& seal, const limits& lim,
             findings& found) {
  reporter out{found, lim};
  return binder{p, r, seal, lim, out}.run();
}

} // namespace o3
