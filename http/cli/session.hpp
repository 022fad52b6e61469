// One server as the commands see it: where it is, which token to show, asking and reporting.
// Internal to http/cli.
//
// URL: --url, O3_URL, <data-dir>/listen, http.listen. Token: --token, O3_TOKEN,
// <data-dir>/client-token; the last one only for a server on this machine: it must not leak to
// another. Threads: one owner.
#pragma once
#include "http/cli/context.hpp"
#include "http/client/transport.hpp"

#include <memory>
#include <optional>
#include <string>

namespace o3::cli {

struct call {
  std::string method = "GET";
  std::string path; ///< below the server's root, query included: "/api/v1/workflow/?limit=1"
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
  millis timeout{30'000};
};

/// A 2xx answer. Otherwise it was reported to the user and `code` is how to exit.
struct answer {
  int code = 0;
  unsigned status = 0;
  std::string body;
  json doc;                ///< null if the body is no JSON
  fault why = fault::none; ///< of a failure of the connection
  explicit operator bool() const { return code == 0; }
};

class session {
public:
  explicit session(const context& c);

  /// Asks and reports failures.
  answer ask(const call& c);
  /// What `ask` does with an answer.
  answer settle(result<http::client::response> got);
  /// Asks and reports nothing.
  result<http::client::response> ask_quietly(const call& c);
  result<http::client::response> stream(const call& c, const http::client::stream_hooks& hooks);
  /// Reports a failed answer or connection; the exit code.
  int report(const http::client::response& r);
  int report(const error& e);

  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] const std::string& data_dir() const { return data_dir_; }
  [[nodiscard]] const std::string& token_source() const {
    return token_source_;
  } ///< "" if none was found
  [[nodiscard]] const std::optional<error>& problem() const {
    return problem_;
  } ///< why it cannot ask

private:
  void find_url(const config::loaded& l);
  void find_token();
  [[nodiscard]] http::client::request make_request(const call& c) const;

  const context& ctx_;
  std::string url_, data_dir_, token_, token_source_;
  std::optional<error> problem_;
};

/// Everything but unreserved characters as %XX.
std::string percent_encoded(std::string_view text);
/// The path of a workflow: "/api/v1/workflow/<id>/".
std::string workflow_path(std::string_view id);

/// A problem document for people: what happened, then one line per error with pointer and hint.
std::string problem_text(const json& doc, unsigned status);
/// One line per entry of an errors[] or warnings[] list, indented by two.
std::string findings_text(const json& list);

/// The field as one safe line for a terminal; "" if absent or null.
std::string text_of(const json& doc, const char* key, std::size_t bytes_max = 4096);
std::optional<wall_time> time_of(const json& doc, const char* key);

} // namespace o3::cli
