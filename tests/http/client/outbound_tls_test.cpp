#include "tests/http/client/asking.hpp"

#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace o3::test;
using o3::http::client::tls_settings;

namespace {

outbound_request trusting(outbound_request r, tls_settings t) {
  r.tls = std::make_shared<const tls_settings>(std::move(t));
  return r;
}

tls_settings own_ca(const authority& a) {
  tls_settings t;
  t.ca_pem = a.pem();
  return t;
}

} // namespace

TEST_CASE("an unknown authority is refused before anything is sent, an own one is trusted",
          "[http][client][outbound][tls]") {
  const authority ours{"ours"}, theirs{"theirs"};
  const raw_server server{always(answer_of("ok")), ours.sign("IP:127.0.0.1")};
  asking ask;
  CHECK(fate(ask(launch(server.url()))) == "tls, not sent");
  CHECK(fate(ask(trusting(launch(server.url()), own_ca(theirs)))) == "tls, not sent");
  CHECK(server.bytes_in() == 0);
  const auto o = ask(trusting(launch(server.url()), own_ca(ours)));
  CHECK(fate(o) == "answered 200");
  CHECK(o.body == "ok");
  CHECK(server.requests().size() == 1);
}

TEST_CASE("the authority may stand in a file", "[http][client][outbound][tls]") {
  const authority ours{"ours"};
  const raw_server server{always(answer_of("ok")), ours.sign("IP:127.0.0.1")};
  asking ask;
  char name[] = "/tmp/o3-ca-XXXXXX";
  const int fd = ::mkstemp(name);
  REQUIRE(fd >= 0);
  ::close(fd);
  std::ofstream{name} << ours.pem();
  tls_settings t;
  t.ca_file = name;
  CHECK(fate(ask(trusting(launch(server.url()), t))) == "answered 200");
  std::filesystem::remove(name);
  tls_settings missing;
  missing.ca_file = std::string{name} + ".gone";
  CHECK(fate(ask(trusting(launch(server.url()), missing))) == "tls, not sent");
  tls_settings broken;
  broken.ca_pem = "not a certificate";
  CHECK(fate(ask(trusting(launch(server.url()), broken))) == "tls, not sent");
}

TEST_CASE("a certificate for another host is refused", "[http][client][outbound][tls]") {
  const names_of_a_test names;
  const authority ours{"ours"};
  const raw_server server{always(answer_of("ok")), ours.sign("DNS:awx.test")};
  name_is("awx.test", {"127.0.0.1"});
  name_is("other.test", {"127.0.0.1"});
  asking ask;
  CHECK(fate(ask(trusting(launch(server.url_of("awx.test")), own_ca(ours)))) == "answered 200");
  CHECK(fate(ask(trusting(launch(server.url_of("other.test")), own_ca(ours)))) == "tls, not sent");
  CHECK(fate(ask(trusting(launch(server.url()), own_ca(ours)))) == "tls, not sent");
  CHECK(server.requests().size() == 1);
}

TEST_CASE("verification goes off only where it is turned off, and its connection is not shared",
          "[http][client][outbound][tls]") {
  const authority ours{"ours"};
  const raw_server server{always(answer_of("ok")), ours.sign("DNS:nobody.test")};
  asking ask;
  tls_settings blind;
  blind.verify = false;
  CHECK(fate(ask(trusting(get_of(server.url()), blind))) == "answered 200");
  CHECK(fate(ask(trusting(get_of(server.url()), blind))) == "answered 200");
  CHECK(server.connections() == 1);
  CHECK(fate(ask(get_of(server.url()))) == "tls, not sent");
  CHECK(fate(ask(trusting(get_of(server.url()), own_ca(ours)))) == "tls, not sent");
  CHECK(server.requests().size() == 2);
}

TEST_CASE("a client certificate is shown, and connections of two clients are not mixed",
          "[http][client][outbound][tls]") {
  const authority ours{"ours"}, clients{"clients"};
  const raw_server server{always(answer_of("ok")), ours.sign("IP:127.0.0.1"), clients.pem()};
  asking ask;
  auto known = own_ca(ours);
  const auto me = clients.sign("DNS:o3.test");
  known.certificate_pem = me.certificate_pem;
  known.key_pem = o3::secret{me.key_pem};
  CHECK(fate(ask(trusting(get_of(server.url()), known))) == "answered 200");
  const auto o = ask(trusting(get_of(server.url()), own_ca(ours)));
  CHECK_FALSE(o.ok());
  CHECK(server.requests().size() == 1);
}

TEST_CASE("the connection goes after a TLS request was read: ambiguous, one request",
          "[http][client][outbound][tls]") {
  const authority ours{"ours"};
  const raw_server server{{.asked = [](const peer_ptr& p, const raw_request&) { p->close(); }},
                          ours.sign("IP:127.0.0.1")};
  asking ask;
  const auto o = ask(trusting(launch(server.url()), own_ca(ours)));
  CHECK(fate(o) == "waiting, ambiguous");
  CHECK(server.connections() == 1);
  CHECK(server.requests().size() == 1);
}
