// A whole node with stored secrets, under a virtual clock: what a target is sent, what the journal
// holds, and what comes back.
#include "tests/harness/catch.hpp"
#include "tests/harness/node.hpp"

using namespace o3;
using outside::topic;

namespace {

constexpr const char* value = "canary-7f3K-secret";

/// Answers with what it was sent, credential included.
class echo final : public outside::caller {
public:
  void call(outside::request r, const outside::call_terms&,
            std::function<void(outside::answer)> done) override {
    sent.push_back(r.url + " " + r.secret);
    outside::answer a;
    a.status = 200;
    a.body = reply.empty() ? "you said " + r.secret + "." : reply;
    done(std::move(a));
  }
  std::vector<std::string> sent;
  std::string reply;
};

/// GET of the input 'url' with the input 'key' as credential; the answer becomes output and log.
class ask_talk final : public outside::talk {
public:
  explicit ask_talk(const outside::occasion& o) : inputs_(o.inputs) {}
  std::optional<outside::request> next() override {
    if (std::exchange(asked_, true))
      return std::nullopt;
    outside::request r;
    r.url = inputs_.value("url", "");
    r.secret_header = "Authorization";
    r.secret = "Bearer " + inputs_.value("key", "");
    r.origin = r.url;
    return r;
  }
  void hear(outside::answer a) override { heard_ = std::move(a); }
  outside::conclusion conclude() override {
    outside::conclusion c;
    c.set = {{"echo", heard_.body}, {"url", inputs_.value("give", json("http://evil"))}};
    const auto half = heard_.body.size() / 2;
    c.log = {{log_level::info, heard_.body.substr(0, half)},
             {log_level::info, heard_.body.substr(half)}};
    c.end = task_end{};
    return c;
  }

private:
  json inputs_;
  bool asked_ = false;
  outside::answer heard_;
};

tasks::installed_class ask_class() {
  auto about = std::make_shared<task_class>();
  about->name = "test.ask";
  about->inputs = {{"key", "", {{"type", "string"}}, false, true}};
  about->open_inputs = about->open_outputs = true;
  about->delivery = delivery_class::idempotent;
  about->runs_in = "outside";
  auto code = std::make_shared<outside::outside_code>();
  code->begin = [](topic, const outside::occasion& o) { return std::make_unique<ask_talk>(o); };
  tasks::installed_class c;
  c.about = about;
  c.code.outside = code;
  return c;
}

json ask_task(const std::string& ref, json input) {
  return {
    {"name", ref},    {"ref_name", ref},     {"description", ""},           {"class", "test.ask"},
    {"input", input}, {"always_run", false}, {"depends_on", json::array()}, {"optional", false}};
}

harness::options with(const std::shared_ptr<echo>& t, json tasks) {
  harness::options o;
  o.targets = t;
  o.classes = {ask_class()};
  o.template_documents = {{{"name", "x"},
                           {"ref_name", "x"},
                           {"description", ""},
                           {"schema_version", 1},
                           {"tasks", std::move(tasks)}}};
  return o;
}

json request(const std::string& key = "${secret.awx}", const std::string& url = "http://awx") {
  return {{"workflow",
           {{"meta", {{"template", "x"}}},
            {"vars", {{"workflow", {{"input", {{"key", key}, {"url", url}}}}}}}}},
          {"schema_version", 2}};
}

void keep(harness::node& o3, const std::string& text, const std::string& origin = "http://awx") {
  const json body{{"value", text}, {"origins", {origin}}};
  const auto a = o3.request(http::method::put, "/api/v1/secret/awx/", body.dump(),
                            {{"content-type", "application/json"}});
  INFO(a.body);
  REQUIRE(a.status == 200);
  REQUIRE(a.body.find(text) == std::string::npos);
}

const json from_request = json::array(
  {ask_task("a", {{"url", "${workflow.input.url}"}, {"key", "${workflow.input.key}"}})});

} // namespace

TEST_CASE("a stored secret reaches its target, and nothing else", "[node][secrets]") {
  const auto t = std::make_shared<echo>();
  harness::node o3{with(t, from_request)};
  keep(o3, value);
  const auto id = o3.submit(request());
  o3.await_end(id);
  REQUIRE(t->sent == std::vector<std::string>{"http://awx Bearer " + std::string{value}});
  REQUIRE(o3.state(id) == "successful");
  CHECK(o3.workflow(id)["outputs"]["a"]["echo"] == "you said Bearer ***.");
  const auto log
    = o3.log(id) + o3.request(http::method::get, "/api/v1/workflow/" + id + "/task/a/log/").body;
  CHECK(log.find("***") != std::string::npos);
  const auto journal = o3.journal(id).dump();
  CHECK(journal.find(R"({"$secret":"awx"})") != std::string::npos);
  for (const auto& text : {journal, log, o3.task(id, "a").dump(), o3.workflow(id).dump()})
    for (const auto* part : {"canary", "7f3K", "-secret"})
      CHECK(text.find(part) == std::string::npos);
}

TEST_CASE("a new value counts from the next request on, also after a crash", "[node][secrets]") {
  const auto t = std::make_shared<echo>();
  harness::node o3{with(t, from_request)};
  keep(o3, "first-value");
  o3.await_end(o3.submit(request()));
  keep(o3, "second-value");
  o3.crash();
  o3.start();
  o3.await_end(o3.submit(request()));
  CHECK(
    t->sent
    == std::vector<std::string>{"http://awx Bearer first-value", "http://awx Bearer second-value"});
}

TEST_CASE("a secret is held to its origin before a workflow is accepted", "[node][secrets]") {
  const auto t = std::make_shared<echo>();
  harness::node o3{with(t, from_request)};
  keep(o3, value);
  const auto refused = [&](const json& body) {
    const auto a = o3.request(http::method::post, "/api/v1/workflow/submit/", body.dump(),
                              {{"content-type", "application/json"}});
    INFO(a.body);
    REQUIRE(a.status == 422);
    return a.document()["errors"][0];
  };
  const auto wrong = refused(request("${secret.awx}", "http://evil"));
  CHECK(wrong["code"] == "target_refused");
  CHECK(wrong["pointer"] == "/workflow/vars/workflow/input/key");
  const auto unknown = refused(request("${secret.axw}"));
  CHECK(unknown["code"] == "bad_reference");
  CHECK(unknown["hint"] == "did you mean 'awx'?");
  CHECK(t->sent.empty());
}

TEST_CASE("an address that is known late is held to the origin when it is sent",
          "[node][secrets]") {
  const auto t = std::make_shared<echo>();
  harness::node o3{
    with(t, {ask_task("a", {{"url", "http://awx"}}),
             ask_task("b", {{"url", "${a.output.url}"}, {"key", "${secret.awx}"}})})};
  keep(o3, value);
  const auto id = o3.submit(request());
  o3.await_end(id);
  CHECK(o3.task(id, "b")["state"] == "failed");
  CHECK(o3.task(id, "b")["error"]["code"] == "target_refused");
  CHECK(o3.task(id, "b")["error"]["message"].get<std::string>().find("http://evil")
        != std::string::npos);
  CHECK(t->sent == std::vector<std::string>{"http://awx Bearer "});
}

TEST_CASE("a target cannot have another secret sent by what it answers", "[node][secrets]") {
  const auto t = std::make_shared<echo>();
  t->reply = "${secret.awx}";
  harness::node o3{with(t, {ask_task("a", {{"url", "http://awx"}}),
                            ask_task("b", {{"url", "http://awx"}, {"key", "${a.output.echo}"}})})};
  keep(o3, value);
  const auto id = o3.submit(request());
  o3.await_end(id);
  CHECK(o3.state(id) == "successful"); // a text that is an output stays a text
  CHECK(t->sent
        == std::vector<std::string>{"http://awx Bearer ", "http://awx Bearer ${secret.awx}"});
}

TEST_CASE("a secret that is for some templates is for none that comes with a request",
          "[node][secrets][inline]") {
  const auto t = std::make_shared<echo>();
  harness::node o3{with(t, from_request)};
  auto body = request();
  const json given
    = {{"name", "x"},
       {"ref_name", "x"},
       {"description", ""},
       {"schema_version", 1},
       {"tasks", {ask_task("a", {{"url", "http://awx"}, {"key", "${secret.awx}"}})}}};
  body["workflow"]["meta"].erase("template");
  body["workflow"]["template"] = given;
  const auto store = [&](json templates) {
    const json secret{
      {"value", value}, {"origins", {"http://awx"}}, {"templates", std::move(templates)}};
    REQUIRE(o3.request(http::method::put, "/api/v1/secret/awx/", secret.dump()).status == 200);
  };
  store({"x"}); // its name does not help
  const auto refused
    = o3.request(http::method::post, "/api/v1/workflow/submit/", body.dump()).document();
  CHECK(refused["errors"][0]["code"] == "forbidden");
  CHECK(refused["errors"][0]["pointer"] == "/workflow/template/tasks/0/input/key");
  CHECK(t->sent.empty());
  store(json::array());
  const auto id = o3.submit(body);
  o3.await_end(id);
  CHECK(o3.state(id) == "successful");
  CHECK(t->sent == std::vector<std::string>{"http://awx Bearer " + std::string{value}});
  // Limited while it waits for its turn: the same rule when it is sent.
  store({"x"});
  t->sent.clear();
  REQUIRE(
    o3.request(http::method::post, "/api/v1/workflow/" + id + "/rerun/", R"({"from": "a"})").status
    == 202);
  o3.advance(std::chrono::seconds{30});
  CHECK(t->sent.empty());
}
