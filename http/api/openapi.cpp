// /openapi.json: OpenAPI 3.1, made from the same rows that answer requests.
#include "http/api/assets.hpp"
#include "http/api/problem.hpp"
#include "http/api/rows.hpp"

#include <algorithm>
#include <cctype>

namespace o3::api {

namespace {

/// "/healthz" and "/docs/docs.js" are written without their slash, the API's paths with it.
std::string shown_path(const http::route& r) {
  return r.path.starts_with("/api/") ? r.path : r.path.substr(0, r.path.size() - 1);
}

std::string verb_key(http::method verb) {
  std::string key{http::to_string(verb)};
  std::transform(key.begin(), key.end(), key.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return key;
}

/// "get_workflow_by_id_task": unique because (verb, path) is.
std::string operation_id(const http::route& r) {
  const std::string_view path = r.path;
  std::string name = verb_key(r.verb);
  for (const char c : path.starts_with(api_root) ? path.substr(api_root.size() - 1) : path) {
    if (c == '{')
      name += "by_";
    else if (c != '}')
      name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  }
  while (name.back() == '_')
    name.pop_back();
  return name;
}

json path_parameters(std::string_view path) {
  json list = json::array();
  for (auto open = path.find('{'); open != std::string_view::npos;
       open = path.find('{', open + 1)) {
    const std::string name{path.substr(open + 1, path.find('}', open) - open - 1)};
    const bool is_id = name == "id";
    list.push_back({{"name", name},
                    {"in", "path"},
                    {"required", true},
                    {"description", is_id ? "Id of the workflow." : "Name, as listed."},
                    {"schema", is_id ? schema_ref("Id") : json{{"type", "string"}}}});
  }
  return list;
}

json parameters(const http::route& r) {
  json list = path_parameters(r.path);
  for (const auto& p : r.parameters)
    list.push_back({{"name", p.name},
                    {"in", p.in},
                    {"required", false},
                    {"description", p.help},
                    {"schema", p.schema}});
  return list;
}

std::string_view reason(unsigned status) {
  switch (status) {
  case 200:
    return "Done.";
  case 202:
    return "Under way.";
  case 204:
    return "Done; no body.";
  case 400:
    return "The request cannot be read, or a parameter is wrong.";
  case 401:
    return "No token, or one that is not known.";
  case 403:
    return "The token lacks the permission.";
  case 404:
    return "There is no such thing, or not for this caller.";
  case 409:
    return "The present state does not allow it.";
  case 413:
    return "The body is too large.";
  case 415:
    return "The body is not application/json.";
  case 422:
    return "The document is readable but not acceptable; errors lists every reason.";
  default:
    return "Not now: ask again after Retry-After seconds.";
  }
}

/// Every refusal a row of this kind can give, by status.
std::vector<unsigned> refusals(const row& r) {
  std::vector<unsigned> list = r.refusals;
  list.push_back(400);
  if (!r.route.permission.empty())
    list.insert(list.end(), {401, 403, 503});
  if (r.route.path.find('{') != std::string::npos)
    list.push_back(404);
  if (!r.route.request_schema.is_null())
    list.insert(list.end(), {413, 415});
  return list;
}

json responses(const row& r) {
  json all = json::object();
  for (const auto status : r.statuses) {
    json one{{"description", reason(status)}};
    if (!r.route.response_schema.is_null())
      one["content"] = {{r.route.response_type, {{"schema", r.route.response_schema}}}};
    all[std::to_string(status)] = std::move(one);
  }
  const json problem{{"application/problem+json", {{"schema", schema_ref("Problem")}}}};
  for (const auto status : refusals(r))
    all[std::to_string(status)] = {{"description", reason(status)}, {"content", problem}};
  all["default"] = {{"description", "Any other refusal."}, {"content", problem}};
  return all;
}

json operation(const row& r) {
  json op{{"operationId", operation_id(r.route)},
          {"summary", r.route.summary},
          {"tags", json::array({r.route.tag})},
          {"parameters", parameters(r.route)},
          {"responses", responses(r)}};
  if (!r.description.empty())
    op["description"] = r.description;
  if (r.route.permission.empty())
    op["security"] = json::array();
  else
    op["x-permission"] = r.route.permission;
  if (!r.route.request_schema.is_null()) {
    // The body of a cancel is the one that may be left out.
    op["requestBody"] = {{"required", r.route.request_schema != schema_ref("CancelRequest")},
                         {"content", {{"application/json", {{"schema", r.route.request_schema}}}}}};
  }
  return op;
}

/// The line of faults.md that starts with `label`, in the section of `code`.
std::string explained(std::string_view code, std::string_view label) {
  const auto text = asset::faults_md();
  const auto heading = "\n## " + std::string{code} + "\n";
  const auto start = text.find(heading);
  if (start == std::string_view::npos)
    return {};
  auto section = text.substr(start + heading.size());
  section = section.substr(0, section.find("\n## "));
  const auto at = section.find(label);
  if (at == std::string_view::npos)
    return {};
  section.remove_prefix(at + label.size());
  std::string line{section.substr(0, section.find("\n\n"))};
  std::replace(line.begin(), line.end(), '\n', ' ');
  while (!line.empty() && line.back() == ' ')
    line.pop_back();
  return line;
}

json faults() {
  json list = json::array();
  for (const auto f : all_faults()) {
    if (f == fault::none)
      continue;
    const auto code = fault_code(f);
    list.push_back({{"code", code},
                    {"status", status_of(f).status},
                    {"what", explained(code, "What happened: ")},
                    {"do", explained(code, "What to do: ")}});
  }
  return list;
}

} // namespace

json schema_ref(std::string_view name) {
  return {{"$ref", "#/components/schemas/" + std::string{name}}};
}

http::parameter query_parameter(std::string name, std::string help, json schema) {
  return {"query", std::move(name), std::move(help), std::move(schema)};
}

http::parameter header_parameter(std::string name, std::string help, json schema) {
  return {"header", std::move(name), std::move(help), std::move(schema)};
}

json openapi_document(const std::vector<row>& rows, const options& o) {
  json paths = json::object();
  json tags = json::array();
  for (const auto& r : rows) {
    paths[shown_path(r.route)][verb_key(r.route.verb)] = operation(r);
    const json tag{{"name", r.route.tag}};
    if (std::find(tags.begin(), tags.end(), tag) == tags.end())
      tags.push_back(tag);
  }
  return {
    {"openapi", "3.1.0"},
    {"info",
     {{"title", "O3"},
      {"version", o.version},
      {"description",
       "Workflow engine. Send 'Authorization: Bearer <token>'. The trailing slash is optional. "
       "Unknown query parameters are refused. Errors are problem documents with a stable code."}}},
    {"tags", std::move(tags)},
    {"paths", std::move(paths)},
    {"security", json::array({{{"bearer", json::array()}}})},
    {"components",
     {{"securitySchemes", {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}}}},
      {"schemas", json::parse(asset::schemas_json(), nullptr, false)}}},
    {"x-faults", faults()}};
}

void add_openapi_row(std::vector<row>& rows, std::shared_ptr<const std::string> document) {
  rows.push_back(
    {{.verb = http::method::get,
      .path = "/openapi.json/",
      .permission = "",
      .summary = "This API as OpenAPI 3.1",
      .tag = "documentation",
      .handle =
        [document = std::move(document)](http::request&&, const http::respond_fn& respond) {
          http::response r;
          r.body = *document;
          r.headers = {{"X-Content-Type-Options", "nosniff"}, {"Cache-Control", "no-cache"}};
          respond(std::move(r));
        },
      .response_schema = {{"type", "object"}}}});
}

} // namespace o3::api
