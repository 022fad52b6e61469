// /template/: what can be run.
#include "http/api/params.hpp"
#include "http/api/problem.hpp"
#include "http/api/reply.hpp"
#include "http/api/rows.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>

namespace o3::api {

namespace {

/// A template's name from the path. What is no name is no template either; it never reaches a file
/// path.
result<std::string> path_ref(const http::request& r) {
  const auto ref = r.param("ref");
  if (is_ref_name(ref))
    return std::string{ref};
  return make_error(fault::not_found, "There is no template '" + printable(ref, 128) + "'.", {},
                    "a name starts with a letter or '_' and has up to 128 letters, digits and _.-");
}

void list(const context& c, http::request&& r, http::respond_fn respond) {
  auto who = caller_of(r);
  c.ports.catalogue.templates(std::move(who), reply_to(r, std::move(respond)));
}

void show(const context& c, http::request&& r, http::respond_fn respond) {
  auto ref = path_ref(r);
  if (!ref)
    return respond(problem(ref.error(), {}, r.path));
  auto who = caller_of(r);
  c.ports.catalogue.show_template(*std::move(ref), std::move(who), reply_to(r, std::move(respond)));
}

struct template_change {
  std::string ref;
  std::shared_ptr<const json> document;
  bool dry_run = false;
};

result<template_change> read_change(const http::request& r, const limits& lim) {
  template_change change;
  O3_TRY(change.ref, path_ref(r));
  O3_TRY(change.dry_run, query_flag(r, "dry_run"));
  O3_TRY(auto body, json_body(r, lim.template_bytes, lim));
  change.document = std::make_shared<const json>(std::move(body));
  return change;
}

void put(const context& c, http::request&& r, http::respond_fn respond) {
  auto change = read_change(r, c.opts->lim);
  if (!change)
    return respond(problem(change.error(), {}, r.path));
  auto who = caller_of(r);
  c.ports.catalogue.put_template(std::move(change->ref), std::move(change->document),
                                 change->dry_run, std::move(who), reply_to(r, std::move(respond)));
}

void remove(const context& c, http::request&& r, http::respond_fn respond) {
  auto ref = path_ref(r);
  if (!ref)
    return respond(problem(ref.error(), {}, r.path));
  auto who = caller_of(r);
  c.ports.catalogue.delete_template(
    *std::move(ref), std::move(who),
    [respond = std::move(respond), instance = std::move(r.path)](engine::answer a) {
      auto response = to_response(std::move(a), instance);
      if (response.status == 200 && response.body.empty())
        response.status = 204;
      respond(std::move(response));
    });
}

void revisions(const context& c, http::request&& r, http::respond_fn respond) {
  auto ref = path_ref(r);
  if (!ref)
    return respond(problem(ref.error(), {}, r.path));
  auto who = caller_of(r);
  c.ports.catalogue.template_revisions(*std::move(ref), std::move(who),
                                       reply_to(r, std::move(respond)));
}

void revision(const context& c, http::request&& r, http::respond_fn respond) {
  auto ref = path_ref(r);
  if (!ref)
    return respond(problem(ref.error(), {}, r.path));
  const auto asked = read_revision(r);
  if (!asked)
    return respond(problem(asked.error(), {}, r.path));
  auto who = caller_of(r);
  c.ports.catalogue.template_revision(*std::move(ref), asked->number, asked->against,
                                      std::move(who), reply_to(r, std::move(respond)));
}

struct rollback_body {
  std::uint32_t revision = 0;
  std::string reason;
};

result<rollback_body> read_rollback(const http::request& r, const limits& lim) {
  static const std::vector<std::string> keys{"revision", "reason"};
  O3_TRY(const auto body, json_body(r, lim.request_bytes, lim));
  if (!body.is_object())
    return make_error(fault::wrong_type,
                      "The body must be an object, not " + std::string{type_name(body)} + ".");
  for (const auto& [key, value] : body.items())
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
      return make_error(fault::unknown_key, "'" + printable(key, 64) + "' is no key of a rollback.",
                        pointer_join("", key), nearest_hint(key, keys));
  rollback_body out;
  const auto number = body.find("revision");
  if (number == body.end())
    return make_error(fault::missing_key, "The body names no 'revision'.", "",
                      "the number of the revision to go back to");
  if (!number->is_number_unsigned() || *number < 1U || *number > UINT32_MAX)
    return make_error(fault::wrong_type, "'revision' must be a whole number from 1 on.",
                      "/revision");
  out.revision = number->get<std::uint32_t>();
  if (const auto reason = body.find("reason"); reason != body.end()) {
    if (!reason->is_string())
      return make_error(fault::wrong_type, "'reason' must be text.", "/reason");
    out.reason = reason->get<std::string>();
    if (out.reason.size() > lim.text_bytes)
      return make_error(fault::too_large,
                        "'reason' has " + std::to_string(out.reason.size())
                          + " bytes; the limit is " + std::to_string(lim.text_bytes) + ".",
                        "/reason", "shorten it, or raise limits.text_bytes");
  }
  return out;
}

void rollback(const context& c, http::request&& r, http::respond_fn respond) {
  auto ref = path_ref(r);
  if (!ref)
    return respond(problem(ref.error(), {}, r.path));
  auto body = read_rollback(r, c.opts->lim);
  if (!body)
    return respond(problem(body.error(), {}, r.path));
  auto who = caller_of(r);
  c.ports.catalogue.rollback_template(*std::move(ref), body->revision, std::move(body->reason),
                                      std::move(who), reply_to(r, std::move(respond)));
}

void add_revision_rows(std::vector<row>& rows, const context& c) {
  rows.push_back(
    {{.verb = http::method::get,
      .path = "/api/v1/template/{ref}/revision/",
      .permission = permission::template_read,
      .summary = "List what was stored under a template's name",
      .tag = "template",
      .handle
      = [c](http::request&& r, http::respond_fn f) { revisions(c, std::move(r), std::move(f)); },
      .response_schema = schema_ref("TemplateRevisionList")},
     "Who, when and how. Also of a template that was deleted; empty for one that comes from a file "
     "of others. 'current' is null where the file in use was changed by others."});
  rows.push_back(
    {{.verb = http::method::get,
      .path = "/api/v1/template/{ref}/revision/{n}/",
      .permission = permission::template_read,
      .summary = "Show one revision of a template, and what changed",
      .tag = "template",
      .handle
      = [c](http::request&& r, http::respond_fn f) { revision(c, std::move(r), std::move(f)); },
      .parameters
      = {query_parameter("diff", "Also list the changes from this revision to it (RFC 6902).",
                         {{"type", "integer"}, {"minimum", 1}})},
      .response_schema = schema_ref("TemplateRevision")}});
  rows.push_back(
    {{.verb = http::method::post,
      .path = "/api/v1/template/{ref}/rollback/",
      .permission = permission::template_write,
      .summary = "Go back to an earlier revision of a template",
      .tag = "template",
      .handle
      = [c](http::request&& r, http::respond_fn f) { rollback(c, std::move(r), std::move(f)); },
      .request_schema = schema_ref("TemplateRollback"),
      .response_schema = schema_ref("Validation")},
     "It is checked as it would be now, and becomes the next revision. 409 if the template comes "
     "from a file of others.",
     {200},
     {409, 422}});
}

void reload(const context& c, http::request&& r, http::respond_fn respond) {
  auto who = caller_of(r);
  c.ports.catalogue.reload(std::move(who), reply_to(r, std::move(respond)));
}

} // namespace

void add_template_rows(std::vector<row>& rows, const context& c) {
  rows.push_back(
    {{.verb = http::method::get,
      .path = "/api/v1/template/",
      .permission = permission::template_read,
      .summary = "List the templates",
      .tag = "template",
      .handle = [c](http::request&& r, http::respond_fn f) { list(c, std::move(r), std::move(f)); },
      .response_schema = schema_ref("TemplateList")}});
  rows.push_back({{.verb = http::method::post,
                   .path = "/api/v1/template/reload/",
                   .permission = permission::template_write,
                   .summary = "Read all templates and task classes again",
                   .tag = "template",
                   .handle = [c](http::request&& r,
                                 http::respond_fn f) { reload(c, std::move(r), std::move(f)); },
                   .response_schema = schema_ref("Reload")},
                  "Accepted workflows keep what they were accepted with."});
  rows.push_back(
    {{.verb = http::method::get,
      .path = "/api/v1/template/{ref}/",
      .permission = permission::template_read,
      .summary = "Show a template",
      .tag = "template",
      .handle = [c](http::request&& r, http::respond_fn f) { show(c, std::move(r), std::move(f)); },
      .response_schema = schema_ref("Template")}});
  rows.push_back(
    {{.verb = http::method::put,
      .path = "/api/v1/template/{ref}/",
      .permission = permission::template_write,
      .summary = "Check and store a template",
      .tag = "template",
      .handle = [c](http::request&& r, http::respond_fn f) { put(c, std::move(r), std::move(f)); },
      .parameters = {query_parameter("dry_run", "Check only, store nothing.",
                                     {{"type", "boolean"}, {"default", false}})},
      .request_schema = schema_ref("Template"),
      .response_schema = schema_ref("Validation")},
     "Each change is a revision of its own; the content in use again is none. 'revision' is the "
     "number it has. Accepted workflows keep their copy.",
     {200},
     {409, 422}});
  add_revision_rows(rows, c);
  rows.push_back({{.verb = http::method::del,
                   .path = "/api/v1/template/{ref}/",
                   .permission = permission::template_write,
                   .summary = "Delete a template",
                   .tag = "template",
                   .handle = [c](http::request&& r,
                                 http::respond_fn f) { remove(c, std::move(r), std::move(f)); }},
                  "Accepted workflows keep their copy. 409 if the template comes from a directory "
                  "O3 does not own.",
                  {204},
                  {409}});
}

} // namespace o3::api
