// The template of five steps, as its author wrote it, against a strict Terraform Enterprise:
// whatever answer is lost and whenever the node dies, there is one run and one apply.
#include "tests/cluster/node/tfe_stage.hpp"

#include "runtime/base/crypto.hpp"

#include <algorithm>
#include <fstream>

using namespace o3;
using namespace o3::test;

namespace {

const std::string file_url = "https://files.example/vm/main.tf?signature=canary-signature";
const std::string configuration = "resource \"null_resource\" \"n\" {\n  count = 2\n}\n";
const json none = json::object();
const std::string token = "tfe-o3-token";

json five_steps() {
  std::ifstream in{O3_SOURCE_DIR "/templates/tfe/tfe_virtual_machine_template.json"};
  return json::parse(in);
}

json input(const std::string& workspace, const std::string& server, const json& more) {
  json in = {{"tfe_server", server},        {"tfe_bearer_token", token},
             {"organization_name", "acme"}, {"workspace_name", workspace},
             {"file_url", file_url},        {"file_hash", to_hex(sha256(configuration))}};
  in.update(more);
  return in;
}

/// A node, its Terraform Enterprise, and what both did.
struct play {
  explicit play(harness::fault_plan faults = {}, json world = nullptr)
      : stand(tfe_options(std::move(world))), wires(std::make_shared<wire>(stand)) {
    wires->files[file_url] = configuration;
    harness::options o;
    o.targets = wires;
    o.template_documents = {five_steps()};
    o.faults = faults;
    o3 = std::make_unique<harness::node>(o);
    wires->now = [this, start = o.start] { return o3->now() - start; };
  }

  static json request(const json& in) {
    return {{"workflow",
             {{"meta", {{"template", "tfe_virtual_machine_template"}, {"ref", "vm"}}},
              {"vars", {{"workflow", {{"input", in}}}}}}},
            {"schema_version", 2}};
  }
  /// Submits and goes on until the end, however often the node dies.
  void run(const std::string& workspace = "plain", const json& more = json::object()) {
    const auto body = request(input(workspace, stand.sim->url(), more));
    for (;;) {
      try {
        id = o3->submit(body);
        o3->await_end(id, std::chrono::hours{3});
        if (!o3->dead())
          return;
      } catch (const std::exception&) {
        if (!o3->dead())
          throw;
      }
      ++deaths;
      o3->set_faults({});
      o3->start();
    }
  }
  [[nodiscard]] long count(const std::string& kind) {
    const auto kinds = stand.kinds();
    return std::count(kinds.begin(), kinds.end(), kind);
  }
  [[nodiscard]] json outputs(const std::string& task) { return o3->workflow(id)["outputs"][task]; }
  [[nodiscard]] std::string error(const std::string& task) {
    return o3->task(id, task)["error"]["message"];
  }
  [[nodiscard]] bool asked(const std::string& part) const {
    return std::any_of(wires->asked.begin(), wires->asked.end(),
                       [&](const auto& q) { return q.find(part) != std::string::npos; });
  }

  tfe_stand stand;
  std::shared_ptr<wire> wires;
  std::unique_ptr<harness::node> o3;
  std::string id;
  int deaths = 0;
};

json rule(const std::string& method, const std::string& route, json fault,
          const json& nth = json::array({1})) {
  return {
    {"match", {{"method", method}, {"route", route}}}, {"nth", nth}, {"fault", std::move(fault)}};
}

void is_done_once(play& p) {
  INFO(p.o3->log(p.id));
  REQUIRE(p.o3->state(p.id) == "successful");
  REQUIRE(p.count("run") == 1);
  REQUIRE(p.count("apply") == 1);
  REQUIRE(p.count("leak") == 0);
  REQUIRE(p.outputs("workspace_run_apply")["status"] == "applied");
}

} // namespace

TEST_CASE("five steps make a machine, and nobody sees a secret", "[node][tfe]") {
  play p;
  p.run();
  is_done_once(p);
  REQUIRE(p.stand.kinds()
          == std::vector<std::string>{"configuration_version", "upload", "run", "apply"});
  const auto end = p.outputs("workspace_run_apply");
  REQUIRE(end["applied"] == true);
  REQUIRE(end["terraform_outputs"] == json{{"address", "192.0.2.10"}, {"count", 2}});
  REQUIRE(end["sensitive_outputs"] == json{"password"});
  REQUIRE(p.outputs("workspace_run")["resource_additions"] == 2);
  REQUIRE(p.outputs("workspace_configuration_version")["config_version_url"] == "***");
  const auto log = p.o3->log(p.id);
  REQUIRE(log.find("Plan: 2 to add") != std::string::npos);
  REQUIRE(log.find("Apply complete!") != std::string::npos);
  REQUIRE(log.find('\x02') == std::string::npos);

  // The upload address, the log addresses and the token are in no record, view or log line.
  std::vector<std::string> secrets{token, "canary-signature"};
  for (const auto& q : p.wires->asked)
    if (const auto at = q.find("/v1/"); at != std::string::npos)
      secrets.push_back(q.substr(q.find('/', at + 4) + 1, 48));
  REQUIRE(secrets.size() >= 4);
  secrets.erase(secrets.begin() + 1); // file_url is an input like others; it is in no log line
  REQUIRE(log.find("canary-signature") == std::string::npos);
  const auto all = p.o3->journal(p.id).dump() + p.o3->workflow(p.id).dump() + log;
  for (const auto& s : secrets)
    REQUIRE(all.find(s) == std::string::npos);
}

TEST_CASE("a lost answer to the start of a run is found again, not repeated", "[node][tfe]") {
  play p;
  p.stand.faults(rule("POST", "/api/v2/runs/", {{"kind", "drop_answer"}}));
  p.run();
  is_done_once(p);
  REQUIRE(p.asked("search%5Bbasic%5D=o3-"));
}

TEST_CASE("a run that was never started is started once it is proven", "[node][tfe]") {
  play p;
  p.stand.faults(rule("POST", "/api/v2/runs/", {{"kind", "status"}, {"status", 502}}));
  p.run();
  is_done_once(p);
}

TEST_CASE("an apply that meets a conflict reads what became of the run", "[node][tfe]") {
  const auto* route = "/api/v2/runs/*/actions/apply/";
  SECTION("it was confirmed") {
    play p;
    p.stand.faults(rule("POST", route, {{"kind", "error_after_commit"}, {"status", 409}}));
    p.run();
    is_done_once(p);
  }
  SECTION("it was not") {
    play p;
    p.stand.faults(rule("POST", route, {{"kind", "status"}, {"status", 409}}));
    p.run();
    is_done_once(p);
  }
  SECTION("nobody knows") {
    play p;
    p.stand.faults(rule("POST", route, {{"kind", "drop_answer"}}));
    p.run();
    is_done_once(p);
  }
}

TEST_CASE("limits of requests are waited for and use up no attempt", "[node][tfe]") {
  play p;
  const json slow = {{"kind", "rate_limited"}, {"retry_after", 3}};
  const auto first = json::array({1, 2, 3, 4, 5, 6, 7, 8});
  p.stand.faults({rule("POST", "/api/v2/runs/", slow, first),
                  rule("GET", "/api/v2/organizations/**", slow, first),
                  rule("POST", "/api/v2/workspaces/*/configuration-versions/", slow, first),
                  rule("POST", "/api/v2/runs/*/actions/apply/", slow, first),
                  rule("GET", "/api/v2/runs/*/", slow, first)});
  p.run();
  is_done_once(p);
}

TEST_CASE("an upload is sent again only if it did not arrive", "[node][tfe]") {
  SECTION("its answer is lost") {
    play p;
    p.stand.faults(rule("PUT", "/v1/upload/*/", {{"kind", "drop_answer"}}));
    p.run();
    is_done_once(p);
    REQUIRE(p.count("upload") == 1);
  }
  SECTION("the file store is out of order for a while") {
    play p;
    p.stand.faults(rule("PUT", "/v1/upload/*/", {{"kind", "status"}, {"status", 503}}, {1, 2}));
    p.run();
    is_done_once(p);
    REQUIRE(p.count("upload") == 1);
  }
}

TEST_CASE("a configuration version nobody heard of is harmless", "[node][tfe]") {
  play p;
  p.stand.faults(
    rule("POST", "/api/v2/workspaces/*/configuration-versions/", {{"kind", "drop_answer"}}));
  p.run();
  is_done_once(p);
  REQUIRE(p.count("configuration_version") == 2);
}

TEST_CASE("outputs that are still processed are waited for", "[node][tfe]") {
  play p{{}, workspace_with("plain", {{"outputs_ms", 9000}})};
  p.run();
  is_done_once(p);
  REQUIRE(p.outputs("workspace_run_apply")["terraform_outputs"]["count"] == 2);
}

TEST_CASE("a plan without changes succeeds without an apply", "[node][tfe]") {
  play p;
  p.run("no-changes");
  REQUIRE(p.o3->state(p.id) == "successful");
  REQUIRE(p.count("apply") == 0);
  REQUIRE(p.outputs("workspace_run_apply")["applied"] == false);
}

TEST_CASE("costs, policies and run tasks are passed on the way", "[node][tfe]") {
  for (const auto* workspace : {"costs", "policy", "tasks", "old-logs", "auto-apply"}) {
    INFO(workspace);
    play p;
    p.run(workspace);
    is_done_once(p);
  }
}

TEST_CASE("what fails is told in words", "[node][tfe]") {
  const auto told = [](const std::string& workspace, const json& more, const std::string& task) {
    play p;
    p.run(workspace, more);
    REQUIRE(p.o3->state(p.id) == "failed");
    REQUIRE(p.count("apply") == (task == "workspace_run_apply" ? 1 : 0));
    return p.error(task);
  };
  using Catch::Matchers::Contains;
  REQUIRE_THAT(told("plan-fails", none, "workspace_run"), Contains("Error: Invalid resource type"));
  REQUIRE_THAT(told("policy-failed", none, "workspace_run"), Contains("a mandatory policy"));
  REQUIRE_THAT(told("apply-fails", none, "workspace_run_apply"),
               Contains("Error: creating resource"));
  REQUIRE_THAT(told("local", none, "workspace_configuration_version"), Contains("own machines"));
  REQUIRE_THAT(told("nowhere", none, "workspace_id_task"), Contains("no workspace 'nowhere'"));
  REQUIRE_THAT(told("plain", {{"tfe_bearer_token", "old"}}, "workspace_id_task"),
               Contains("expired or revoked"));
  REQUIRE_THAT(
    told("plain", {{"tfe_bearer_token", "tfe-org-token"}}, "workspace_configuration_version"),
    Contains("organization tokens never may"));
  REQUIRE_THAT(told("plain", {{"file_hash", std::string(64, '0')}}, "workspace_config_file_upload"),
               Contains("not the one that was meant"));
  REQUIRE_THAT(
    told("plain", {{"file_url", "https://files.example/no.tf"}}, "workspace_config_file_upload"),
    Contains("no file at file_url"));
}

TEST_CASE("a locked workspace is waited for with its reason", "[node][tfe]") {
  play p;
  p.id = p.o3->submit(play::request(input("locked", p.stand.sim->url(), none)));
  p.o3->advance(std::chrono::seconds{60});
  const auto why = p.o3->task(p.id, "workspace_run")["why"].dump();
  REQUIRE(why.find("a user has locked the workspace locked (maintenance)") != std::string::npos);
  const auto ws = p.stand.ws("locked");
  REQUIRE(p.stand.as("second").post("/api/v2/workspaces/" + ws + "/actions/unlock").status == 200);
  p.o3->await_end(p.id);
  is_done_once(p);
}

TEST_CASE("cancel stops the run, whatever it is doing", "[node][tfe]") {
  const auto canceled = [](const json& plan, std::chrono::seconds after) {
    play p{{}, workspace_with("plain", plan)};
    p.id = p.o3->submit(play::request(input("plain", p.stand.sim->url(), none)));
    p.o3->advance(after);
    p.o3->cancel(p.id);
    p.o3->await_end(p.id, std::chrono::hours{1});
    INFO(p.o3->log(p.id));
    REQUIRE(p.o3->state(p.id) == "canceled");
    REQUIRE(p.count("run") == 1);
    REQUIRE(p.count("cancel") == 1);
    const auto ws = p.stand.ws("plain");
    const auto runs = p.stand.me().get("/api/v2/workspaces/" + ws + "/runs").body["data"];
    return runs[0]["attributes"]["status"].get<std::string>();
  };
  REQUIRE(canceled({{"plan_ms", 600'000}}, std::chrono::seconds{60}) == "canceled");
  REQUIRE(canceled({{"apply_ms", 600'000}}, std::chrono::seconds{60}) == "canceled");
}

TEST_CASE("a run that does not stop is ended by force when that is asked for", "[node][tfe]") {
  for (const bool plain_first : {true, false}) {
    INFO("asked before without force: " << plain_first);
    play p{{}, workspace_with("stuck", {{"plan_ms", 3'600'000}, {"force_cancel_ms", 5'000}})};
    p.id = p.o3->submit(play::request(input("stuck", p.stand.sim->url(), none)));
    p.o3->advance(std::chrono::seconds{60});
    if (plain_first) {
      p.o3->cancel(p.id);
      p.o3->advance(std::chrono::seconds{30});
      REQUIRE(p.o3->state(p.id) == "running");
      REQUIRE(p.count("cancel") == 1);
      REQUIRE(p.count("force_cancel") == 0);
    }
    const auto path = "/api/v1/workflow/" + p.id + "/cancel/?force=true";
    REQUIRE(p.o3->request(http::method::post, path).status == 202);
    p.o3->advance(std::chrono::seconds{60});
    INFO(p.o3->log(p.id));
    REQUIRE(p.o3->state(p.id) == "canceled");
    REQUIRE(p.count("cancel") == 1);
    REQUIRE(p.count("force_cancel") == 1);
  }
}

TEST_CASE("a node that dies after any row makes one run and one apply", "[node][tfe]") {
  const json lost = {{"kind", "drop_answer"}};
  const std::vector<json> what_is_lost{json::array(), rule("POST", "/api/v2/runs/", lost),
                                       rule("PUT", "/v1/upload/*/", lost),
                                       rule("POST", "/api/v2/runs/*/actions/apply/", lost)};
  for (const auto& rules : what_is_lost) {
    bool died = true;
    for (std::uint64_t row = 1; died; ++row) {
      INFO("dies after row " << row << ", lost: " << rules.dump());
      harness::fault_plan faults;
      faults.crash_after_row = row;
      play p{faults};
      p.stand.faults(rules);
      p.run();
      died = p.deaths > 0;
      is_done_once(p);
    }
  }
}
