#include "tests/http/api/fakes.hpp"

using namespace o3;
using namespace o3::api;

namespace {

const std::string signal_path = "/api/v1/workflow/" + some_id + "/signal/";
const std::string approve_path = "/api/v1/workflow/" + some_id + "/task/ok/approve/";

const engine::signal_request& heard(const stage& s) {
  return std::get<engine::signal_request>(s.engine.asked);
}

} // namespace

TEST_CASE("a signal is passed on as it was sent", "[http][api][people]") {
  stage s;
  s.says.next.body = R"({"id":"x"})";
  auto r = s.post_json(signal_path, R"({"name":"go","body":{"n":[1]},"task":"w[2]"})");
  CHECK(r.status == 200);
  CHECK(r.body == R"({"id":"x"})");
  CHECK(heard(s).workflow.hex() == some_id);
  CHECK(heard(s).name == "go");
  CHECK(heard(s).task == "w[2]");
  CHECK(heard(s).body == json::parse(R"({"n":[1]})"));
  CHECK_FALSE(heard(s).decision);
  CHECK(heard(s).who.principal == "admin");
  CHECK(heard(s).who.roles == std::vector<std::string>{"admin"});
  require_problem(s.post_json(signal_path, R"({"body":1})"), 422, "missing_key");
  require_problem(s.post_json(signal_path, R"({"name":7})"), 422, "wrong_type");
  require_problem(s.post_json(signal_path, R"({"name":""})"), 422, "wrong_type");
  require_problem(s.post_json(signal_path, R"({"name":"x","nmae":1})"), 422, "unknown_key");
  require_problem(s.post_json(signal_path, "[]"), 422, "wrong_type");
  require_problem(s.post_json("/api/v1/workflow/nix/signal/", R"({"name":"x"})"), 404, "not_found");
  s.says.next.problem = make_error(fault::unknown_signal, "known: go");
  require_problem(s.post_json(signal_path, R"({"name":"x"})"), 422, "unknown_signal");
  s.says.next.problem = make_error(fault::task_ended, "it has");
  require_problem(s.post_json(signal_path, R"({"name":"x"})"), 409, "task_ended");
}

TEST_CASE("a decision is passed on whole, with who decides", "[http][api][people]") {
  stage s;
  s.says.next.body = R"({"ref":"ok"})";
  const std::string body
    = R"({"comment":"c","decision":"approve","evidence_hash":"00","form":{"x":1}})";
  CHECK(s.post_json(approve_path, body).status == 200);
  CHECK(heard(s).decision);
  CHECK(heard(s).task == "ok");
  CHECK(heard(s).body == json::parse(body));
  CHECK(heard(s).who.roles == std::vector<std::string>{"admin"});
  require_problem(s.post_json(approve_path, "7"), 422, "wrong_type");
  for (const auto& [f, status] :
       std::vector<std::pair<fault, unsigned>>{{fault::forbidden, 403},
                                               {fault::already_decided, 409},
                                               {fault::evidence_changed, 409},
                                               {fault::task_ended, 409},
                                               {fault::missing_key, 422},
                                               {fault::conflict, 409}}) {
    s.says.next.problem = make_error(f, "no");
    require_problem(s.post_json(approve_path, body), status, std::string{fault_code(f)});
  }
}
