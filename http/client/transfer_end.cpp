// What the end of a transfer means.
#include "http/client/transfer.hpp"
#include "runtime/base/text.hpp"

namespace o3::http::client {
namespace {

bool is_tls_code(CURLcode c) {
  switch (c) {
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_SSL_CERTPROBLEM:
  case CURLE_SSL_CIPHER:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_ISSUER_ERROR:
  case CURLE_SSL_CRL_BADFILE:
  case CURLE_SSL_INVALIDCERTSTATUS:
  case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
  case CURLE_SSL_CLIENTCERT:
  case CURLE_PEER_FAILED_VERIFICATION:
    return true;
  default:
    return false;
  }
}

/// libcurl keeps a line of a head in 100 KB at most. Its word for that was "out of memory" before
/// it got a code of its own (100, CURLE_TOO_LARGE, 8.6.0).
bool is_long_line(CURLcode c) {
  return c == CURLE_OUT_OF_MEMORY || static_cast<int>(c) == 100;
}

} // namespace

std::string_view to_string(failure_phase p) {
  switch (p) {
  case failure_phase::policy:
    return "policy";
  case failure_phase::queue:
    return "queue";
  case failure_phase::resolve:
    return "resolve";
  case failure_phase::connect:
    return "connect";
  case failure_phase::tls:
    return "tls";
  case failure_phase::sending:
    return "sending";
  case failure_phase::waiting:
    return "waiting";
  case failure_phase::reading:
    return "reading";
  case failure_phase::too_large:
    return "too_large";
  case failure_phase::canceled:
    return "canceled";
  case failure_phase::shutting_down:
    return "shutting_down";
  }
  return "unknown";
}

std::string transfer::reason(CURLcode code) const {
  return printable(error_[0] != '\0' ? error_ : curl_easy_strerror(code), 300);
}

failure_phase transfer::phase_before(CURLcode code) const {
  if (tried_ != 0 && objected_ == tried_)
    return failure_phase::policy;
  if (is_tls_code(code))
    return failure_phase::tls;
  if (code == CURLE_COULDNT_RESOLVE_HOST || (tried_ == 0 && request_.proxy.empty()))
    return failure_phase::resolve;
  return tls_begun_ ? failure_phase::tls : failure_phase::connect;
}

outbound_failure transfer::before_sending(CURLcode code) const {
  outbound_failure f{phase_before(code), true, code == CURLE_OPERATION_TIMEDOUT, {}};
  if (f.phase == failure_phase::policy)
    f.message = host_ + " is not asked: " + objection_;
  else if (f.timed_out)
    f.message = "no connection to " + host_ + " within "
                + std::to_string(request_.deadlines.connect.count()) + " ms";
  else if (f.phase == failure_phase::resolve)
    f.message = "the name of " + host_ + " could not be resolved: " + reason(code);
  else if (f.phase == failure_phase::tls)
    f.message = "no safe connection to " + host_ + ": " + reason(code);
  else
    f.message = "no connection to " + host_ + ": " + reason(code);
  if (objected_ != 0 && f.phase != failure_phase::policy)
    f.message += "; " + objection_;
  return f;
}

outbound_failure transfer::after_sending(CURLcode code) const {
  outbound_failure f;
  f.timed_out = code == CURLE_OPERATION_TIMEDOUT;
  const bool in_head = stage_ == stage::waiting || (stage_ == stage::reading && !head_done_);
  if (code == CURLE_FILESIZE_EXCEEDED || (is_long_line(code) && in_head)) {
    f.phase = failure_phase::too_large;
    f.message = code == CURLE_FILESIZE_EXCEEDED
                  ? "the answer of " + host_ + " says it is larger than "
                      + std::to_string(request_.body_bytes_max) + " bytes"
                  : "the answer of " + host_ + " has a header that is larger than can be read";
  } else if (stage_ == stage::sending) {
    f.phase = failure_phase::sending;
    f.message = "the connection to " + host_ + " broke while the request was sent: " + reason(code);
  } else if (stage_ == stage::reading || code == CURLE_WEIRD_SERVER_REPLY
             || code == CURLE_UNSUPPORTED_PROTOCOL) { // no HTTP at all
    f.phase = failure_phase::reading;
    f.message = "the answer of " + host_ + " cannot be read to its end: " + reason(code);
  } else {
    f.phase = failure_phase::waiting;
    f.message = "the connection to " + host_ + " broke before an answer: " + reason(code);
  }
  return f;
}

outbound_outcome transfer::finish(CURLcode code) {
  if (verdict_)
    outcome_.failure = std::move(verdict_);
  else if (code == CURLE_OK && !head_done_) // libcurl is content with a head that stops anywhere
    outcome_.failure = after_sending(CURLE_PARTIAL_FILE);
  else if (code != CURLE_OK)
    outcome_.failure = passed_ ? after_sending(code) : before_sending(code);
  outcome_.timings.total = std::chrono::duration_cast<outbound_timings::micros>(
    std::chrono::steady_clock::now() - made_at_);
  around_.answers_bytes -= outcome_.body.size();
  return std::exchange(outcome_, {});
}

} // namespace o3::http::client
