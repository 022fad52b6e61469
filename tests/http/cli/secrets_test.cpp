#include "tests/http/cli/fake.hpp"

#include "runtime/base/json.hpp"

using namespace o3;
using namespace o3::cli;

namespace {

constexpr const char* path = "/api/v1/secret/awx/";
constexpr const char* stored
  = R"({"name":"awx","source":"stored","origins":["https://awx.example:443"],"templates":[]})";

} // namespace

TEST_CASE("a secret's value comes from standard input and is never shown", "[http][cli][secrets]") {
  bench b;
  b.input = "canary-7f3K\n";
  b.net.script = {{"PUT", path, 200, stored}};
  CHECK(b.run({"secret", "set", "awx", "--origin", "https://awx.example", "--origin", "http://b:8",
               "--template", "vm"})
        == 0);
  const auto sent = json::parse(b.net.asked.back().body);
  CHECK(sent
        == json{{"value", "canary-7f3K"},
                {"origins", {"https://awx.example", "http://b:8"}},
                {"templates", {"vm"}}});
  CHECK(b.out == "secret awx stored for https://awx.example:443; refer to it by ${secret.awx}\n");
  CHECK_FALSE(has(b.out + b.err, "canary"));
}

TEST_CASE("a secret's value comes from a file, or stays", "[http][cli][secrets]") {
  bench b;
  const auto file = b.dir.file("token", "line one\nline two\r\n");
  b.net.script = {{"PUT", path, 200, stored}};
  CHECK(b.run({"secret", "set", "awx", "--from-file", file, "--json"}) == 0);
  CHECK(json::parse(b.net.asked.back().body) == json{{"value", "line one\nline two"}});
  CHECK(json::parse(b.out)["name"] == "awx");
  b.net.script = {{"PUT", path, 200, stored}};
  CHECK(b.run({"secret", "set", "awx", "--keep-value", "--origin", "*"}) == 0);
  CHECK(json::parse(b.net.asked.back().body) == json{{"origins", {"*"}}});
  CHECK(b.run({"secret", "set", "awx", "--from-file", "/nonexistent"}) == 2);
  CHECK(b.run({"secret", "set", "awx", "--from-file", file, "--keep-value"}) == 2);
  b.input = std::string(70'000, 'x');
  CHECK(b.run({"secret", "set", "awx"}) == 2);
  CHECK(has(b.err, "64 KiB"));
}

TEST_CASE("secrets are listed without values and removed", "[http][cli][secrets]") {
  bench b;
  b.net.script = {
    {"GET", "/api/v1/secret/", 200,
     R"({"items":[{"name":"awx","source":"stored","origins":["https://a:443","*"],"templates":[],"updated_at":"2026-11-21T09:00:00.000Z"},{"name":"tfe","source":"file","origins":[],"templates":["vm"]}]})"}};
  CHECK(b.run({"secret", "ls"}) == 0);
  CHECK(has(b.out, "awx"));
  CHECK(has(b.out, "https://a:443 *"));
  CHECK(has(b.out, "none"));
  b.net.script = {{"DELETE", path, 204, ""}};
  CHECK(b.run({"secret", "rm", "awx"}) == 0);
  CHECK(b.out == "secret awx removed\n");
  b.net.script = {
    {"DELETE", path, 404,
     R"({"title":"Not found","status":404,"code":"not_found","detail":"there is no secret 'awx'"})"}};
  CHECK(b.run({"secret", "rm", "awx"}) == 1);
  CHECK(has(b.err, "there is no secret 'awx'"));
}
