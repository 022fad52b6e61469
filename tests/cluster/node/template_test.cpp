// Templates stored by API: each change is a revision with who and when, an earlier one comes back,
// and workflows keep what they were accepted with.
#include "tests/cluster/node/documents.hpp"
#include "tests/contract/store/temp_dir.hpp"

#include <filesystem>
#include <fstream>

using namespace o3;
using namespace o3::test;

namespace {

const std::string root = "/api/v1/template/";
constexpr auto put = http::method::put;
constexpr auto del = http::method::del;

/// Waits an hour between its tasks, so that there is time to change the template.
json version(const std::string& last, const std::string& ref = "t") {
  return document(
    ref, {task("w", "timer", {{"for", 3600}}), task(last, "noop", {{"runtime_delay", 0}}, {"w"})});
}

struct stage {
  stage() {
    o.own_templates = tmp.path() / "own";
    std::filesystem::create_directories(tmp.path() / "theirs");
    std::ofstream{tmp.path() / "theirs" / "file.json"} << version("x", "file");
    o.templates = {tmp.path() / "theirs"};
    o.people = {{"ann", {}}, {"bob", {}}};
  }
  void start() { o3 = std::make_unique<harness::node>(o); }
  json stores(const json& doc, const std::string& as = "ann") {
    const auto a
      = o3->request(put, root + doc["ref_name"].get<std::string>() + "/", doc.dump(), {}, as);
    INFO(a.body);
    REQUIRE(a.status == 200);
    return a.document();
  }
  json reads(const std::string& path) {
    const auto a = o3->request(get, root + path);
    INFO(a.body);
    REQUIRE(a.status == 200);
    return a.document();
  }
  harness::http_answer goes_back(const std::string& ref, const json& body) {
    return o3->request(post, root + ref + "/rollback/", body.dump(), {}, "bob");
  }
  [[nodiscard]] std::filesystem::path own(const std::string& ref) const {
    return o.own_templates / (ref + ".json");
  }

  temp_dir tmp{medium::memory};
  harness::options o;
  std::unique_ptr<harness::node> o3;
};

std::vector<std::string> actions(const json& list) {
  std::vector<std::string> out;
  for (const auto& r : list["items"])
    out.push_back(r["action"].get<std::string>() + " " + r["by"].get<std::string>());
  return out;
}

} // namespace

TEST_CASE("each change of a template is a revision with who and when", "[node][templates]") {
  stage s;
  s.start();
  CHECK(s.stores(version("a"))["revision"] == 1);
  s.o3->advance(std::chrono::minutes{1});
  CHECK(s.stores(version("b"), "bob")["revision"] == 2);
  CHECK(s.stores(version("b"))["revision"] == 2); // what is in use already is no change
  const auto list = s.reads("t/revision/");
  CHECK(actions(list) == std::vector<std::string>{"put ann", "put bob"});
  CHECK(list["current"] == 2);
  CHECK(list["items"][0]["current"] == false);
  CHECK(list["items"][1]["current"] == true);
  CHECK(list["items"][0]["at"].get<std::string>().starts_with("2027-01-15T08:00:00."));
  CHECK(list["items"][1]["at"].get<std::string>().starts_with("2027-01-15T08:01:00."));

  const auto one = s.reads("t/revision/2/?diff=1");
  CHECK(one["document"] == version("b"));
  CHECK(one["against"] == 1);
  CHECK(version("a").patch(one["changes"]) == version("b"));
  CHECK_FALSE(one["changes"].empty());
  CHECK(s.reads("t/revision/1/?diff=1")["changes"] == json::array());
  CHECK_FALSE(s.reads("t/revision/1/").contains("changes"));
  for (const auto* none : {"t/revision/3/", "t/revision/0/", "t/revision/x/",
                           "t/revision/1/?diff=9", "nothing/revision/", "nothing/revision/1/"})
    CHECK(s.o3->request(get, root + none).status == 404);
  CHECK(s.o3->request(get, root + "t/revision/1/?diff=0").status == 400);
}

TEST_CASE("an earlier revision comes back as a new one, also after a deletion",
          "[node][templates]") {
  stage s;
  s.start();
  s.stores(version("a"));
  s.stores(version("b"));
  const auto back = s.goes_back("t", {{"revision", 1}, {"reason", "b was wrong"}});
  REQUIRE(back.status == 200);
  CHECK(back.document()["revision"] == 3);
  CHECK(s.reads("t/") == version("a"));
  auto list = s.reads("t/revision/");
  CHECK(list["items"][2]["from"] == 1);
  CHECK(list["items"][2]["reason"] == "b was wrong");
  CHECK(list["items"][2]["by"] == "bob");
  CHECK(list["current"] == 3);
  CHECK(s.goes_back("t", {{"revision", 3}}).document()["revision"] == 3); // nothing to do

  REQUIRE(s.o3->request(del, root + "t/", {}, {}, "ann").status == 204);
  CHECK(s.o3->request(get, root + "t/").status == 404);
  list = s.reads("t/revision/");
  CHECK(actions(list).back() == "delete ann");
  CHECK(list["current"].is_null());
  CHECK(s.goes_back("t", {{"revision", 4}}).document()["code"] == "bad_value"); // the deletion
  CHECK(s.reads("t/revision/4/?diff=3")["document"].is_null());
  REQUIRE(s.goes_back("t", {{"revision", 2}}).status == 200);
  CHECK(s.reads("t/") == version("b"));
  s.o3->crash();
  s.o3->start();
  CHECK(s.reads("t/") == version("b"));
  CHECK(s.reads("t/revision/")["items"].size() == 5);
}

TEST_CASE("a rollback that cannot be is refused with what to do", "[node][templates]") {
  stage s;
  s.start();
  s.stores(version("a"));
  const auto code = [&](const std::string& ref, const json& body) {
    const auto a = s.goes_back(ref, body);
    return std::to_string(a.status) + " " + a.document()["code"].get<std::string>();
  };
  CHECK(code("file", {{"revision", 1}}) == "409 conflict");
  CHECK(s.reads("file/revision/")["items"].empty());
  CHECK(s.reads("file/revision/")["owned"] == false);
  CHECK(code("t", {{"revision", 2}}) == "404 not_found");
  CHECK(code("nothing", {{"revision", 1}}) == "404 not_found");
  CHECK(code("t", json::object()) == "422 missing_key");
  CHECK(code("t", {{"revision", "1"}}) == "422 wrong_type");
  CHECK(code("t", {{"revision", 0}}) == "422 wrong_type");
  CHECK(code("t", {{"revision", 1}, {"to", 2}}) == "422 unknown_key");
  CHECK(s.reads("t/revision/")["items"].size() == 1);
}

TEST_CASE("what others wrote into the template's file is kept before it is replaced",
          "[node][templates]") {
  stage s;
  std::filesystem::create_directories(s.o.own_templates);
  std::ofstream{s.own("t")} << version("by_hand");
  s.start();
  CHECK(s.reads("t/revision/")["items"].empty());
  CHECK(s.stores(version("a"))["revision"] == 2);
  CHECK(actions(s.reads("t/revision/")) == std::vector<std::string>{"found ", "put ann"});
  CHECK(s.reads("t/revision/1/")["document"] == version("by_hand"));
  std::ofstream{s.own("t")} << version("again");
  REQUIRE(s.o3->request(post, root + "reload/").status == 200);
  CHECK(s.reads("t/revision/")["current"].is_null());
  REQUIRE(s.goes_back("t", {{"revision", 1}}).status == 200);
  CHECK(actions(s.reads("t/revision/"))
        == std::vector<std::string>{"found ", "put ann", "found ", "rollback bob"});
}

TEST_CASE("as many revisions are kept as the settings say, and numbers do not come back",
          "[node][templates]") {
  stage s;
  s.o.template_revisions_max = 3;
  s.start();
  for (int i = 1; i <= 5; ++i)
    CHECK(s.stores(version("v" + std::to_string(i)))["revision"] == i);
  const auto list = s.reads("t/revision/");
  REQUIRE(list["items"].size() == 3);
  CHECK(list["items"][0]["revision"] == 3);
  CHECK(s.goes_back("t", {{"revision", 2}}).status == 404);
}

TEST_CASE("a workflow keeps the template it was accepted with, whatever becomes of it",
          "[node][templates]") {
  stage s;
  s.start();
  s.stores(version("old"));
  const auto first = s.o3->submit(request("t"));
  s.stores(version("changed"));
  const auto second = s.o3->submit(request("t"));
  s.o3->advance(std::chrono::minutes{1});
  REQUIRE(s.o3->request(del, root + "t/").status == 204);
  s.o3->crash();
  s.o3->start();
  s.o3->await_end(first);
  s.o3->await_end(second);
  CHECK(s.o3->task_state(first, "old") == "successful");
  CHECK(s.o3->task_state(second, "changed") == "successful");
  REQUIRE(s.goes_back("t", {{"revision", 1}}).status == 200);
  // A rerun is of the workflow as it was accepted, too.
  REQUIRE(
    s.o3->request(post, "/api/v1/workflow/" + second + "/rerun/", R"({"from": "changed"})").status
    == 202);
  s.o3->await_end(second);
  CHECK(s.o3->task(second, "changed")["attempt"] == 2);
}
