// An AWX double with its users and the numbers of the default catalogue. Threads: one owner.
#pragma once
#include "tests/doubles/probe.hpp"

namespace o3::test {

inline doubles::sim_options awx_options(json world = nullptr) {
  doubles::sim_options o;
  o.kind = "awx";
  o.job_duration = millis{1000};
  o.world_json = std::move(world);
  return o;
}

class awx_stand : public stand {
public:
  explicit awx_stand(doubles::sim_options o = awx_options()) : stand(std::move(o)) {}

  [[nodiscard]] probe as(const std::string& user) const {
    return {sim->port(), user.empty() ? "" : "awx-" + user + "-token", "application/json"};
  }
  [[nodiscard]] probe admin() const { return as("admin"); }
  [[nodiscard]] probe op() const { return as("operator"); }
  /// Launches and returns the id of the job.
  std::int64_t launch(int id, const json& body = json::object()) const {
    const reply r = op().post("/api/v2/job_templates/" + std::to_string(id) + "/launch/", body);
    INFO(r.text);
    REQUIRE(r.status == 201);
    return r.body.at("id").get<std::int64_t>();
  }
  [[nodiscard]] json job(std::int64_t id) const {
    return admin().get("/api/v2/jobs/" + std::to_string(id) + "/").body;
  }
  [[nodiscard]] std::string status(std::int64_t id) const { return job(id).value("status", ""); }
};

constexpr int plain = 10, no_prompts = 11, survey = 12, skip_tags = 13, labelled = 14, sliced = 15,
              workflow = 16, everything = 17, with_password = 18, no_inventory = 19,
              simultaneous = 20, failing = 21;

inline std::string job_url(std::int64_t id, const std::string& rest = "") {
  return "/api/v2/jobs/" + std::to_string(id) + "/" + rest;
}
inline std::string launch_url(int id) {
  return "/api/v2/job_templates/" + std::to_string(id) + "/launch/";
}

/// A template with one play; the rest is as in the catalogue.
inline json world_with(const json& play, int id = 100) {
  return {{"job_templates",
           {{{"id", id},
             {"name", "made " + std::to_string(id)},
             {"ask", {"variables"}},
             {"allow_simultaneous", true},
             {"plays", json::array({play})}}}}};
}

} // namespace o3::test
