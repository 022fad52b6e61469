#include "tests/http/cli/fake.hpp"

#include "runtime/base/json.hpp"

#include <sys/stat.h>

using namespace o3;
using namespace o3::cli;

namespace {

std::deque<step> healthy() {
  return {{"GET", "/healthz", 200, "{}", {}, {{"date", "Sat, 21 Nov 2026 09:00:10 GMT"}}},
          {"GET", "/readyz", 200, "{}"},
          {"GET", "/api/v1/info/", 200, json{{"version", version()}}.dump()},
          {"GET", "/api/v1/template/", 200, R"({"items":[],"problems":[]})"},
          {"GET", "/api/v1/quarantine/?limit=200", 200, R"({"items":[],"next_cursor":null})"}};
}

} // namespace

TEST_CASE("doctor fails where nothing answers and says what to do", "[http][cli][doctor]") {
  bench b;
  b.net.script
    = {{"GET", "/healthz", 0, "",
        make_error(fault::unavailable, "nothing listens at X", "", "start it with 'o3 serve'")}};
  CHECK(b.run({"doctor"}) == 1);
  CHECK(has(b.out, "FAIL server: nothing listens at X\n       -> start it with 'o3 serve'\n"));
}

TEST_CASE("doctor finds all well", "[http][cli][doctor]") {
  bench b;
  chmod(b.dir.path.c_str(), 0700);
  b.net.script = healthy();
  CHECK(b.run({"doctor"}) == 0);
  CHECK(has(b.out, "ok   server: http://127.0.0.1:8080 answers\n"));
  CHECK(has(b.out, "ok   clock: agrees with the server's\n"));
  CHECK(has(b.out, "ok   token: accepted (from --token)\n"));
  CHECK(has(b.out, "ok   templates: no problems\n"));
  CHECK(has(b.out, "ok   quarantine: empty\n"));
  CHECK_FALSE(has(b.out, "FAIL"));
}

TEST_CASE("doctor tells a wrong token from none", "[http][cli][doctor]") {
  bench b;
  b.net.script = healthy();
  b.net.script[2] = {"GET", "/api/v1/info/", 401, "{}"};
  b.net.script[3] = {"GET", "/api/v1/template/", 401, "{}"};
  CHECK(b.run({"doctor"}) == 1);
  CHECK(has(b.out, "FAIL token: the server does not know the one from --token"));
  b.net.script = healthy();
  b.net.script[2] = {"GET", "/api/v1/info/", 401, "{}"};
  b.net.script[3] = {"GET", "/api/v1/template/", 401, "{}"};
  CHECK(b.run({"doctor"}, false) == 1);
  CHECK(has(b.out, "FAIL token: none was found"));
}

TEST_CASE("doctor warns of clocks apart, another version, broken templates and readable secrets",
          "[http][cli][doctor]") {
  bench b;
  chmod(b.dir.path.c_str(), 0755);
  const auto token = b.dir.file("client-token", "x");
  chmod(token.c_str(), 0644);
  b.net.script = healthy();
  b.net.script[0].headers[0].second = "Sat, 21 Nov 2026 08:00:10 GMT";
  b.net.script[1].status = 503;
  b.net.script[2].body = R"({"version":"9.9"})";
  b.net.script[3].body = R"({"problems":[{"file":"x.json","message":"broken"}]})";
  CHECK(b.run({"doctor", "--json"}) == 0);
  const auto checks = json::parse(b.out)["checks"];
  std::string warnings;
  for (const auto& c : checks)
    if (c["verdict"] == "warn") {
      warnings += c["what"].get<std::string>() + "\n";
      CHECK_FALSE(c["advice"].get<std::string>().empty());
    }
  CHECK(has(warnings, "differ by 1h00m"));
  CHECK(has(warnings, "not ready"));
  CHECK(has(warnings, "the server is 9.9"));
  CHECK(has(warnings, "x.json broken"));
  CHECK(has(warnings, b.dir.path + " can be read by others (mode 0755)"));
  CHECK(has(warnings, "client-token can be read by others (mode 0644)"));
}

TEST_CASE("doctor names what is quarantined, on whatever page it stands", "[http][cli][doctor]") {
  bench b;
  b.net.script = healthy();
  b.net.script[4].body = R"({"items":[],"next_cursor":"c1"})";
  std::string items;
  for (int i = 0; i < 7; ++i)
    items += std::string{i == 0 ? "" : ","} + R"({"id":"w)" + std::to_string(i)
             + R"(","reason":"parked after 3 crashes"})";
  b.net.script.push_back({"GET", "/api/v1/quarantine/?limit=200&cursor=c1", 200,
                          R"({"items":[)" + items + R"(],"next_cursor":null})"});
  CHECK(b.run({"doctor"}) == 0);
  CHECK(has(b.out, "warn quarantine: workflow w0 is parked after 3 crashes\n       -> "));
  CHECK_FALSE(has(b.out, "workflow w5"));
  CHECK(has(b.out, "warn quarantine: 2 more"));
  CHECK_FALSE(has(b.out, "quarantine: empty"));
}

TEST_CASE("doctor reports a wrong configuration and a data directory that is none",
          "[http][cli][doctor]") {
  bench b;
  const auto file = b.dir.file("plain", "");
  b.net.script = healthy();
  CHECK(b.run_bare({"doctor", "--data-dir", file, "--token", "t", "--set", "http.thread=1", "--url",
                    "http://127.0.0.1:1"})
        == 1);
  CHECK(has(b.out, "FAIL configuration: --set: there is no setting http.thread"));
  CHECK(has(b.out, file + " is no directory"));
  CHECK(b.net.script.empty());
}
