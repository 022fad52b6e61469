#include "http/api/params.hpp"
#include "tests/harness/catch.hpp"

using namespace o3;
using namespace o3::api;
using std::chrono::seconds;

namespace {

struct expectation {
  std::vector<std::string> headers;
  std::optional<int> wait;
  bool respond_async;
  std::string applied;
};

} // namespace

TEST_CASE("Prefer is read as RFC 7240 writes it; what is malformed is ignored", "[http][api]") {
  const std::vector<expectation> table{
    {{}, {}, false, ""},
    {{"wait=30"}, 30, false, "wait=30"},
    {{"WAIT=5"}, 5, false, "wait=5"},
    {{"wait = 7"}, 7, false, "wait=7"},
    {{"wait=\"30\""}, 30, false, "wait=30"},
    {{"wait=30, respond-async"}, 30, true, "respond-async, wait=30"},
    {{"respond-async,wait=10"}, 10, true, "respond-async, wait=10"},
    {{"respond-async", "wait=10"}, 10, true, "respond-async, wait=10"},
    {{"respond-async"}, {}, true, "respond-async"},
    {{"return=minimal; foo=\"a,b; wait=9\", wait=4"}, 4, false, "wait=4"},
    {{"wait=4; strict"}, 4, false, "wait=4"},
    {{"foo; bar; wait=9"}, {}, false, ""},
    {{"x=\"a\\\", wait=9\", wait=2"}, 2, false, "wait=2"},
    {{",, wait=3 ,"}, 3, false, "wait=3"},
    {{"wait=3, wait=9"}, 3, false, "wait=3"},
    {{"wait=x, wait=9"}, {}, false, ""},
    {{"wait=0"}, 0, false, "wait=0"},
    {{"wait=300"}, 300, false, "wait=300"},
    {{"wait=301"}, 300, false, "wait=300"},
    {{"wait=99999999999999999999999999"}, 300, false, "wait=300"},
    {{"wait"}, {}, false, ""},
    {{"wait="}, {}, false, ""},
    {{"wait=-1"}, {}, false, ""},
    {{"wait=1.5"}, {}, false, ""},
    {{"wait=30s"}, {}, false, ""},
    {{"wait=\"30"}, 30, false, "wait=30"},
    {{"waiting=30"}, {}, false, ""},
    {{"respond-async=1"}, {}, false, ""},
    {{"@@@, wait=1"}, {}, false, ""},
    {{""}, {}, false, ""},
    {{"\"", "=", ";", "wait=\""}, {}, false, ""},
  };
  for (const auto& e : table) {
    http::request r;
    r.headers.emplace_back("accept", "wait=99");
    for (const auto& h : e.headers)
      r.headers.emplace_back("prefer", h);
    INFO((e.headers.empty() ? "no header" : e.headers[0]));
    const auto p = parse_prefer(r, seconds{300});
    CHECK(p.wait == (e.wait ? std::optional{seconds{*e.wait}} : std::nullopt));
    CHECK(p.respond_async == e.respond_async);
    CHECK(p.applied() == e.applied);
  }
}

TEST_CASE("Prefer survives every cut of a long header", "[http][api]") {
  const std::string text = "return=minimal; a=\"x\\\"y\"; b, wait=\"12\" ; c=d , respond-async";
  for (std::size_t n = 0; n <= text.size(); ++n) {
    http::request r;
    r.headers.emplace_back("prefer", text.substr(0, n));
    const auto p = parse_prefer(r, seconds{300});
    CHECK((!p.wait || p.wait->count() == 12 || p.wait->count() == 1));
  }
}
