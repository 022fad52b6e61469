#include "http/api/assets.hpp"
#include "tests/http/api/fakes.hpp"

#include <set>

using namespace o3;
using namespace o3::api;

namespace {

json document(stage& s) {
  const auto r = s.call(http::method::get, "/openapi.json/", {}, {}, "");
  REQUIRE(r.status == 200);
  REQUIRE(r.content_type == "application/json");
  return body_of(r);
}

void collect_refs(const json& j, std::set<std::string>& refs) {
  if (j.is_object() && j.contains("$ref") && j["$ref"].is_string())
    refs.insert(j["$ref"].get<std::string>());
  if (j.is_structured())
    for (const auto& inner : j)
      collect_refs(inner, refs);
}

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// The path with or without its last slash, however the document writes it.
const json* find_path(const json& doc, const std::string& path) {
  const auto& paths = doc.at("paths");
  if (paths.contains(path))
    return &paths.at(path);
  const auto bare = path.substr(0, path.size() - 1);
  return paths.contains(bare) ? &paths.at(bare) : nullptr;
}

std::size_t operations(const json& doc) {
  std::size_t n = 0;
  for (const auto& item : doc.at("paths"))
    n += item.size();
  return n;
}

} // namespace

TEST_CASE("every route stands in the OpenAPI document with its permission, and nothing else does",
          "[http][api]") {
  stage s;
  const auto doc = document(s);
  CHECK(doc.at("openapi") == "3.1.0");
  CHECK(doc.at("security") == json::parse(R"([{"bearer":[]}])"));
  CHECK(doc.at("components").at("securitySchemes").at("bearer").at("scheme") == "bearer");
  for (const auto& route : s.api.routes()) {
    INFO(http::to_string(route.verb) << " " << route.path);
    const auto* item = find_path(doc, route.path);
    REQUIRE(item != nullptr);
    const auto verb = lower(http::to_string(route.verb));
    REQUIRE(item->contains(verb));
    const auto& op = item->at(verb);
    CHECK(op.at("summary") == route.summary);
    if (route.permission.empty())
      CHECK(op.at("security") == json::array());
    else
      CHECK(op.at("x-permission") == route.permission);
    CHECK(op.contains("requestBody") == !route.request_schema.is_null());
    const bool webhook = route.path.starts_with("/api/v1/webhook/");
    CHECK(op.at("responses").contains("401") == (webhook || !route.permission.empty()));
    CHECK(op.at("responses").contains("403") == !route.permission.empty());
  }
  CHECK(operations(doc) == s.api.routes().size());
}

TEST_CASE("operation ids are unique, tags exist, path parameters match the path", "[http][api]") {
  stage s;
  const auto doc = document(s);
  std::set<std::string> ids;
  std::set<std::string> tags;
  for (const auto& t : doc.at("tags"))
    CHECK(tags.insert(t.at("name").get<std::string>()).second);
  for (const auto& [path, item] : doc.at("paths").items()) {
    for (const auto& [verb, op] : item.items()) {
      INFO(verb << " " << path);
      const auto id = op.at("operationId").get<std::string>();
      CHECK(ids.insert(id).second);
      CHECK(id.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == std::string::npos);
      for (const auto& t : op.at("tags"))
        CHECK(tags.count(t.get<std::string>()) == 1);
      std::size_t in_path = 0;
      std::set<std::string> names;
      for (const auto& p : op.at("parameters")) {
        const auto name = p.at("name").get<std::string>();
        CHECK(names.insert(p.at("in").get<std::string>() + name).second);
        CHECK(p.at("schema").is_object());
        if (p.at("in") == "path") {
          ++in_path;
          CHECK(p.at("required") == true);
          CHECK(path.find("{" + name + "}") != std::string::npos);
        }
      }
      CHECK(in_path == static_cast<std::size_t>(std::count(path.begin(), path.end(), '{')));
    }
  }
  CHECK(ids.count("post_workflow_submit") == 1);
  CHECK(ids.count("get_workflow_by_id_task_by_ref") == 1);
}

TEST_CASE("every reference resolves, every schema is used, every refusal is a Problem",
          "[http][api]") {
  stage s;
  const auto doc = document(s);
  std::set<std::string> refs;
  collect_refs(doc, refs);
  CHECK(refs.size() >= 20);
  for (const auto& ref : refs) {
    INFO(ref);
    REQUIRE(ref.starts_with("#/"));
    CHECK(doc.contains(json::json_pointer(ref.substr(1))));
  }
  for (const auto& [name, schema] : doc.at("components").at("schemas").items()) {
    INFO(name);
    CHECK(refs.count("#/components/schemas/" + name) == 1);
    for (const auto& required : schema.value("required", json::array()))
      CHECK(schema.at("properties").contains(required.get<std::string>()));
  }
  for (const auto& item : doc.at("paths"))
    for (const auto& op : item)
      for (const auto& [status, answer] : op.at("responses").items()) {
        CHECK_FALSE(answer.at("description").get<std::string>().empty());
        if (status != "default" && std::stoi(status) < 400)
          continue;
        CHECK(answer.at("content").at("application/problem+json").at("schema").at("$ref")
              == "#/components/schemas/Problem");
      }
}

TEST_CASE("a problem and its errors have the keys the document promises", "[http][api]") {
  stage s;
  const auto schemas = document(s).at("components").at("schemas");
  s.says.next.problem = make_error(fault::validation_failed, "Bad.", "/a", "hint");
  s.says.next.errors = {make_error(fault::cycle, "Bad.", "/a", "hint")};
  const auto j = body_of(s.post_json("/api/v1/workflow/submit/", "{}"));
  CHECK(j.size() == schemas.at("Problem").at("properties").size());
  for (const auto& [key, value] : j.items())
    CHECK(schemas.at("Problem").at("properties").contains(key));
  for (const auto& [key, value] : j.at("errors")[0].items())
    CHECK(schemas.at("Finding").at("properties").contains(key));
}

TEST_CASE("every fault is described with its status", "[http][api]") {
  stage s;
  const auto doc = document(s);
  const auto& list = doc.at("x-faults");
  CHECK(list.size() == all_faults().size());
  for (const auto& f : list) {
    INFO(f.dump());
    CHECK_FALSE(f.at("what").get<std::string>().empty());
    CHECK_FALSE(f.at("do").get<std::string>().empty());
    CHECK(f.at("status").get<unsigned>() >= 400);
  }
}

TEST_CASE("the page is self-contained, has no inline script and never makes markup of text",
          "[http][api]") {
  stage s;
  for (const std::string path : {"/docs/", "/docs/errors/", "/docs/docs.js/", "/docs/docs.css/"}) {
    INFO(path);
    const auto r = s.call(http::method::get, path, {}, {}, "");
    REQUIRE(r.status == 200);
    CHECK(header_of(r, "X-Content-Type-Options") == "nosniff");
    const auto policy = header_of(r, "Content-Security-Policy");
    CHECK(policy.find("default-src 'self'") != std::string::npos);
    CHECK(policy.find("frame-ancestors 'none'") != std::string::npos);
    CHECK(policy.find("unsafe") == std::string::npos);
    CHECK(r.body.size() > 300);
    for (const std::string bad :
         {"http://", "https://", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
          "eval(", "style=", "onclick=", "onload=", "<script>", "<style>"})
      CHECK(r.body.find(bad) == std::string::npos);
  }
  CHECK(s.call(http::method::get, "/docs/", {}, {}, "").content_type == "text/html; charset=utf-8");
  CHECK(s.call(http::method::get, "/docs/docs.js/", {}, {}, "").content_type
        == "text/javascript; charset=utf-8");
  CHECK(s.call(http::method::get, "/docs/docs.css/", {}, {}, "").content_type
        == "text/css; charset=utf-8");
}

TEST_CASE("the advice about faults names no command on a workflow that the API does not have",
          "[http][api]") {
  stage s;
  std::string routes;
  const auto doc = document(s);
  for (const auto& [path, operations] : doc.at("paths").items())
    routes += lower(path) + "\n";
  const auto advice = lower(asset::faults_md());
  for (const std::string verb : {"rerun", "release", "resume", "approve"}) {
    INFO(verb);
    CHECK((advice.find(verb) == std::string::npos || routes.find("/" + verb) != std::string::npos));
  }
}
