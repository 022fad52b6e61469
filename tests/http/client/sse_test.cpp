#include "http/client/sse.hpp"
#include "tests/harness/catch.hpp"

#include <vector>

using namespace o3::http::client;

namespace {

std::vector<sse_event> parse(std::string_view text,
                             std::size_t piece = static_cast<std::size_t>(-1)) {
  std::vector<sse_event> out;
  sse_parser p{[&](const sse_event& e) { out.push_back(e); }};
  for (std::size_t at = 0; at < text.size(); at += std::min(piece, text.size() - at))
    REQUIRE(p.feed(text.substr(at, piece)));
  return out;
}

} // namespace

TEST_CASE("an event that is too large ends the parsing", "[http][client][sse]") {
  int events = 0;
  sse_parser p{[&](const sse_event&) { ++events; }, 64};
  CHECK(p.feed("data: " + std::string(40, 'x') + "\n"));
  CHECK_FALSE(p.feed("data: " + std::string(40, 'x') + "\n"));
  sse_parser endless{[&](const sse_event&) { ++events; }, 64};
  CHECK_FALSE(endless.feed(std::string(65, 'x')));
  CHECK(events == 0);
}

TEST_CASE("an event that is cut off never happened and its id does not count",
          "[http][client][sse]") {
  std::vector<sse_event> out;
  sse_parser p{[&](const sse_event& e) { out.push_back(e); }};
  CHECK(p.feed("id: 1\ndata: a\n\nid: 2\ndata: b\n"));
  CHECK(out.size() == 1);
  CHECK(p.last_id() == "1");
  CHECK(p.feed("\n"));
  CHECK(p.last_id() == "2");
}

TEST_CASE("events are the same however the bytes are cut and lines end", "[http][client][sse]") {
  for (const std::string_view text :
       {"\xEF\xBB\xBF: hi\nid: 7\nevent: task.ended\ndata: {\"a\":\ndata: 1}\n\nretry: "
        "10\ndata:x\n\ndata\n\n",
        "\xEF\xBB\xBF: hi\r\nid: 7\r\nevent: task.ended\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\nretry: "
        "10\r\ndata:x\r\n\r\ndata\r\n\r\n",
        "\xEF\xBB\xBF: hi\rid: 7\revent: task.ended\rdata: {\"a\":\rdata: 1}\r\rretry: "
        "10\rdata:x\r\rdata\r\r"})
    for (const std::size_t piece : {1, 2, 3, 7, 1000}) {
      INFO(piece);
      const auto out = parse(text, piece);
      REQUIRE(out.size() == 3);
      CHECK(out[0].id == "7");
      CHECK(out[0].event == "task.ended");
      CHECK(out[0].data == "{\"a\":\n1}");
      CHECK(out[1].id == "7");
      CHECK(out[1].event == "message");
      CHECK(out[1].data == "x");
      CHECK(out[2].data.empty());
    }
}

TEST_CASE("heartbeats, unknown fields and events without data are no events",
          "[http][client][sse]") {
  CHECK(parse(":\n\n: heartbeat\n\nfoo: bar\n\nevent: x\n\n").empty());
  std::string text = "id: a\nid: b?c\ndata:  two blanks\n\n";
  text[text.find('?')] = '\0'; // an id with NUL is to be ignored
  const auto out = parse(text);
  REQUIRE(out.size() == 1);
  CHECK(out[0].data == " two blanks");
  CHECK(out[0].id == "a");
}
