#include "runtime/dag/evidence.hpp"
#include "runtime/dag/source.hpp"
#include "runtime/template/report.hpp"
#include "runtime/template/schema.hpp"
#include "runtime/template/secret_ref.hpp"

namespace o3 {
namespace {

class resolver {
public:
  resolver(const plan& p, std::uint32_t t, const json& inputs, const run_facts& facts,
           const sealer& seal, const limits& lim)
      : p_(p), spec_(p.doc.tasks[t]), task_(p.tasks[t]), t_(t), seal_(seal), lim_(lim),
        left_(lim.inputs_bytes), from_(p, t, inputs, facts, seal, lim) {}

  result<json> run(std::vector<secret_input>* secrets) {
    json all = json::object();
    for (std::size_t v = 0; v < spec_.input.size(); ++v) {
      variable_ = &task_.variables[v];
      from_.forget_secrets();
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
      // Of a text that quotes a secret, the rest can be read.
      if (secrets && from_.secret()
          && (from_.secret_in_expression() || spec_.input[v].second.what == expression::kind::ref))
        secrets->push_back({spec_.input[v].first, *value});
      all.emplace(spec_.input[v].first, std::move(*value));
    }
    return all;
  }

  json reads(std::optional<std::uint32_t> without) {
    json all = json::array();
    const auto add = [&](const reference& r) {
      if (std::holds_alternative<each_ref>(r))
        return;
      auto value = from_.value(r);
      all.push_back(value ? *std::move(value) : json{});
    };
    for (std::size_t v = 0; v < spec_.input.size(); ++v) {
      from_.fall_back_on(task_.variables[v].global);
      for_each_reference(spec_.input[v].second, add);
    }
    from_.fall_back_by_name();
    for (std::uint32_t l = 0; l < spec_.lines.size(); ++l)
      if (l != without)
        for_each_reference(spec_.lines[l].value, add);
    return all;
  }

  result<line_value> line(std::uint32_t l, bool show = false) {
    line_value out;
    variable_ = &task_.lines[l];
    from_.fall_back_by_name();
    from_.absent_is_null(spec_.lines[l].orders_only);
    from_.keep_notes(out.reads);
    auto value = show ? shown(spec_.lines[l].value) : variable(spec_.lines[l].value);
    if (value) {
      out.value = *std::move(value);
      out.secret = from_.secret();
      out.made_of_secret = from_.secret_in_expression();
      return out;
    }
    auto e = std::move(value.error());
    e.pointer = p_.doc.pointer_to(t_) + "/" + spec_.lines[l].name;
    return std::move(e).prefixed(in_quotes(spec_.lines[l].name) + " of task "
                                 + in_quotes(spec_.ref));
  }

  result<json> shown_input(std::string_view name) {
    for (std::size_t v = 0; v < spec_.input.size(); ++v) {
      if (spec_.input[v].first != name)
        continue;
      variable_ = &task_.variables[v];
      auto value = shown(spec_.input[v].second);
      if (!value)
        return at_variable(v, std::move(value.error()));
      return value;
    }
    return json{};
  }

private:
  /// What is secret in the value stays sealed; a value made of secrets is sealed as a whole.
  result<json> shown(const expression& e) {
    using kind = expression::kind;
    if (e.what == kind::list || e.what == kind::object) {
      json out = e.what == kind::list ? json::array() : json::object();
      for (std::size_t i = 0; i < e.parts.size(); ++i) {
        O3_TRY(auto part, shown(e.parts[i]));
        if (e.what == kind::list)
          out.push_back(std::move(part));
        else
          out[e.keys[i]] = std::move(part);
      }
      return out;
    }
    from_.keep_sealed(e.what == kind::ref);
    from_.forget_secrets();
    auto value = variable(e);
    from_.keep_sealed(false);
    return value && from_.secret() ? result<json>{seal_.seal(*value)} : value;
  }

  result<json> variable(const expression& e) {
    if (e.what == expression::kind::literal)
      return e.literal;
    if (!variable_->by_name)
      from_.fall_back_on(variable_->global);
    from_.bytes_left(left_);
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
    e.pointer = pointer_join(p_.doc.pointer_to(t_) + "/input", name);
    return std::move(e).prefixed("input " + in_quotes(name) + " of task " + in_quotes(spec_.ref));
  }

  const plan& p_;
  const task_spec& spec_;
  const plan_task& task_;
  std::uint32_t t_;
  const sealer& seal_;
  const limits& lim_;
  std::size_t left_;
  run_source from_;
  const plan_variable* variable_ = nullptr;
};

} // namespace

result<json> resolve_inputs(const plan& p, std::uint32_t t, const json& inputs,
                            const run_facts& facts, const sealer& seal, const limits& lim,
                            std::vector<secret_input>* secrets) {
  return resolver{p, t, inputs, facts, seal, lim}.run(secrets);
}

result<line_value> resolve_line(const plan& p, std::uint32_t t, std::uint32_t line,
                                const json& inputs, const run_facts& facts, const sealer& seal,
                                const limits& lim) {
  return resolver{p, t, inputs, facts, seal, lim}.line(line);
}

result<json> resolve_shown(const plan& p, std::uint32_t t, std::string_view name,
                           const json& inputs, const run_facts& facts, const sealer& seal,
                           const limits& lim) {
  return resolver{p, t, inputs, facts, seal, lim}.shown_input(name);
}

result<json> resolve_shown_line(const plan& p, std::uint32_t t, std::uint32_t line,
                                const json& inputs, const run_facts& facts, const sealer& seal,
                                const limits& lim) {
  resolver make{p, t, inputs, facts, seal, lim};
  O3_TRY(auto found, make.line(line, true));
  return std::move(found.value);
}

result<line_value> resolve_output(const plan& p, std::uint32_t i, const json& inputs,
                                  const run_facts& facts, const sealer& seal, const limits& lim) {
  line_value out;
  run_source from{p, std::nullopt, inputs, facts, seal, lim};
  from.fall_back_by_name();
  from.absent_is_null(true);
  from.keep_notes(out.reads);
  O3_TRY(out.value, evaluate(p.doc.outputs[i].second, from, lim.inputs_bytes, lim));
  out.secret = from.secret();
  return out;
}

json resolve_reads(const plan& p, std::uint32_t t, const json& inputs, const run_facts& facts,
                   const sealer& seal, const limits& lim, std::optional<std::uint32_t> without) {
  return resolver{p, t, inputs, facts, seal, lim}.reads(without);
}

} // namespace o3
