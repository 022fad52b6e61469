#include "runtime/base/text.hpp"
#include "tests/harness/catch.hpp"
#include "tests/runtime/base/fakes.hpp"

#include <vector>

using namespace o3;
using namespace std::string_literals;

namespace {

using names = std::vector<std::string>;

} // namespace

TEST_CASE("words that are no typing mistake of a candidate have no nearest one", "[base][text]") {
  const names known{"noop_01", "timer", "awx_job_launch"};
  CHECK(nearest("", known).empty());
  CHECK(nearest("x", known).empty());
  CHECK(nearest("completely_else", known).empty());
  CHECK(nearest("noop", {}).empty());
  CHECK(nearest("ab", names{"cd"}).empty());
  CHECK(nearest("a", names{"b", ""}).empty());
  names huge(1);
  huge.front().assign(100'000, 'a');
  CHECK(nearest(huge.front() + "b", huge).empty());
}

TEST_CASE("one slip of the finger is found, whatever slip it was", "[base][text]") {
  const names known{"noop_01", "timer", "awx_job_launch", "tfe_run"};
  CHECK(nearest("noop_1", known) == "noop_01");
  CHECK(nearest("noopp_01", known) == "noop_01");
  CHECK(nearest("noop-01", known) == "noop_01");
  CHECK(nearest("nopo_01", known) == "noop_01");
  CHECK(nearest("NOOP_01", known) == "noop_01");
  CHECK(nearest("tmier", known) == "timer");
  CHECK(nearest("awx_job_lanch", known) == "awx_job_launch");
  CHECK(nearest("timer", known) == "timer");
}

TEST_CASE("the nearest of several wins, the first of equals", "[base][text]") {
  CHECK(nearest("delay", names{"delays_x", "delays", "decay"}) == "delays");
  CHECK(nearest("tasc", names{"task", "tast"}) == "task");
}

TEST_CASE("a hint asks for the nearest, else lists the few there are", "[base][text]") {
  const names few{"alpha", "beta", "gamma"};
  CHECK(nearest_hint("alpah", few) == "did you mean 'alpha'?");
  CHECK(nearest_hint("zzzzzz", few) == "known: alpha, beta, gamma");
  CHECK(nearest_hint("zzzzzz", {}).empty());
  CHECK(nearest_hint("zzzzzz", names(50, "alpha")).empty());
  CHECK(nearest_hint("zzzzzz", names{"a\x1b[31m"}) == "known: a\\x1B[31m");
}

TEST_CASE("controls, line ends and direction marks cannot reach a terminal or a log",
          "[base][text]") {
  CHECK(printable("a\x1b[31mb") == "a\\x1B[31mb");
  CHECK(printable("a\r\nb\tc\0d"s) == "a\\x0D\\x0Ab\\x09c\\x00d");
  CHECK(printable("\x7f") == "\\x7F");
  CHECK(printable("\xc2\x80\xc2\x9b\xc2\x9f") == "\\u{0080}\\u{009B}\\u{009F}");
  CHECK(printable("\xc2\xa0") == "\xc2\xa0");
  CHECK(printable("x\xe2\x80\xae") == "x\\u{202E}");
  CHECK(printable("\xe2\x80\xa8\xe2\x80\xa9") == "\\u{2028}\\u{2029}");
  const names bidi{"\xe2\x80\xaa", "\xe2\x80\xab", "\xe2\x80\xac", "\xe2\x80\xad", "\xe2\x80\xae",
                   "\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8", "\xe2\x81\xa9"};
  const names shown{"202A", "202B", "202C", "202D", "202E", "2066", "2067", "2068", "2069"};
  for (std::size_t i = 0; i < bidi.size(); ++i)
    CHECK(printable("x" + bidi[i]) == "x\\u{" + shown[i] + "}");
}

TEST_CASE("bytes that are not UTF-8 show as the replacement character", "[base][text]") {
  CHECK(printable("a\xff") == "a\xEF\xBF\xBD");
  CHECK(printable("\xe2\x82") == "\xEF\xBF\xBD");
  CHECK(printable("\xc0\xaf") == "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("long text is cut at a character with an ellipsis, never inside an escape",
          "[base][text]") {
  CHECK(printable("abcdef", 6) == "abcdef");
  CHECK(printable("abcdefg", 6) == "abcdef…");
  CHECK(printable("abcdé", 5) == "abcd…");
  CHECK(printable("é€", 5) == "é€");
  CHECK(printable("ab\x1b", 5) == "ab…");
  CHECK(printable("ab\x1b", 6) == "ab\\x1B");
  CHECK(printable("a", 0) == "…");
  CHECK(printable("", 0).empty());
}

TEST_CASE("printable text of any bytes is one safe line within its bound", "[base][text]") {
  const auto r = seeded_random(21);
  for (int i = 0; i < 5'000; ++i) {
    const auto raw = i % 2 == 0 ? test::random_text(*r, 60) : test::random_utf8(*r, 30);
    const auto max = r->below(80);
    const auto out = printable(raw, max);
    REQUIRE(out.size() <= max + 3);
    REQUIRE(is_valid_utf8(out));
    REQUIRE(printable(out, 10'000) == out);
    for (const char c : out)
      REQUIRE((static_cast<unsigned char>(c) >= 0x20 && c != 0x7F));
  }
}

TEST_CASE("UTF-8 is told from what only looks like it", "[base][text]") {
  for (const auto& good :
       {""s, "a"s, "\0"s, "é"s, "\xe0\xa0\x80"s, "\xed\x9f\xbf"s, "\xee\x80\x80"s,
        "\xf0\x90\x80\x80"s, "\xf4\x8f\xbf\xbf"s, "\xef\xbf\xbf"s})
    CHECK(is_valid_utf8(good));
  for (const auto& bad :
       {"\x80"s, "\xbf"s, "\xc0\x80"s, "\xc1\xbf"s, "\xe0\x9f\xbf"s, "\xed\xa0\x80"s,
        "\xed\xbf\xbf"s, "\xf0\x8f\xbf\xbf"s, "\xf4\x90\x80\x80"s, "\xf5\x80\x80\x80"s, "\xfe"s,
        "\xff"s, "\xc3"s, "\xe2\x82"s, "\xf0\x9f\x98"s, "\xc3("s, "ab\xe2\x28\xa1"s})
    CHECK_FALSE(is_valid_utf8(bad));
}

TEST_CASE("labels are 1 to 128 printable ASCII characters", "[base][text]") {
  CHECK_FALSE(is_label(""));
  CHECK_FALSE(is_label(std::string(129, 'a')));
  for (const auto& bad : {"a\n"s, "\x7f"s, "é"s, "\0"s, "a\x1b"s})
    CHECK_FALSE(is_label(bad));
  CHECK(is_label("build 7: \"x\" ~/!"));
  CHECK(is_label(std::string(128, 'a')));
}

TEST_CASE("ref names start with a letter or underscore and hold no path", "[base][text]") {
  for (const auto& bad : {""s, "1a"s, ".a"s, "-a"s, "a/b"s, "a b"s, "a\n"s, "é"s, "a$"s, "a\0"s,
                          std::string(129, 'a')})
    CHECK_FALSE(is_ref_name(bad));
  for (const auto& good : {"a"s, "_"s, "Noop_01"s, "a.b-c_9"s, std::string(128, 'a')})
    CHECK(is_ref_name(good));
}

TEST_CASE("a log field is one field, whatever its value holds", "[base][text]") {
  CHECK(log_field("rows", "3") == "rows=3");
  CHECK(log_field("ref", "") == "ref=\"\"");
  CHECK(log_field("ref", "a b") == "ref=\"a b\"");
  CHECK(log_field("ref", "a=b") == "ref=\"a=b\"");
  CHECK(log_field("ref", "a\"b") == R"(ref="a\"b")");
  CHECK(log_field("ref", "x\" admin=true") == R"(ref="x\" admin=true")");
  CHECK(log_field("ref", "x\\\" y") == R"(ref="x\\\" y")");
  CHECK(log_field("ref", "x\\") == "ref=x\\");
  CHECK(log_field("ref", "a\nb") == "ref=a\\x0Ab");
  CHECK(log_field("k\n", "v") == "k\\x0A=v");
}
