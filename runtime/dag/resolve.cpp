#include "runtime/dag/source.hpp"
#include "runtime/template/report.hpp"
#include "runtime/template/schema.hpp"
#include "runtime/template/secret_ref.hpp"

namespace o3 {
namespace {

class resolver {
public:
  resolver(const plan& p, std::uint32_t t, const json& inputs, const run_facts& facts,
           const sealer& seal, const limits& lim, std::vector<secret_input>* secrets)
      : p_(p), spec_(p.doc.tasks[t]), task_(p.tasks[t]), t_(t), lim_(lim), left_(lim.inputs_bytes),
        from_(p, t, inputs, facts, seal, lim), secrets_(secrets) {}

  result<json> run() {
    json all = json::object();
    for (std::size_t v = 0; v < spec_.input.size(); ++v) {
      variable_ = &task_.variables[v];
      auto value = variable(spec_.input[v].second);
      if (!value)
        return at_variable(v, std::move(value.error()));
      const auto bytes = about_bytes(*value, left_);
      if (bytes > left_)
        return at_variable(v, too_big());
      left_ -= bytes;
      // The rest was checked when the request or the template came in.
      if (variable_->reads_outputs && variable_->check
          && !variable_->check->accepts(p_.names_secrets ? with_stand_ins(*value) : *value))
        return at_variable(v, wrong(*value));
      if (secrets_ && spec_.input[v].second.what != expression::kind::literal && from_.secret())
        secrets_->push_back({spec_.input[v].first, *value});
      all.emplace(spec_.input[v].first, std::move(*value));
    }
    return all;
  }

private:
  result<json> variable(const expression& e) {
    if (e.what == expression::kind::literal)
      return e.literal;
    from_.fall_back_on(variable_->global);
    from_.bytes_left(left_);
    from_.forget_secrets();
    if (e.what == expression::kind::ref)
      return from_.value(e.ref);
    return evaluate(e, from_, left_, lim_);
  }

  error wrong(const json& value) const {
    std::string message = "it";
    for (const auto& v : variable_->check->violations(value))
      message += (message == "it" ? " " : "; ") + (v.pointer.empty() ? "" : "at " + v.pointer + " ")
                 + v.message;
    return make_error(fault::input_invalid, message, "",
                      "see the schema of this input at the task's class");
  }

  error too_big() const {
    return make_error(fault::input_invalid,
                      "all inputs together are larger than " + std::to_string(lim_.inputs_bytes)
                        + " bytes",
                      "", "pass large data by reference, or raise limits.inputs_bytes");
  }

  error at_variable(std::size_t v, error e) const {
    const auto& name = spec_.input[v].first;
    e.pointer = pointer_join(pointer_join(pointer_join("/tasks", t_), "input"), name);
    return std::move(e).prefixed("input " + in_quotes(name) + " of task " + in_quotes(spec_.ref));
  }

  const plan& p_;
  const task_spec& spec_;
  const plan_task& task_;
  std::uint32_t t_;
  const limits& lim_;
  std::size_t left_;
  run_source from_;
  std::vector<secret_input>* secrets_;
  const plan_variable* variable_ = nullptr;
};

} // namespace

result<json> resolve_inputs(const plan& p, std::uint32_t t, const json& inputs,
                            const run_facts& facts, const sealer& seal, const limits& lim,
                            std::vector<secret_input>* secrets) {
  return resolver{p, t, inputs, facts, seal, lim, secrets}.run();
}

result<rule_value> resolve_rule(const plan& p, std::optional<std::uint32_t> t, const expression& e,
                                const json& inputs, const run_facts& facts, const sealer& seal,
                                const limits& lim) {
  rule_value out;
  run_source from{p, t, inputs, facts, seal, lim};
  from.fall_back_by_name();
  from.absent_is_null();
  from.keep_notes(out.reads);
  O3_TRY(out.value, evaluate(e, from, lim.inputs_bytes, lim));
  out.secret = from.secret();
  return out;
}

} // namespace o3
