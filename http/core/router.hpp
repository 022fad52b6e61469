// One table of routes: method, path, permission, handler, documentation. Nothing is exempt by prefix or
// suffix; a request without the right token gets 401 before anyone says whether the path exists.
// Threads: immutable after construction; `dispatch` from any thread.
#pragma once
#include "http/core/message.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace o3::http {

/// Documentation of a query parameter or header.
struct parameter {
  std::string in;   ///< "query" or "header"
  std::string name;
  std::string help;
  nlohmann::json schema; ///< JSON Schema
};

struct route {
  method verb;
  std::string path;       ///< "/api/v1/workflow/{id}/", trailing slash always
  std::string permission; ///< "" is public; else a name like "workflow:read"
  std::string summary;    ///< one line, for OpenAPI and /docs
  std::string tag;        ///< group in the documentation
  handler_fn handle;
  std::vector<parameter> parameters{};
  nlohmann::json request_schema{};  ///< of the body, if it takes one
  nlohmann::json response_schema{}; ///< of a success
  std::string response_type = "application/json";
};

/// Decides who is asking: fills request.principal and project and returns nothing, or returns the
/// refusal (401 without or with a wrong token, 403 without the permission). Not asked for public rows.
using authorizer = std::function<std::optional<response>(request& r, std::string_view permission)>;
/// Makes the body of an error the router itself answers (401/404/405/…): problem+json in O3.
using problem_fn = std::function<response(unsigned status, std::string_view code, std::string_view detail)>;

class router {
public:
  router(std::vector<route> routes, authorizer who, problem_fn problem);
  /// HEAD is answered by the GET row without a body; OPTIONS by Allow; an unknown method or path by 405
  /// with Allow or 404, but 401 first if the caller has no valid token.
  void dispatch(request&& r, respond_fn respond) const;
  [[nodiscard]] const std::vector<route>& routes() const { return routes_; }

private:
  std::vector<route> routes_;
  authorizer who_;
  problem_fn problem_;
};

} // namespace o3::http
