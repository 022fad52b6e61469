#include "runtime/dag/secret_uses.hpp"

#include "runtime/template/secret_ref.hpp"

namespace o3 {
namespace {

using level = input_levels::level;
using found_secret = std::function<void(const std::string&, const place&, bool)>;

void walk_markers(const json& value, const place& at, bool secret, const found_secret& f) {
  if (const auto* name = marked_secret(value)) {
    f(*name, at, secret);
    return;
  }
  if (value.is_object())
    for (auto item = value.begin(); item != value.end(); ++item)
      walk_markers(item.value(), place{at, item.key()}, secret || is_secret_name(item.key()), f);
  else if (value.is_array())
    for (std::size_t i = 0; i < value.size(); ++i)
      walk_markers(value[i], place{at, i}, secret, f);
}

/// The secrets that a value of the request names, as it came in.
void walk_texts(const json& value, const place& at, const found_secret& f) {
  if (value.is_string()) {
    const auto said = read_secret_text(value.get_ref<const std::string&>());
    if (said.what == secret_text::kind::whole)
      f(said.name, at, true);
  } else if (value.is_object()) {
    for (auto item = value.begin(); item != value.end(); ++item)
      walk_texts(item.value(), place{at, item.key()}, f);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i)
      walk_texts(value[i], place{at, i}, f);
  }
}

class collector {
public:
  collector(const plan& p, std::uint32_t t, const input_levels& levels,
            std::vector<secret_use>& uses, reporter& out)
      : p_(p), spec_(p.doc.tasks[t]), t_(t), levels_(levels), uses_(uses), out_(out) {}

  void variable(std::size_t v) {
    variable_ = &spec_.input[v].first;
    const auto pointer = p_.doc.pointer_to(t_);
    const place task_at{pointer};
    const place input_at{task_at, "input"};
    own_lines(spec_.input[v].second, place{input_at, *variable_});
    const auto& prepared = p_.tasks[t_].variables[v];
    names(spec_.input[v].second, prepared.global);
  }

private:
  void own_lines(const expression& e, const place& at) {
    walk_secrets(e, at, false, [&](const std::string& name, const place& where, bool) {
      uses_.push_back({t_, *variable_, name, where.pointer(), true});
    });
  }

  /// What the inputs named by `e` hold. In text they would be cut up.
  void names(const expression& e, std::optional<std::uint32_t> global) {
    if (e.what == expression::kind::ref) {
      if (const auto* in = std::get_if<input_ref>(&e.ref))
        input(in->name, global, false);
      return;
    }
    // An expression cannot read what is put in only when a request leaves.
    if (e.what == expression::kind::script)
      for (const auto& name : input_names(e))
        input(name, global, true);
    for (const auto& part : e.parts) {
      const auto* in
        = part.what == expression::kind::ref ? std::get_if<input_ref>(&part.ref) : nullptr;
      if (in && e.what == expression::kind::text)
        input(in->name, global, true);
      else
        names(part, global);
    }
  }

  void input(const std::string& name, std::optional<std::uint32_t> global, bool in_text) {
    const auto hit = levels_.find(name);
    if (hit.value) {
      with_place(hit.where, spec_.ref, name, [&](const place& at) {
        walk_texts(*hit.value, at, [&](const std::string& secret, const place& where, bool) {
          use(secret, where, false, in_text);
        });
      });
      return;
    }
    if (!global)
      return; // reported as missing
    const auto& [key, fallback] = p_.doc.global[*global];
    const place globals_at{"/workflow/input/global"};
    walk_secrets(fallback, place{globals_at, key}, false,
                 [&](const std::string& secret, const place& where, bool) {
                   use(secret, where, true, in_text);
                 });
    names(fallback, std::nullopt);
  }

  void use(const std::string& secret, const place& where, bool in_template, bool in_text) {
    if (in_text)
      out_.fail(fault::bad_reference, in_template ? place{"/workflow/meta/template"} : where,
                "the stored secret " + in_quotes(secret) + " would become part of other text in "
                  + in_quotes(*variable_) + " of task " + in_quotes(spec_.ref),
                std::string{whole_secret_hint});
    else if (const auto& cls = p_.tasks[t_].cls; cls && cls->runs_in != "outside")
      out_.fail(fault::bad_reference, in_template ? place{"/workflow/meta/template"} : where,
                no_caller(secret, spec_.ref, *cls), std::string{no_caller_hint});
    else
      uses_.push_back({t_, *variable_, secret, where.pointer(), in_template});
  }

  const plan& p_;
  const task_spec& spec_;
  std::uint32_t t_;
  const input_levels& levels_;
  std::vector<secret_use>& uses_;
  reporter& out_;
  const std::string* variable_ = nullptr;
};

} // namespace

void walk_secrets(const expression& e, const place& at, bool secret, const found_secret& f) {
  if (e.what == expression::kind::literal) {
    walk_markers(e.literal, at, secret, f);
    return;
  }
  for (std::size_t i = 0; i < e.parts.size(); ++i) {
    if (e.what == expression::kind::list)
      walk_secrets(e.parts[i], place{at, i}, secret, f);
    else if (e.what == expression::kind::object)
      walk_secrets(e.parts[i], place{at, e.keys[i]}, secret || is_secret_name(e.keys[i]), f);
  }
}

void mark_secrets(json& value, const place& at, bool secret, reporter& out) {
  if (value.is_string()) {
    auto said = read_secret_text(value.get_ref<const std::string&>());
    if (said.what == secret_text::kind::none)
      return;
    if (secret && said.what == secret_text::kind::whole)
      value = secret_marker(said.name);
    else if (secret)
      out.fail(fault::bad_reference, at, "a reference to a stored secret stands among other text",
               std::string{whole_secret_hint});
    else if (said.what == secret_text::kind::whole)
      out.fail(fault::bad_reference, at, misplaced(said.name), std::string{misplaced_hint});
  } else if (value.is_object()) {
    for (auto item = value.begin(); item != value.end(); ++item)
      mark_secrets(item.value(), place{at, item.key()}, secret || is_secret_name(item.key()), out);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i)
      mark_secrets(value[i], place{at, i}, secret, out);
  }
}

void add_secret_uses(const plan& p, std::uint32_t t, const input_levels& levels,
                     std::vector<secret_use>& uses, reporter& out) {
  collector c{p, t, levels, uses, out};
  for (std::size_t v = 0; v < p.doc.tasks[t].input.size(); ++v)
    c.variable(v);
}

std::string no_caller(const std::string& secret, const std::string& ref, const task_class& cls) {
  return "the stored secret " + in_quotes(secret) + " cannot be used by task " + in_quotes(ref)
         + ": its class " + in_quotes(cls.name) + " calls nothing outside";
}

std::string misplaced(const std::string& secret) {
  return "the stored secret " + in_quotes(secret) + " is referred to where no secret belongs";
}

} // namespace o3
