#include "config/model/validate.hpp"
#include "tests/harness/catch.hpp"

using namespace o3::config;
using o3::fault;

TEST_CASE("the defaults go together", "[config][validate]") {
  CHECK(validate(options{}).ok());
}

TEST_CASE("an address other machines reach is refused unless it is asked for",
          "[config][validate]") {
  options o;
  o.http.listen = "0.0.0.0:8080";
  const auto found = validate(o);
  REQUIRE(found.errors.size() == 1);
  CHECK(found.errors[0].code == fault::config_invalid);
  CHECK(found.errors[0].pointer == "/http/listen");
  CHECK(found.errors[0].hint.find("http.insecure = true") != std::string::npos);
  o.http.insecure = true;
  CHECK(validate(o).ok());
  for (const auto* host : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"}) {
    INFO(host);
    options loopback;
    loopback.http.listen = host;
    CHECK(validate(loopback).ok());
  }
  for (const auto* host : {"[::]:1", "10.0.0.1:1", "[::ffff:127.0.0.1]:1"}) {
    INFO(host);
    options open;
    open.http.listen = host;
    CHECK_FALSE(validate(open).ok());
  }
}

TEST_CASE("what is no address and port is refused", "[config][validate]") {
  for (const auto* text :
       {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
        "127.0.0.1:80x", "256.0.0.1:80", "1.2.3:80", "1.2.3.4.5:80", "example.org:80", "::1:80x",
        "[::1]", "[zz]:1", "[]:1", "1.2.3.0004:1", "127.0.0.:1"}) {
    INFO(text);
    const auto a = parse_address(text);
    CHECK_FALSE(a);
  }
  const auto six = parse_address("[fe80::1]:443");
  REQUIRE(six);
  CHECK(six->host == "fe80::1");
  CHECK(six->port == 443);
  const auto name = parse_address("localhost:0");
  REQUIRE(name);
  CHECK(name->host == "127.0.0.1");
  CHECK(name->port == 0);
}

TEST_CASE("fields that contradict each other are reported together, each naming both",
          "[config][validate]") {
  options o;
  o.limits.request_bytes = 2 << 20;
  o.log.segment_bytes = 8ULL << 30;
  o.http.wait_max = std::chrono::seconds{120};
  o.http.streams = 5000;
  const auto found = validate(o);
  REQUIRE(found.errors.size() == 4);
  CHECK(found.errors[0].message
        == "limits.request_bytes = 2097152 is more than http.body_bytes = 1048576: such a request "
           "would never arrive");
  CHECK(found.errors[1].pointer == "/http/streams");
  CHECK(found.errors[2].pointer == "/log/segment_bytes");
  CHECK(found.errors[3].pointer == "/http/wait_max_s");
}
