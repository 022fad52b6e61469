#include "http/client/address_policy.hpp"

#include "tests/harness/catch.hpp"

using namespace o3::http::client;

namespace {

ip_address ip(const char* text) {
  const auto a = ip_address::parse(text);
  INFO(text);
  REQUIRE(a);
  return *a;
}

target_rule rule(const char* text) {
  const auto r = target_rule::parse(text);
  INFO(text);
  REQUIRE(r);
  return *r;
}

bool allowed(const address_policy& p, const char* address, std::uint16_t port = 443,
             std::string_view host = "x.example") {
  return !refusal(p, {host, ip(address), port});
}

} // namespace

TEST_CASE("every address has its kind", "[http][client][policy]") {
  struct row {
    const char* address;
    address_kind kind;
  };
  using k = address_kind;
  // clang-format off
  const row rows[] = {
    {"8.8.8.8", k::global}, {"1.0.0.0", k::global}, {"100.63.255.255", k::global},
    {"100.128.0.0", k::global}, {"172.15.255.255", k::global}, {"172.32.0.0", k::global},
    {"169.253.255.255", k::global}, {"169.255.0.0", k::global}, {"192.167.255.255", k::global},
    {"223.255.255.255", k::global}, {"2a00:1450::1", k::global}, {"2606:4700::1111", k::global},
    {"127.0.0.1", k::loopback}, {"127.255.255.255", k::loopback}, {"::1", k::loopback},
    {"10.0.0.0", k::internal}, {"10.255.255.255", k::internal}, {"172.16.0.1", k::internal},
    {"172.31.255.255", k::internal}, {"192.168.1.1", k::internal}, {"100.64.0.1", k::internal},
    {"198.18.0.1", k::internal}, {"fc00::1", k::internal}, {"fdff::1", k::internal},
    {"fec0::1", k::internal},
    {"169.254.0.1", k::link_local}, {"169.254.169.254", k::link_local},
    {"169.254.170.2", k::link_local}, {"169.254.255.255", k::link_local},
    {"fe80::1", k::link_local}, {"febf::1", k::link_local},
    {"fd00:ec2::254", k::metadata}, {"fd20:ce::254", k::metadata},
    {"100.100.100.200", k::metadata}, {"192.0.0.192", k::metadata}, {"168.63.129.16", k::metadata},
    {"0.0.0.0", k::unspecified}, {"0.1.2.3", k::unspecified}, {"::", k::unspecified},
    {"224.0.0.1", k::multicast}, {"239.255.255.255", k::multicast}, {"ff02::1", k::multicast},
    {"240.0.0.1", k::reserved}, {"255.255.255.255", k::reserved},
    // IPv4 inside IPv6 is what it stands for
    {"::ffff:169.254.169.254", k::link_local}, {"::ffff:a9fe:a9fe", k::link_local},
    {"::ffff:127.0.0.1", k::loopback}, {"::ffff:8.8.8.8", k::global},
    {"::ffff:0.0.0.0", k::unspecified}, {"::169.254.169.254", k::link_local},
    {"::127.0.0.1", k::loopback}, {"64:ff9b::169.254.169.254", k::link_local},
    {"64:ff9b::8.8.8.8", k::global}, {"64:ff9b::10.0.0.1", k::internal},
    {"2002:a9fe:a9fe::1", k::link_local}, {"2002:7f00:1::", k::loopback},
  };
  // clang-format on
  for (const auto& r : rows) {
    INFO(r.address);
    CHECK(kind_of(ip(r.address)) == r.kind);
  }
}

TEST_CASE("only whole addresses are read", "[http][client][policy]") {
  for (const auto* text : {"", "localhost", "127.1", "0x7f000001", "2130706433", "0177.0.0.1",
                           "127.0.0.1 ", "fe80::1%eth0", "1.2.3.4.5", "[127.0.0.1", "::g"}) {
    INFO(text);
    CHECK_FALSE(ip_address::parse(text));
  }
  CHECK(ip("[::1]") == ip("::1"));
  CHECK(ip("::ffff:1.2.3.4") == ip("1.2.3.4"));
  CHECK(ip("::ffff:1.2.3.4").text() == "1.2.3.4");
  CHECK(ip("0:0::0:1").text() == "::1");
}

TEST_CASE("without rules everything but the never-asked is allowed, private as the option says",
          "[http][client][policy]") {
  address_policy open;
  address_policy closed;
  closed.private_allowed = false;
  for (const auto* a : {"8.8.8.8", "2606:4700::1111"}) {
    INFO(a);
    CHECK(allowed(open, a));
    CHECK(allowed(closed, a));
  }
  for (const auto* a : {"127.0.0.1", "::1", "10.1.2.3", "192.168.0.1", "fd12::1", "100.64.9.9",
                        "::ffff:10.0.0.1", "64:ff9b::10.0.0.1"}) {
    INFO(a);
    CHECK(allowed(open, a));
    CHECK_FALSE(allowed(closed, a));
  }
  for (const auto* a : {"169.254.169.254", "fe80::1", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1",
                        "255.255.255.255", "::ffff:169.254.169.254", "100.100.100.200"}) {
    INFO(a);
    CHECK_FALSE(allowed(open, a));
    CHECK_FALSE(allowed(closed, a));
  }
}

TEST_CASE("with rules only what they cover is allowed, and never what is never asked",
          "[http][client][policy]") {
  address_policy p;
  p.private_allowed = false;
  p.allow = {rule("10.1.0.0/16"), rule("fd12::/16"), rule("192.0.2.7"), rule("awx.example"),
             rule("*.lab.example")};
  CHECK(allowed(p, "10.1.255.1"));
  CHECK_FALSE(allowed(p, "10.2.0.1"));
  CHECK(allowed(p, "::ffff:10.1.0.9"));
  CHECK(allowed(p, "fd12:1::1"));
  CHECK_FALSE(allowed(p, "fd13::1"));
  CHECK(allowed(p, "192.0.2.7"));
  CHECK_FALSE(allowed(p, "192.0.2.8"));
  CHECK_FALSE(allowed(p, "8.8.8.8"));
  CHECK(allowed(p, "172.16.0.1", 443, "awx.example"));
  CHECK_FALSE(allowed(p, "172.16.0.1", 443, "xawx.example"));
  CHECK_FALSE(allowed(p, "172.16.0.1", 443, "awx.example.evil.test"));
  CHECK(allowed(p, "172.16.0.1", 443, "a.lab.example"));
  CHECK(allowed(p, "172.16.0.1", 443, "a.b.lab.example"));
  CHECK_FALSE(allowed(p, "172.16.0.1", 443, "lab.example"));
  CHECK_FALSE(allowed(p, "172.16.0.1", 443, "evillab.example"));
  CHECK_FALSE(allowed(p, "169.254.169.254", 80, "awx.example"));
  p.allow = {rule("0.0.0.0/0"), rule("::/0")};
  CHECK(allowed(p, "10.2.0.1"));
  CHECK_FALSE(allowed(p, "169.254.169.254"));
  CHECK_FALSE(allowed(p, "fe80::1"));
}

TEST_CASE("rules that say nothing are refused", "[http][client][policy]") {
  for (const auto* text :
       {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1", "fd00::/129", "10.0.0", "*",
        "*.", "a b", "http://x", "999.1.1.1", "a/8"}) {
    INFO(text);
    CHECK_FALSE(target_rule::parse(text));
  }
}

TEST_CASE("the node's own endpoints are never asked", "[http][client][policy]") {
  address_policy p;
  p.own
    = {{ip("127.0.0.1"), "", 8080}, {ip("0.0.0.0"), "", 9090}, {std::nullopt, "DB.internal", 5432}};
  p.allow = {rule("0.0.0.0/0"), rule("db.internal")};
  CHECK_FALSE(allowed(p, "127.0.0.1", 8080));
  CHECK_FALSE(allowed(p, "::ffff:127.0.0.1", 8080));
  CHECK(allowed(p, "127.0.0.1", 8081));
  CHECK(allowed(p, "127.0.0.2", 8080));
  CHECK_FALSE(allowed(p, "127.0.0.9", 9090)); // every loopback address is this machine
  CHECK(allowed(p, "10.0.0.1", 9090));
  CHECK(refusal(p, {"x", ip("10.0.0.1"), 9090, true}));
  CHECK_FALSE(allowed(p, "10.0.0.1", 5432, "db.internal"));
  CHECK(allowed(p, "10.0.0.1", 5433, "db.internal"));
}

TEST_CASE("behind a proxy names are judged by name and numbers as numbers",
          "[http][client][policy]") {
  address_policy p;
  CHECK_FALSE(refusal_by_name(p, "awx.example", 443));
  CHECK(refusal_by_name(p, "169.254.169.254", 80));
  CHECK(refusal_by_name(p, "[fe80::1]", 80));
  p.own = {{std::nullopt, "db.internal", 5432}};
  CHECK(refusal_by_name(p, "db.internal", 5432));
  p.allow = {rule("10.0.0.0/8"), rule("*.example")};
  CHECK_FALSE(refusal_by_name(p, "awx.example", 443));
  CHECK_FALSE(refusal_by_name(p, "10.1.1.1", 443));
  CHECK(refusal_by_name(p, "other.test", 443));
}
