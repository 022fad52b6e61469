#include "http/api/reply.hpp"

#include "http/api/problem.hpp"

namespace o3::api {

http::response to_response(engine::answer&& a, std::string_view instance) {
  if (a.problem.code != fault::none)
    return problem(a.problem, a.errors, instance);
  http::response r;
  r.body = std::move(a.body);
  switch (a.kind) {
  case engine::answer::how::ok:
    break;
  case engine::answer::how::accepted:
    r.status = 202;
    break;
  case engine::answer::how::replayed:
    r.headers.emplace_back("Idempotency-Replayed", "true");
    break;
  }
  if (!a.location.empty())
    r.headers.emplace_back("Location", std::move(a.location));
  return r;
}

engine::reply_fn reply_to(http::request& r, http::respond_fn respond) {
  return [respond = std::move(respond), instance = std::move(r.path)](engine::answer a) {
    respond(to_response(std::move(a), instance));
  };
}

engine::caller caller_of(const http::request& r) {
  return {r.principal, r.project, r.roles};
}

} // namespace o3::api
