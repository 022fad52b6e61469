// A Terraform Enterprise double with its users and the steps every test takes. Threads: one owner.
#pragma once
#include "tests/doubles/probe.hpp"

namespace o3::test {

inline doubles::sim_options tfe_options(json world = nullptr) {
  doubles::sim_options o;
  o.kind = "tfe";
  o.job_duration = millis{500};
  o.world_json = std::move(world);
  o.requests_per_second = 0;
  o.run_lists_per_minute = 0;
  return o;
}

/// The beginning of a gzip file; the double looks no further.
inline const std::string archive = std::string("\x1f\x8b\x08") + std::string(40, 'x');

class tfe_stand : public stand {
public:
  explicit tfe_stand(doubles::sim_options o = tfe_options()) : stand(std::move(o)) {}

  [[nodiscard]] probe as(const std::string& user) const {
    return {sim->port(), user.empty() ? "" : "tfe-" + user + "-token", "application/vnd.api+json"};
  }
  [[nodiscard]] probe me() const { return as("o3"); }
  [[nodiscard]] json workspace(const std::string& name) const {
    const auto r = me().get("/api/v2/organizations/acme/workspaces/" + name);
    INFO(r.text);
    REQUIRE(r.status == 200);
    return r.body["data"];
  }
  [[nodiscard]] std::string ws(const std::string& name) const { return workspace(name)["id"]; }

  /// A new configuration version; its whole data with the upload URL.
  [[nodiscard]] json new_cv(const std::string& ws_id,
                            const json& attributes = {{"auto-queue-runs", false}}) const {
    const auto r
      = me().post("/api/v2/workspaces/" + ws_id + "/configuration-versions",
                  {{"data", {{"type", "configuration-versions"}, {"attributes", attributes}}}});
    INFO(r.text);
    REQUIRE(r.status == 201);
    return r.body["data"];
  }
  /// PUT to an upload URL, without a token unless `headers` has one.
  [[nodiscard]] reply put(const std::string& url, const std::string& bytes,
                          const std::string& headers = "") const {
    const std::string host = "http://127.0.0.1:" + std::to_string(sim->file_port());
    REQUIRE(url.rfind(host, 0) == 0);
    return send_raw(sim->file_port(),
                    request_text("PUT", url.substr(host.size()),
                                 headers + "Content-Type: application/octet-stream\r\n", bytes));
  }
  [[nodiscard]] reply fetch(const std::string& url) const {
    const std::string host = "http://127.0.0.1:" + std::to_string(sim->file_port());
    REQUIRE(url.rfind(host, 0) == 0);
    return send_raw(sim->file_port(), request_text("GET", url.substr(host.size()), "", ""));
  }
  /// An uploaded configuration version; its id.
  std::string uploaded(const std::string& ws_id) {
    const json cv = new_cv(ws_id);
    REQUIRE(put(cv["attributes"]["upload-url"], archive).status == 200);
    pass(millis{50});
    REQUIRE(me()
              .get("/api/v2/configuration-versions/" + cv["id"].get<std::string>())
              .body["data"]["attributes"]["status"]
            == "uploaded");
    return cv["id"];
  }
  [[nodiscard]] static json run_body(const std::string& ws_id, const std::string& cv,
                                     const json& attributes = json::object()) {
    json related = {{"workspace", {{"data", {{"type", "workspaces"}, {"id", ws_id}}}}}};
    if (!cv.empty())
      related["configuration-version"]
        = {{"data", {{"type", "configuration-versions"}, {"id", cv}}}};
    return {{"data", {{"type", "runs"}, {"attributes", attributes}, {"relationships", related}}}};
  }
  /// A run of a named workspace with a fresh configuration; its id.
  std::string run(const std::string& name, const json& attributes = json::object()) {
    const std::string id = ws(name);
    const auto r = me().post("/api/v2/runs", run_body(id, uploaded(id), attributes));
    INFO(r.text);
    REQUIRE(r.status == 201);
    return r.body["data"]["id"];
  }
  [[nodiscard]] json read(const std::string& run_id) const {
    return me().get("/api/v2/runs/" + run_id).body["data"];
  }
  [[nodiscard]] std::string status(const std::string& run_id) const {
    return read(run_id)["attributes"]["status"];
  }
  [[nodiscard]] bool action(const std::string& run_id, const std::string& which) const {
    return read(run_id)["attributes"]["actions"]["is-" + which];
  }
  int act(const std::string& run_id, const std::string& what) const {
    return me().post("/api/v2/runs/" + run_id + "/actions/" + what, nullptr).status;
  }
  /// Passes time and gathers the statuses on the way.
  std::vector<std::string> statuses(const std::string& run_id, millis span) {
    std::vector<std::string> out;
    for (millis gone{0}; gone < span; gone += millis{10}) {
      const auto now = status(run_id);
      if (out.empty() || out.back() != now)
        out.push_back(now);
      pass(millis{10});
    }
    return out;
  }
  [[nodiscard]] std::vector<std::string> kinds() {
    std::vector<std::string> out;
    for (const json& line : sim->ledger())
      out.push_back(line["kind"]);
    return out;
  }
};

/// A world with one more workspace that has one plan.
inline json workspace_with(const std::string& name, const json& plan) {
  return {{"workspaces", {{{"name", name}, {"plans", json::array({plan})}}}}};
}

} // namespace o3::test
