#include "runtime/dag/source.hpp"

#include "runtime/base/text.hpp"
#include "runtime/dag/build.hpp"
#include "runtime/template/secret_ref.hpp"

namespace o3 {
namespace {

constexpr std::size_t keys_listed_max = 20;
constexpr std::size_t noted_bytes_max = 80;

const json* part(const json& inputs, const char* name) {
  const auto at = inputs.find(name);
  return at == inputs.end() || !at->is_object() ? nullptr : &*at;
}

std::string had_text(const json& at, bool several = false) {
  if (at.is_array())
    return " is a list of " + std::to_string(at.size());
  if (!at.is_object())
    return " is " + type_phrase(at);
  std::vector<std::string> keys;
  for (auto k = at.begin(); k != at.end(); ++k)
    keys.push_back(k.key());
  return (several ? " have " : " has ")
         + (keys.empty() ? "no keys" : "the keys " + listed(keys, keys_listed_max));
}

/// Names what was there instead, but no values: they may be secret.
error no_output(const output_ref& ref, std::size_t step, const json& at) {
  const auto where = step == 0 ? std::string{"its outputs"}
                               : in_quotes(to_string(std::span{ref.path}.first(step)));
  return make_error(fault::output_missing, "task " + in_quotes(ref.task) + " has no output "
                                             + in_quotes(to_string(ref.path)) + ": " + where
                                             + had_text(at, step == 0));
}

/// Follows `path`, opening what is sealed on the way.
template <class Missing>
result<script::value> walk(const json& root, const std::vector<path_step>& path, const sealer& seal,
                           bool keep_sealed, const Missing& missing) {
  const json* at = &root;
  json clear; // what a sealed value on the way held
  bool secret = false;
  const auto open = [&]() -> result<done> {
    if (at->is_object() && sealer::is_sealed(*at)) {
      O3_TRY(json value, seal.unseal(*at));
      clear = std::move(value);
      at = &clear;
      secret = true;
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
  if (keep_sealed && !secret)
    return script::value{*at};
  secret = secret || holds_sealed(*at);
  O3_TRY(json value, opened(*at, seal));
  return script::value{std::move(value), secret};
}

error no_outputs(const output_ref& ref) {
  return make_error(
    fault::output_missing,
    "task " + in_quotes(ref.task) + " has no outputs"
      + (ref.path.empty() ? std::string{} : ", so there is no " + in_quotes(to_string(ref.path))));
}

/// As an expression writes it.
std::string noted_name(const reference& r) {
  if (const auto* in = std::get_if<input_ref>(&r))
    return "input." + in->name;
  if (const auto* out = std::get_if<output_ref>(&r))
    return out->task + ".output" + (out->path.empty() ? "" : "." + to_string(out->path));
  if (const auto* each = std::get_if<each_ref>(&r))
    return each->what == each_ref::part::value ? "each.value"
           : each->what == each_ref::part::key ? "each.key"
                                               : "each.index";
  return to_string(r);
}

} // namespace

run_source::run_source(const plan& p, std::optional<std::uint32_t> task, const json& inputs,
                       const run_facts& facts, const sealer& seal, const limits& lim)
    : p_(p), facts_(facts), seal_(seal), lim_(lim), bytes_max_(lim.inputs_bytes) {
  levels_.workflow = part(inputs, "workflow");
  levels_.global = part(inputs, "global");
  const auto* tasks = task ? part(inputs, "task") : nullptr;
  if (tasks)
    if (const auto at = tasks->find(p.doc.tasks[*task].ref); at != tasks->end())
      levels_.task = &*at;
}

result<json> run_source::value(const reference& r) {
  O3_TRY(auto v, find(r));
  secret_ = secret_ || v.secret;
  return std::move(v.data);
}

result<script::value> run_source::read(const reference& r) {
  const auto* out = std::get_if<output_ref>(&r);
  O3_TRY(auto v, out ? outputs_read(*out) : find(r));
  if (holds_marker(v.data))
    return make_error(fault::bad_reference,
                      noted_name(r) + " refers to a stored secret, which expressions cannot read",
                      "", std::string{whole_secret_hint});
  secret_ = secret_ || v.secret;
  secret_in_expression_ = secret_in_expression_ || v.secret;
  note(r, v);
  return v;
}

void run_source::note(const reference& r, const script::value& v) {
  if (notes_)
    notes_->push_back(
      {noted_name(r), v.secret ? "***" : printable(canonical(v.data), noted_bytes_max)});
}

result<script::value> run_source::find(const reference& r) {
  if (const auto* in = std::get_if<input_ref>(&r))
    return input(in->name);
  if (const auto* out = std::get_if<output_ref>(&r))
    return output(*out);
  if (const auto* state = std::get_if<state_ref>(&r)) {
    const auto task = p_.index.find(state->task);
    if (task == p_.index.end() || !facts_.state)
      return make_error(fault::bad_reference, "nothing is known of task " + in_quotes(state->task));
    return script::value{std::string{to_string(facts_.state(task->second))}};
  }
  return each(std::get<each_ref>(r));
}

result<script::value> run_source::each(const each_ref& ref) const {
  if (!facts_.item || facts_.item->value == nullptr)
    return make_error(fault::bad_reference,
                      "'" + to_string(reference{ref}) + "' stands in no loop");
  if (ref.what == each_ref::part::key)
    return script::value{facts_.item->key};
  if (ref.what == each_ref::part::index)
    return script::value{json(facts_.item->index)};
  return walk(
    *facts_.item->value, ref.path, seal_, keep_sealed_, [&](std::size_t step, const json& at) {
      return make_error(fault::output_missing,
                        "the item has no " + in_quotes(to_string(ref.path)) + ": "
                          + in_quotes(to_string(std::span{ref.path}.first(step))) + had_text(at));
    });
}

result<script::value> run_source::input(const std::string& name) {
  const auto global = by_name_ ? find_global(p_.doc, name) : global_;
  auto clear = input_scope{p_, levels_, &seal_, bytes_max_, lim_}.value(name, global);
  if (clear && clear->secret && global && !levels_.find(name).value)
    secret_in_expression_ = secret_in_expression_ || holds_script(p_.doc.global[*global].second);
  if (!keep_sealed_ || !clear || !clear->secret)
    return clear;
  // As it lies there, if that is all it is: not what an expression made of it.
  auto raw = input_scope{p_, levels_, nullptr, bytes_max_, lim_}.value(name, global);
  if (!raw || !raw->data.is_structured())
    return clear;
  const auto again = opened(raw->data, seal_);
  return again && *again == clear->data ? result<script::value>{script::value{raw->data}} : clear;
}

/// What an expression reads of a task that has none, or not this one, is not there.
result<script::value> run_source::outputs_read(const output_ref& ref) {
  const auto producer = p_.index.find(ref.task);
  const auto* all = producer == p_.index.end() ? nullptr : facts_.outputs(producer->second);
  if (!all && !absent_is_null_)
    return no_outputs(ref);
  if (!all || (!ref.path.empty() && !follow(*all, ref.path)))
    return script::value{json{}, false, !ref.path.empty()};
  return output(ref);
}

result<script::value> run_source::output(const output_ref& ref) {
  const auto producer = p_.index.find(ref.task);
  const json* at = producer == p_.index.end() ? nullptr : facts_.outputs(producer->second);
  if (!at)
    return no_outputs(ref);
  json open;
  if (ref.path.empty()) { // what a class keeps for itself is nobody's output
    open = json::object();
    for (auto a = at->begin(); a != at->end(); ++a)
      if (!a.key().starts_with('_'))
        open[a.key()] = a.value();
    at = &open;
  }
  O3_TRY(auto value,
         walk(*at, ref.path, seal_, keep_sealed_,
              [&](std::size_t step, const json& there) { return no_output(ref, step, there); }));
  if (holds_marker(value.data)) // a target must not choose which secret is sent
    return make_error(fault::input_invalid, "the output " + in_quotes(to_string(ref.path))
                                              + " of task " + in_quotes(ref.task)
                                              + " holds a member '$secret', which is reserved");
  return value;
}

} // namespace o3
