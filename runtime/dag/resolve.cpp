#include "runtime/dag/build.hpp"
#include "runtime/dag/inputs.hpp"
#include "runtime/template/report.hpp"
#include "runtime/template/schema.hpp"
#include "runtime/template/secret_ref.hpp"

namespace o3 {
namespace {

constexpr std::size_t keys_listed_max = 20;

class resolver {
public:
  resolver(const plan& p, std::uint32_t t, const json& inputs, const outputs_lookup& outputs,
           const sealer& seal, const limits& lim, const loop_item* item)
      : p_(p), spec_(p.doc.tasks[t]), task_(p.tasks[t]), t_(t), outputs_(outputs), seal_(seal),
        left_(lim.inputs_bytes), bytes_max_(lim.inputs_bytes), item_(item) {
    levels_.workflow = part(inputs, "workflow");
    levels_.global = part(inputs, "global");
    if (const auto* tasks = part(inputs, "task"))
      if (const auto at = tasks->find(spec_.ref); at != tasks->end())
        levels_.task = &*at;
  }

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
      all.emplace(spec_.input[v].first, std::move(*value));
    }
    return all;
  }

  json reads() {
    json all = json::array();
    const auto add = [&](const reference& r) {
      if (std::holds_alternative<each_ref>(r))
        return;
      auto value = reference_value(r);
      all.push_back(value ? *std::move(value) : json{});
    };
    for (std::size_t v = 0; v < spec_.input.size(); ++v) {
      variable_ = &task_.variables[v];
      for_each_reference(spec_.input[v].second, add);
    }
    for (std::size_t l = 0; l < spec_.lines.size(); ++l) {
      variable_ = &task_.lines[l];
      for_each_reference(spec_.lines[l].value, add);
    }
    return all;
  }

  result<json> line(std::uint32_t l) {
    variable_ = &task_.lines[l];
    auto value = variable(spec_.lines[l].value);
    if (value)
      return value;
    auto e = std::move(value.error());
    e.pointer = p_.doc.pointer_to(t_) + "/" + spec_.lines[l].name;
    return std::move(e).prefixed(in_quotes(spec_.lines[l].name) + " of task "
                                 + in_quotes(spec_.ref));
  }

private:
  static const json* part(const json& inputs, const char* name) {
    const auto at = inputs.find(name);
    return at == inputs.end() || !at->is_object() ? nullptr : &*at;
  }

  result<json> variable(const expression& e) {
    if (e.what == expression::kind::literal)
      return e.literal;
    if (e.what == expression::kind::ref)
      return reference_value(e.ref);
    const auto lookup = [this](const reference& r) { return reference_value(r); };
    return evaluate(e, lookup, left_);
  }

  result<json> reference_value(const reference& r) {
    if (const auto* in = std::get_if<input_ref>(&r))
      return input_scope{p_, levels_, &seal_, left_}.value(in->name, *variable_);
    if (const auto* each = std::get_if<each_ref>(&r))
      return each_value(*each);
    return output_value(*std::get_if<output_ref>(&r));
  }

  result<json> each_value(const each_ref& ref) {
    if (item_ == nullptr || item_->value == nullptr)
      return make_error(fault::bad_reference,
                        "'" + to_string(reference{ref}) + "' stands in no loop");
    if (ref.what == each_ref::part::key)
      return item_->key;
    if (ref.what == each_ref::part::index)
      return json(item_->index);
    return walk(*item_->value, ref.path, [&](std::size_t step, const json& at) {
      return make_error(fault::output_missing,
                        "the item has no " + in_quotes(to_string(ref.path)) + ": "
                          + in_quotes(to_string(std::span{ref.path}.first(step))) + had_text(at));
    });
  }

  /// Follows `path`, opening what is sealed on the way.
  template <class Missing>
  result<json> walk(const json& root, const std::vector<path_step>& path, const Missing& missing) {
    const json* at = &root;
    json clear; // what a sealed value on the way held
    const auto open = [&]() -> result<done> {
      if (at->is_object() && sealer::is_sealed(*at)) {
        O3_TRY(json value, seal_.unseal(*at));
        clear = std::move(value);
        at = &clear;
      }
      return done{};
    };
    O3_TRY([[maybe_unused]] const auto first, open());
    for (std::size_t i = 0; i < path.size(); ++i) {
      const auto* next = follow_step(*at, path[i]);
      if (!next)
        return missing(i, *at);
      at = next;
      O3_TRY([[maybe_unused]] const auto ok, open());
    }
    return opened(*at, seal_);
  }

  result<json> output_value(const output_ref& ref) {
    const auto producer = p_.index.find(ref.task);
    const json* at = producer == p_.index.end() ? nullptr : outputs_(producer->second);
    if (!at)
      return make_error(fault::output_missing, "task " + in_quotes(ref.task)
                                                 + " has no outputs, so there is no "
                                                 + in_quotes(to_string(ref.path)));
    O3_TRY(json value, walk(*at, ref.path, [&](std::size_t step, const json& there) {
             return no_output(ref, step, there);
           }));
    if (holds_marker(value)) // a target must not choose which secret is sent
      return make_error(fault::input_invalid, "the output " + in_quotes(to_string(ref.path))
                                                + " of task " + in_quotes(ref.task)
                                                + " holds a member '$secret', which is reserved");
    return value;
  }

  /// Names what was there instead, but no values: they may be secret.
  static error no_output(const output_ref& ref, std::size_t step, const json& at) {
    const auto where = step == 0 ? std::string{"its outputs"}
                                 : in_quotes(to_string(std::span{ref.path}.first(step)));
    return make_error(fault::output_missing, "task " + in_quotes(ref.task) + " has no output "
                                               + in_quotes(to_string(ref.path)) + ": " + where
                                               + had_text(at));
  }

  static std::string had_text(const json& at) {
    if (at.is_array())
      return " is a list of " + std::to_string(at.size());
    if (!at.is_object())
      return " is " + std::string{type_name(at)};
    std::vector<std::string> keys;
    for (auto k = at.begin(); k != at.end(); ++k)
      keys.push_back(k.key());
    return keys.empty() ? " has no keys" : " has the keys " + listed(keys, keys_listed_max);
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
                      "all inputs together are larger than " + std::to_string(bytes_max_)
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
  const outputs_lookup& outputs_;
  const sealer& seal_;
  std::size_t left_;
  std::size_t bytes_max_;
  input_levels levels_;
  const loop_item* item_;
  const plan_variable* variable_ = nullptr;
};

} // namespace

result<json> resolve_inputs(const plan& p, std::uint32_t t, const json& inputs,
                            const outputs_lookup& outputs, const sealer& seal, const limits& lim,
                            const loop_item* item) {
  return resolver{p, t, inputs, outputs, seal, lim, item}.run();
}

result<json> resolve_line(const plan& p, std::uint32_t t, std::uint32_t line, const json& inputs,
                          const outputs_lookup& outputs, const sealer& seal, const limits& lim,
                          const loop_item* item) {
  return resolver{p, t, inputs, outputs, seal, lim, item}.line(line);
}

json resolve_reads(const plan& p, std::uint32_t t, const json& inputs,
                   const outputs_lookup& outputs, const sealer& seal, const limits& lim) {
  return resolver{p, t, inputs, outputs, seal, lim, nullptr}.reads();
}

bool line_is_secret(const plan& p, std::uint32_t t, std::uint32_t line) {
  const auto& names = p.tasks[t].lines[line].inputs;
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    const auto* in = find_input(p.tasks[t].inputs, name);
    return is_secret_name(name) || (in != nullptr && in->secret);
  });
}

} // namespace o3
