#include "runtime/base/json.hpp"
#include "runtime/base/text.hpp"
#include "tests/harness/catch.hpp"
#include "tests/runtime/base/fakes.hpp"

using namespace o3;
using namespace std::string_literals;

namespace {

error refusal(std::string_view text, const limits& lim = {}) {
  INFO(printable(text, 200));
  auto r = parse_json(text, lim);
  REQUIRE_FALSE(r);
  CHECK_FALSE(r.error().message.empty());
  CHECK(is_valid_utf8(r.error().message));
  CHECK(r.error().message == printable(r.error().message));
  return r.error();
}

json accepted(std::string_view text, const limits& lim = {}) {
  INFO(printable(text, 200));
  auto r = parse_json(text, lim);
  if (!r)
    FAIL(r.error().message);
  return *std::move(r);
}

bool mentions(const error& e, std::string_view what) {
  return e.message.find(what) != std::string::npos;
}

std::string repeated(std::string_view piece, std::size_t n) {
  std::string out;
  for (; n > 0; --n)
    out += piece;
  return out;
}

} // namespace

TEST_CASE("a refusal does not quote the text: it may hold a secret", "[base][json]") {
  for (const auto* text :
       {R"({"token": "canary)", R"({"token": canary})", "{\"token\": \"canary\n\"}"}) {
    const auto e = refusal(text);
    INFO(e.message);
    CHECK(e.message.find("can") == std::string::npos);
  }
}

TEST_CASE("texts that are not JSON are refused as malformed", "[base][json]") {
  for (const auto& text : {""s,           " \n"s,         "{"s,           "}"s,
                           "["s,          "]"s,           "{}{}"s,        "{} x"s,
                           "[1 2]"s,      "[1,]"s,        "{\"a\"}"s,     "{\"a\":}"s,
                           "{\"a\":1,}"s, "{a:1}"s,       "{'a':1}"s,     "nul"s,
                           "True"s,       "NaN"s,         "Infinity"s,    "-"s,
                           "+1"s,         "01"s,          "1."s,          ".5"s,
                           "1e"s,         "0x10"s,        "\"a"s,         "\"\n\""s,
                           "\"\\x41\""s,  "\"\\ud800\""s, "\"\\udc00\""s, "// c\n1"s,
                           "/* c */1"s,   "[1]//"s}) {
    CHECK(refusal(text).code == fault::json_malformed);
  }
}

TEST_CASE("a NUL byte does not end the document unseen", "[base][json]") {
  for (const auto& text : {"{}\0"s, "{}\0{\"a\":1}"s, "\0"s, "[\0]"s, "\"a\0b\""s})
    CHECK(refusal(text).code == fault::json_malformed);
  CHECK(accepted(R"("a\u0000b")") == json("a\0b"s));
}

TEST_CASE("a syntax error names line, column and place in the document", "[base][json]") {
  const auto e = refusal("{\n  \"a\": [1,\n    {\"é\": tru}\n]}");
  CHECK(e.code == fault::json_malformed);
  CHECK(mentions(e, "line 3, column 14"));
  CHECK(e.pointer == "/a/1/é");
  CHECK(mentions(refusal("{"), "line 1, column 2"));
  CHECK(mentions(refusal("\r\n\r\n  }"), "line 3, column 3"));
  CHECK(refusal("[[1,2,x").pointer == "/0/2");
  CHECK(refusal("{\"a\":{},\"b\":[[],nope]}").pointer == "/b/1");
  CHECK(refusal("{\"a\":1 x").pointer == "/a");
}

TEST_CASE("bytes that are not UTF-8 have their own fault and place", "[base][json]") {
  for (const auto& bad : {"\xff"s, "\xc3"s, "\xc0\xaf"s, "\xed\xa0\x80"s, "\xf4\x90\x80\x80"s,
                          "\x80"s, "\xe2\x82"s, "\xf8\x88\x80\x80\x80"s}) {
    CHECK(refusal("\"" + bad + "\"").code == fault::json_invalid_utf8);
    CHECK(refusal("{\"" + bad + "\":1}").code == fault::json_invalid_utf8);
    CHECK(refusal("\"x" + bad).code == fault::json_invalid_utf8);
  }
  const auto e = refusal("{\"a\":\n\"é\xff\"}");
  CHECK(mentions(e, "line 2, column 3"));
  CHECK(e.pointer == "/a");
  CHECK(refusal("\xEF\xBB").code == fault::json_invalid_utf8);
  // The first mistake is the one that is told.
  CHECK(refusal("{x:\"\xff\"}").code == fault::json_malformed);
}

TEST_CASE("a key that stands twice in one object is refused, in two objects it is not",
          "[base][json]") {
  const auto e = refusal(R"({"a":{"b/c~":1,"x":2,"b/c~":3}})");
  CHECK(e.code == fault::json_duplicate_key);
  CHECK(e.pointer == "/a/b~1c~0");
  CHECK(mentions(e, "'b/c~'"));
  CHECK(refusal(R"({"a":1,"\u0061":2})").code == fault::json_duplicate_key);
  CHECK(refusal(R"({"":null,"":null})").pointer == "/");
  CHECK(refusal(R"({"a":{},"a":{}})").pointer == "/a");
  CHECK(accepted(R"([{"a":1},{"a":{"a":2}}])")[1]["a"]["a"] == 2);
}

TEST_CASE("whole numbers beyond 64 bits are refused, not rounded", "[base][json]") {
  const auto e = refusal(R"({"n":[0,18446744073709551616]})");
  CHECK(e.code == fault::json_number_range);
  CHECK(e.pointer == "/n/1");
  CHECK(mentions(e, "18446744073709551616"));
  CHECK(refusal("-9223372036854775809").code == fault::json_number_range);
  CHECK(refusal(repeated("9", 5'000)).code == fault::json_number_range);
  CHECK(accepted("18446744073709551615").get<std::uint64_t>() == 18'446'744'073'709'551'615U);
  CHECK(accepted("-9223372036854775808").get<std::int64_t>() == INT64_MIN);
  CHECK(accepted("9223372036854775808").is_number_unsigned());
}

TEST_CASE("numbers too large for a double are refused, small ones are read", "[base][json]") {
  for (const char* text : {"1e400", "[-1e999]", "1.5E309", "{\"a\":1e99999999999}"})
    CHECK(refusal(text).code == fault::json_number_range);
  CHECK(accepted("1.7976931348623157e308").is_number_float());
  CHECK(accepted("1e-400") == json(0.0));
  CHECK(accepted("1e3").is_number_float());
  CHECK(accepted("-0").is_number_integer());
}

TEST_CASE("nesting is read up to the limit and refused beyond", "[base][json]") {
  limits lim;
  lim.json_depth = 3;
  CHECK(accepted("[[[1]]]", lim)[0][0][0] == 1);
  const auto e = refusal(R"([{"a":[[1]]}])", lim);
  CHECK(e.code == fault::json_too_deep);
  CHECK(e.pointer == "/0/a/0");
  CHECK(mentions(e, "3 levels"));
  CHECK(refusal(R"({"a":{"b":{"c":{}}}})", lim).code == fault::json_too_deep);
  lim.json_depth = 0;
  CHECK(accepted("1", lim) == 1);
  CHECK(refusal("[]", lim).code == fault::json_too_deep);
}

TEST_CASE("a million open brackets are refused, not followed", "[base][json]") {
  CHECK(refusal(repeated("[", 1'000'000)).code == fault::json_too_deep);
  CHECK(refusal(repeated("{\"a\":", 1'000'000)).code == fault::json_too_deep);
  CHECK(refusal(repeated("[{\"a\":", 500'000)).code == fault::json_too_deep);
}

TEST_CASE("values are counted, containers and scalars alike", "[base][json]") {
  limits lim;
  lim.json_nodes = 5;
  CHECK(accepted(R"([1,{"a":2},3])", lim).size() == 3);
  const auto e = refusal(R"([1,{"a":2},3,4])", lim);
  CHECK(e.code == fault::json_too_large);
  CHECK(e.pointer == "/3");
  CHECK(refusal("[[],[],[],[],[]]", lim).code == fault::json_too_large);
  CHECK(refusal("[" + repeated("0,", 300'000) + "0]").code == fault::json_too_large);
}

TEST_CASE("documents are read as written, with a byte order mark or without", "[base][json]") {
  CHECK(accepted(" null ").is_null());
  CHECK(accepted("\xEF\xBB\xBF{\"a\":true}") == json{{"a", true}});
  CHECK(accepted(R"("\u00e9\ud83d\ude00")") == json("é\xf0\x9f\x98\x80"));
  const auto j = accepted(R"({"b":[1,-2,3.5,"x",null,true,{}],"a":{"c":[]}})");
  CHECK(canonical(j) == R"({"a":{"c":[]},"b":[1,-2,3.5,"x",null,true,{}]})");
}

TEST_CASE("what canonical() writes is read back equal and written the same", "[base][json]") {
  const auto r = seeded_random(42);
  for (int i = 0; i < 3'000; ++i) {
    const auto j = test::random_json(*r, 5);
    const auto text = canonical(j);
    const auto back = accepted(text);
    REQUIRE(back == j);
    REQUIRE(canonical(back) == text);
  }
}

TEST_CASE("equal documents give equal text whatever the order of their keys", "[base][json]") {
  CHECK(canonical(accepted(R"({"b":1,"a":{"d":1,"c":2}})"))
        == canonical(accepted(R"({ "a": {"c":2, "d":1}, "b":1 })")));
  CHECK(canonical(json("\xff")) == "\"\xEF\xBF\xBD\"");
}

TEST_CASE("the parser agrees with nlohmann on damaged documents", "[base][json]") {
  const auto r = seeded_random(43);
  int good = 0;
  for (int i = 0; i < 5'000; ++i) {
    auto text = canonical(test::random_json(*r, 4));
    for (auto n = r->below(3); n > 0; --n) {
      const auto at = r->below(text.size() + 1);
      if (at == text.size() || r->below(2) == 0)
        text.insert(at, 1, "{}[],:\"\\0123456789.eE-+tfn \xff"[r->below(28)]);
      else
        text.erase(at, 1);
    }
    const auto reference = json::parse(text, nullptr, false);
    const auto read = parse_json(text, {});
    INFO(printable(text));
    if (read) {
      REQUIRE_FALSE(reference.is_discarded());
      REQUIRE(*read == reference);
      ++good;
    } else if (!reference.is_discarded()) {
      // Stricter than nlohmann in these only.
      const auto code = read.error().code;
      REQUIRE((code == fault::json_duplicate_key || code == fault::json_number_range));
    }
  }
  CHECK(good > 500);
}

TEST_CASE("pointers escape tilde and slash, and find what they name", "[base][json]") {
  CHECK(pointer_join("", "a") == "/a");
  CHECK(pointer_join("/x", "") == "/x/");
  CHECK(pointer_join("/tasks", std::size_t{2}) == "/tasks/2");
  CHECK(pointer_join("", "~1/") == "/~01~1");
  const auto r = seeded_random(44);
  for (int i = 0; i < 500; ++i) {
    const auto outer = test::random_utf8(*r, 8);
    const auto inner = test::random_utf8(*r, 8);
    const json j{{outer, json::array({0, json{{inner, "found"}}})}};
    const auto p = pointer_join(pointer_join(pointer_join("", outer), std::size_t{1}), inner);
    REQUIRE(j.at(json::json_pointer(p)) == "found");
  }
}

TEST_CASE("types are named as people say them", "[base][json]") {
  CHECK(type_name(json("x")) == "text");
  CHECK(type_name(json(1.5)) == "number");
  CHECK(type_name(json(1)) == "whole number");
  CHECK(type_name(json(1U)) == "whole number");
  CHECK(type_name(json::object()) == "object");
  CHECK(type_name(json::array()) == "list");
  CHECK(type_name(json(true)) == "true/false");
  CHECK(type_name(json()) == "null");
}
