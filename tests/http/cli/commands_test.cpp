#include "tests/http/cli/fake.hpp"

#include "runtime/base/json.hpp"

using namespace o3;
using namespace o3::cli;

namespace {
constexpr const char* accepted
  = R"({"id":"w1","ref":"r","trace_id":"t","revision":1,"state":"running","warnings":[],"links":{}})";
constexpr const char* done_doc
  = R"({"id":"w1","template":"noop","state":"successful","started_at":"2026-11-21T09:00:00.000Z","ended_at":"2026-11-21T09:00:02.500Z","why":[],"outputs":{"a":{"n":5,"s":"x\u001b"}},"error":null})";
} // namespace

TEST_CASE("wrong usage exits with 2 and says what was meant", "[http][cli][commands]") {
  bench b;
  CHECK(b.run_bare({"stats"}) == 2);
  CHECK(has(b.err, "there is no command 'stats'"));
  CHECK(has(b.err, "did you mean 'status'?"));
  CHECK(b.run_bare({"--url", "http://127.0.0.1:1", "stats"}) == 2);
  CHECK(has(b.err, "there is no command 'stats'"));
  CHECK(b.run_bare({}) == 2);
  CHECK(b.run_bare({"status"}) == 2);
  CHECK(b.run_bare({"ls", "--limit", "0"}) == 2);
  CHECK(b.run_bare({"template"}) == 2);
  CHECK(b.run_bare({"ls", "--nonsense"}) == 2);
  CHECK(b.run({"ls", "--since", "yesterday"}) == 2);
  CHECK(b.run({"ls", "--set", "nonsense"}) == 2);
  CHECK(b.run({"run", "noop", "-v", "nonsense"}) == 2);
  CHECK(b.run({"run", "missing.json"}) == 2);
  CHECK(has(b.err, "missing.json cannot be opened"));
  CHECK(b.net.asked.empty());
}

TEST_CASE("help and version need no server", "[http][cli][commands]") {
  bench b;
  CHECK(b.run_bare({"--help"}) == 0);
  CHECK(has(b.out, "doctor"));
  CHECK(b.run_bare({"version"}) == 0);
  CHECK(b.out == "o3 " + std::string{version()} + "\n");
  CHECK(b.run_bare({"version", "--json"}) == 0);
  CHECK(json::parse(b.out)["version"] == version());
}

TEST_CASE("a problem document becomes one line per error with pointer and hint, and exit 2",
          "[http][cli][commands]") {
  bench b;
  const char* problem
    = R"({"title":"Validation failed","status":422,"code":"validation_failed","detail":"2 errors",
    "errors":[{"code":"unknown_input","pointer":"/tasks/a","detail":"no input 'x'","hint":"did you mean 'y'?"},{"code":"cycle","detail":"a needs\u001b a"}]})";
  b.net.script = {{"POST", "/api/v1/workflow/submit/", 422, problem}};
  CHECK(b.run({"run", "noop"}) == 2);
  CHECK(b.err
        == "error: 2 errors [validation_failed]\n  /tasks/a: no input 'x' (did you mean 'y'?)\n  a "
           "needs\\x1B a\n");
  CHECK(b.out.empty());
  b.net.script = {{"POST", "/api/v1/workflow/submit/", 422, problem}};
  CHECK(b.run({"run", "noop", "--json"}) == 2);
  CHECK(json::parse(b.out)["code"] == "validation_failed");
  b.net.script = {{"GET", "/api/v1/workflow/x/", 404,
                   R"({"code":"not_found","detail":"There is no workflow x."})"}};
  CHECK(b.run({"status", "x"}) == 1);
  b.net.script = {{"GET", "/api/v1/workflow/x/", 502, "<html>"}};
  CHECK(b.run({"status", "x"}) == 1);
  CHECK(has(b.err, "is it an O3 server?"));
}

TEST_CASE("a server that is not there is named with what to do", "[http][cli][commands]") {
  bench b;
  b.net.script
    = {{"GET", "/api/v1/workflow/?limit=50", 0, "",
        make_error(fault::unavailable, "nothing listens at X", "", "start it with 'o3 serve'")}};
  CHECK(b.run({"ls"}) == 1);
  CHECK(b.err == "error: nothing listens at X\n  hint: start it with 'o3 serve'\n");
}

TEST_CASE(
  "the token is --token, O3_TOKEN or the data directory's, and the last stays on this machine",
  "[http][cli][commands]") {
  bench b;
  b.dir.file("client-token", "from-file\n");
  auto token = [&](const std::vector<std::string>& args, bool with) {
    b.net.asked.clear();
    b.net.script = {{"GET", "/api/v1/workflow/?limit=50", 200, R"({"items":[]})"}};
    CHECK(b.run(args, with) == 0);
    for (const auto& [name, held] : b.net.asked.at(0).headers)
      if (name == "Authorization")
        return held;
    return std::string{"none"};
  };
  CHECK(token({"ls"}, true) == "Bearer t0ken");
  CHECK(token({"ls"}, false) == "Bearer from-file");
  CHECK(token({"ls", "--url", "http://[::1]:9"}, false) == "Bearer from-file");
  CHECK(token({"ls", "--url", "http://example.org"}, false) == "none");
  CHECK(token({"ls", "--url", "http://127.0.0.1@example.org"}, false) == "none");
  CHECK(token({"ls", "--url", "http://127.0.0.1.example.org/"}, false) == "none");
  b.variables.emplace_back("O3_TOKEN", "from-env");
  CHECK(token({"ls", "--url", "http://example.org"}, false) == "Bearer from-env");
}

TEST_CASE("the server is --url, O3_URL, the listen file or http.listen", "[http][cli][commands]") {
  bench b;
  auto url = [&](const std::vector<std::string>& args) {
    b.net.asked.clear();
    b.net.script = {{"GET", "/api/v1/workflow/?limit=50", 200, R"({"items":[]})"}};
    CHECK(b.run(args) == 0);
    const auto whole = b.net.asked.at(0).url;
    return whole.substr(0, whole.find("/api/"));
  };
  CHECK(url({"ls"}) == "http://127.0.0.1:8080");
  b.variables.emplace_back("O3_HTTP_LISTEN", "[::]:9");
  b.variables.emplace_back("O3_HTTP_INSECURE", "true");
  CHECK(url({"ls"}) == "http://[::1]:9");
  b.dir.file("listen", "0.0.0.0:7\n");
  CHECK(url({"ls"}) == "http://127.0.0.1:7");
  b.variables.emplace_back("O3_URL", "https://a.example:1/");
  CHECK(url({"ls"}) == "https://a.example:1");
  CHECK(url({"ls", "--url", "b.example"}) == "http://b.example");
}

TEST_CASE("a broken configuration stops a command only where it is needed",
          "[http][cli][commands]") {
  bench b;
  b.variables.emplace_back("O3_HTTP_LISTEN", "nonsense");
  CHECK(b.run({"ls"}) == 2);
  CHECK(has(b.err, "'nonsense' is not an address"));
  b.net.script = {{"GET", "/api/v1/workflow/?limit=50", 200, R"({"items":[]})"}};
  CHECK(b.run({"ls", "--url", "http://127.0.0.1:1"}) == 0);
}

TEST_CASE("a shown command names the server that this one was told of", "[http][cli][commands]") {
  bench b;
  b.net.script = {{"POST", "/api/v1/workflow/submit/", 202, accepted}};
  CHECK(b.run({"--url", "http://a.example:1", "run", "noop"}) == 0);
  CHECK(has(b.out, "look again: o3 --url http://a.example:1 status w1\n"));
  b.net.script = {{"POST", "/api/v1/workflow/submit/", 202, accepted}};
  CHECK(b.run({"--url", "http://a.example:1", "--data-dir", "/it's here", "run", "noop"}) == 0);
  CHECK(has(b.out, R"(o3 --data-dir '/it'\''s here' --url http://a.example:1 events -f w1)"));
}

TEST_CASE("ls goes on past a page without items until there is no cursor",
          "[http][cli][commands]") {
  bench b;
  b.net.script
    = {{"GET", "/api/v1/workflow/?limit=50&q=rare", 200, R"({"items":[],"next_cursor":"c1"})"},
       {"GET", "/api/v1/workflow/?limit=50&q=rare&cursor=c1", 200,
        R"({"items":[{"id":"w9","state":"failed"}],"next_cursor":null})"}};
  CHECK(b.run({"ls", "--q", "rare"}) == 0);
  CHECK(has(b.out, "w9"));
}

TEST_CASE("run TEMPLATE submits a request with its variables and says where to look",
          "[http][cli][commands]") {
  bench b;
  b.net.script = {{"POST", "/api/v1/workflow/submit/", 202, accepted}};
  CHECK(b.run({"run", "noop", "-v", "delay=5", "-v", "a.x=[1]", "--trace-id", "t9", "--ref", "r9"})
        == 0);
  CHECK(b.out == "workflow w1 running\nlook again: o3 status w1\nfollow:     o3 events -f w1\n");
  const auto body = json::parse(b.net.asked.at(0).body);
  CHECK(body["workflow"]["meta"] == json{{"ref", "r9"}, {"trace_id", "t9"}, {"template", "noop"}});
  CHECK(body["workflow"]["vars"]["workflow"]["input"]["delay"] == 5);
  CHECK(body["tasks"]["a"]["vars"]["input"]["x"] == json{1});
}

TEST_CASE("run FILE stores a template first and then runs it; a request is submitted as it is",
          "[http][cli][commands]") {
  bench b;
  const auto file = b.dir.file("t.json", R"({"ref_name":"my_t","tasks":[]})");
  b.net.script = {{"PUT", "/api/v1/template/my_t/", 200, R"({"valid":true})"},
                  {"POST", "/api/v1/workflow/submit/", 202, accepted}};
  CHECK(b.run({"run", file}) == 0);
  CHECK(json::parse(b.net.asked.at(1).body)["workflow"]["meta"]["template"] == "my_t");
  b.net.script
    = {{"PUT", "/api/v1/template/my_t/", 422, R"({"code":"validation_failed","detail":"no"})"}};
  CHECK(b.run({"run", file}) == 2);
  const auto nameless = b.dir.file("n.json", R"({"tasks":[]})");
  CHECK(b.run({"run", nameless}) == 2);
  CHECK(has(b.err, "/ref_name"));
  b.net.asked.clear();
  b.input = R"({"workflow":{"meta":{"template":"q"}},"tasks":{}})";
  b.net.script = {{"POST", "/api/v1/workflow/submit/", 202, accepted}};
  CHECK(b.run({"run", "-"}) == 0);
  CHECK(json::parse(b.net.asked.at(0).body)["workflow"]["meta"]["template"] == "q");
  CHECK(b.run({"submit", file}) == 2);
  CHECK(has(b.err, "is a template, not a request"));
}

TEST_CASE("a lost answer to a submit is asked for again with the same ref, a few times",
          "[http][cli][commands]") {
  bench b;
  const auto lost = make_error(fault::outcome_unknown, "broke");
  b.net.script = {{"POST", "/api/v1/workflow/submit/", 0, "", lost},
                  {"POST", "/api/v1/workflow/submit/", 200, accepted}};
  CHECK(b.run({"run", "noop"}) == 0);
  REQUIRE(b.net.asked.size() == 2);
  CHECK(b.net.asked[0].body == b.net.asked[1].body);
  b.net.script = {3, {"POST", "/api/v1/workflow/submit/", 0, "", lost}};
  CHECK(b.run({"run", "noop"}) == 1);
  b.net.script
    = {{"POST", "/api/v1/workflow/submit/", 0, "", make_error(fault::unavailable, "nobody")}};
  CHECK(b.run({"run", "noop"}) == 1);
}

TEST_CASE("submit --wait exits by the workflow's end", "[http][cli][commands]") {
  bench b;
  b.input = R"({"workflow":{"meta":{"template":"q"}}})";
  for (const auto& [state, code] :
       {std::pair{"successful", 0}, {"failed", 1}, {"canceled", 3}, {"needs_operator", 4}}) {
    INFO(state);
    b.net.asked.clear();
    b.net.script
      = {{"POST", "/api/v1/workflow/submit/", 200, json{{"id", "w1"}, {"state", state}}.dump()}};
    CHECK(b.run({"submit", "-", "--wait", "5"}) == code);
    CHECK(b.net.asked.at(0).headers.at(0)
          == std::pair<std::string, std::string>{"Prefer", "wait=5"});
  }
}

TEST_CASE("status shows workflow and tasks, errors and reasons", "[http][cli][commands]") {
  bench b;
  const char* tasks
    = R"({"items":[{"ref":"a","class":"noop","state":"failed","attempt":1,"attempts_max":1,"started_at":"2026-11-21T09:00:00.000Z",
    "ended_at":"2026-11-21T09:00:01.000Z","why":[{"code":"task_failed","text":"it\nbroke"}]}]})";
  const char* failed
    = R"({"id":"w1","template":"noop","state":"failed","created_at":"2026-11-21T09:00:00.000Z","error":{"code":"required_task_failed","message":"a failed"}})";
  b.net.script = {{"GET", "/api/v1/workflow/w1/", 200, failed},
                  {"GET", "/api/v1/workflow/w1/task/", 200, tasks}};
  CHECK(b.run({"status", "w1"}) == 0);
  CHECK(b.out
        == "workflow w1  failed\n  template noop\n  created  2026-11-21T09:00:00.000Z\n  error    "
           "a failed [required_task_failed]\n\n"
           "   TASK  STATE   ATTEMPT  TOOK  CLASS  WHY\n✗  a     failed  1/1      1.0s  noop   "
           "it\\x0Abroke\n");
  b.net.script = {{"GET", "/api/v1/workflow/w1/", 200, failed}};
  CHECK(b.run({"status", "w1", "--json"}) == 0);
  CHECK(json::parse(b.out) == json::parse(failed));
  b.net.script = {{"GET", "/api/v1/workflow/..%2Fx/task/a%20b/", 200,
                   R"({"ref":"a b","state":"running","outputs":{"n":1}})"}};
  CHECK(b.run({"status", "../x", "a b"}) == 0);
  CHECK(has(b.out, "output n = 1"));
}

TEST_CASE("ls filters, follows pages up to the limit and says when there are more",
          "[http][cli][commands]") {
  bench b;
  const char* one
    = R"({"items":[{"id":"w1","state":"running","template":"noop","created_at":"2026-11-21T09:00:00.000Z"}],"next_cursor":"c/1"})";
  b.net.script = {
    {"GET",
     "/api/v1/workflow/"
     "?limit=2&state=running&state=failed&template=noop&since=2026-11-21T07%3A00%3A10.000Z&q=a%26b",
     200, one},
    {"GET",
     "/api/v1/workflow/"
     "?limit=1&state=running&state=failed&template=noop&since=2026-11-21T07%3A00%3A10.000Z&q=a%26b&"
     "cursor=c%2F1",
     200, one}};
  CHECK(b.run({"ls", "--state", "running,failed", "--template", "noop", "--since", "2h", "-q",
               "a&b", "--limit", "2"})
        == 0);
  CHECK(b.out
        == "ID  STATE    TEMPLATE  NAME  CREATED  TOOK  ERROR\nw1  running  noop            10s "
           "ago\nw1  running  noop            10s ago\n");
  CHECK(has(b.err, "there are more"));
  b.net.script = {{"GET", "/api/v1/workflow/?limit=50", 200, R"({"items":[],"next_cursor":null})"}};
  CHECK(b.run({"ls"}) == 0);
  CHECK(b.out == "no workflows\n");
}

TEST_CASE("cancel passes force and the reason", "[http][cli][commands]") {
  bench b;
  b.net.script
    = {{"POST", "/api/v1/workflow/w1/cancel/?force=true", 202, R"({"id":"w1","state":"running"})"}};
  CHECK(b.run({"cancel", "w1", "--force", "--reason", "too slow"}) == 0);
  CHECK(b.net.asked.at(0).body == R"({"reason":"too slow"})");
  b.net.script = {{"POST", "/api/v1/workflow/w1/cancel/", 409,
                   R"({"code":"workflow_ended","detail":"It ended."})"}};
  CHECK(b.run({"cancel", "w1"}) == 1);
}

TEST_CASE("logs go raw into a pipe and harmless onto a terminal", "[http][cli][commands]") {
  bench b;
  const char* text = "one\ttab\n\n\x1b[31mred\r\nlast";
  b.net.script = {{"GET", "/api/v1/workflow/w1/log/?follow=1", 200, text}};
  CHECK(b.run({"logs", "w1", "-f"}) == 0);
  CHECK(b.out == text);
  b.screen.present = true;
  b.net.script = {{"GET", "/api/v1/workflow/w1/task/a/log/", 200, text}};
  CHECK(b.run({"logs", "w1", "a"}) == 0);
  CHECK(b.out == "one    tab\n\n\\x1B[31mred\nlast\n");
  b.net.script
    = {{"GET", "/api/v1/workflow/w1/log/", 404, R"({"code":"not_found","detail":"no"})"}};
  CHECK(b.run({"logs", "w1"}) == 1);
}

TEST_CASE("templates are listed, shown, checked, stored, removed and read again",
          "[http][cli][commands]") {
  bench b;
  const auto file = b.dir.file("t.json", R"({"ref_name":"my_t","tasks":[]})");
  b.net.script = {
    {"GET", "/api/v1/template/", 200,
     R"({"items":[{"ref_name":"noop","name":"No op","tasks":3,"origin":"built in"}],"problems":[{"file":"x.json","message":"broken"}]})"}};
  CHECK(b.run({"template", "ls"}) == 0);
  CHECK(b.out == "TEMPLATE  TASKS  ORIGIN    NAME\nnoop      3      built in  No op\n");
  CHECK(has(b.err, "x.json\n  broken"));
  b.net.script = {
    {"PUT", "/api/v1/template/my_t/?dry_run=true", 200,
     R"({"valid":true,"errors":[],"warnings":[{"pointer":"/tasks","message":"none"}],"plan":{"layers":[["a","b"],["c"]],"edges":[]}})"}};
  CHECK(b.run({"template", "lint", file}) == 0);
  CHECK(b.out == file + " is valid\nwarnings:\n  /tasks: none\n  step 1: a b\n  step 2: c\n");
  b.net.script = {{"PUT", "/api/v1/template/my_t/?dry_run=true", 200,
                   R"({"valid":false,"errors":[{"pointer":"/tasks","message":"none"}]})"}};
  CHECK(b.run({"template", "lint", file}) == 2);
  b.net.script = {{"PUT", "/api/v1/template/my_t/", 200, R"({"valid":true})"}};
  CHECK(b.run({"template", "put", file}) == 0);
  b.net.script = {{"DELETE", "/api/v1/template/my_t/", 204, ""}};
  CHECK(b.run({"template", "rm", "my_t"}) == 0);
  b.net.script
    = {{"POST", "/api/v1/template/reload/", 200, R"({"templates":2,"classes":3,"problems":[]})"}};
  CHECK(b.run({"template", "reload"}) == 0);
  CHECK(b.out == "2 templates, 3 task classes\n");
  b.net.script = {{"GET", "/api/v1/template/noop/", 200, R"({"ref_name":"noop"})"}};
  CHECK(b.run({"template", "show", "noop"}) == 0);
  CHECK(b.out == "{\n  \"ref_name\": \"noop\"\n}\n");
}

TEST_CASE("a task class shows its inputs and outputs", "[http][cli][commands]") {
  bench b;
  b.net.script = {
    {"GET", "/api/v1/task-class/noop/", 200,
     R"({"name":"noop","description":"Waits.","runs_in":"engine","delivery":"local","secrets":["key"],
    "inputs":{"type":"object","required":["delay"],"properties":{"delay":{"type":"number","description":"seconds"},"key":{}}},"outputs":{}})"}};
  CHECK(b.run({"task", "show", "noop"}) == 0);
  CHECK(b.out
        == "noop  Waits.\nruns in engine, delivery local\ninputs:\n  delay (number, required)  "
           "seconds\n  key (secret)\n");
}

TEST_CASE("config explain shows values and sources and fails on mistakes",
          "[http][cli][commands]") {
  bench b;
  CHECK(b.run({"config", "explain", "http.threads", "--set", "http.threads=3"}) == 0);
  CHECK(has(b.out, "http.threads = 3   (--set)"));
  CHECK(b.run({"config", "explain", "data", "--json"}) == 0);
  CHECK(json::parse(b.out)["fields"][0]["value"] == b.dir.path);
  CHECK(b.run({"config", "explain", "htp"}) == 2);
  CHECK(has(b.err, "did you mean 'http'?"));
  CHECK(b.run({"config", "explain", "--set", "http.thread=3"}) == 2);
  CHECK(has(b.err, "did you mean 'threads'?"));
}

TEST_CASE("a registered command may declare options and gets the configuration's input",
          "[http][cli][commands]") {
  bench b;
  bool declared = false;
  b.local.push_back({"serve", "Run a node", [&](CLI::App&) { declared = true; },
                     [&](local_context& c) {
                       c.config.overrides.push_back({"http.listen", "127.0.0.1:5", "--listen"});
                       const auto l = config::load(c.config);
                       CHECK(l.values.http.listen == "127.0.0.1:5");
                       CHECK(l.values.http.threads == 2);
                       CHECK(l.values.data.dir == b.dir.path);
                       return 42;
                     }});
  CHECK(b.run({"serve", "--set", "http.threads=2"}) == 42);
  CHECK(declared);
  CHECK(b.run({"worker"}) == 2);
}

TEST_CASE("the end of a followed workflow shows outputs and where to look",
          "[http][cli][commands]") {
  bench b;
  b.net.script = {{"POST", "/api/v1/workflow/submit/", 202, accepted},
                  {"GET", "/api/v1/workflow/w1/", 200, R"({"id":"w1","state":"running"})"},
                  {"GET", "/api/v1/workflow/w1/events/", 200,
                   "id: 1\nevent: workflow.ended\ndata: {\"state\":\"successful\"}\n\n"},
                  {"GET", "/api/v1/workflow/w1/", 200, done_doc}};
  CHECK(b.run({"run", "noop", "--follow"}) == 0);
  CHECK(b.out
        == "workflow w1 accepted\nworkflow.ended successful\nworkflow w1 (noop) successful after "
           "2.5s\noutputs:\n  a.n = 5\n  a.s = x\\x1B\n"
           "look again: o3 status w1\nlogs:       o3 logs w1\n");
}
