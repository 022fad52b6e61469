#include "actors/catalogue/template_changes.hpp"

#include "actors/catalogue/template_history.hpp"
#include "actors/engine/submission.hpp"

#include "actors/pch.hpp"

namespace o3::catalogue {
namespace {

using engine::context_ptr;

template <class Map>
std::vector<std::string> names_of(const Map& m) {
  std::vector<std::string> names;
  for (const auto& [name, x] : m)
    names.push_back(name);
  return names;
}

const template_dir* owned_dir(const options& o) {
  for (const auto& d : o.dirs)
    if (d.owned)
      return &d;
  return nullptr;
}

/// Where a template of this name is to be written: over the file it comes from, if that is ours.
result<std::filesystem::path> file_for(const engine::catalogue_snapshot& known, const options& o,
                                       const std::string& ref) {
  if (const auto it = known.templates.find(ref); it != known.templates.end() && it->second.owned)
    return std::filesystem::path{it->second.origin};
  const auto* dir = owned_dir(o);
  if (dir == nullptr)
    return make_error(fault::conflict, "this node has no directory of its own for templates");
  auto file = dir->path / (ref + ".json");
  for (const auto& [other, entry] : known.templates)
    if (entry.owned && entry.origin == file.string())
      return make_error(fault::conflict,
                        file.string() + " holds the template '" + other
                          + "' and would be overwritten",
                        "", "give that file another name and reload");
  return file;
}

/// What is known of one template: what is used under its name, and what was.
struct known_template {
  std::shared_ptr<const engine::catalogue_snapshot> all;
  const engine::catalogue_entry* entry = nullptr; ///< absent: none is used under this name
  std::vector<template_revision> revisions;
  const template_revision* current = nullptr; ///< the one in use, if the API knows it
};

template_history history_of(const options& o) {
  const auto* dir = owned_dir(o);
  return {dir != nullptr ? dir->path : std::filesystem::path{}, o.revisions_max};
}

known_template look_at(const context_ptr& ctx, const options& o, const std::string& ref) {
  known_template k;
  k.all = ctx->catalogue->get();
  if (const auto it = k.all->templates.find(ref); it != k.all->templates.end())
    k.entry = &it->second;
  if (owned_dir(o) != nullptr)
    k.revisions = history_of(o).list(ref);
  if (k.entry != nullptr && k.entry->owned)
    k.current = find_content(k.revisions, hash_of(k.entry->plan->graph->doc.source));
  return k;
}

/// Writes a revision down; first the content in use, if others than the API put it there.
result<std::uint32_t> record(const context_ptr& ctx, const options& o, const std::string& ref,
                             const known_template& k, const change& by, const json& document) {
  const auto history = history_of(o);
  const auto now = ctx->time.wall();
  if (k.entry != nullptr && k.entry->owned && k.current == nullptr) {
    template_revision found;
    found.at = now;
    found.action = "found";
    O3_TRY([[maybe_unused]] const auto n,
           history.append(ref, std::move(found), k.entry->plan->graph->doc.source));
  }
  template_revision r;
  r.at = now;
  r.by = by.who.principal;
  r.project = by.who.project;
  r.action = by.action;
  r.from = by.from;
  r.reason = by.reason;
  return history.append(ref, std::move(r), document);
}

void tell(const context_ptr& ctx, const std::string& ref, const change& by, std::uint32_t number) {
  ctx->log.write(log_level::info, "catalogue", "template changed",
                 {{"template", ref},
                  {"how", by.action},
                  {"revision", std::to_string(number)},
                  {"by", by.who.principal}});
}

answer validation_failed(findings& found) {
  auto a = refused(fault::validation_failed,
                   "the template has " + std::to_string(found.errors.size()) + " error(s)");
  a.errors = std::move(found.errors);
  return a;
}

void write_revision(json_writer& out, const template_revision& r, bool in_use) {
  out.field("revision", r.number).field("by", std::string_view{r.by});
  out.key("at").time(r.at);
  out.field("action", std::string_view{r.action});
  if (r.from != 0)
    out.field("from", r.from);
  if (!r.reason.empty())
    out.field("reason", std::string_view{r.reason});
  out.field("tasks", r.tasks).field("hash", std::string_view{r.hash}).field("current", in_use);
}

answer no_revision(const std::string& ref, std::uint32_t number,
                   const std::vector<template_revision>& all) {
  return refused(fault::not_found,
                 "there is no revision " + std::to_string(number) + " of template '"
                   + printable(ref, 128) + "'",
                 "",
                 all.empty() ? "none was stored by the API"
                             : "there are " + std::to_string(all.front().number) + " to "
                                 + std::to_string(all.back().number));
}

const template_revision* find_revision(const std::vector<template_revision>& all,
                                       std::uint32_t number) {
  const auto at
    = std::find_if(all.begin(), all.end(), [&](const auto& r) { return r.number == number; });
  return at == all.end() ? nullptr : &*at;
}

/// The template in use under this name is not the one that was to be used.
answer not_in_use(const engine::catalogue_snapshot& known, const std::string& ref,
                  const std::filesystem::path& file) {
  const auto active = known.templates.find(ref);
  return refused(fault::conflict,
                 "the template was written to " + file.string() + ", but "
                   + (active == known.templates.end() ? std::string{"it cannot be read"}
                      : active->second.origin.empty() ? std::string{"one that the program brings "
                                                                    "itself"}
                                                      : active->second.origin)
                   + " is used for '" + ref + "'",
                 "", "see 'problems' of the list of templates");
}

} // namespace

answer refused(fault code, std::string message, std::string pointer, std::string hint) {
  answer a;
  a.problem = make_error(code, std::move(message), std::move(pointer), std::move(hint));
  return a;
}

answer unknown_template(const engine::catalogue_snapshot& known, const std::string& ref) {
  return refused(fault::not_found, "there is no template '" + printable(ref, 128) + "'", "",
                 nearest_hint(ref, names_of(known.templates)));
}

answer checked(const engine::stored_plan_ptr& plan, const findings& found,
               std::optional<std::uint32_t> revision) {
  answer a;
  json_writer out{a.body};
  out.begin_object().field("valid", found.ok()).field("stored", revision.has_value());
  if (revision)
    out.field("revision", *revision);
  engine::write_findings(out, "errors", found.errors);
  engine::write_findings(out, "warnings", found.warnings);
  if (plan)
    engine::write_plan(out, *plan->graph);
  out.end_object();
  return a;
}

answer put(const context_ptr& ctx, const options& o, const std::string& ref, const json& doc,
           const change& by, bool dry_run) {
  findings found;
  if (!dry_run) // files may have been moved or copied since, and classes be others
    load_now(ctx, o);
  auto plan = check_template(doc, *ctx->catalogue->get()->classes, ctx->lim, found);
  if (plan && plan->graph->doc.ref != ref)
    found.fail(fault::bad_value, "/ref_name",
               "the document's ref_name is '" + plan->graph->doc.ref + "', the path says '"
                 + printable(ref, 128) + "'",
               "use the same name in both");
  if (dry_run)
    return checked(plan, found);
  if (!found.ok())
    return validation_failed(found);
  const auto known = look_at(ctx, o, ref);
  auto file = file_for(*known.all, o, ref);
  if (!file)
    return refused(file.error().code, file.error().message, "", file.error().hint);
  // What is used may be a copy in memory of a file that cannot be read any more.
  const bool broken
    = std::any_of(known.all->problems.begin(), known.all->problems.end(), [&](const error& e) {
        return e.pointer == file->string() && e.code != fault::file_duplicate;
      });
  if (!broken && known.current != nullptr && known.current->hash == hash_of(doc))
    return checked(plan, found, known.current->number);
  auto text = doc.dump(2) + "\n";
  if (text.size() > ctx->lim.template_bytes) // blanks do not count
    text = doc.dump() + "\n";
  if (text.size() > ctx->lim.template_bytes)
    return refused(fault::too_large,
                   "the template has " + std::to_string(text.size()) + " bytes, at most "
                     + std::to_string(ctx->lim.template_bytes) + " are allowed",
                   "", "split it, or raise limits.template_bytes");
  const auto number = record(ctx, o, ref, known, by, doc);
  if (!number)
    return refused(number.error().code, number.error().message);
  if (auto stored = store_template(*file, text); !stored) {
    history_of(o).forget(ref, *number);
    return refused(stored.error().code, stored.error().message);
  }
  load_now(ctx, o);
  const auto now = ctx->catalogue->get();
  const auto active = now->templates.find(ref);
  if (active == now->templates.end() || active->second.plan->graph->hash != plan->graph->hash)
    return not_in_use(*now, ref, *file);
  tell(ctx, ref, by, *number);
  return checked(plan, found, *number);
}

answer remove(const context_ptr& ctx, const options& o, const std::string& ref, const change& by) {
  load_now(ctx, o); // files may have been moved or copied since
  const auto known = look_at(ctx, o, ref);
  if (known.entry == nullptr)
    return unknown_template(*known.all, ref);
  if (!known.entry->owned)
    return refused(fault::conflict,
                   "template '" + ref + "' comes from " + known.entry->origin
                     + ", which this node does not own",
                   "", "remove the file there and reload");
  const auto number = record(ctx, o, ref, known, by, nullptr);
  if (!number)
    return refused(number.error().code, number.error().message);
  // Behind the file that is used there may be others of ours with the same name: all of them go.
  // One of a directory that is not ours comes back into use.
  auto now = known.all;
  for (auto it = now->templates.find(ref); it != now->templates.end() && it->second.owned;
       it = now->templates.find(ref)) {
    if (auto removed = remove_template(it->second.origin); !removed) {
      history_of(o).forget(ref, *number);
      return refused(removed.error().code, removed.error().message);
    }
    load_now(ctx, o);
    now = ctx->catalogue->get();
  }
  tell(ctx, ref, by, *number);
  return {};
}

answer rollback(const context_ptr& ctx, const options& o, const std::string& ref,
                const change& by) {
  load_now(ctx, o);
  const auto known = look_at(ctx, o, ref);
  if (known.entry != nullptr && !known.entry->owned)
    return refused(fault::conflict,
                   "template '" + ref + "' comes from "
                     + (known.entry->origin.empty() ? "the program itself" : known.entry->origin)
                     + " and has no revisions here",
                   "", "change it where it comes from, or put one of your own in its place");
  if (known.entry == nullptr && known.revisions.empty())
    return unknown_template(*known.all, ref);
  const auto* to = find_revision(known.revisions, by.from);
  if (to == nullptr)
    return no_revision(ref, by.from, known.revisions);
  if (to->hash.empty())
    return refused(fault::bad_value,
                   "revision " + std::to_string(by.from) + " is the deletion of template '" + ref
                     + "'",
                   "/revision", "delete it: o3 template rm " + ref);
  const auto doc = history_of(o).document(ref, by.from, ctx->lim);
  if (!doc)
    return refused(doc.error().code, doc.error().message);
  return put(ctx, o, ref, *doc, by, false);
}

answer list_revisions(const context_ptr& ctx, const options& o, const std::string& ref) {
  const auto known = look_at(ctx, o, ref);
  if (known.entry == nullptr && known.revisions.empty())
    return unknown_template(*known.all, ref);
  answer a;
  json_writer out{a.body};
  out.begin_object().field("ref_name", std::string_view{ref});
  out.field("origin", std::string_view{known.entry != nullptr ? known.entry->origin : ""});
  out.field("owned", known.entry != nullptr && known.entry->owned).key("current");
  if (known.current != nullptr)
    out.value(known.current->number);
  else
    out.null();
  out.key("items").begin_array();
  for (const auto& r : known.revisions) {
    out.begin_object();
    write_revision(out, r, &r == known.current);
    out.end_object();
  }
  out.end_array().key("next_cursor").null().end_object();
  return a;
}

answer show_revision(const context_ptr& ctx, const options& o, const std::string& ref,
                     std::uint32_t number, std::optional<std::uint32_t> against) {
  const auto known = look_at(ctx, o, ref);
  if (known.entry == nullptr && known.revisions.empty())
    return unknown_template(*known.all, ref);
  json documents[2];
  for (const auto n : {number, against.value_or(number)}) {
    if (find_revision(known.revisions, n) == nullptr)
      return no_revision(ref, n, known.revisions);
    auto doc = history_of(o).document(ref, n, ctx->lim);
    if (!doc)
      return refused(doc.error().code, doc.error().message);
    documents[n == number ? 0 : 1] = *std::move(doc);
  }
  const auto* one = find_revision(known.revisions, number);
  answer a;
  json_writer out{a.body};
  out.begin_object().field("ref_name", std::string_view{ref});
  write_revision(out, *one, one == known.current);
  if (against) {
    out.field("against", *against);
    out.key("changes").value(*against == number ? json::array()
                                                : json::diff(documents[1], documents[0]));
  }
  out.key("document").value(documents[0]).end_object();
  return a;
}

} // namespace o3::catalogue
