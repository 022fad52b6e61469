// /docs: one page that renders /openapi.json. Public, so no secret and nothing of a caller is in
// it.
#include "http/api/assets.hpp"
#include "http/api/rows.hpp"

namespace o3::api {

namespace {

http::handler_fn serve(std::string_view (*text)(), std::string type) {
  return [text, type = std::move(type)](http::request&&, const http::respond_fn& respond) {
    http::response r;
    r.content_type = type;
    r.body = text();
    r.headers
      = {{"Content-Security-Policy",
          "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"},
         {"X-Content-Type-Options", "nosniff"},
         {"X-Frame-Options", "DENY"},
         {"Referrer-Policy", "no-referrer"},
         {"Cache-Control", "no-cache"}};
    respond(std::move(r));
  };
}

row page(std::string path, std::string summary, std::string_view (*text)(),
         const std::string& type) {
  return {{.verb = http::method::get,
           .path = std::move(path),
           .permission = "",
           .summary = std::move(summary),
           .tag = "documentation",
           .handle = serve(text, type + "; charset=utf-8"),
           .response_schema = {{"type", "string"}},
           .response_type = type}};
}

} // namespace

void add_docs_rows(std::vector<row>& rows) {
  rows.push_back(page("/docs/", "This API, readable", &asset::docs_html, "text/html"));
  rows.push_back(page("/docs/errors/", "The error codes: what a problem's type links to",
                      &asset::docs_html, "text/html"));
  rows.push_back(page("/docs/docs.js/", "Script of the page", &asset::docs_js, "text/javascript"));
  rows.push_back(page("/docs/docs.css/", "Style of the page", &asset::docs_css, "text/css"));
}

} // namespace o3::api
