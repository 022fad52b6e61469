#include "runtime/secrets/store.hpp"

#include "runtime/base/text.hpp"
#include "runtime/template/secret_ref.hpp"

#include <algorithm>

namespace o3::secrets {
namespace {

bool holds(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

void tidy(std::vector<std::string>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

std::string shown(std::string_view name) {
  return "'" + printable(name, 128) + "'";
}

error taken(const entry& e) {
  return make_error(fault::conflict,
                    "the secret " + shown(e.name) + " comes from "
                      + (e.source == "file" ? "a file" : "the environment")
                      + " and cannot be changed here",
                    "", "change it there, or take another name");
}

} // namespace

bool entry::may_go(std::string_view origin) const {
  return holds(origins, origin) || holds(origins, any_origin);
}

bool entry::may_serve(std::string_view template_ref) const {
  return templates.empty() || holds(templates, template_ref);
}

json to_json(const entry& e) {
  const auto time
    = [](const std::optional<wall_time>& t) { return t ? json(to_rfc3339(*t)) : json(); };
  return {{"name", e.name},
          {"project", e.project},
          {"source", e.source},
          {"origins", e.origins},
          {"templates", e.templates},
          {"created_at", time(e.created)},
          {"updated_at", time(e.updated)}};
}

credentials::credentials(std::shared_ptr<keeper> own,
                         std::vector<std::shared_ptr<const source>> others, origin_reader origin)
    : own_(std::move(own)), others_(std::move(others)), origin_(std::move(origin)) {
}

std::vector<entry> credentials::list(std::string_view project) const {
  std::vector<entry> all;
  const auto add = [&](const source& s) {
    for (auto& e : s.list())
      if (e.project == project
          && std::none_of(all.begin(), all.end(), [&](const entry& x) { return x.name == e.name; }))
        all.push_back(std::move(e));
  };
  if (own_)
    add(*own_);
  for (const auto& s : others_)
    add(*s);
  std::sort(all.begin(), all.end(), [](const entry& a, const entry& b) { return a.name < b.name; });
  return all;
}

const source* credentials::owner(std::string_view project, std::string_view name) const {
  if (own_ && own_->find(project, name))
    return own_.get();
  for (const auto& s : others_)
    if (s->find(project, name))
      return s.get();
  return nullptr;
}

std::optional<entry> credentials::find(std::string_view project, std::string_view name) const {
  const auto* s = owner(project, name);
  return s ? s->find(project, name) : std::nullopt;
}

result<held> credentials::open(std::string_view project, std::string_view name,
                               std::string_view template_ref) const {
  const auto* s = owner(project, name);
  if (!s)
    return make_error(fault::not_found, "there is no secret " + shown(name) + " (any more)", "",
                      "store it: o3 secret set " + printable(name, 64));
  O3_TRY(auto found, s->open(project, name));
  if (!found.about.may_serve(template_ref))
    return make_error(fault::forbidden, "the secret " + shown(name)
                                          + " may not be used by template " + shown(template_ref));
  return found;
}

void credentials::check(change& c, const std::optional<entry>& had, findings& found) const {
  if (!is_secret_label(c.name))
    found.fail(fault::bad_value, "/name", shown(c.name) + " is no name for a secret",
               "1 to 64 letters, digits, '_' and '-'");
  if (!c.value && !had)
    found.fail(fault::missing_key, "/value", "a new secret needs a value");
  if (c.value)
    if (auto wrong = value_problem(c.value->reveal()); !wrong.empty())
      found.fail(fault::bad_value, "/value", std::move(wrong));
  if (!c.origins && had)
    c.origins = had->origins;
  if (!c.templates)
    c.templates = had ? had->templates : std::vector<std::string>{};
  if (!c.origins || c.origins->empty())
    found.fail(fault::missing_key, "/origins",
               "a secret names the systems it may be sent to, and this one names none",
               "give their addresses, e.g. https://awx.example; \"*\" if it may go anywhere");
  else
    for (std::size_t i = 0; i < c.origins->size(); ++i) {
      auto& text = (*c.origins)[i];
      if (text == any_origin)
        continue;
      if (auto origin = origin_(text))
        text = *std::move(origin);
      else
        found.fail(fault::bad_value, pointer_join("/origins", i), origin.error().message,
                   "write scheme and host, e.g. https://awx.example or https://awx.example:8443");
    }
  for (std::size_t i = 0; i < c.templates->size(); ++i)
    if (!is_ref_name((*c.templates)[i]))
      found.fail(fault::bad_value, pointer_join("/templates", i),
                 shown((*c.templates)[i]) + " is no ref_name of a template");
  for (const auto& [list, at] : {std::pair{&c.origins, "/origins"}, {&c.templates, "/templates"}})
    if (*list && (*list)->size() > list_max)
      found.fail(fault::too_large, at, "at most " + std::to_string(list_max) + " are allowed");
}

result<entry> credentials::put(change c, wall_time now, findings& found) {
  const auto* s = owner(c.project, c.name);
  if (s && s != own_.get())
    return taken(*s->find(c.project, c.name));
  if (!own_)
    return make_error(fault::unavailable, "this node keeps no secrets");
  const auto had = own_->find(c.project, c.name);
  check(c, had, found);
  if (!found.ok())
    return make_error(fault::validation_failed, "the secret was not stored");
  entry e;
  e.name = std::move(c.name);
  e.project = std::move(c.project);
  e.origins = *std::move(c.origins);
  e.templates = *std::move(c.templates);
  tidy(e.origins);
  tidy(e.templates);
  if (!c.value) {
    O3_TRY(auto old, own_->open(e.project, e.name));
    c.value = std::move(old.value);
  }
  return own_->put(std::move(e), *std::move(c.value), now);
}

result<done> credentials::remove(std::string_view project, std::string_view name) {
  const auto* s = owner(project, name);
  if (s && s != own_.get())
    return taken(*s->find(project, name));
  if (!s)
    return make_error(fault::not_found, "there is no secret " + shown(name), "",
                      "'o3 secret ls' shows what there is");
  return own_->remove(project, name);
}

std::string value_problem(std::string_view plain) {
  if (plain.empty())
    return "the value is empty";
  if (plain.size() > value_bytes_max)
    return "the value is larger than 64 KiB";
  if (plain.find('\0') != std::string_view::npos || !is_valid_utf8(plain))
    return "the value is no text in UTF-8";
  return {};
}

} // namespace o3::secrets
