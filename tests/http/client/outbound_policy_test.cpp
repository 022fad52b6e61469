// Where requests and credentials may go, judged on the address that is connected to.
#include "tests/http/client/asking.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

using namespace o3::test;
using o3::secret;
using o3::http::client::address_policy;
using o3::http::client::credential;
using o3::http::client::ip_address;
using o3::http::client::origin_of;
using o3::http::client::target_rule;

namespace {

/// An IPv4 address of this machine that is not loopback; empty if it has none.
std::string own_address() {
  ifaddrs* all = nullptr;
  std::string found;
  if (::getifaddrs(&all) != 0)
    return found;
  for (auto* a = all; a && found.empty(); a = a->ifa_next) {
    if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET || (a->ifa_flags & IFF_LOOPBACK) != 0
        || (a->ifa_flags & IFF_UP) == 0)
      continue;
    char text[INET_ADDRSTRLEN];
    const auto* in = reinterpret_cast<const sockaddr_in*>(a->ifa_addr);
    found = ::inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
  }
  ::freeifaddrs(all);
  return found;
}

outbound_request with_token(const std::string& url) {
  auto r = launch(url);
  r.auth = credential{*origin_of(url), "Authorization", secret{"Bearer canary"}};
  return r;
}

} // namespace

TEST_CASE("never-asked addresses are refused however they are written",
          "[http][client][outbound]") {
  asking ask;
  for (const char* host : {"169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376",
                           "0xa9.254.0251.254", "169.254.43518", "[::ffff:169.254.169.254]",
                           "[fe80::1]", "[fe80::1%25lo]", "[fd00:ec2::254]", "0.0.0.0", "0", "[::]",
                           "224.0.0.1", "255.255.255.255", "[64:ff9b::a9fe:a9fe]"}) {
    INFO(host);
    const auto o = ask(launch("http://" + std::string{host} + "/latest/meta-data/canary"));
    CHECK(fate(o) == "policy, not sent");
    CHECK(o.failure->message.find("canary") == std::string::npos);
  }
  CHECK(ask.client->stats().connections == 0);
}

TEST_CASE("a name is judged by every address it resolves to", "[http][client][outbound]") {
  const names_of_a_test names;
  const raw_server server{always(answer_of("ok"))};
  asking ask;
  name_is("meta.test", {"169.254.169.254"});
  name_is("two.test", {"169.254.169.254", "fe80::1"});
  name_is("mixed.test", {"169.254.169.254", "127.0.0.1"});
  name_is("half.test", {"169.254.169.254", "127.0.0.1"});
  auto o = ask(launch(server.url_of("meta.test")));
  CHECK(fate(o) == "policy, not sent");
  CHECK(o.failure->message
        == "http://meta.test:" + std::to_string(server.port())
             + " is not asked: 169.254.169.254 is a link-local address, which is never asked");
  CHECK(fate(ask(launch(server.url_of("two.test")))) == "policy, not sent");
  CHECK(ask.client->stats().connections == 0);
  o = ask(launch(server.url_of("mixed.test")));
  CHECK(fate(o) == "answered 200");
  CHECK(o.peer == "127.0.0.1");
  // A refused one and one that nobody answers at: the second may come back.
  std::uint16_t gone = 0;
  {
    const raw_server other{{}};
    gone = other.port();
  }
  CHECK(fate(ask(launch("http://half.test:" + std::to_string(gone) + "/"))) == "connect, not sent");
}

TEST_CASE("private targets are allowed while the options say so, or by rule",
          "[http][client][outbound]") {
  const names_of_a_test names;
  const raw_server server{always(answer_of("ok"))};
  name_is("awx.test", {"127.0.0.1"});
  name_is("other.test", {"127.0.0.1"});
  outbound_options options;
  options.addresses.private_allowed = false;
  {
    asking ask{options};
    CHECK(fate(ask(get_of(server.url()))) == "policy, not sent");
    CHECK(fate(ask(get_of(server.url_of("awx.test")))) == "policy, not sent");
  }
  options.addresses.allow = {*target_rule::parse("awx.test")};
  {
    asking ask{options};
    CHECK(fate(ask(get_of(server.url_of("awx.test")))) == "answered 200");
    CHECK(fate(ask(get_of(server.url_of("other.test")))) == "policy, not sent");
    CHECK(fate(ask(get_of(server.url()))) == "policy, not sent");
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("the node's own listener is not asked, by whatever address", "[http][client][outbound]") {
  const names_of_a_test names;
  const raw_server server{always(answer_of("ok")), std::nullopt, {}, "0.0.0.0"};
  name_is("me.test", {"127.0.0.1"});
  outbound_options options;
  options.addresses.own = {{ip_address::parse("0.0.0.0"), "", server.port()}};
  asking ask{options};
  CHECK(fate(ask(launch(server.url_of("127.0.0.1")))) == "policy, not sent");
  CHECK(fate(ask(launch(server.url_of("127.8.8.8")))) == "policy, not sent");
  CHECK(fate(ask(launch(server.url_of("me.test")))) == "policy, not sent");
  const auto address = own_address();
  if (address.empty()) {
    WARN("this machine has loopback only");
    return;
  }
  CHECK(fate(ask(launch(server.url_of(address)))) == "policy, not sent");
  CHECK(server.requests().empty());
  CHECK(server.bytes_in() == 0);
}

TEST_CASE("a credential arrives at its origin and nowhere else", "[http][client][outbound]") {
  const names_of_a_test names;
  const raw_server server{always(answer_of("ok"))};
  name_is("other.test", {"127.0.0.1"});
  asking ask;
  CHECK(fate(ask(with_token(server.url()))) == "answered 200");
  CHECK(server.requests().at(0).head.find("\r\nAuthorization: Bearer canary\r\n")
        != std::string::npos);
  auto r = with_token(server.url());
  r.url = server.url_of("other.test");
  const auto o = ask(r);
  CHECK(fate(o) == "policy, not sent");
  CHECK(o.failure->message.find("canary") == std::string::npos);
  CHECK(server.requests().size() == 1);
  CHECK(fate(ask(get_of(server.url()))) == "answered 200");
  CHECK(server.requests().at(1).head.find("canary") == std::string::npos);
}

TEST_CASE("a credential goes over plain http to loopback only, over a kept connection too",
          "[http][client][outbound]") {
  const names_of_a_test names;
  name_is("far.test", {"192.0.2.1"});
  {
    asking ask;
    const auto o = ask(with_token("http://far.test/"));
    CHECK(fate(o) == "policy, not sent");
    CHECK(ask.client->stats().connections == 0);
  }
  const auto address = own_address();
  if (address.empty()) {
    WARN("this machine has loopback only");
    return;
  }
  const raw_server server{always(answer_of("ok")), std::nullopt, {}, "0.0.0.0"};
  const auto url = server.url_of(address);
  asking ask;
  CHECK(fate(ask(get_of(url))) == "answered 200");
  auto r = with_token(url);
  r.kind = send_kind::read; // would take the connection that is open
  CHECK(fate(ask(r)) == "policy, not sent");
  CHECK(server.connections() == 1);
  CHECK(server.requests().size() == 1);
  outbound_options options;
  options.plain_credentials = true;
  asking bold{options};
  CHECK(fate(bold(r)) == "answered 200");
}
