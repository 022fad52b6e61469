// One table of routes: method, path, permission, handler, documentation. Nothing is exempt by
// prefix or suffix; a request without the right token gets 401 before anyone says whether the path
// exists. Threads: immutable after construction; `dispatch` from any thread.
#pragma once
#include "http/core/message.hpp"

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace o3::http {

/// Documentation of a query parameter or header.
struct parameter {
  std::string in; ///< "query" or "header"
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
/// refusal (401 without or with a wrong token, 403 without the permission). Not asked for public
/// rows. An empty permission asks only for a valid token: it guards the answers 404 and 405.
using authorizer = std::function<std::optional<response>(request& r, std::string_view permission)>;
/// Makes the body of an error the router itself answers (401/404/405/…): problem+json in O3.
using problem_fn
  = std::function<response(unsigned status, std::string_view code, std::string_view detail)>;

class router {
public:
  router(std::vector<route> routes, authorizer who, problem_fn problem);
  router(const router&) = delete;
  router& operator=(const router&) = delete;
  /// HEAD is answered by the GET row (the session leaves the body out); OPTIONS on a known path by
  /// Allow without asking for a token; an unknown method or path by 405 with Allow or 404, but 401
  /// first if the caller has no valid token. A literal segment wins over a {parameter}; of two rows
  /// for the same method and path the first counts.
  void dispatch(request&& r, respond_fn respond) const;
  [[nodiscard]] const std::vector<route>& routes() const { return routes_; }

private:
  struct table;
  static constexpr std::size_t depth_max = 32; ///< segments; deeper paths match nothing
  static void run(const route& row, const std::vector<std::string_view>& path, request&& r,
                  const respond_fn& respond);

  std::vector<route> routes_; ///< the table points into it
  authorizer who_;
  problem_fn problem_;
  std::shared_ptr<const table> table_;
};

} // namespace o3::http
