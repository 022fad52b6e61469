#include "runtime/base/json_writer.hpp"
#include "runtime/base/text.hpp"
#include "tests/harness/catch.hpp"
#include "tests/runtime/base/fakes.hpp"

#include <bit>
#include <cmath>
#include <limits>

using namespace o3;

namespace {

template <class Value>
std::string written(const Value& v) {
  std::string out;
  json_writer{out}.value(v);
  return out;
}

} // namespace

TEST_CASE("bytes that are not UTF-8 become the replacement character", "[base][json]") {
  CHECK(written("a\xff"
                "b")
        == "\"a\xEF\xBF\xBD"
           "b\"");
  CHECK(written("\xc3") == "\"\xEF\xBF\xBD\"");
  CHECK(written("\xed\xa0\x80") == "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
  CHECK(written("\xe2\x82") == "\"\xEF\xBF\xBD\"");
}

TEST_CASE("numbers that JSON does not have become null", "[base][json]") {
  CHECK(written(std::nan("")) == "null");
  CHECK(written(std::numeric_limits<double>::infinity()) == "null");
  CHECK(written(-std::numeric_limits<double>::infinity()) == "null");
}

TEST_CASE("commas and colons stand where they belong", "[base][json]") {
  std::string out = "data: ";
  json_writer w{out};
  w.begin_object();
  w.key("empty").begin_object().end_object();
  w.key("list").begin_array().value(1).begin_array().end_array().value("x").null().end_array();
  w.field("flag", true).field("text", std::string{"t"}).field("view", std::string_view{"v"});
  w.key("raw").raw("{\"r\":1}").key("doc").value(json{{"a", {1, 2}}});
  w.end_object();
  CHECK(out
        == R"(data: {"empty":{},"list":[1,[],"x",null],"flag":true,"text":"t","view":"v",)"
           R"("raw":{"r":1},"doc":{"a":[1,2]}})");
}

TEST_CASE("every control character, quote and backslash is escaped", "[base][json]") {
  CHECK(written("\"\\/\b\f\n\r\t") == R"("\"\\/\b\f\n\r\t")");
  for (int c = 0; c < 0x80; ++c) {
    const std::string text = "x" + std::string(1, static_cast<char>(c)) + "y";
    const auto out = written(text);
    CHECK(json::parse(out) == json(text));
    CHECK(out == json(text).dump());
  }
}

TEST_CASE("integers keep all their digits", "[base][json]") {
  CHECK(written(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(written(std::numeric_limits<std::int64_t>::max()) == "9223372036854775807");
  CHECK(written(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(written(0) == "0");
  CHECK(written(-7) == "-7");
  CHECK(written(std::uint16_t{65'535}) == "65535");
}

TEST_CASE("doubles read back the same and stay doubles", "[base][json]") {
  CHECK(written(1.0) == "1.0");
  CHECK(written(-0.0) == "-0.0");
  CHECK(written(0.1) == "0.1");
  CHECK(written(1e300) == "1e+300");
  const auto r = seeded_random(5);
  for (int i = 0; i < 20'000; ++i) {
    const auto bits = r->next();
    const auto d = std::bit_cast<double>(bits);
    if (!std::isfinite(d))
      continue;
    const auto back = parse_json(written(d), {});
    REQUIRE(back);
    REQUIRE(back->is_number_float());
    REQUIRE(std::bit_cast<std::uint64_t>(back->get<double>()) == bits);
  }
}

TEST_CASE("ids and times are written as their text", "[base][json]") {
  const auto i = *id::parse("0123456789abcdef0123456789abcdef");
  CHECK(written(i) == "\"0123456789abcdef0123456789abcdef\"");
  std::string out;
  json_writer{out}.time(from_ms(1'795'250'248'123));
  CHECK(out == "\"2026-11-21T08:37:28.123Z\"");
}

TEST_CASE("documents come out as nlohmann reads them, any bytes as valid JSON", "[base][json]") {
  const auto r = seeded_random(6);
  for (int i = 0; i < 3'000; ++i) {
    const auto j = test::random_json(*r, 4);
    REQUIRE(json::parse(written(j)) == j);
    const auto out = written(test::random_text(*r, 40));
    REQUIRE(is_valid_utf8(out));
    REQUIRE(json::accept(out));
  }
}

TEST_CASE("valid UTF-8 is not touched", "[base][json]") {
  const auto r = seeded_random(8);
  for (int i = 0; i < 3'000; ++i) {
    const auto text = test::random_utf8(*r, 30);
    REQUIRE(json::parse(written(text)).get<std::string>() == text);
  }
}
