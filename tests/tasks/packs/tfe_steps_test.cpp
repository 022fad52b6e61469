// tfe.workspace_id, workspace_config_version, workspace_upload_config_files, workspace_run_apply.
#include "tests/tasks/packs/tfe.hpp"

#include "runtime/base/crypto.hpp"
#include "tasks/packs/archive.hpp"

using namespace o3;
using namespace o3::test;
using outside::topic;

namespace {

const std::string configuration = "resource \"null_resource\" \"n\" {}\n";
const std::string upload_url = "https://archivist.example/v1/object/s3cr3t";

bench id_bench(const json& more = json::object()) {
  json inputs = tfe_inputs({{"organization_name", "acme"}, {"workspace_name", "vms"}});
  inputs.update(more);
  return {.c = pack("tfe.workspace_id"), .inputs = std::move(inputs)};
}
bench upload_bench(const json& more = json::object()) {
  json inputs = tfe_inputs({{"config_url", upload_url + "#cv-1"},
                            {"file_url", "https://files.example/vm.tf?sig=1"},
                            {"file_hash", to_hex(sha256(configuration))}});
  inputs.update(more);
  return {.c = pack("tfe.workspace_upload_config_files"), .inputs = std::move(inputs)};
}
target upload_target(const std::string& status = "pending") {
  auto t = tfe();
  t.on("GET", "/configuration-versions/cv-1", said(200, data(cv_row(status))));
  t.on("GET", "files.example/vm.tf", said(200, configuration));
  t.on("PUT", upload_url, said(200));
  return t;
}
bench apply_bench() {
  return {.c = pack("tfe.workspace_run_apply"), .inputs = tfe_inputs({{"run_id", "run-9"}})};
}
target run_is(const run_like& r, target t = tfe()) {
  t.on("GET", "/runs/run-9", said(200, data(run_row(r))));
  return t;
}
std::string message_of(const held& h) {
  REQUIRE(h.end.end);
  return h.end.end->message;
}
bool has(const std::string& text, std::string_view part) {
  UNSCOPED_INFO(text);
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a workspace is found by its name", "[packs][tfe]") {
  auto b = id_bench();
  const auto h = b.hold(topic::read, tfe());
  REQUIRE(h.end.end->state == task_state::successful);
  REQUIRE(b.attributes["workspace_id"] == "ws-1");
  REQUIRE(b.attributes["execution_mode"] == "remote");
  const auto& q = h.asked.front();
  REQUIRE(q.url == "https://tfe.example/api/v2/organizations/acme/workspaces/vms");
  REQUIRE(q.secret == "Bearer " + token);
  REQUIRE(q.secret_header == "Authorization");
}

TEST_CASE("the address may come without https", "[packs][tfe]") {
  const auto h = id_bench({{"tfe_server", "tfe.example/"}}).hold(topic::read, tfe());
  REQUIRE(h.asked.front().url == "https://tfe.example/api/v2/organizations/acme/workspaces/vms");
}

TEST_CASE("what is not there is named: organization or workspace", "[packs][tfe]") {
  target nothing;
  REQUIRE(has(message_of(id_bench().hold(topic::read, nothing)), "no organization 'acme'"));
  nothing.on("GET", "/organizations/acme", said(200, data(thing("organizations", "acme", {}))));
  nothing.on("GET", "/workspaces/", said(404, refused(404, "not found")));
  REQUIRE(has(message_of(id_bench().hold(topic::read, nothing)), "no workspace 'vms'"));
  target expired;
  expired.on("GET", "", said(401, refused(401, "unauthorized")));
  REQUIRE(has(message_of(id_bench().hold(topic::read, expired)), "expired or revoked"));
  target moved;
  moved.on("GET", "", said(301, nullptr, {{"location", "https://other"}}));
  REQUIRE(has(message_of(id_bench().hold(topic::read, moved)), "redirects"));
}

TEST_CASE("a limit of requests is waited for as told", "[packs][tfe]") {
  target busy;
  busy.on("GET", "", said(429, refused(429, "Too many"), {{"x-ratelimit-reset", "7.5"}}));
  const auto h = id_bench().hold(topic::read, busy);
  REQUIRE_FALSE(h.end.end);
  REQUIRE(h.end.ask_in == millis{7500});
  REQUIRE(has(h.end.waits_for, "takes no more requests of this user for now"));
}

TEST_CASE("a configuration version starts no run and keeps its address", "[packs][tfe]") {
  bench b{.c = pack("tfe.workspace_config_version"),
          .inputs = tfe_inputs({{"workspace_id", "ws-1"}})};
  auto t = tfe();
  auto row = cv_row("pending");
  row["attributes"]["upload-url"] = upload_url;
  t.on("POST", "/workspaces/ws-1/configuration-versions", said(201, data(row)));
  REQUIRE(std::holds_alternative<launch::preflight_ok>(*b.hold(topic::preflight, t).end.launch));
  const auto h = b.hold(topic::send, t);
  REQUIRE(h.event<launch::send_confirmed>().external_id == "cv-1");
  REQUIRE(h.event<launch::send_confirmed>().details.dump().find("s3cr3t") == std::string::npos);
  REQUIRE(b.attributes["config_version_url"] == upload_url + "#cv-1");
  const auto sent = json::parse(h.request("POST", "")->body);
  REQUIRE(sent["data"]["attributes"]["auto-queue-runs"] == false);
  const auto* about = b.c.about->output("config_version_url");
  REQUIRE(about->secret);
  b.hold(topic::watch, t);
  REQUIRE(b.hold(topic::finish, t).end.end->state == task_state::successful);
}

TEST_CASE("a workspace that cannot run is refused before anything is made", "[packs][tfe]") {
  for (const auto& [change, words] : std::vector<std::pair<json, std::string>>{
         {{{"execution-mode", "local"}}, "people's own machines"},
         {{{"permissions", {{"can-queue-run", false}}}}, "may not start runs"}}) {
    auto t = tfe();
    t.on("GET", "/workspaces/ws-1", said(200, data(workspace(change))));
    bench b{.c = pack("tfe.workspace_config_version"),
            .inputs = tfe_inputs({{"workspace_id", "ws-1"}})};
    REQUIRE(has(b.hold(topic::preflight, t).event<launch::preflight_refused>().message, words));
    auto r = run_bench();
    REQUIRE(has(r.hold(topic::preflight, t).event<launch::preflight_refused>().message, words));
  }
}

TEST_CASE("a file is fetched, checked, packed and uploaded without the token", "[packs][tfe]") {
  auto b = upload_bench();
  b.hold(topic::preflight, upload_target());
  REQUIRE(b.attributes == json{{"_cv", "cv-1"}});
  const auto h = b.hold(topic::send, upload_target());
  REQUIRE(h.event<launch::send_confirmed>().external_id == "cv-1");
  const auto* put = h.request("PUT", upload_url);
  REQUIRE(put);
  REQUIRE(put->url == upload_url);
  REQUIRE(put->once);
  REQUIRE(put->secret.empty());
  const auto names = packs::names_in_tar(*packs::gunzip(put->body));
  REQUIRE(*names == std::vector<std::string>{"vm.tf"});
  const auto* fetched = h.request("GET", "files.example");
  REQUIRE(fetched->secret.empty());
  REQUIRE(b.attributes["sha256"] == to_hex(sha256(configuration)));
  REQUIRE(b.attributes["built"] == true);

  auto w = b.hold(topic::watch, upload_target("pending"));
  REQUIRE(has(w.end.waits_for, "cv-1, which is pending"));
  REQUIRE_FALSE(w.end.over);
  REQUIRE(b.hold(topic::watch, upload_target("uploaded")).end.over);
  REQUIRE(b.hold(topic::finish, upload_target("uploaded")).end.end->state
          == task_state::successful);
}

TEST_CASE("a configuration that is uploaded already is not sent twice", "[packs][tfe]") {
  auto b = upload_bench();
  b.hold(topic::preflight, upload_target());
  const auto h = b.hold(topic::send, upload_target("uploaded"));
  REQUIRE(h.event<launch::send_confirmed>().external_id == "cv-1");
  REQUIRE(h.asked.size() == 1); // not even the file is fetched
}

TEST_CASE("an address without an id is uploaded to and trusted", "[packs][tfe]") {
  auto b = upload_bench({{"config_url", upload_url}});
  b.hold(topic::preflight, upload_target());
  REQUIRE(b.hold(topic::send, upload_target()).event<launch::send_confirmed>().external_id
          == "uploaded");
  REQUIRE(b.hold(topic::watch, upload_target()).end.over);
}

TEST_CASE("what is wrong with the file is told in words", "[packs][tfe]") {
  const auto refusal = [](outside::answer file, const json& more = json::object()) {
    auto b = upload_bench(more);
    auto t = upload_target();
    t.on("GET", "files.example", std::move(file));
    b.hold(topic::preflight, t);
    const auto h = b.hold(topic::send, t);
    const auto& e = h.event<launch::send_not_done>();
    REQUIRE_FALSE(h.request("PUT", ""));
    REQUIRE_FALSE(has(e.message, "sig=1")); // what follows ? may be a key
    return e.message;
  };
  REQUIRE(has(refusal(said(404)), "no file at file_url (https://files.example/vm.tf)"));
  REQUIRE(has(refusal(said(403)), "asks for a login"));
  REQUIRE(has(refusal(said(302)), "redirects"));
  REQUIRE(has(refusal(said(503)), "cannot serve it now"));
  REQUIRE(has(refusal(lost("the name of files.example could not be resolved")), "resolved"));
  REQUIRE(has(refusal(said(200, "changed")), "not the one that was meant"));
  REQUIRE(has(refusal(said(200, "<html>Sign in</html>"), {{"file_hash", nullptr}}), "web page"));
}

TEST_CASE("an upload that is refused, or a configuration that is not taken", "[packs][tfe]") {
  auto b = upload_bench();
  b.hold(topic::preflight, upload_target());
  auto t = upload_target();
  t.on("PUT", upload_url, said(404, "not found"));
  REQUIRE(b.hold(topic::send, t).event<launch::send_not_done>().permanent);
  t.on("PUT", upload_url, said(502));
  REQUIRE(std::holds_alternative<launch::send_ambiguous>(*b.hold(topic::send, t).end.launch));
  b.hold(topic::send, upload_target());
  t.on("GET", "/configuration-versions/cv-1", said(200, data(cv_row("errored", "no tar"))));
  b.hold(topic::watch, t);
  const auto end = b.hold(topic::finish, t).end.end;
  REQUIRE(end->state == task_state::failed);
  REQUIRE(has(end->message, "(errored): no tar"));
}

TEST_CASE("a plan is applied when it can be confirmed, whatever its status", "[packs][tfe]") {
  auto b = apply_bench();
  auto h = b.hold(topic::preflight, run_is({.status = "planned"}));
  REQUIRE(h.event<launch::preflight_unavailable>().wait == millis{3000});
  REQUIRE(has(h.end.waits_for, "cannot be applied yet, it is planned"));
  const auto ready = run_is({.status = "cost_estimated", .confirmable = true});
  REQUIRE(
    std::holds_alternative<launch::preflight_ok>(*b.hold(topic::preflight, ready).end.launch));
  auto t = ready;
  t.on("POST", "/runs/run-9/actions/apply", said(202));
  h = b.hold(topic::send, t);
  REQUIRE(h.event<launch::send_confirmed>().external_id == "run-9");
  REQUIRE(h.request("POST", "/actions/apply")->body.find(marker) != std::string::npos);
}

TEST_CASE("a plan without changes needs no apply", "[packs][tfe]") {
  auto b = apply_bench();
  const auto t = run_is({.status = "planned_and_finished"});
  b.hold(topic::preflight, t);
  const auto h = b.hold(topic::send, t);
  REQUIRE(h.event<launch::send_confirmed>().external_id == "run-9");
  REQUIRE_FALSE(h.request("POST", ""));
  REQUIRE(b.hold(topic::watch, t).end.over);
  REQUIRE(b.hold(topic::finish, t).end.end->state == task_state::successful);
  REQUIRE(b.attributes["applied"] == false);
}

TEST_CASE("a run that has ended badly is not applied", "[packs][tfe]") {
  auto b = apply_bench();
  const auto h = b.hold(topic::preflight, run_is({.status = "discarded"}));
  REQUIRE(has(h.event<launch::preflight_refused>().message, "it is discarded"));
}

TEST_CASE("a conflict is read again: confirmed by somebody is confirmed", "[packs][tfe]") {
  auto b = apply_bench();
  auto t = run_is({.status = "planned", .confirmable = true});
  t.on("POST", "/runs/run-9/actions/apply", said(409, refused(409, "transition not allowed")));
  REQUIRE(std::holds_alternative<launch::conflict>(*b.hold(topic::send, t).end.launch));
  auto h = b.hold(topic::search, t);
  REQUIRE(h.event<launch::search_result>().hits.empty());
  h = b.hold(topic::search, run_is({.status = "applying"}));
  REQUIRE(h.event<launch::search_result>().hits.at(0).id == "run-9");
}

TEST_CASE("outputs are read from the state of this run, sensitive ones by name", "[packs][tfe]") {
  auto b = apply_bench();
  b.external_id = "run-9";
  auto t = run_is({.status = "applied"});
  t.on("GET", "/applies/apply-9",
       said(200, data(thing("applies", "apply-9", {{"resource-additions", 2}}))));
  t.on("GET", "/current-state-version",
       said(200, data(thing("state-versions", "sv-1", {}, {{"run", to("runs", "run-9")}}))));
  const auto output = [](const std::string& name, const json& value, bool sensitive) {
    return thing("state-version-outputs", "wsout-" + name,
                 {{"name", name}, {"value", value}, {"sensitive", sensitive}});
  };
  t.on("GET", "/current-state-version-outputs",
       {said(503, refused(503, "service unavailable")),
        said(200, {{"data",
                    {output("address", "192.0.2.1", false), output("password", nullptr, true)}}})});
  REQUIRE(b.hold(topic::watch, t).end.over);
  auto h = b.hold(topic::finish, t); // the target is a copy: the first answer again and again
  REQUIRE(has(h.end.waits_for, "to read the outputs"));
  t.rows.front().used = 1;
  h = b.hold(topic::finish, t);
  REQUIRE(h.end.end->state == task_state::successful);
  REQUIRE(b.attributes["terraform_outputs"] == json{{"address", "192.0.2.1"}});
  REQUIRE(b.attributes["sensitive_outputs"] == json{"password"});
  REQUIRE(b.attributes["resource_additions"] == 2);
  REQUIRE(b.attributes["outputs_superseded"] == false);

  t.on("GET", "/current-state-version",
       said(200, data(thing("state-versions", "sv-2", {}, {{"run", to("runs", "run-10")}}))));
  auto other = apply_bench();
  other.external_id = "run-9";
  other.hold(topic::watch, t);
  REQUIRE(other.hold(topic::finish, t).end.end->state == task_state::successful);
  REQUIRE(other.attributes["outputs_superseded"] == true);
  REQUIRE_FALSE(other.attributes.contains("terraform_outputs"));
}

TEST_CASE("an apply that fails says why", "[packs][tfe]") {
  auto b = apply_bench();
  b.external_id = "run-9";
  b.logs = true;
  auto t = run_is({.status = "errored"});
  t.on("GET", "/applies/apply-9",
       said(200, data(thing("applies", "apply-9", {{"log-read-url", "https://logs.example/a"}}))));
  t.on("GET", "logs.example/a",
       said(200, "\x02"
                 "Error: quota exceeded\n\x03"));
  b.hold(topic::watch, t);
  const auto h = b.hold(topic::finish, t);
  REQUIRE(has(message_of(h), "Error: quota exceeded"));
}
