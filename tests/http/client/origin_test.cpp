#include "http/client/origin.hpp"

#include "http/client/request_check.hpp"
#include "tests/harness/catch.hpp"

using namespace o3::http::client;
using o3::fault;
using o3::millis;
using o3::secret;

TEST_CASE("an origin has one spelling", "[http][client][origin]") {
  struct row {
    const char* url;
    const char* origin;
  };
  const row rows[] = {
    {"https://awx.example/api/v2/", "https://awx.example:443"},
    {"HTTPS://AWX.Example:443/x?y#z", "https://awx.example:443"},
    {"http://awx.example", "http://awx.example:80"},
    {"http://awx.example:8043/", "http://awx.example:8043"},
    {"http://127.0.0.1:80/", "http://127.0.0.1:80"},
    {"http://2130706433/", "http://127.0.0.1:80"},
    {"http://0x7f.1/", "http://127.0.0.1:80"},
    {"http://0177.0.0.1/", "http://127.0.0.1:80"},
    {"http://[::1]:8080/", "http://[::1]:8080"},
    {"http://[0:0:0:0:0:0:0:1]/", "http://[::1]:80"},
    {"http://[FE80::0001]/", "http://[fe80::1]:80"},
  };
  for (const auto& r : rows) {
    INFO(r.url);
    const auto o = origin_of(r.url);
    REQUIRE(o);
    CHECK(o->text() == r.origin);
  }
}

TEST_CASE("what is no http URL, or carries a user, has no origin", "[http][client][origin]") {
  for (const char* url :
       {"", "awx.example", "//awx.example/", "ftp://awx.example/", "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x", "http://", "http://[::1", "http://user@awx.example/",
        "http://user:canary@awx.example/", "http://:canary@awx.example/", "http://a b/",
        "http://a\r\nb/", "http://awx.example:0/", "http://awx.example:65536/",
        "http://awx.example:-1/", "http://a.example:80:90/"}) {
    INFO(url);
    const auto o = origin_of(url);
    REQUIRE_FALSE(o);
    CHECK(o.error().code == fault::bad_value);
    CHECK(o.error().message.find("canary") == std::string::npos);
  }
  CHECK_FALSE(origin_of(std::string_view{"http://a\0.b/", 12}));
}

namespace {

outbound_request asked(const std::string& url) {
  outbound_request r;
  r.url = url;
  return r;
}

std::string refused(const outbound_request& r) {
  const auto o = check_request(r, 100);
  return o ? "" : o.error().message;
}

} // namespace

TEST_CASE("a request is refused for what can be seen in it", "[http][client][origin]") {
  CHECK(refused(asked("https://a.example/")).empty());
  for (const char* method : {"", "get", "GE T", "CONNECT", "TRACE", "GET\r\nX: y"}) {
    INFO(method);
    auto r = asked("https://a.example/");
    r.method = method;
    CHECK_FALSE(refused(r).empty());
  }
  for (const auto& [name, value] : field_list{{"X\r\nY", "z"},
                                              {"", "z"},
                                              {"X Y", "z"},
                                              {"X:", "z"},
                                              {"X", "a\r\nb"},
                                              {"X", "a\nb"},
                                              {"X", std::string("a\0b", 3)},
                                              {"Host", "other"},
                                              {"content-length", "1"},
                                              {"Transfer-Encoding", "chunked"},
                                              {"Connection", "close"},
                                              {"Expect", "100-continue"},
                                              {"Proxy-Authorization", "x"}}) {
    INFO(name);
    auto r = asked("https://a.example/");
    r.headers = {{name, value}};
    CHECK_FALSE(refused(r).empty());
  }
  auto r = asked("https://a.example/");
  r.body.assign(101, 'x');
  CHECK_FALSE(refused(r).empty());
  r = asked("https://a.example/");
  r.deadlines.total = millis{0};
  CHECK_FALSE(refused(r).empty());
  r = asked("https://a.example/");
  r.proxy = "socks://x";
  CHECK_FALSE(refused(r).empty());
}

TEST_CASE("a credential goes to its origin only", "[http][client][origin]") {
  const auto with = [](const char* url, const char* home) {
    auto r = asked(url);
    r.auth = credential{*origin_of(home), "Authorization", secret{"Bearer canary"}};
    return r;
  };
  CHECK(refused(with("https://a.example/x", "https://A.example:443/other")).empty());
  for (const char* url : {"http://a.example/", "http://a.example:443/", "https://a.example:8443/",
                          "https://b.example/", "https://a.example.evil.test/",
                          "https://a.example./", "https://sub.a.example/"}) {
    INFO(url);
    const auto o = check_request(with(url, "https://a.example/"), 100);
    REQUIRE_FALSE(o);
    CHECK(o.error().code == fault::forbidden);
    CHECK(o.error().message.find("canary") == std::string::npos);
  }
  auto twice = with("https://a.example/", "https://a.example/");
  twice.headers = {{"authorization", "Basic x"}};
  CHECK_FALSE(refused(twice).empty());
  auto broken = with("https://a.example/", "https://a.example/");
  broken.auth->value = secret{"Bearer x\r\nX-Evil: canary"};
  CHECK(refused(broken).find("line break") != std::string::npos);
  CHECK(refused(broken).find("canary") == std::string::npos);
}
