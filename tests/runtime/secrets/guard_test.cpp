#include "runtime/secrets/guard.hpp"
#include "runtime/template/secret_ref.hpp"
#include "tests/runtime/secrets/fixtures.hpp"

using namespace o3;
using namespace o3::testing;
using outside::topic;
using secrets::guard;

namespace {

json inputs_with(const std::string& name) {
  return {{"url", "https://awx.example"},
          {"token", secret_marker(name)},
          {"n", {{"deep", {secret_marker(name)}}}}};
}

outside::request request_to(const std::string& url) {
  outside::request r;
  r.url = url;
  return r;
}

} // namespace

TEST_CASE("a guard puts values in place of markers, everywhere", "[secrets][guard]") {
  auto store = some_store();
  keep(*store, "awx", "the-token-1");
  const auto g = guard::open(inputs_with("awx"), store, {"default", "vm"});
  REQUIRE(g);
  CHECK(g->inputs()["token"] == "the-token-1");
  CHECK(g->inputs()["n"]["deep"][0] == "the-token-1");
  CHECK(g->inputs()["url"] == "https://awx.example");
  keep(*store, "awx", "the-token-2"); // rotated: the next talk has it
  CHECK(guard::open(inputs_with("awx"), store, {"default", "vm"})->inputs()["token"]
        == "the-token-2");
}

TEST_CASE("a guard without its secret cannot be opened", "[secrets][guard]") {
  auto store = some_store();
  keep(*store, "awx", "the-token-1", {"*"}, {"vm"});
  CHECK(guard::open(inputs_with("tfe"), store, {"default", "vm"}).error().code == fault::not_found);
  CHECK(guard::open(inputs_with("awx"), store, {"default", "db"}).error().code == fault::forbidden);
  CHECK(guard::open(inputs_with("awx"), store, {"other", "vm"}).error().code == fault::not_found);
  CHECK(guard::open(inputs_with("awx"), nullptr, {"default", "vm"}).error().code
        == fault::unavailable);
  CHECK(guard::open({{"plain", 1}}, nullptr, {}));
}

TEST_CASE("a secret goes to its origins only, wherever in the request it stands",
          "[secrets][guard]") {
  auto store = some_store();
  keep(*store, "awx", "the-token-1", {"https://awx.example", "http://lab:8080"});
  const auto g = guard::open(inputs_with("awx"), store, {"default", "vm"});
  REQUIRE(g);
  const auto carrying = [](const std::string& url, int where) {
    auto r = request_to(url);
    switch (where) {
    case 0:
      r.secret = "Bearer the-token-1";
      break;
    case 1:
      r.body = R"({"extra_vars": {"p": "the-token-1"}})";
      break;
    case 2:
      r.headers.emplace_back("X-Key", "the-token-1");
      break;
    case 3:
      r.url += "?k=the-token-1";
      break;
    default:
      r.secret = "Basic dTp0aGUtdG9rZW4tMQ=="; // u:the-token-1
    }
    return r;
  };
  for (int where = 0; where < 5; ++where) {
    INFO(where);
    CHECK_FALSE(g->refuses(carrying("https://awx.example/api/", where)));
    CHECK_FALSE(g->refuses(carrying("http://lab:8080/x", where)));
    for (const auto* url : {"https://evil.example/", "http://awx.example/",
                            "https://awx.example:444/", "https://awx.example.evil/", "not a url"}) {
      const auto no = g->refuses(carrying(url, where));
      INFO(url);
      REQUIRE(no);
      CHECK(no->code == fault::target_refused);
      CHECK(no->message.find("the-token-1") == std::string::npos);
    }
  }
  CHECK_FALSE(g->refuses(request_to("https://elsewhere.example/upload"))); // does not carry it
}

TEST_CASE("a secret too short to be found goes nowhere else at all", "[secrets][guard]") {
  auto store = some_store();
  keep(*store, "pin", "1234");
  const auto g = guard::open({{"pin", secret_marker("pin")}}, store, {"default", "vm"});
  REQUIRE(g);
  CHECK_FALSE(g->refuses(request_to("https://awx.example/")));
  CHECK(g->refuses(request_to("https://elsewhere.example/")));
}

TEST_CASE("a rehearsal shows where a secret would go and not what it is", "[secrets][guard]") {
  auto store = some_store();
  keep(*store, "awx", "the-token-1");
  const auto g = guard::rehearse(inputs_with("awx"), store, {"default", "vm"});
  REQUIRE(g);
  const auto stand_in = g->inputs()["token"].get<std::string>();
  CHECK(stand_in != "the-token-1");
  auto r = request_to("https://evil.example/");
  r.secret = "Bearer " + stand_in;
  CHECK(g->refuses(r));
  r.url = "https://awx.example/api";
  CHECK_FALSE(g->refuses(r));
}

TEST_CASE("what a talk concludes is starred, but for what is sealed anyway", "[secrets][guard]") {
  secrets::masker known;
  known.add("the-token-1");
  outside::conclusion c;
  c.launch = launch::send_confirmed{1, "7", {{"echo", "the-token-1"}}};
  c.set = {{"out", "got the-token-1"}, {"db_password", "the-token-1"}};
  c.end = task_end{task_state::failed, fault::task_failed, "the-token-1 was refused"};
  c.waits_for = "the-token-1";
  c.trouble = "the-token-1";
  secrets::mask(c, known, [](const std::string& name) { return name == "db_password"; });
  CHECK(std::get<launch::send_confirmed>(*c.launch).details == json{{"echo", "***"}});
  CHECK(c.set == json{{"out", "got ***"}, {"db_password", "the-token-1"}});
  CHECK(c.end->message == "*** was refused");
  CHECK(c.waits_for == "***");
  CHECK(c.trouble == "***");
  c = {};
  c.launch = launch::preflight_refused{1, "401: the-token-1"};
  secrets::mask(c, known, [](const std::string&) { return false; });
  CHECK(std::get<launch::preflight_refused>(*c.launch).message == "401: ***");
}

TEST_CASE("log lines keep their levels, and a cut secret is starred over talks",
          "[secrets][guard]") {
  secrets::masker known;
  known.add("the-token-1");
  secrets::masker::stream lines;
  outside::conclusion c;
  c.log = {{log_level::warning, "one"}, {log_level::info, "two the-to"}};
  secrets::mask_log(c, known, lines, false);
  REQUIRE(c.log.size() == 1);
  CHECK(c.log[0].level == log_level::warning);
  c.log = {{log_level::error, "ken-1 three"}};
  secrets::mask_log(c, known, lines, true);
  REQUIRE(c.log.size() == 2);
  CHECK(c.log[0].text == "two ***");
  CHECK(c.log[1].text == "*** three");
  CHECK(c.log[1].level == log_level::error);
}

TEST_CASE("a talk that cannot be held says so in its own words", "[secrets][guard]") {
  const auto no = make_error(fault::target_refused, "it may not", "", "ask");
  CHECK(secrets::not_held(topic::read, no).end->code == fault::target_refused);
  CHECK(std::holds_alternative<launch::preflight_refused>(
    *secrets::not_held(topic::preflight, no).launch));
  CHECK(std::get<launch::send_not_done>(*secrets::not_held(topic::send, no).launch).permanent);
  CHECK(
    std::holds_alternative<launch::search_failed>(*secrets::not_held(topic::search, no).launch));
  for (auto about : {topic::watch, topic::finish, topic::cancel})
    CHECK(secrets::not_held(about, no).trouble == "it may not; ask");
  CHECK(secrets::not_held(topic::watch, no).waits_for == "a secret: it may not; ask");
  const auto later = make_error(fault::secret_unreadable, "not now");
  CHECK_FALSE(secrets::not_held(topic::read, later).end);
  CHECK(std::holds_alternative<launch::preflight_unavailable>(
    *secrets::not_held(topic::preflight, later).launch));
  CHECK_FALSE(
    std::get<launch::send_not_done>(*secrets::not_held(topic::send, later).launch).permanent);
}
