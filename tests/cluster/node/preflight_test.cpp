// A pre-flight under a virtual clock: which tasks are asked for, what their targets hear, and what
// is said of each.
#include "tests/cluster/node/documents.hpp"

#include <map>

using namespace o3;
using namespace o3::test;
using outside::topic;

namespace {

const std::string validate = "/api/v1/workflow/validate/";

/// Answers as the address says: "good", "refuse", "silent" (never), "busy" (429 for 5 s), "down".
class world final : public outside::caller {
public:
  std::optional<outside::held_back> hold_back(const outside::request& r, outside::turn t) override {
    turns.push_back(t);
    if (held == millis{0} || t == outside::turn::taken || t == outside::turn::ahead)
      return std::nullopt;
    return outside::held_back{held, true, "calls to " + r.url + " are limited"};
  }
  void call(outside::request r, const outside::call_terms&,
            std::function<void(outside::answer)> done) override {
    asked.push_back(r.method + " " + r.url + (r.secret.empty() ? "" : " " + r.secret));
    most = std::max(most, ++open);
    if (r.url.find("silent") != std::string::npos)
      return waiting.push_back(std::move(done));
    --open;
    outside::answer a;
    if (r.url.find("down") != std::string::npos)
      a.problem = "no connection to " + r.url;
    else
      a.status = r.url.find("refuse") != std::string::npos                     ? 403
                 : r.url.find("busy") != std::string::npos && asked.size() < 3 ? 429
                                                                               : 200;
    done(std::move(a));
  }
  std::vector<std::string> asked;
  std::vector<outside::turn> turns;
  std::vector<std::function<void(outside::answer)>> waiting;
  millis held{0};
  int open = 0, most = 0;
};

/// Two GETs of the input `url`, and with `change` a POST between them.
class look final : public outside::talk {
public:
  look(topic t, const outside::occasion& o) : topic_(t), inputs_(o.inputs) {}
  std::optional<outside::request> next() override {
    if (inputs_.value("throws", false))
      throw std::runtime_error("no idea");
    if (step_ == 2 || bad_ != 0 || inputs_.value("quiet", false))
      return std::nullopt;
    outside::request r;
    r.method = ++step_ == 2 && inputs_.value("change", false) ? "POST" : "GET";
    r.url = inputs_.value("url", "");
    r.secret = inputs_.value("token", "");
    r.secret_header = r.secret.empty() ? "" : "Authorization";
    r.origin = r.url;
    return r;
  }
  void hear(outside::answer a) override {
    if (a.status != 200)
      bad_ = a.status == 0 ? 1 : a.status;
    why_ = a.problem;
  }
  outside::conclusion conclude() override {
    outside::conclusion c;
    const auto said = "it says " + std::to_string(bad_) + " to " + inputs_.value("token", "");
    if (topic_ == topic::read) {
      c.end = bad_ == 0 ? task_end{} : task_end{task_state::failed, fault::target_refused, said};
      return c;
    }
    if (bad_ == 0)
      c.launch = launch::preflight_ok{1, {}};
    else if (bad_ == 429)
      c.launch = launch::preflight_unavailable{1, "asked to wait", millis{5000}};
    else if (bad_ == 1)
      c.launch = launch::preflight_unavailable{1, why_, {}};
    else
      c.launch = launch::preflight_refused{1, said};
    return c;
  }

private:
  topic topic_;
  json inputs_;
  int step_ = 0;
  unsigned bad_ = 0;
  std::string why_;
};

tasks::installed_class looking(const std::string& name, bool launches) {
  auto about = std::make_shared<task_class>();
  about->name = name;
  about->inputs = {{"token", "", {{"type", "string"}}, false, true}};
  about->open_inputs = about->open_outputs = true;
  about->delivery = launches ? delivery_class::searched : delivery_class::idempotent;
  about->runs_in = "outside";
  auto code = std::make_shared<outside::outside_code>();
  code->launches = launches;
  code->begin = [](topic t, const outside::occasion& o) { return std::make_unique<look>(t, o); };
  tasks::installed_class c;
  c.about = about;
  c.code.outside = code;
  return c;
}

harness::options stage(const std::shared_ptr<world>& w) {
  harness::options o;
  o.targets = w;
  o.classes = {looking("test.job", true), looking("test.read", false)};
  return o;
}

json bringing(json tasks) {
  return {{"workflow", {{"template", document("t", std::move(tasks))}}}, {"schema_version", 2}};
}
json job(const std::string& ref, json input, const std::string& cls = "test.job") {
  return task(ref, cls, std::move(input));
}

json preflight_of(harness::node& o3, const json& body,
                  const std::string& query = "?preflight=true") {
  const auto a = o3.request(post, validate + query, body.dump());
  INFO(a.body);
  REQUIRE(a.status == 200);
  return a.document();
}

/// "task result code": how each task came out.
std::map<std::string, std::string> results(const json& answer) {
  std::map<std::string, std::string> out;
  for (const auto& t : answer.at("preflight").at("tasks"))
    out[t["task"]] = t["result"].get<std::string>()
                     + (t["code"].is_null() ? "" : " " + t["code"].get<std::string>());
  return out;
}
std::string text_of(const json& answer, const std::string& task) {
  for (const auto& t : answer.at("preflight").at("tasks"))
    if (t["task"] == task)
      return t["text"];
  return "no such task";
}

} // namespace

TEST_CASE("each task is ok, a problem, or not checked for a reason, and nothing is started",
          "[node][preflight]") {
  const auto w = std::make_shared<world>();
  harness::node o3{stage(w)};
  const auto answer = preflight_of(
    o3, bringing({job("good", {{"url", "good"}}), job("refused", {{"url", "refuse"}}),
                  job("down", {{"url", "down"}}), job("throws", {{"throws", true}}),
                  job("changes", {{"url", "label"}, {"change", true}}),
                  job("quiet", {{"quiet", true}}), job("late", {{"url", "${good.output.x}"}}),
                  job("reads", {{"url", "stock"}}, "test.read"),
                  job("no_stock", {{"url", "refuse/stock"}}, "test.read"),
                  task("noop", "noop", {{"runtime_delay", 0}}),
                  task("child", "workflow", {{"template", "elsewhere"}})}));
  CHECK(answer["valid"] == true);
  CHECK(results(answer)
        == std::map<std::string, std::string>{{"good", "ok"},
                                              {"refused", "problem target_refused"},
                                              {"down", "problem target_unreachable"},
                                              {"throws", "problem task_exception"},
                                              {"changes", "ok"},
                                              {"quiet", "not_checked"},
                                              {"late", "not_checked"},
                                              {"reads", "ok"},
                                              {"no_stock", "problem target_refused"},
                                              {"noop", "not_checked"},
                                              {"child", "not_checked"}});
  CHECK(text_of(answer, "late") == "its inputs need the outputs of 'good'");
  CHECK(text_of(answer, "changes").find("POST") != std::string::npos);
  CHECK(text_of(answer, "down") == "no connection to down");
  const auto& sum = answer["preflight"];
  CHECK(sum["ok"] == false);
  CHECK((sum["checked"] == 7 && sum["problems"] == 4 && sum["not_checked"] == 4));
  for (const auto& q : w->asked)
    CHECK(q.starts_with("GET "));
  CHECK(std::count(w->asked.begin(), w->asked.end(), "GET label") == 1);
  CHECK(o3.rows() == 0);
  CHECK(o3.request(get, "/api/v1/workflow/").document()["items"].empty());
}

TEST_CASE("a pre-flight is asked for by query or body, and only of what is valid",
          "[node][preflight]") {
  const auto w = std::make_shared<world>();
  harness::node o3{stage(w)};
  auto body = bringing({job("a", {{"url", "good"}})});
  CHECK_FALSE(preflight_of(o3, body, "").contains("preflight"));
  CHECK(w->asked.empty());
  body["preflight"] = true;
  CHECK(results(preflight_of(o3, body, "")) == std::map<std::string, std::string>{{"a", "ok"}});
  body["preflight"] = false;
  CHECK_FALSE(preflight_of(o3, body, "").contains("preflight"));
  body["preflight"] = 1;
  CHECK(o3.request(post, validate, body.dump()).document()["pointer"] == "/preflight");
  // Not a key of what is submitted.
  body["preflight"] = true;
  CHECK(o3.request(post, submit_path, body.dump()).document()["errors"][0]["code"]
        == "unknown_key");

  w->asked.clear();
  const auto wrong = preflight_of(o3, bringing({job("a", {{"url", "${workflow.input.url}"}})}));
  CHECK(wrong["valid"] == false);
  CHECK(wrong["preflight"].is_null());
  CHECK(w->asked.empty());

  const auto nothing = preflight_of(o3, bringing({task("n", "noop", {{"runtime_delay", 0}})}));
  CHECK(nothing["preflight"]["ok"] == true);
  CHECK(nothing["preflight"]["checked"] == 0);
  CHECK(results(nothing) == std::map<std::string, std::string>{{"n", "not_checked"}});
}

TEST_CASE("the deadline ends it, with what is known by then", "[node][preflight]") {
  const auto w = std::make_shared<world>();
  auto o = stage(w);
  o.preflight = {std::chrono::seconds{10}, 2};
  harness::node o3{o};
  const auto before = o3.now();
  const auto answer = preflight_of(
    o3, bringing({job("good", {{"url", "good"}}), job("s1", {{"url", "silent/1"}}),
                  job("s2", {{"url", "silent/2"}}), job("s3", {{"url", "silent/3"}})}));
  CHECK(o3.now() - before >= std::chrono::seconds{10});
  CHECK(o3.now() - before < std::chrono::milliseconds{10'010});
  CHECK(results(answer)
        == std::map<std::string, std::string>{
          {"good", "ok"}, {"s1", "not_checked"}, {"s2", "not_checked"}, {"s3", "not_checked"}});
  CHECK(answer["preflight"]["ok"] == true);
  CHECK(text_of(answer, "s1").find("did not answer within 10000 ms") != std::string::npos);
  CHECK(text_of(answer, "s3").find("its turn did not come") != std::string::npos);
  CHECK(w->most == 2);          // no more at once than the settings say
  for (auto& late : w->waiting) // answers after the end harm nobody
    late({});
  o3.run();
}

TEST_CASE("reads of a pre-flight wait for their turn, and for a target that asks them to",
          "[node][preflight]") {
  const auto w = std::make_shared<world>();
  auto o = stage(w);
  harness::node o3{o};
  w->held = std::chrono::seconds{3};
  auto before = o3.now();
  CHECK(results(preflight_of(o3, bringing({job("a", {{"url", "good"}})})))["a"] == "ok");
  CHECK(o3.now() - before >= std::chrono::seconds{3});
  CHECK(o3.now() - before < std::chrono::milliseconds{3'010});
  CHECK(w->turns
        == std::vector<outside::turn>{outside::turn::spare, outside::turn::taken,
                                      outside::turn::ahead});
  w->held = std::chrono::minutes{10}; // beyond the deadline: said at once
  before = o3.now();
  const auto late = preflight_of(o3, bringing({job("a", {{"url", "good"}})}));
  CHECK(results(late)["a"] == "not_checked");
  CHECK(text_of(late, "a") == "calls to good are limited");
  CHECK(o3.now() == before);

  w->held = millis{0};
  w->asked.clear();
  CHECK(results(preflight_of(o3, bringing({job("a", {{"url", "busy"}})})))["a"] == "ok");
  CHECK(o3.now() - before >= std::chrono::seconds{10});
  CHECK(o3.now() - before < std::chrono::milliseconds{10'010}); // twice 429 for 5 s
}

TEST_CASE("tasks that would ask the same are asked for once", "[node][preflight]") {
  const auto w = std::make_shared<world>();
  harness::node o3{stage(w)};
  json tasks = json::array();
  for (int i = 0; i < 300; ++i)
    tasks.push_back(job("t" + std::to_string(i), {{"url", i % 3 == 0 ? "refuse" : "good"}}));
  const auto answer = preflight_of(o3, bringing(tasks));
  CHECK(answer["preflight"]["problems"] == 100);
  CHECK(answer["preflight"]["checked"] == 300);
  CHECK(w->asked.size() == 3);
}

TEST_CASE("stored secrets are used as tasks would use them, and are not told",
          "[node][preflight]") {
  const auto w = std::make_shared<world>();
  harness::node o3{stage(w)};
  const json secret{{"value", "canary-secret"}, {"origins", {"http://refuse"}}};
  REQUIRE(o3.request(http::method::put, "/api/v1/secret/awx/", secret.dump()).status == 200);
  auto body = bringing({job("a", {{"url", "http://refuse"}, {"token", "${secret.awx}"}}),
                        job("b", {{"url", "http://refuse"}, {"token", "canary-literal"}}),
                        job("c", {{"url", "http://refuse"}, {"token", "${workflow.input.tok}"}})});
  body["workflow"]["vars"]["workflow"]["input"]["tok"] = "canary-input";
  const auto answer = preflight_of(o3, body);
  CHECK(w->asked
        == std::vector<std::string>{"GET http://refuse canary-secret",
                                    "GET http://refuse canary-literal",
                                    "GET http://refuse canary-input"});
  for (const auto* name : {"a", "b", "c"})
    CHECK(text_of(answer, name) == "it says 403 to ***");
  CHECK(answer.dump().find("canary") == std::string::npos);
  // One that may not go there is refused before anything is asked.
  body["workflow"]["template"]["tasks"][0]["input"]["url"] = "http://elsewhere";
  w->asked.clear();
  CHECK(preflight_of(o3, body)["valid"] == false);
  CHECK(w->asked.empty());
}

TEST_CASE("a node without a client, or that stops, says so", "[node][preflight]") {
  auto o = stage(nullptr);
  harness::node o3{o};
  const auto body = bringing({job("a", {{"url", "good"}})});
  CHECK(text_of(preflight_of(o3, body), "a") == "this node has no client for targets");
}
