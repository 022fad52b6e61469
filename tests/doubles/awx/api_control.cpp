// Below /_sim/: what whoever runs the double may do to its world.
#include "tests/doubles/awx/api.hpp"

namespace o3::doubles::awx {

namespace {

http::response refused(const error& e) {
  return json_answer(400, {{"error", e.message}, {"pointer", e.pointer}, {"hint", e.hint}});
}

} // namespace

/// POST /_sim/jobs/ID {"status", "explanation", and any key of a play}: ends a job now, or changes
/// how it goes on. POST /_sim/world: a world file. GET /_sim/jobs/ID.
std::optional<http::response> api::control(const call& c, const json& body) {
  const auto path = segments_of(c.path);
  if (path.size() == 2 && path[1] == "world" && c.method == "POST") {
    if (auto added = w_.add(body); !added)
      return refused(added.error());
    return json_answer(200, about());
  }
  if (path.size() != 3 || path[1] != "jobs")
    return std::nullopt;
  job* j = w_.find_job(whole_number(path[2]).value_or(0));
  if (j == nullptr)
    return json_answer(404, {{"error", "there is no such job"}});
  if (c.method == "GET")
    return job_body(*j, 200, json::object());
  if (c.method != "POST" || !body.is_object())
    return json_answer(400, {{"error", "POST an object here"}});
  json rest = body;
  rest.erase("status");
  auto how = read_play(rest, j->how, "");
  if (!how)
    return refused(how.error());
  const auto status = get_or<std::string>(body, "status", "");
  const names ends{"", "successful", "failed", "error", "canceled"};
  if (ends.count(status) == 0)
    return json_answer(400, {{"error", "'status' is successful, failed, error or canceled"}});
  j->how = *std::move(how);
  if (!status.empty()) {
    if (!j->active())
      return json_answer(409, {{"error", "the job has ended: " + j->status}});
    if (!j->ran_at) { // it has to have run to have ended
      j->started = s_.time.wall();
      j->ran_at = s_.time.steady();
    }
    j->how.outcome = status;
    runner_.finish(*j, status, j->how.explanation);
  }
  return job_body(*j, 200, json::object());
}

} // namespace o3::doubles::awx
