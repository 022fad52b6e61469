#include "http/client/blocking.hpp"

#include "http/client/curl_parts.hpp"

#include <algorithm>
#include <optional>

namespace o3::http::client {
namespace {

/// What one exchange collects. Its callbacks only append: hooks run outside libcurl, where they may
/// start another exchange.
struct exchange {
  response answer;
  std::string fresh;         ///< body bytes not handed on yet
  std::size_t body_left = 0; ///< of a body that is collected
  bool too_large = false;
  char reason[CURL_ERROR_SIZE] = {};
};

std::size_t on_header(char* data, std::size_t, std::size_t n, void* to) {
  auto& x = *static_cast<exchange*>(to);
  std::string_view line{data, n};
  if (line.substr(0, 5) == "HTTP/") { // a new head: the one before was a 1xx
    x.answer.headers.clear();
    return n;
  }
  if (auto f = parse_field(line))
    x.answer.headers.push_back(std::move(*f));
  return n;
}

std::size_t on_body(char* data, std::size_t, std::size_t n, void* to) {
  auto& x = *static_cast<exchange*>(to);
  if (n > x.body_left) {
    x.too_large = true;
    return 0;
  }
  x.fresh.append(data, n);
  return n;
}

std::string origin_of(const std::string& url) {
  const auto start = url.find("://");
  return url.substr(0, start == std::string::npos ? start : url.find('/', start + 3));
}

error nobody_there(const request& r, CURLcode code, const exchange& x) {
  const auto where = origin_of(r.url);
  if (code == CURLE_COULDNT_RESOLVE_HOST)
    return make_error(fault::unavailable, "the host of " + where + " is not known", "",
                      "check --url or O3_URL");
  if (std::string_view{x.reason}.find("imed out") != std::string_view::npos)
    return make_error(fault::unavailable,
                      "no connection to " + where + " within "
                        + std::to_string(r.connect_timeout.count()) + " ms",
                      "", "check --url, the network and firewalls");
  return make_error(fault::unavailable, "nothing listens at " + where, "",
                    "start it with 'o3 serve', or name another server with --url");
}

error explain(const request& r, CURLcode code, const exchange& x) {
  const auto where = origin_of(r.url);
  const std::string reason = x.reason[0] != '\0' ? x.reason : curl_easy_strerror(code);
  if (x.too_large)
    return make_error(fault::too_large, "the answer of " + where + " is larger than "
                                          + std::to_string(r.answer_bytes_max) + " bytes");
  switch (code) {
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_CONNECT:
    return nobody_there(r, code, x);
  case CURLE_URL_MALFORMAT:
  case CURLE_UNSUPPORTED_PROTOCOL:
    return make_error(fault::bad_value, "'" + r.url + "' is not a URL to ask", "",
                      "write http://HOST:PORT or https://HOST:PORT");
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_SSL_CACERT_BADFILE:
    return make_error(fault::unavailable, "no safe connection to " + where + ": " + reason, "",
                      "is it https, and is its certificate signed by someone this machine trusts?");
  case CURLE_OPERATION_TIMEDOUT: {
    if (x.answer.status == 0 && x.answer.headers.empty()
        && std::string_view{x.reason}.find("onnect") != std::string_view::npos)
      return nobody_there(r, code, x);
    return make_error(fault::outcome_unknown,
                      where + " did not answer within " + std::to_string(r.timeout.count()) + " ms",
                      "", "'o3 doctor' looks at the server");
  }
  default:
    return make_error(fault::outcome_unknown, "the connection to " + where + " broke: " + reason,
                      "", "'o3 doctor' looks at the server");
  }
}

class blocking_transport final : public transport {
public:
  result<response> send(const request& r) override {
    exchange x;
    header_list headers;
    x.body_left = r.answer_bytes_max;
    // The handle is kept for its open connection: `run` asks several times.
    if (auto bad = prepare(handle_.get(), r, x, headers))
      return std::move(*bad);
    const auto code = curl_easy_perform(handle_.get());
    if (code != CURLE_OK)
      return explain(r, code, x);
    x.answer.status = status_of(handle_.get());
    x.answer.body = std::move(x.fresh);
    return std::move(x.answer);
  }

  result<response> stream(const request& r, const stream_hooks& hooks) override {
    exchange x;
    header_list headers;
    const easy own{curl_easy_init()};
    const multi loop{curl_multi_init()};
    x.body_left = r.answer_bytes_max;
    if (auto bad = prepare(own.get(), r, x, headers))
      return std::move(*bad);
    if (!loop || curl_multi_add_handle(loop.get(), own.get()) != CURLM_OK)
      return make_error(fault::internal, "libcurl cannot be started");
    auto answer = pump(loop.get(), own.get(), r, x, hooks);
    curl_multi_remove_handle(loop.get(), own.get());
    return answer;
  }

private:
  static unsigned status_of(CURL* c) {
    long status = 0;
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    return static_cast<unsigned>(status);
  }

  std::optional<error> prepare(CURL* c, const request& r, exchange& x, header_list& headers) const {
    if (!library_.ready() || !c)
      return make_error(fault::internal, "libcurl cannot be started");
    curl_easy_reset(c);
    for (const auto& [name, value] : r.headers) {
      if (breaks_line(name) || breaks_line(value))
        return make_error(fault::bad_value, "the header " + name + " holds a line break", "",
                          "check the token");
      if (!append_header(headers, name, value))
        return make_error(fault::internal, "out of memory");
    }
    curl_easy_setopt(c, CURLOPT_URL, r.url.c_str());
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, x.reason);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(r.connect_timeout.count()));
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, static_cast<long>(r.timeout.count()));
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, &on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, &x);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &x);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers.get());
    if (r.method == "HEAD")
      curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
    else if (r.method != "GET") {
      curl_easy_setopt(c, CURLOPT_POSTFIELDS, r.body.data());
      curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(r.body.size()));
      curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r.method.c_str());
    }
    return {};
  }

  /// Hands on what came; false if a hook wants to stop.
  static bool hand_on(CURL* c, exchange& x, const stream_hooks& hooks) {
    if (x.fresh.empty())
      return true;
    x.answer.status = status_of(c);
    if (x.answer.status / 100 != 2 || !hooks.data) {
      x.body_left -= std::min(x.body_left, x.fresh.size());
      x.answer.body += x.fresh;
      x.fresh.clear();
      return true;
    }
    const auto bytes = std::exchange(x.fresh, {});
    return hooks.data(x.answer, bytes);
  }

  static result<response> pump(CURLM* loop, CURL* c, const request& r, exchange& x,
                               const stream_hooks& hooks) {
    auto next_tick = std::chrono::steady_clock::now() + hooks.tick_every;
    for (int running = 1; running > 0;) {
      if (curl_multi_perform(loop, &running) != CURLM_OK)
        return make_error(fault::internal, "libcurl failed");
      bool go_on = hand_on(c, x, hooks);
      const auto now = std::chrono::steady_clock::now();
      if (go_on && hooks.tick && now >= next_tick) {
        next_tick = now + hooks.tick_every;
        go_on = hooks.tick();
      }
      if (!go_on) {
        x.answer.stopped = true;
        x.answer.status = status_of(c);
        return std::move(x.answer);
      }
      if (running == 0)
        break;
      const auto left
        = std::chrono::duration_cast<millis>(next_tick - std::chrono::steady_clock::now());
      curl_multi_poll(loop, nullptr, 0,
                      static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1000)), nullptr);
    }
    int queued = 0;
    const auto* message = curl_multi_info_read(loop, &queued);
    const auto code = message ? message->data.result : CURLE_RECV_ERROR;
    if (code != CURLE_OK)
      return explain(r, code, x);
    x.answer.status = status_of(c);
    return std::move(x.answer);
  }

  curl_library library_; ///< before the handle, which needs it
  easy handle_{curl_easy_init()};
};

} // namespace

std::string_view response::header(std::string_view lower_case_name) const {
  return field_value(headers, lower_case_name);
}

std::unique_ptr<transport> make_blocking_transport() {
  return std::make_unique<blocking_transport>();
}

} // namespace o3::http::client
