// What is asked of libcurl for one request.
#include "http/client/transfer.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>
#include <fstream>

namespace o3::http::client {
namespace {

constexpr std::size_t ca_bytes_max = 1 << 20;

curl_blob blob_of(std::string_view text) {
  // Not copied: the transfer keeps it longer than the handle does.
  return {const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};
}

long whole_seconds(millis t) {
  return static_cast<long>(std::chrono::ceil<std::chrono::seconds>(t).count());
}

} // namespace

bool transfer::begin(easy handle) {
  handle_ = std::move(handle);
  CURL* c = handle_.get();
  if (!c || !set_headers()) {
    break_off(failure_phase::connect, "libcurl has no memory to ask " + host_);
    return false;
  }
  if (!read_ca_file()) {
    break_off(failure_phase::tls, "no certificates for " + host_ + " in '"
                                    + printable(request_.tls->ca_file, 300) + "'");
    return false;
  }
  curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error_);
  curl_easy_setopt(c, CURLOPT_PRIVATE, this);
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  // A name that is not answered for would otherwise hold up the thread when its request ends.
  curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(c, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(c, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(c, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  curl_easy_setopt(c, CURLOPT_USERAGENT, around_.options.user_agent.c_str());
  // Set even when empty: what is not set is read from the environment.
  curl_easy_setopt(c, CURLOPT_PROXY, request_.proxy.c_str());
  curl_easy_setopt(c, CURLOPT_NOPROXY, "");
  curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(c, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(request_.deadlines.connect.count()));
  curl_easy_setopt(c, CURLOPT_MAXAGE_CONN, whole_seconds(around_.options.idle_timeout));
  if (request_.kind == send_kind::write_once) {
    curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
  }
  set_body();
  set_tls();
  set_hooks();
  stage_ = stage::connecting;
  outcome_.timings.queued = std::chrono::duration_cast<outbound_timings::micros>(
    std::chrono::steady_clock::now() - made_at_);
  return true;
}

/// Read here, because libcurl keeps one file's certificates in memory: an own one would put out the
/// machine's bundle, to be read again for the next connection.
bool transfer::read_ca_file() {
  if (to_.scheme != "https" || !request_.tls || request_.tls->ca_file.empty()
      || !request_.tls->ca_pem.empty())
    return true;
  std::ifstream file{request_.tls->ca_file, std::ios::binary};
  ca_text_.resize(ca_bytes_max);
  file.read(ca_text_.data(), static_cast<std::streamsize>(ca_text_.size()));
  ca_text_.resize(static_cast<std::size_t>(file.gcount()));
  return !ca_text_.empty() && ca_text_.size() < ca_bytes_max;
}

bool transfer::set_headers() {
  bool typed = false;
  for (const auto& [name, value] : request_.headers) {
    typed = typed || lower_case(name) == "content-type";
    if (!append_header(headers_, name, value))
      return false;
  }
  if (request_.auth
      && !append_header(headers_, request_.auth->header, request_.auth->value.reveal()))
    return false;
  // Never "wait and see": an answer to Expect, or its absence, makes libcurl send in two steps.
  if (!suppress_header(headers_, "Expect"))
    return false;
  // libcurl would call the body a form.
  if (!typed && !suppress_header(headers_, "Content-Type"))
    return false;
  curl_easy_setopt(handle_.get(), CURLOPT_HTTPHEADER, headers_.get());
  return true;
}

void transfer::set_body() {
  CURL* c = handle_.get();
  const auto& method = request_.method;
  const bool sends
    = !request_.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
  if (method == "HEAD") {
    curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
    return;
  }
  if (sends) {
    curl_easy_setopt(c, CURLOPT_POST, 1L);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    // By callback, because it tells when the last piece is on its way, and who goes back to the
    // first. Without a body a string, as libcurl would wait for the callback.
    if (request_.body.empty())
      curl_easy_setopt(c, CURLOPT_POSTFIELDS, "");
  }
  if (method != (sends ? "POST" : "GET"))
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method.c_str());
  // Refused as soon as the head announces it.
  curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE,
                   static_cast<curl_off_t>(std::max<std::size_t>(1, request_.body_bytes_max)));
}

void transfer::set_tls() {
  CURL* c = handle_.get();
  curl_easy_setopt(c, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  // Debian's libcurl has a bundle and a directory of the same certificates. With the directory it
  // would read the bundle for each connection anew (20 ms measured) instead of keeping it, and
  // would trust the directory beside an own authority.
  curl_easy_setopt(c, CURLOPT_CAPATH, nullptr);
  if (!request_.tls)
    return; // libcurl verifies peer and host by default
  const auto& t = *request_.tls;
  curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, t.verify ? 1L : 0L);
  curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, t.verify ? 2L : 0L);
  if (const auto& own = t.ca_pem.empty() ? ca_text_ : t.ca_pem; !own.empty()) {
    auto pem = blob_of(own);
    curl_easy_setopt(c, CURLOPT_CAINFO, nullptr);
    curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &pem);
  }
  if (!t.certificate_pem.empty()) {
    auto pem = blob_of(t.certificate_pem);
    auto key = blob_of(t.key_pem.reveal());
    curl_easy_setopt(c, CURLOPT_SSLCERT_BLOB, &pem);
    curl_easy_setopt(c, CURLOPT_SSLKEY_BLOB, &key);
  }
}

void transfer::set_hooks() {
  CURL* c = handle_.get();
  curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, &transfer::on_socket);
  curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, this);
  // Only to know that TLS has begun.
  curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, &transfer::on_tls);
  curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, this);
  curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, &transfer::on_ready);
  curl_easy_setopt(c, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(c, CURLOPT_READFUNCTION, &transfer::on_give);
  curl_easy_setopt(c, CURLOPT_READDATA, this);
  curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, &transfer::on_rewind);
  curl_easy_setopt(c, CURLOPT_SEEKDATA, this);
  curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, &transfer::on_head);
  curl_easy_setopt(c, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, &transfer::on_body);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, this);
}

} // namespace o3::http::client
