// Below /_sim/: what whoever runs the double may do to its world.
#include "tests/doubles/tfe/api.hpp"

namespace o3::doubles::tfe {

/// POST /_sim/jobs/ID {"status"} ends a run now; for a configuration version it sets its status.
/// POST /_sim/world: a world file. GET /_sim/jobs/ID.
std::optional<http::response> api::control(const call& c, const json& body) {
  const auto refused = [](const error& e) {
    return json_answer(400, {{"error", e.message}, {"pointer", e.pointer}, {"hint", e.hint}});
  };
  const auto path = segments_of(c.path);
  if (path.size() == 2 && path[1] == "world" && c.method == "POST") {
    if (auto added = w_.add(body); !added)
      return refused(added.error());
    return json_answer(200, about());
  }
  if (path.size() != 3 || path[1] != "jobs")
    return std::nullopt;
  const std::string id(path[2]);
  const auto status = get_or<std::string>(body, "status", "");
  if (const auto cv = w_.cvs.find(id); cv != w_.cvs.end()) {
    const names known{"pending",
                      "fetching",
                      "uploaded",
                      "archived",
                      "errored",
                      "backing_data_soft_deleted",
                      "backing_data_permanently_deleted"};
    if (c.method == "POST" && known.count(status) == 0)
      return json_answer(400, {{"error", "no status of a configuration version"}});
    if (c.method == "POST")
      cv->second.status = status;
    return json_answer(200, document(cv_json(cv->second)));
  }
  run* r = w_.find_run(id);
  if (r == nullptr)
    return json_answer(404, {{"error", "there is no such run or configuration version"}});
  static const user root{"user-root", "root", false};
  if (c.method == "POST") {
    run ended;
    ended.status = status;
    if (!is_final(ended))
      return json_answer(400, {{"error", "'status' is one in which a run has ended"}});
    if (is_final(*r))
      return json_answer(409, {{"error", "the run has ended: " + r->status}});
    runner_.finish(*r, status);
  }
  return json_answer(200, document(run_json(root, *r)));
}

} // namespace o3::doubles::tfe
