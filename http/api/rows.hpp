// A row of the route table and what its handler may use. One function per resource file appends
// rows. Threads: built once, then read only. Internal to http/api.
#pragma once
#include "http/api/api.hpp"

#include <memory>
#include <string>
#include <vector>

namespace o3::api {

/// A route and what /openapi.json says about it beyond http::route.
struct row {
  http::route route;
  std::string description{};           ///< more than the summary; may be empty
  std::vector<unsigned> statuses{200}; ///< of successes
  std::vector<unsigned> refusals{};    ///< beyond those every row of its kind has
};

/// Copied into every handler.
struct context {
  services ports;
  std::shared_ptr<const options> opts;
};

inline constexpr std::string_view api_root = "/api/v1/";

/// {"$ref": "#/components/schemas/<name>"}
nlohmann::json schema_ref(std::string_view name);
http::parameter query_parameter(std::string name, std::string help, nlohmann::json schema);
http::parameter header_parameter(std::string name, std::string help, nlohmann::json schema);

void add_workflow_rows(std::vector<row>& rows, const context& c);
void add_people_rows(std::vector<row>& rows, const context& c);
void add_bulk_rows(std::vector<row>& rows, const context& c);
void add_run_rows(std::vector<row>& rows, const context& c);
void add_task_rows(std::vector<row>& rows, const context& c);
void add_log_rows(std::vector<row>& rows, const context& c);
void add_event_rows(std::vector<row>& rows, const context& c);
void add_template_rows(std::vector<row>& rows, const context& c);
void add_task_class_rows(std::vector<row>& rows, const context& c);
void add_webhook_rows(std::vector<row>& rows, const context& c);
void add_secret_rows(std::vector<row>& rows, const context& c);
void add_schedule_rows(std::vector<row>& rows, const context& c);
void add_quarantine_rows(std::vector<row>& rows, const context& c);
void add_health_rows(std::vector<row>& rows, const context& c);
void add_docs_rows(std::vector<row>& rows);
/// The text is filled in when every row is known.
void add_openapi_row(std::vector<row>& rows, std::shared_ptr<const std::string> document);

/// The OpenAPI 3.1 document of the table.
nlohmann::json openapi_document(const std::vector<row>& rows, const options& o);

} // namespace o3::api
