// /template/: what can be run.
#include "http/api/params.hpp"
#include "http/api/problem.hpp"
#include "http/api/reply.hpp"
#include "http/api/rows.hpp"
#include "runtime/base/text.hpp"

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
     "",
     {200},
     {409, 422}});
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
