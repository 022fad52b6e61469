#include "runtime/secrets/mask.hpp"
#include "tests/runtime/secrets/fixtures.hpp"

using namespace o3;
using namespace o3::testing;
using secrets::masker;

namespace {

masker knowing(std::initializer_list<std::string> values) {
  masker m;
  for (const auto& v : values)
    m.add(v);
  return m;
}

std::string one_by_one(const masker& known, const std::vector<std::string>& pieces) {
  masker::stream s;
  std::string all;
  for (std::size_t i = 0; i < pieces.size(); ++i)
    for (auto& told : s.take(known, {pieces[i]}, i + 1 == pieces.size()))
      all += told + "|";
  return all;
}

} // namespace

TEST_CASE("a secret is starred as it stands and in its disguises", "[secrets][mask]") {
  const auto known = knowing({canary, "Zm9vYmFy-plain"});
  // Made with python3: base64.b64encode, urllib.parse.quote, quote_plus, json.dumps.
  const std::pair<std::string, std::string> rows[]{
    {"a " + canary + " b", "a *** b"},
    {R"({"t": "canary-7f3K/\"9ä+x"})", R"({"t": "***"})"},
    {R"(canary-7f3K/\"9\u00e4+x)", "***"},
    {R"(canary-7f3K\/\"9ä+x)", "***"},
    {R"(canary-7f3K/\\\"9ä+x)", "***"},
    {"q=canary-7f3K%2F%229%C3%A4%2Bx&r", "q=***&r"},
    {"q=canary-7f3K%2f%229%c3%a4%2bx", "q=***"},
    {"Zm9vYmFy-plain", "***"},
    {"nothing of it", "nothing of it"},
    {"canary-7f3K only begins", "canary-7f3K only begins"},
  };
  for (const auto& [text, shown] : rows) {
    INFO(text);
    CHECK(known.masked(text) == shown);
    CHECK(known.finds(text) == (text != shown));
  }
}

TEST_CASE("base64 hides a secret at each of its three places", "[secrets][mask]") {
  const auto known = knowing({"hunter2-hunter2"});
  // base64 of "u:hunter2-hunter2", "us:hunter2-hunter2!", "use:hunter2-hunter2", "hunter2-hunter2"
  for (const auto* text : {"dTpodW50ZXIyLWh1bnRlcjI=", "dXM6aHVudGVyMi1odW50ZXIyIQ==",
                           "dXNlOmh1bnRlcjItaHVudGVyMg==", "aHVudGVyMi1odW50ZXIy"}) {
    INFO(text);
    CHECK(known.finds(text));
    CHECK(known.masked(text).find("***") != std::string::npos);
  }
  const std::string odd = "\?\?>>\?\?>>secret"; // needs + and /, which URLs write - and _
  CHECK(knowing({odd}).finds("Pz8-Pj8_Pj5zZWNyZXQ"));
  CHECK(knowing({odd}).finds("Pz8+Pj8/Pj5zZWNyZXQ="));
}

TEST_CASE("short values are no secrets in text", "[secrets][mask]") {
  CHECK(knowing({"12345"}).empty());
  CHECK(knowing({"12345"}).masked("12345") == "12345");
  CHECK_FALSE(knowing({"123456"}).empty());
  CHECK(secrets::forms_of("ab").empty());
}

TEST_CASE("the lines of a key are starred one by one", "[secrets][mask]") {
  const auto known = knowing({"-----BEGIN KEY-----\nMIIEowIBAAKCAQEA1\nq8Zt\n-----END KEY-----"});
  CHECK(known.masked("  MIIEowIBAAKCAQEA1") == "  ***");
  CHECK(known.masked("q8Zt") == "q8Zt"); // too short to be told apart
}

TEST_CASE("documents are masked in texts and names", "[secrets][mask]") {
  const auto known = knowing({"s3cr3t-value"});
  json doc{{"a", {"x s3cr3t-value y", 7}}, {"is s3cr3t-value", true}};
  known.mask(doc);
  CHECK(doc == json{{"a", {"x *** y", 7}}, {"is ***", true}});
}

TEST_CASE("a secret that is cut anywhere is starred", "[secrets][mask]") {
  const std::string value = "s3cr3t-value";
  const auto known = knowing({value});
  const auto text = "before " + value + " after";
  for (std::size_t i = 0; i <= text.size(); ++i)
    for (std::size_t j = i; j <= text.size(); ++j) {
      const auto all
        = one_by_one(known, {text.substr(0, i), text.substr(i, j - i), text.substr(j)});
      INFO(i << " " << j << " " << all);
      auto joined = all;
      std::erase(joined, '|');
      CHECK(joined.find("s3cr3t") == std::string::npos);
      CHECK(joined.find("-value") == std::string::npos);
      CHECK(joined.starts_with("before *"));
      CHECK(joined.ends_with("* after"));
    }
}

TEST_CASE("what is cut into single letters is starred too", "[secrets][mask]") {
  const auto known = knowing({"s3cr3t-value"});
  std::vector<std::string> letters;
  for (const char c : std::string{"xs3cr3t-values3cr3t-valuey"})
    letters.emplace_back(1, c);
  auto all = one_by_one(known, letters);
  CHECK(all.starts_with("x|***|"));
  CHECK(all.ends_with("***|y|"));
  for (const char c : std::string{"s3crtval-"})
    CHECK(all.find(c) == std::string::npos);
}

TEST_CASE("only what may go on is held back, and it comes with the next text", "[secrets][mask]") {
  const auto known = knowing({"s3cr3t-value"});
  masker::stream s;
  CHECK(s.take(known, {"one", "two ends with s3c"}, false) == std::vector<std::string>{"one"});
  CHECK(s.held() == 1);
  CHECK(s.take(known, {"three"}, false) == std::vector<std::string>{"two ends with s3c", "three"});
  CHECK(s.take(known, {"four s"}, true) == std::vector<std::string>{"four s"});
  CHECK(s.held() == 0);
}
