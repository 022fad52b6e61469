#include "http/api/api.hpp"

#include "http/api/params.hpp"
#include "http/api/problem.hpp"
#include "http/api/rows.hpp"

#include <utility>

namespace o3::api {

namespace {

/// Refuses query parameters the row does not have before its handler is asked.
http::handler_fn checked(http::handler_fn handle, std::vector<http::parameter> known) {
  return [handle = std::move(handle), known = std::move(known)](http::request&& r,
                                                                http::respond_fn respond) {
    if (!r.query.empty()) {
      if (const auto refusal = check_query(r, known))
        return respond(problem(*refusal, {}, r.path));
    }
    handle(std::move(r), std::move(respond));
  };
}

std::vector<row> all_rows(const context& c, std::shared_ptr<const std::string> document) {
  std::vector<row> rows;
  add_workflow_rows(rows, c);
  add_bulk_rows(rows, c);
  add_run_rows(rows, c);
  add_people_rows(rows, c);
  add_task_rows(rows, c);
  add_log_rows(rows, c);
  add_event_rows(rows, c);
  add_template_rows(rows, c);
  add_task_class_rows(rows, c);
  add_webhook_rows(rows, c);
  add_secret_rows(rows, c);
  add_schedule_rows(rows, c);
  add_quarantine_rows(rows, c);
  add_health_rows(rows, c);
  add_openapi_row(rows, std::move(document));
  add_docs_rows(rows);
  return rows;
}

} // namespace

http::router make_api(services s, token_store tokens, options o) {
  const context c{s, std::make_shared<const options>(std::move(o))};
  const auto document = std::make_shared<std::string>();
  auto rows = all_rows(c, document);
  *document = openapi_document(rows, *c.opts).dump();
  std::vector<http::route> routes;
  routes.reserve(rows.size());
  for (auto& r : rows) {
    r.route.handle = checked(std::move(r.route.handle), r.route.parameters);
    routes.push_back(std::move(r.route));
  }
  return {std::move(routes), make_authorizer(std::move(tokens)), plain_problem};
}

} // namespace o3::api
