// A live client, and a way to wait for what came of a request.
#pragma once
#include "http/client/outbound_client.hpp"
#include "tests/harness/catch.hpp"
#include "tests/http/client/fake_names.hpp"
#include "tests/http/client/raw_server.hpp"
#include "tests/http/core/client.hpp"

namespace o3::test {

using http::client::failure_phase;
using http::client::outbound_client;
using http::client::outbound_options;
using http::client::outbound_outcome;
using http::client::outbound_request;
using http::client::send_kind;

/// Where outcomes come in; a client may outlive it.
class inbox {
public:
  http::client::outbound::callback hook() {
    return [box = box_](outbound_outcome o) { box->put(std::move(o)); };
  }
  outbound_outcome take(std::chrono::milliseconds limit = patience) {
    auto o = box_->take(limit);
    REQUIRE(o);
    return *std::move(o);
  }
  std::size_t size() { return box_->size(); }

private:
  std::shared_ptr<mailbox<outbound_outcome>> box_ = std::make_shared<mailbox<outbound_outcome>>();
};

struct asking {
  explicit asking(outbound_options o = {}, const clock& c = system_clock()) {
    auto made = http::client::make_outbound_client(std::move(o), c);
    REQUIRE(made);
    client = *std::move(made);
  }
  /// Asks and waits for the outcome.
  outbound_outcome operator()(outbound_request r) {
    inbox came;
    client->send(std::move(r), came.hook());
    return came.take();
  }
  std::unique_ptr<outbound_client> client;
};

inline outbound_request launch(std::string url, std::string body = "{}") {
  outbound_request r;
  r.method = "POST";
  r.url = std::move(url);
  r.headers = {{"Content-Type", "application/json"}};
  r.body = std::move(body);
  r.kind = send_kind::write_once;
  return r;
}

inline outbound_request get_of(std::string url) {
  outbound_request r;
  r.url = std::move(url);
  return r;
}

/// What a failure was, in one line: "connect, not sent" or "waiting, ambiguous, timed out".
inline std::string fate(const outbound_outcome& o) {
  if (o.ok())
    return "answered " + std::to_string(o.status);
  return std::string{to_string(o.failure->phase)}
         + (o.failure->sent_nothing ? ", not sent" : ", ambiguous")
         + (o.failure->timed_out ? ", timed out" : "");
}

} // namespace o3::test
