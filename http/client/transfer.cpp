#include "http/client/transfer.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

namespace o3::http::client {
namespace {

std::optional<ip_address> address_of(const curl_sockaddr& a) {
  if (a.family == AF_INET) {
    ip_address::v4_bytes bytes{};
    const auto* in = reinterpret_cast<const sockaddr_in*>(&a.addr);
    std::memcpy(bytes.data(), &in->sin_addr, bytes.size());
    return ip_address{bytes};
  }
  if (a.family == AF_INET6) {
    ip_address::v6_bytes bytes{};
    const auto* in = reinterpret_cast<const sockaddr_in6*>(&a.addr);
    std::memcpy(bytes.data(), &in->sin6_addr, bytes.size());
    return ip_address{bytes};
  }
  return std::nullopt;
}

outbound_timings::micros since(moment from) {
  return std::chrono::duration_cast<outbound_timings::micros>(std::chrono::steady_clock::now()
                                                              - from);
}

transfer& self_of(void* p) {
  return *static_cast<transfer*>(p);
}

} // namespace

transfer::transfer(surroundings& s, outbound::handle id, outbound_request r,
                   outbound::callback done, origin to)
    : around_(s), id_(id), request_(std::move(r)), done_(std::move(done)), to_(std::move(to)),
      host_(to_.text()), made_at_(std::chrono::steady_clock::now()) {
}

transfer::~transfer() {
  around_.answers_bytes -= outcome_.body.size();
}

easy transfer::take_handle() {
  curl_easy_reset(handle_.get());
  headers_.reset();
  return std::move(handle_);
}

moment transfer::next_check() const {
  const auto last = made_at_ + request_.deadlines.total;
  switch (stage_) {
  case stage::queued:
  case stage::connecting: // libcurl's connect timeout: it shares it out among the addresses
    return last;
  case stage::waiting:
    return std::min(last, asked_at_ + request_.deadlines.first_byte);
  case stage::sending:
  case stage::reading:
    return std::min(last, window_end_);
  }
  return last;
}

bool transfer::overdue(moment now) {
  const auto& d = request_.deadlines;
  const auto too_late = [&](std::string what) {
    const auto p = !passed_ && stage_ == stage::queued ? failure_phase::queue
                   : !passed_                          ? phase_before(CURLE_OPERATION_TIMEDOUT)
                   : stage_ == stage::reading          ? failure_phase::reading
                   : stage_ == stage::sending          ? failure_phase::sending
                                                       : failure_phase::waiting;
    break_off(p, std::move(what), true);
    return true;
  };
  if (now >= made_at_ + d.total)
    return too_late(host_ + " was not done within " + std::to_string(d.total.count()) + " ms");
  if (stage_ == stage::waiting && now >= asked_at_ + d.first_byte)
    return too_late(host_ + " did not begin to answer within "
                    + std::to_string(d.first_byte.count()) + " ms");
  if ((stage_ == stage::sending || stage_ == stage::reading) && now >= window_end_) {
    if (window_bytes_ < d.low_speed_bytes)
      return too_late("only " + std::to_string(window_bytes_) + " bytes went "
                      + (stage_ == stage::sending ? "to " : "from ") + host_ + " in "
                      + std::to_string(d.low_speed_window.count()) + " ms");
    window_bytes_ = 0;
    window_end_ = now + d.low_speed_window;
  }
  return false;
}

void transfer::break_off(failure_phase p, std::string message, bool timed_out) {
  if (!verdict_)
    verdict_ = outbound_failure{p, !passed_, timed_out, std::move(message)};
}

void transfer::enter(stage s) {
  stage_ = s;
  const auto now = std::chrono::steady_clock::now();
  if (s == stage::waiting)
    asked_at_ = now;
  if (s == stage::sending || s == stage::reading) {
    window_bytes_ = 0;
    window_end_ = now + request_.deadlines.low_speed_window;
  }
  around_.changed(*this);
}

std::optional<std::string> transfer::objection(const ip_address& to, bool this_machine) const {
  if (!request_.proxy.empty())
    return std::nullopt; // a configured proxy; what lies behind it was judged by name
  if (auto no = refusal(around_.options.addresses, {to_.host, to, to_.port, this_machine}))
    return no;
  if (request_.auth && to_.scheme == "http" && !around_.options.plain_credentials
      && kind_of(to) != address_kind::loopback)
    return "a credential is not sent over plain http to " + to.text();
  return std::nullopt;
}

curl_socket_t transfer::open_socket(const curl_sockaddr& to) {
  ++tried_;
  const auto address = address_of(to);
  if (auto no = address ? objection(*address, false) : "it is no internet address") {
    ++objected_;
    objection_ = std::move(*no);
    return CURL_SOCKET_BAD;
  }
  ++around_.connections;
  return ::socket(to.family, to.socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to.protocol);
}

/// The last look before the first byte, for a kept connection too: what it was opened for may have
/// been allowed more than this request is.
int transfer::ready(const char* remote, const char* local) {
  outcome_.peer = remote;
  const auto address = ip_address::parse(remote);
  const bool this_machine = address && address == ip_address::parse(local);
  if (auto no = address ? objection(*address, this_machine) : "the address is not known") {
    break_off(failure_phase::policy, host_ + " is not asked: " + *no);
    return CURL_PREREQFUNC_ABORT;
  }
  const auto now = around_.time.steady();
  if (request_.send_before && now >= *request_.send_before) {
    break_off(failure_phase::connect, "it was too late to send the request to " + host_, true);
    return CURL_PREREQFUNC_ABORT;
  }
  if (passed_ && request_.kind == send_kind::write_once) {
    // libcurl wants to send it again. It has no reason to on a fresh connection; should a version
    // find one, it ends here.
    break_off(failure_phase::waiting, "the connection to " + host_ + " broke before an answer");
    return CURL_PREREQFUNC_ABORT;
  }
  passed_ = true;
  if (!outcome_.begun) {
    outcome_.begun = now;
    outcome_.timings.connected = since(made_at_);
  }
  enter(request_.body.empty() ? stage::waiting : stage::sending);
  return CURL_PREREQFUNC_OK;
}

std::size_t transfer::give(char* to, std::size_t room) {
  const auto n = std::min(room, request_.body.size() - given_);
  std::memcpy(to, request_.body.data() + given_, n);
  given_ += n;
  count_window(n);
  if (given_ == request_.body.size() && stage_ == stage::sending)
    enter(stage::waiting);
  return n;
}

bool transfer::rewind(curl_off_t to) {
  // Only who wants to send again goes back.
  if (to != 0 || (request_.kind == send_kind::write_once && given_ != 0))
    return false;
  given_ = 0;
  return true;
}

bool transfer::head_line(std::string_view line) {
  head_bytes_ += line.size();
  count_window(line.size());
  if (head_bytes_ > request_.head_bytes_max) {
    break_off(failure_phase::too_large, "the head of the answer of " + host_ + " is larger than "
                                          + std::to_string(request_.head_bytes_max) + " bytes");
    return false;
  }
  if (head_done_)
    return true; // a trailer
  if (line.substr(0, 5) == "HTTP/") {
    const auto digits = line.substr(std::min(line.find(' '), line.size() - 1) + 1);
    outcome_.status = 0;
    std::from_chars(digits.data(), digits.data() + std::min<std::size_t>(3, digits.size()),
                    outcome_.status);
    outcome_.headers.clear();
    interim_ = outcome_.status / 100 == 1;
    if (!interim_ && stage_ != stage::reading) {
      outcome_.timings.first_byte = since(made_at_);
      enter(stage::reading);
    }
  } else if (line == "\r\n" || line == "\n") {
    head_done_ = !interim_;
  } else if (auto f = parse_field(line)) {
    outcome_.headers.push_back(std::move(*f));
  }
  return true;
}

bool transfer::body_piece(std::string_view bytes) {
  count_window(bytes.size());
  if (bytes.size() > request_.body_bytes_max - outcome_.body.size()) {
    break_off(failure_phase::too_large, "the answer of " + host_ + " is larger than "
                                          + std::to_string(request_.body_bytes_max) + " bytes");
    return false;
  }
  if (around_.answers_bytes + bytes.size() > around_.options.answers_bytes_max) {
    break_off(failure_phase::too_large,
              "the answers that come in at once, with that of " + host_ + ", are larger than "
                + std::to_string(around_.options.answers_bytes_max) + " bytes");
    return false;
  }
  around_.answers_bytes += bytes.size();
  outcome_.body.append(bytes);
  return true;
}

// --- what libcurl calls

curl_socket_t transfer::on_socket(void* self, curlsocktype, curl_sockaddr* to) {
  return self_of(self).open_socket(*to);
}
CURLcode transfer::on_tls(CURL*, void*, void* self) {
  self_of(self).tls_begun_ = true;
  return CURLE_OK;
}
int transfer::on_ready(void* self, char* remote, char* local, int, int) {
  return self_of(self).ready(remote, local);
}
std::size_t transfer::on_give(char* to, std::size_t size, std::size_t n, void* self) {
  return self_of(self).give(to, size * n);
}
int transfer::on_rewind(void* self, curl_off_t to, int from) {
  return from == SEEK_SET && self_of(self).rewind(to) ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}
std::size_t transfer::on_head(char* data, std::size_t size, std::size_t n, void* self) {
  return self_of(self).head_line({data, size * n}) ? size * n : 0;
}
std::size_t transfer::on_body(char* data, std::size_t size, std::size_t n, void* self) {
  return self_of(self).body_piece({data, size * n}) ? size * n : 0;
}

} // namespace o3::http::client
