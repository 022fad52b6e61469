// Class files: what is refused and how it is said; the packs and the documented example load.
#include "tests/tasks/declarative/held.hpp"

#include "runtime/template/schema.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace o3;
using namespace o3::test;

namespace {

json small() {
  return json::parse(R"({
    "o3_task": 1, "name": "x.start", "description": "Starts an x.", "delivery": "B",
    "inputs": {"url": {"help": "where", "schema": {"type": "string"}, "required": true},
               "token": {"help": "who", "secret": true},
               "size": {"help": "how big", "schema": {"type": "integer"}, "default": 1}},
    "outputs": {"x_id": {"help": "the x", "required": true}},
    "target": {"url": "${input.url}", "auth": {"header": "X-Auth-Token", "value": "${input.token}"}},
    "errors": [{"status": [400, "4xx"], "means": "permanent"}],
    "preflight": {"steps": [{"name": "me", "path": "/me"}, {"name": "list", "path": "/x"}],
                  "identity": "${answer.me/id}", "newest": "${answer.list/items/0/id}"},
    "send": {"requests": [{"path": "/x", "body": {"size": "${input.size}", "tag": "${launch.marker}"}}],
             "id": "${answer.send/id}", "set": {"x_id": "${answer.send/id}"}},
    "search": {"identity": "me", "lists": [{"page": {"path": "/x"}, "items": "${answer.page/items}",
               "id": "${item/id}", "marked": ["${item/tag}"]}]},
    "watch": {"steps": [{"path": "/x/${external.id}"}], "row": "${answer.watch}",
              "status": "${row/status}", "states": {"DONE": "successful"}},
    "failures": [{"when": {"value": "${state}", "equals": "failed"}, "code": "task_failed"}]
  })");
}

findings load_errors(const json& doc) {
  findings found;
  const auto made = declarative::load_declarative(doc, found);
  REQUIRE(static_cast<bool>(made) == found.ok());
  return found;
}

std::string all(const findings& found) {
  std::string text;
  for (const auto& e : found.errors)
    text += e.pointer + " " + std::string{fault_code(e.code)} + ": " + e.message + " (" + e.hint
            + ")\n";
  return text;
}

} // namespace

TEST_CASE("a small class loads and describes itself", "[declarative][document]") {
  const auto c = load(small());
  REQUIRE(c.about->name == "x.start");
  REQUIRE(c.about->runs_in == "outside");
  REQUIRE(c.about->delivery == delivery_class::searched);
  REQUIRE(c.about->input("token")->secret);
  REQUIRE(c.about->input("size")->schema["default"] == 1);
  REQUIRE(c.code.outside->launches);
  REQUIRE(c.code.outside->target == launch::target_class::searched);
  REQUIRE(!c.code.step);
  const auto stored = task_class_from_json(to_json(*c.about));
  REQUIRE(stored);
  bench b{.c = c, .inputs = {{"url", "http://x.example"}, {"token", token}}};
  target t;
  t.on("POST", "/x", said(200, {{"id", "a1"}}));
  const auto h = b.hold(outside::topic::send, t);
  REQUIRE(h.asked[0].body == "{\"size\":1,\"tag\":\"" + marker + "\"}");
  REQUIRE(h.asked[0].secret_header == "X-Auth-Token");
  REQUIRE(h.event<launch::send_confirmed>().external_id == "a1");
}

TEST_CASE("each mistake is named at its place, with what to do", "[declarative][document]") {
  struct row {
    std::string at;    ///< what is changed
    json to;           ///< null: taken away
    std::string where; ///< the pointer that must be named
    std::string said;  ///< in message or hint
  };
  const json gone = nullptr;
  const std::vector<row> rows{
    {"/o3_task", gone, "", "o3_task"},
    {"/o3_task", 2, "/o3_task", "version 1"},
    {"/name", gone, "", "name"},
    {"/name", "a b", "/name", "characters"},
    {"/description", gone, "", "description"},
    {"/delivery", "E", "/delivery", "marker and search"},
    {"/delivery", gone, "", "delivery"},
    {"/prefligth", json::object(), "/prefligth", "'preflight'"},
    {"/inputs/size/schema", {{"type", "integr"}}, "/inputs/size/schema", "JSON types"},
    {"/inputs/size/default", "big", "/inputs/size/default", "whole number"},
    {"/inputs/size/hepl", "x", "/inputs/size/hepl", "'help'"},
    {"/inputs/size/help", gone, "/inputs/size", "help"},
    {"/inputs/size/required", true, "/inputs/size/default", "drop one"},
    {"/inputs/_x", {{"help", "x"}}, "/inputs/_x", "O3's own"},
    {"/outputs/x_id/default", 1, "/outputs/x_id/default", "default"},
    {"/target/url", "${input.ulr}", "/target/url", "'url'"},
    {"/target/auth/value", gone, "/target/auth", "value"},
    {"/errors/0/status", gone, "/errors/0", "status"},
    {"/errors/0/status", {99}, "/errors/0/status/0", "100 to 599"},
    {"/errors/0/status", {"9xx"}, "/errors/0/status/0", "4xx"},
    {"/errors/0/means", "fatal", "/errors/0/means", "permanent"},
    {"/errors/0/mean", 1, "/errors/0/mean", "'means'"},
    {"/preflight/newest", gone, "", "proven absent"},
    {"/preflight/steps/0/pth", "/me", "/preflight/steps/0/pth", "'path'"},
    {"/preflight/steps/0/path", gone, "/preflight/steps/0", "does nothing"},
    {"/preflight/steps/0/path", "me", "/preflight/steps/0/path", "'/'"},
    {"/preflight/steps/0/path", "/me?x=1", "/preflight/steps/0/path", "'query'"},
    {"/preflight/steps/0/url", "http://x", "/preflight/steps/0/url", "not both"},
    {"/preflight/steps/0/again", json::object(), "/preflight/steps/0/again", "'when'"},
    {"/preflight/steps/0/again",
     {{"status", {404}}, {"then", "stop"}},
     "/preflight/steps/0/again/then",
     "go_on"},
    {"/preflight/steps/0/refuse", json::array({{{"say", "no"}}}), "/preflight/steps/0/refuse/0",
     "when"},
    {"/preflight/steps/0/refuse",
     json::array(
       {{{"when", {{"value", 1}, {"given", true}}}, {"say", "no"}, {"code", "prompt_ignored"}}}),
     "/preflight/steps/0/refuse/0/code", "'prompts_ignored'"},
    {"/preflight/steps/0/optional", "yes", "/preflight/steps/0/optional", "true or false"},
    {"/send", gone, "", "neither"},
    {"/send/requests", json::array(), "/send", "requests"},
    {"/send/requests/0/optional", true, "/send/requests", "once"},
    {"/send/id", gone, "/send", "id"},
    {"/send/requests/0/bytes", "x", "/send/requests/0/bytes", "not both"},
    {"/send/ignored", {{"fields", 1}}, "/send/ignored", "'cancel'"},
    {"/read", {{"steps", json::array({{{"path", "/a"}}})}}, "/read", "not both"},
    {"/search", gone, "", "class B"},
    {"/search/lists/0/marked", gone, "/search/lists/0", "'marked'"},
    {"/search/lists/0/page", gone, "/search/lists/0", "page"},
    {"/search/lists/0/items", "${answer.pages/items}", "/search/lists/0/items", "page"},
    {"/search/witness", {{"path", "/x"}}, "/search", "belong together"},
    {"/watch/states/DONE", "done", "/watch/states/DONE", "no state"},
    {"/watch/states/DONE", "running", "/watch", "ends the task"},
    {"/watch/steps", json::array(), "/watch", "steps"},
    {"/watch/batch", {{"group", "x"}}, "/watch/batch", "page"},
    {"/failures/0/code", "oops", "/failures/0/code", "no code"},
    {"/failures/0/is", "running", "/failures/0/is", "no state"},
    {"/failures/0/when",
     {{"value", "${attr.sizes}"}, {"given", true}},
     "/failures/0/when/value",
     "output"},
    {"/finish",
     {{"steps", json::array({{{"name", "a"}, {"path", "/a/${external.ident}"}}})}},
     "/finish/steps/0/path",
     "known: details, id"}};
  for (const auto& r : rows) {
    INFO(r.at << " = " << r.to.dump());
    auto doc = small();
    const json::json_pointer at{r.at};
    if (r.to.is_null())
      doc.at(at.parent_pointer()).erase(at.back());
    else
      doc[at] = r.to;
    const auto found = load_errors(doc);
    INFO(all(found));
    REQUIRE(!found.errors.empty());
    REQUIRE(std::any_of(found.errors.begin(), found.errors.end(), [&](const error& e) {
      return e.pointer == r.where
             && (e.message.find(r.said) != std::string::npos
                 || e.hint.find(r.said) != std::string::npos);
    }));
  }
}

TEST_CASE("what is searched for must have been put somewhere", "[declarative][document]") {
  auto nowhere = small();
  nowhere["send"]["requests"][0]["body"].erase("tag");
  auto found = load_errors(nowhere);
  REQUIRE(all(found).find("/send bad_value: nothing that is sent carries the marker")
          != std::string::npos);
  auto unknown = small();
  unknown["search"]["lists"][0].erase("marked");
  REQUIRE(all(load_errors(unknown)).find("/search") != std::string::npos);
}

TEST_CASE("all mistakes are told at once", "[declarative][document]") {
  auto doc = small();
  doc["nme"] = 1;
  doc["delivery"] = "X";
  doc["watch"]["states"]["BAD"] = "bad";
  doc["send"]["requests"][0]["body"]["k"] = "${input.nothing}";
  doc["errors"][0]["means"] = 5;
  const auto found = load_errors(doc);
  INFO(all(found));
  REQUIRE(found.errors.size() == 5);
}

TEST_CASE("what is no object, no JSON or too deep is refused with a reason",
          "[declarative][document]") {
  for (const json& doc : {json(nullptr), json(1), json("x"), json::array(), json::array({small()})})
    REQUIRE(load_errors(doc).errors.at(0).code == fault::wrong_type);
  REQUIRE(!load_errors(json::object()).ok());
  REQUIRE(declarative::lint("{").errors.at(0).code == fault::json_malformed);
  REQUIRE(declarative::lint("").errors.size() == 1);
  REQUIRE(declarative::lint("{\"a\": 1, \"a\": 2}").errors.at(0).code == fault::json_duplicate_key);
  REQUIRE(!declarative::lint(std::string(1000, '[')).ok());
  REQUIRE(declarative::lint(small().dump()).ok());
  // Whatever stands in a section, the reader lives on.
  const auto doc = small();
  for (const auto& [key, member] : doc.items())
    for (const json& other :
         {json(nullptr), json(1), json("x"), json::array({1, "x", nullptr}),
          json{{"steps", 1}, {"lists", {1}}, {"when", {}}, {"requests", {1}}}}) {
      auto broken = doc;
      broken[key] = other;
      INFO(key << " = " << other.dump());
      load_errors(broken);
    }
}

TEST_CASE("the schema is a schema, and takes what the reader takes", "[declarative][document]") {
  const auto schema = parse_json(declarative::schema_text(), limits{});
  REQUIRE(schema);
  const auto check = value_check::compile(*schema);
  REQUIRE(check);
  REQUIRE((*check)->accepts(small()));
  for (const auto& file : packs::pack_files())
    REQUIRE((*check)->accepts(json::parse(file.text)));
  auto doc = small();
  doc["watch"]["every_s"] = -1;
  REQUIRE(!(*check)->accepts(doc));
}

TEST_CASE("every pack file loads, is named after its class and stands in the folder",
          "[declarative][packs]") {
  const auto root = std::filesystem::path{O3_SOURCE_DIR} / "tasks/packs";
  for (const auto& file : packs::pack_files()) {
    INFO(file.name);
    const auto found = declarative::lint(file.text, packs::pack_helpers());
    INFO(all(found));
    REQUIRE(found.ok());
    REQUIRE(found.warnings.empty());
    std::ifstream in{root / file.name};
    std::stringstream text;
    text << in.rdbuf();
    REQUIRE(text.str() == file.text);
    REQUIRE(json::parse(file.text)["name"] == std::filesystem::path{file.name}.stem().string());
  }
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{root})
    files += entry.path().extension() == ".json";
  REQUIRE(packs::pack_files().size() == files);
  REQUIRE(packs::builtin_packs().size() == files);
  for (const auto& c : packs::builtin_packs())
    for (const auto& f : c.about->inputs)
      if (f.name.find("token") != std::string::npos || f.name.find("password") != std::string::npos)
        REQUIRE(f.secret);
}

TEST_CASE("the example of FORMAT.md loads", "[declarative][document]") {
  std::ifstream in{std::filesystem::path{O3_SOURCE_DIR} / "tasks/declarative/FORMAT.md"};
  std::stringstream buffer;
  buffer << in.rdbuf();
  const auto text = buffer.str();
  std::size_t examples = 0;
  for (auto at = text.find("```json\n{\n  \"o3_task\""); at != std::string::npos;
       at = text.find("```json\n{\n  \"o3_task\"", at + 1), ++examples) {
    const auto from = at + 8;
    const auto found = declarative::lint(text.substr(from, text.find("```", from) - from));
    INFO(all(found));
    REQUIRE(found.ok());
  }
  REQUIRE(examples >= 2);
}

TEST_CASE("the example classes load and do what they say", "[declarative][document]") {
  const auto folder = std::filesystem::path{O3_SOURCE_DIR} / "config/examples/tasks";
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    INFO(entry.path().string());
    std::ifstream in{entry.path()};
    std::stringstream text;
    text << in.rdbuf();
    const auto found = declarative::lint(text.str(), packs::pack_helpers());
    INFO(all(found));
    REQUIRE(found.ok());
    REQUIRE(found.warnings.empty());
    ++files;
  }
  REQUIRE(files >= 1);

  std::ifstream in{folder / "neutron.network.json"};
  const auto made = load(json::parse(in));
  bench b{.c = made,
          .inputs = {{"neutron_url", "https://network.example:9696"},
                     {"auth_token", token},
                     {"project_id", "p1"},
                     {"name", "blue"}}};
  target t;
  t.on("GET", "/v2.0/networks?name=blue&project_id=p1", said(200, {{"networks", json::array()}}));
  t.on("POST", "/v2.0/networks", said(201, {{"network", {{"id", "n1"}}}}));
  auto h = b.hold(outside::topic::send, t);
  REQUIRE(h.event<launch::send_confirmed>().external_id == "n1");
  REQUIRE(h.request("POST", "")->secret == token);
  // The answer was lost: what is there is taken, not made again.
  t.on("GET", "/v2.0/networks?name=blue", said(200, {{"networks", {{{"id", "n1"}}}}}));
  h = b.hold(outside::topic::send, t);
  REQUIRE(h.event<launch::send_confirmed>().external_id == "n1");
  REQUIRE(!h.request("POST", ""));
  t.on("GET", "/v2.0/networks?name=blue",
       said(200, {{"networks", {{{"id", "n1"}}, {{"id", "n2"}}}}}));
  REQUIRE(b.hold(outside::topic::send, t).event<launch::send_not_done>().permanent);
}
