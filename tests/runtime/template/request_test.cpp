#include "runtime/template/request.hpp"

#include "runtime/base/text.hpp"
#include "runtime/template/inline_template.hpp"

#include "tests/runtime/template/fixtures.hpp"

using namespace o3;
using namespace o3::testing;

namespace {

json seed_request() {
  return file_json("tests/runtime/template/data/noop_request.json");
}

findings read(const json& doc, const limits& lim = {}) {
  findings found;
  parse_request(doc, lim, found);
  return found;
}

json with(const char* pointer, json value) {
  auto doc = seed_request();
  doc[json::json_pointer{pointer}] = std::move(value);
  return doc;
}

json without(const char* parent, const char* key) {
  auto doc = seed_request();
  doc[json::json_pointer{parent}].erase(key);
  return doc;
}

json many_labels(int n) {
  json labels = json::object();
  for (int i = 0; i < n; ++i)
    labels["k" + std::to_string(i)] = "v";
  return labels;
}

struct row {
  json doc;
  fault code;
  const char* pointer;
  const char* message;
  const char* hint;
};

} // namespace

TEST_CASE("each mistake in a request has its code, place, sentence and hint", "[request]") {
  const std::string long_text(4097, 'x');
  const row rows[]{
    {json(3), fault::wrong_type, "", "must be an object, not whole number", ""},
    {with("/task", 1), fault::unknown_key, "/task", "'task'", "tasks"},
    {with("/schema_version", 1), fault::unsupported_version, "/schema_version", "1", "known: 2"},
    {with("/schema_version", "2"), fault::wrong_type, "/schema_version", "not text", "known: 2"},
    {without("", "workflow"), fault::missing_key, "", "'workflow'", "add the key"},
    {with("/workflow", json::array()), fault::wrong_type, "/workflow", "an object, not list", ""},
    {with("/workflow/metas", 1), fault::unknown_key, "/workflow/metas", "'metas'", "meta"},
    {with("/workflow/template", json::object()), fault::bad_value, "/workflow/meta/template",
     "names a template and brings one along", "leave one"},
    {without("/workflow", "meta"), fault::missing_key, "/workflow", "'meta'", "add the key"},
    {with("/workflow/meta", 1), fault::wrong_type, "/workflow/meta", "an object", ""},
    {with("/workflow/meta/traceid", "x"), fault::unknown_key, "/workflow/meta/traceid", "'traceid'",
     "trace_id"},
    {without("/workflow/meta", "template"), fault::missing_key, "/workflow/meta", "'template'",
     "add the key"},
    {with("/workflow/meta/template", 1), fault::wrong_type, "/workflow/meta/template", "text", ""},
    {with("/workflow/meta/template", "../x"), fault::bad_value, "/workflow/meta/template", "'../x'",
     "1 to 128"},
    {with("/workflow/meta/ref", 5), fault::wrong_type, "/workflow/meta/ref", "text", ""},
    {with("/workflow/meta/ref", "a\tb"), fault::bad_value, "/workflow/meta/ref", "'ref'",
     "printable ASCII"},
    {with("/workflow/meta/trace_id", std::string(129, 'a')), fault::bad_value,
     "/workflow/meta/trace_id", "'trace_id'", "1 to 128"},
    {with("/workflow/meta/name", long_text), fault::too_large, "/workflow/meta/name", "4097",
     "shorten"},
    {with("/workflow/meta/description", json::object()), fault::wrong_type,
     "/workflow/meta/description", "text", ""},
    {with("/workflow/meta/template_schema_version", 0), fault::bad_value,
     "/workflow/meta/template_schema_version", "from 1", ""},
    {with("/workflow/meta/template_schema_version", "1"), fault::wrong_type,
     "/workflow/meta/template_schema_version", "whole number", ""},
    {with("/workflow/meta/labels", json::array()), fault::wrong_type, "/workflow/meta/labels",
     "an object", ""},
    {with("/workflow/meta/labels", {{"team ", "x"}}), fault::bad_value,
     "/workflow/meta/labels/team ", "'team '", "1 to 63"},
    {with("/workflow/meta/labels", {{"", "x"}}), fault::bad_value, "/workflow/meta/labels/", "''",
     "1 to 63"},
    {with("/workflow/meta/labels", {{"a/b", 7}}), fault::wrong_type, "/workflow/meta/labels/a~1b",
     "text, not whole number", "quotes"},
    {with("/workflow/meta/labels", {{"a", json::object()}}), fault::wrong_type,
     "/workflow/meta/labels/a", "text, not object", ""},
    {with("/workflow/meta/labels", {{"a", "x\ny"}}), fault::bad_value, "/workflow/meta/labels/a",
     "control characters", "one line"},
    {with("/workflow/meta/labels", {{"a", std::string(257, 'x')}}), fault::too_large,
     "/workflow/meta/labels/a", "257 bytes", "limits.label_bytes"},
    {with("/workflow/meta/labels", many_labels(33)), fault::too_large, "/workflow/meta/labels",
     "33 members", "limits.labels"},
    {with("/workflow/vars", 1), fault::wrong_type, "/workflow/vars", "an object", ""},
    {with("/workflow/vars/globl", 1), fault::unknown_key, "/workflow/vars/globl", "'globl'",
     "global"},
    {with("/workflow/vars/global", 1), fault::wrong_type, "/workflow/vars/global", "an object", ""},
    {with("/workflow/vars/workflow/inputs", 1), fault::unknown_key,
     "/workflow/vars/workflow/inputs", "'inputs'", "input"},
    {with("/workflow/vars/workflow/input", json::array()), fault::wrong_type,
     "/workflow/vars/workflow/input", "an object", ""},
    {with("/workflow/schedule", "now"), fault::wrong_type, "/workflow/schedule", "an object", ""},
    {with("/workflow/schedule/at", 1), fault::unknown_key, "/workflow/schedule/at", "'at'",
     "start"},
    {with("/workflow/schedule", {{"when", "cron"}, {"croon", "* * * * *"}}), fault::unknown_key,
     "/workflow/schedule/croon", "'croon'", "cron"},
    {with("/workflow/schedule", {{"when", "cron"}, {"start", "2027-01-01T00:00:00Z"}}),
     fault::bad_value, "/workflow/schedule/start", "cron line", "\"at\""},
    {with("/workflow/schedule/when", "later"), fault::bad_value, "/workflow/schedule/when",
     "'later'", "now, at, cron"},
    {with("/workflow/schedule/when", 1), fault::wrong_type, "/workflow/schedule/when", "text", ""},
    {with("/workflow/schedule/start", "2027-01-01T00:00:00Z"), fault::bad_value,
     "/workflow/schedule/start", "start now", "\"at\""},
    {with("/workflow/schedule", {{"when", "at"}}), fault::bad_value, "/workflow/schedule",
     "needs 'start'", "2026-11-21T08:30:00Z"},
    {with("/workflow/schedule", {{"when", "at"}, {"start", "tomorrow"}}), fault::bad_value,
     "/workflow/schedule/start", "'tomorrow'", "2026-11-21T08:30:00Z"},
    {with("/tasks", json::array()), fault::wrong_type, "/tasks", "an object", ""},
    {with("/tasks/noop_01", 1), fault::wrong_type, "/tasks/noop_01", "task 'noop_01'", ""},
    {with("/tasks/noop_01/var", 1), fault::unknown_key, "/tasks/noop_01/var", "'var'", "vars"},
    {with("/tasks/noop_01/vars", 1), fault::wrong_type, "/tasks/noop_01/vars", "an object", ""},
    {with("/tasks/noop_01/vars/output", 1), fault::unknown_key, "/tasks/noop_01/vars/output",
     "'output'", "input"},
    {with("/tasks/noop_01/vars/input", "x"), fault::wrong_type, "/tasks/noop_01/vars/input",
     "an object", ""},
  };
  for (const auto& r : rows) {
    const auto found = read(r.doc);
    INFO(r.pointer << said(found));
    REQUIRE(found.errors.size() == 1);
    require_error(found, r.code, r.pointer, r.message, r.hint);
    REQUIRE(leads_somewhere(r.doc, r.pointer));
  }
}

TEST_CASE("all mistakes of a request come at once, up to the limit", "[request]") {
  auto doc = seed_request();
  doc["workflow"]["meta"]["template"] = 1;
  doc["workflow"]["schedule"]["when"] = "later";
  doc["tasks"]["noop_02"] = nullptr;
  REQUIRE(read(doc).errors.size() == 3);
  for (int i = 0; i < 200; ++i)
    doc["tasks"]["t" + std::to_string(i)] = i;
  const auto found = read(doc);
  REQUIRE(found.errors.size() == 101);
  REQUIRE(holds(found.errors.back().message, "103 more"));
}

TEST_CASE("a request with a cron line keeps what its schedule says", "[request]") {
  auto doc = seed_request();
  doc["workflow"]["schedule"]
    = {{"when", "cron"}, {"start", ""}, {"cron", "@daily"}, {"zone", "UTC"}, {"name", "n"}};
  findings found;
  const auto r = parse_request(doc, limits{}, found);
  REQUIRE(found.ok());
  REQUIRE(r.recurring == json{{"cron", "@daily"}, {"zone", "UTC"}, {"name", "n"}});
  REQUIRE_FALSE(r.start_at);
}

TEST_CASE("the first users' request is read as printed", "[request]") {
  findings found;
  const auto r = parse_request(seed_request(), limits{}, found);
  INFO(said(found));
  REQUIRE(found.ok());
  REQUIRE(found.warnings.empty());
  REQUIRE(r.ref == "bb0fbf06d5284fbbb16baeb452652100");
  REQUIRE(r.trace_id == r.ref);
  REQUIRE(r.name == "api noop");
  REQUIRE(r.description == "VM Build 3");
  REQUIRE(r.template_ref == "noop_template_run");
  REQUIRE(r.template_schema_version == 1);
  REQUIRE(r.global_input.size() == 3);
  REQUIRE(r.workflow_input == json({{"wflow_priv_var", "my_wflow_var"}}));
  REQUIRE(r.task_input["noop_01"]["delay"] == 30);
  REQUIRE(r.task_input["noop_03"] == json::object());
  REQUIRE_FALSE(r.start_at);
}

TEST_CASE("the shortest request names a template only", "[request]") {
  findings found;
  const auto r
    = parse_request(parsed(R"({"workflow": {"meta": {"template": "small"}}})"), limits{}, found);
  REQUIRE(found.ok());
  REQUIRE(r.template_ref == "small");
  REQUIRE(r.ref.empty());
  REQUIRE(r.task_input == json::object());
  REQUIRE_FALSE(r.template_schema_version);
}

TEST_CASE("labels are read as they are, up to the limits", "[request]") {
  findings found;
  auto labels = many_labels(31);
  labels["example.com/team"] = std::string(256, 'x');
  const auto r = parse_request(with("/workflow/meta/labels", labels), limits{}, found);
  INFO(said(found));
  REQUIRE(found.ok());
  REQUIRE(json(r.labels) == labels);
  REQUIRE(parse_request(seed_request(), limits{}, found).labels.empty());
  limits none;
  none.labels = 0;
  REQUIRE_FALSE(read(with("/workflow/meta/labels", {{"a", ""}}), none).ok());
}

TEST_CASE("a request for later carries its time in UTC", "[request]") {
  findings found;
  const auto doc
    = with("/workflow/schedule", {{"when", "at"}, {"start", "2027-01-01T01:00:00+01:00"}});
  const auto r = parse_request(doc, limits{}, found);
  REQUIRE(found.ok());
  REQUIRE(r.start_at);
  REQUIRE(to_rfc3339(*r.start_at) == "2027-01-01T00:00:00.000Z");
}

TEST_CASE("the request among the examples is read without a word", "[request]") {
  const auto found = read(file_json("config/examples/requests/noop_request.json"));
  INFO(said(found));
  REQUIRE(found.ok());
  REQUIRE(found.warnings.empty());
}

TEST_CASE("a request may bring its template along instead of naming one", "[request]") {
  const auto text = R"({"workflow": {"template": {"ref_name": "t"}, "meta": {"ref": "r"}}})"_json;
  findings found;
  const auto r = parse_request(text, {}, found);
  CHECK(found.ok());
  CHECK(r.template_ref.empty());
  CHECK(r.ref == "r");
  CHECK(read(R"({"workflow": {"template": 3}})"_json).ok()); // what it is, is not looked at here
  REQUIRE(inline_template(text) != nullptr);
  CHECK(*inline_template(text) == R"({"ref_name": "t"})"_json);
  for (const auto* none : {"3", "{}", R"({"workflow": []})", R"({"workflow": {"meta": {}}})"})
    CHECK(inline_template(json::parse(none)) == nullptr);
  CHECK(inline_template_ref("t") == "inline:t");
  CHECK(is_inline_template_ref("inline:t"));
  CHECK_FALSE(is_inline_template_ref("t"));
  CHECK_FALSE(is_ref_name(inline_template_ref("t")));
}
