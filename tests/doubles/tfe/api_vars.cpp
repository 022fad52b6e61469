#include "tests/doubles/tfe/api.hpp"

#include <algorithm>

namespace o3::doubles::tfe {

namespace {

json var_json(const variable& v) {
  return resource("vars", v.id,
                  {{"key", v.key},
                   {"value", v.sensitive ? json(nullptr) : json(v.value)},
                   {"category", v.category},
                   {"hcl", v.hcl},
                   {"sensitive", v.sensitive},
                   {"description", v.description}});
}

/// Takes what the body says; a sentence if something is wrong.
std::string read_var(const ask& a, variable& v) {
  const json key = a.attribute("key"), value = a.attribute("value");
  const json category = a.attribute("category");
  if (!key.is_null())
    v.key = key.is_string() ? key.get<std::string>() : "";
  if (!value.is_null())
    v.value = value.is_string() ? value.get<std::string>() : value.dump();
  if (!category.is_null())
    v.category = category.is_string() ? category.get<std::string>() : "";
  if (const json hcl = a.attribute("hcl"); hcl.is_boolean())
    v.hcl = hcl.get<bool>();
  if (const json sensitive = a.attribute("sensitive"); sensitive.is_boolean())
    v.sensitive = sensitive.get<bool>();
  if (const json description = a.attribute("description"); description.is_string())
    v.description = description.get<std::string>();
  if (v.key.empty())
    return "Key can't be blank";
  if (v.category != "terraform" && v.category != "env")
    return "Category must be terraform or env";
  return {};
}

} // namespace

http::response api::vars(const ask& a) {
  const workspace* w = workspace_of(a);
  if (w == nullptr)
    return missing();
  json data = json::array();
  for (const auto& [id, v] : w->vars)
    data.push_back(var_json(v));
  return json_answer(200, document(data));
}

http::response api::add_var(const ask& a) {
  workspace* w = workspace_of(a);
  if (w == nullptr || !may_change(a.me, *w))
    return missing();
  if (a.type() != "vars")
    return fail(422, "invalid attribute", "data.type must be vars");
  if (a.attribute("category").is_null())
    return fail(422, "invalid attribute", "Category can't be blank");
  variable v;
  if (const auto why = read_var(a, v); !why.empty())
    return fail(422, "invalid attribute", why);
  const bool taken = std::any_of(w->vars.begin(), w->vars.end(), [&v](const auto& other) {
    return other.second.key == v.key && other.second.category == v.category;
  });
  if (taken)
    return fail(422, "invalid attribute", "Key has already been taken");
  v.id = w_.new_id("var");
  w->vars[v.id] = v;
  note(a, "var", {{"id", v.id}, {"workspace", w->id}, {"key", v.key}});
  return json_answer(201, document(var_json(v)));
}

http::response api::change_var(const ask& a) {
  workspace* w = workspace_of(a);
  if (w == nullptr || !may_change(a.me, *w) || w->vars.count(a.param("var")) == 0)
    return missing();
  variable v = w->vars.at(a.param("var"));
  if (const auto why = read_var(a, v); !why.empty())
    return fail(422, "invalid attribute", why);
  w->vars[v.id] = v;
  note(a, "var_change", {{"id", v.id}, {"workspace", w->id}, {"key", v.key}});
  return json_answer(200, document(var_json(v)));
}

http::response api::delete_var(const ask& a) {
  workspace* w = workspace_of(a);
  if (w == nullptr || !may_change(a.me, *w) || w->vars.erase(a.param("var")) == 0)
    return missing();
  note(a, "var_delete", {{"id", a.param("var")}, {"workspace", w->id}});
  http::response r;
  r.status = 204;
  return r;
}

} // namespace o3::doubles::tfe
