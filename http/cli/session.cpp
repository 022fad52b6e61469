#include "http/cli/session.hpp"

#include "config/model/validate.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>
#include <fstream>
#include <ostream>

namespace o3::cli {
namespace {

/// The first line of a small file; "" if there is none.
std::string first_line(const std::string& path) {
  std::ifstream in{path};
  std::string line;
  std::getline(in, line);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
    line.pop_back();
  return line;
}

/// "http://host:port" to connect to a node that listens there; a wildcard is reached by loopback.
std::string url_of_listen(const std::string& listen) {
  if (listen.find("://") != std::string::npos)
    return listen;
  const auto a = config::parse_address(listen);
  if (!a)
    return "http://" + listen;
  auto host = a->host == "0.0.0.0" ? "127.0.0.1" : a->host == "::" ? "::1" : a->host;
  if (host.find(':') != std::string::npos)
    host = "[" + host + "]";
  return "http://" + host + ":" + std::to_string(a->port);
}

/// The host of a URL, without port and brackets.
std::string host_of(std::string_view url) {
  const auto start = url.find("://");
  auto rest = start == std::string_view::npos ? url : url.substr(start + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (const auto at = rest.rfind('@'); at != std::string_view::npos)
    rest.remove_prefix(at + 1);
  if (!rest.empty() && rest.front() == '[')
    return std::string{rest.substr(1, rest.find(']') - 1)};
  return std::string{rest.substr(0, rest.find(':'))};
}

bool is_list(const json& doc, const char* key) {
  return doc.is_object() && doc.contains(key) && doc[key].is_array();
}

} // namespace

session::session(const context& c) : ctx_(c) {
  auto in = ctx_.config_input();
  if (!in) {
    problem_ = std::move(in.error());
    return;
  }
  const auto loaded = config::load(*in);
  data_dir_ = loaded.values.data.dir;
  find_url(loaded);
  if (!problem_)
    find_token();
}

void session::find_url(const config::loaded& l) {
  url_ = !ctx_.g.url.empty() ? ctx_.g.url : ctx_.env.variable("O3_URL");
  if (url_.empty()) {
    const auto listening = data_dir_.empty() ? std::string{} : first_line(data_dir_ + "/listen");
    // A broken configuration matters only where something is read from it.
    if (!l.found.ok() && listening.empty()) {
      problem_ = l.found.errors.front();
      problem_->hint
        += (problem_->hint.empty() ? "" : "; ") + std::string{"or name the server with --url"};
      return;
    }
    url_ = url_of_listen(listening.empty() ? l.values.http.listen : listening);
  }
  if (url_.find("://") == std::string::npos)
    url_ = "http://" + url_;
  while (!url_.empty() && url_.back() == '/')
    url_.pop_back();
}

void session::find_token() {
  if (!ctx_.g.token.empty()) {
    token_ = ctx_.g.token;
    token_source_ = "--token";
  } else if (auto from_variable = ctx_.env.variable("O3_TOKEN"); !from_variable.empty()) {
    token_ = std::move(from_variable);
    token_source_ = "O3_TOKEN";
  } else if (config::is_loopback(host_of(url_)) && !data_dir_.empty()) {
    const auto path = data_dir_ + "/client-token";
    token_ = first_line(path);
    token_source_ = token_.empty() ? "" : path;
  }
}

http::client::request session::make_request(const call& c) const {
  http::client::request r;
  r.method = c.method;
  r.url = url_ + c.path;
  r.headers = c.headers;
  r.headers.emplace_back("User-Agent", "o3-cli");
  if (!token_.empty())
    r.headers.emplace_back("Authorization", "Bearer " + token_);
  if (!c.body.empty())
    r.headers.emplace_back("Content-Type", "application/json");
  r.body = c.body;
  r.timeout = c.timeout;
  return r;
}

result<http::client::response> session::ask_quietly(const call& c) {
  if (problem_)
    return *problem_;
  return ctx_.env.net.send(make_request(c));
}

result<http::client::response> session::stream(const call& c,
                                               const http::client::stream_hooks& hooks) {
  if (problem_)
    return *problem_;
  auto r = make_request(c);
  r.timeout = millis{0};
  return ctx_.env.net.stream(r, hooks);
}

answer session::ask(const call& c) {
  return settle(ask_quietly(c));
}

answer session::settle(result<http::client::response> got) {
  answer a;
  if (!got) {
    a.why = got.error().code;
    a.code = report(got.error());
    return a;
  }
  a.status = got->status;
  if (a.status / 100 != 2) {
    a.code = report(*got);
    return a;
  }
  a.body = std::move(got->body);
  a.doc = json::parse(a.body, nullptr, false);
  if (a.doc.is_discarded())
    a.doc = nullptr;
  return a;
}

int session::report(const error& e) {
  ctx_.print(e);
  return e.code == fault::bad_value || e.code == fault::config_invalid
             || e.code == fault::unknown_key
           ? exit_code::usage
           : exit_code::failed;
}

int session::report(const http::client::response& r) {
  const auto doc = json::parse(r.body, nullptr, false);
  if (ctx_.g.json && doc.is_object())
    ctx_.print_json(doc);
  ctx_.env.err << problem_text(doc, r.status);
  if (r.status == 401)
    ctx_.env.err
      << (token_.empty()
            ? "  no token was found: give --token or O3_TOKEN, or run as the user who can read "
                + data_dir_ + "/client-token\n"
            : "  the token came from " + token_source_ + "\n");
  return r.status == 400 || r.status == 413 || r.status == 415 || r.status == 422
           ? exit_code::usage
           : exit_code::failed;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                       || c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', digits[byte >> 4U], digits[byte & 15U]};
  }
  return out;
}

std::string workflow_path(std::string_view id) {
  return "/api/v1/workflow/" + percent_encoded(id) + "/";
}

std::string findings_text(const json& list) {
  std::string out;
  if (!list.is_array())
    return out;
  for (const auto& e : list) {
    const auto pointer = text_of(e, "pointer");
    auto message = text_of(e, "detail");
    if (message.empty())
      message = text_of(e, "message");
    out += "  " + (pointer.empty() ? "" : pointer + ": ")
           + (message.empty() ? text_of(e, "code") : message);
    if (const auto hint = text_of(e, "hint"); !hint.empty())
      out += " (" + hint + ")";
    out += "\n";
  }
  return out;
}

std::string problem_text(const json& doc, unsigned status) {
  if (!doc.is_object() || text_of(doc, "code").empty())
    return "error: the server answered " + std::to_string(status)
           + " without saying why; is it an O3 server? ('o3 doctor' looks)\n";
  auto what = text_of(doc, "detail");
  if (what.empty())
    what = text_of(doc, "title");
  std::string out = "error: " + what + " [" + text_of(doc, "code") + "]";
  if (const auto pointer = text_of(doc, "pointer"); !pointer.empty())
    out += " at " + pointer;
  out += "\n";
  if (is_list(doc, "errors"))
    out += findings_text(doc["errors"]);
  if (const auto hint = text_of(doc, "hint"); !hint.empty())
    out += "  hint: " + hint + "\n";
  return out;
}

std::string text_of(const json& doc, const char* key, std::size_t bytes_max) {
  if (!doc.is_object())
    return {};
  const auto it = doc.find(key);
  if (it == doc.end() || it->is_null())
    return {};
  if (it->is_string())
    return printable(it->get_ref<const std::string&>(), bytes_max);
  return printable(it->dump(-1, ' ', false, json::error_handler_t::replace), bytes_max);
}

std::optional<wall_time> time_of(const json& doc, const char* key) {
  return parse_rfc3339(text_of(doc, key, 64));
}

} // namespace o3::cli
