#include "http/core/head_check.hpp"
#include "http/core/request_parser.hpp"
#include "tests/harness/catch.hpp"
#include "tests/http/core/malformed.hpp"

#include <random>

using namespace o3;
using http::head_check;

namespace {

const std::vector<std::string>& valid_heads() {
  static const std::vector<std::string> heads{
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /api/v1/workflow/?state=running&q=a%20b+c HTTP/1.1\r\nHost: x:8080\r\nAccept: */*\r\n\r\n",
    "POST /submit/ HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
    "PUT /%C3%A4 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\nExpect: 100-continue\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET http://x/a?b HTTP/1.1\r\nhost:x\r\n\r\n",
    "HEAD /a HTTP/1.0\r\n\r\n",
    "\r\nDELETE /a/ HTTP/1.1\r\nHost: \tx \r\nA: \xc3\xa4\r\nB:\r\n\r\n",
  };
  return heads;
}

} // namespace

TEST_CASE("the head check refuses every malformed head with its status", "[http]") {
  for (const test::malformed& m : test::malformed_heads()) {
    INFO(m.what);
    head_check c({});
    if (m.what == "length too large")
      continue; // the check reads the number, the session knows the limit
    REQUIRE(c.feed(m.bytes) == head_check::state::refused);
    CHECK(c.why().status == m.status);
    CHECK(!c.why().detail.empty());
  }
}

TEST_CASE("the head check finds the same refusal when the bytes come one by one", "[http]") {
  for (const test::malformed& m : test::malformed_heads()) {
    if (m.what == "length too large" || m.bytes.size() > 2000)
      continue;
    INFO(m.what);
    head_check c({});
    auto s = head_check::state::more;
    for (std::size_t n = 1; n <= m.bytes.size() && s == head_check::state::more; ++n)
      s = c.feed(std::string_view(m.bytes).substr(0, n));
    REQUIRE(s == head_check::state::refused);
    CHECK(c.why().status == m.status);
  }
}

TEST_CASE("the head check reads what valid heads say", "[http]") {
  std::vector<http::head_facts> facts;
  for (const std::string& head : valid_heads()) {
    INFO(head);
    head_check c({});
    REQUIRE(c.feed(head + "GET /behind HTTP") == head_check::state::whole);
    CHECK(c.facts().bytes == head.size());
    facts.push_back(c.facts());
  }
  CHECK(facts[1].target.path == "/api/v1/workflow/");
  CHECK(facts[1].target.query
        == std::vector<std::pair<std::string, std::string>>{{"state", "running"}, {"q", "a b c"}});
  CHECK(facts[2].length == 5U);
  CHECK(facts[2].close);
  CHECK(facts[3].chunked);
  CHECK(facts[3].expect_continue);
  CHECK(facts[3].target.path == "/\xc3\xa4/");
  CHECK(facts[4].target.path == "*");
  CHECK(facts[5].target.path == "/a/");
  CHECK(facts[6].close);
  CHECK(facts[6].verb == http::method::head);
  CHECK(facts[7].skipped == 2);
}

TEST_CASE("a head is found at every split of its bytes", "[http]") {
  for (const std::string& head : valid_heads())
    for (std::size_t cut = 0; cut < head.size(); ++cut) {
      head_check c({});
      REQUIRE(c.feed(std::string_view(head).substr(0, cut)) == head_check::state::more);
      REQUIRE(c.feed(head) == head_check::state::whole);
    }
}

TEST_CASE("whatever the check lets through, Beast frames the same way", "[http][fuzz]") {
  std::mt19937 random(20261121); // NOLINT(cert-msc51-cpp): the same mutations each time
  const auto pick = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::string pieces[] = {"\r\n",
                                "\n",
                                "\r",
                                " ",
                                "\t",
                                ":",
                                "Content-Length: 5\r\n",
                                "%2e",
                                "//",
                                "Transfer-Encoding: chunked\r\n",
                                "Host: x\r\n",
                                std::string(1, '\0'),
                                "\xff",
                                ",",
                                ";",
                                "0x",
                                "+",
                                "?",
                                "#",
                                "HTTP/1.0",
                                "chunked",
                                "%"};
  std::size_t whole = 0;
  std::size_t refused = 0;
  for (int round = 0; round < 40'000; ++round) {
    std::string head = valid_heads()[pick(valid_heads().size())];
    for (std::size_t n = 1 + pick(3); n > 0; --n) {
      const std::size_t at = pick(head.size());
      switch (pick(4)) {
      case 0:
        head[at] = static_cast<char>(random());
        break;
      case 1:
        head.erase(at, 1 + pick(4));
        break;
      case 2:
        head.insert(at, pieces[pick(std::size(pieces))]);
        break;
      default:
        head.insert(at, head.substr(pick(head.size()), 1 + pick(20)));
      }
      if (head.empty())
        head = "x";
    }
    head_check c({});
    const auto s = c.feed(head);
    refused += s == head_check::state::refused ? 1 : 0;
    if (s != head_check::state::whole)
      continue;
    ++whole;
    const http::head_facts& f = c.facts();
    INFO(head);
    CHECK(f.target.path.find("//") == std::string::npos);
    CHECK(f.target.path.find("/../") == std::string::npos);
    if (f.length.value_or(0) > 1'000'000)
      continue;
    http::request r;
    http::request_parser p(r, 16 << 10, 1 << 20);
    boost::beast::error_code ec;
    p.put(boost::asio::buffer(head.data() + f.skipped, f.bytes - f.skipped), ec);
    REQUIRE(!ec);
    REQUIRE(p.is_header_done());
    REQUIRE(p.chunked() == f.chunked);
    REQUIRE(p.is_done() == (!f.chunked && f.length.value_or(0) == 0));
    if (f.length.value_or(0) > 0)
      REQUIRE(p.content_length().value_or(0) == *f.length);
  }
  CHECK(whole > 1000); // the mutations reach both sides
  CHECK(refused > 5000);
}
