#include "runtime/secrets/sources.hpp"
#include "tests/runtime/secrets/fixtures.hpp"

#include <sys/stat.h>

using namespace o3;
using namespace o3::testing;

namespace {

secrets::change change_of(const std::string& name, std::optional<std::string> value,
                          std::optional<std::vector<std::string>> origins = std::nullopt) {
  secrets::change c;
  c.name = name;
  if (value)
    c.value = secret{*value};
  c.origins = std::move(origins);
  return c;
}

std::shared_ptr<secrets::credentials> over(std::shared_ptr<secrets::keeper> keeper) {
  return std::make_shared<secrets::credentials>(
    std::move(keeper), std::vector<std::shared_ptr<const secrets::source>>{}, simple_origin);
}

} // namespace

TEST_CASE("a secret survives the process, sealed and for its owner only", "[secrets][store]") {
  const scratch dir;
  const auto file = dir.path / "secrets.json";
  {
    auto keeper = secrets::open_sealed_file(some_sealer(), file);
    REQUIRE(keeper);
    auto store = over(*keeper);
    keep(*store, "awx", canary, {"https://AWX.example/api/"}, {"vm", "db", "vm"});
  }
  const auto text = dir.read("secrets.json");
  CHECK(text.find("canary-7f3K") == std::string::npos);
  CHECK(text.find("awx") == std::string::npos); // not even what it is for
  struct stat about {};
  REQUIRE(::stat(file.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777U) == 0600U);
  auto again = secrets::open_sealed_file(some_sealer(), file);
  REQUIRE(again);
  const auto held = (*again)->open("default", "awx");
  REQUIRE(held);
  CHECK(held->value.reveal() == canary);
  CHECK(held->about.templates == std::vector<std::string>{"db", "vm"});
  CHECK(held->about.created == at_second(0));
  CHECK_FALSE((*again)->open("other", "awx"));
}

TEST_CASE("a file of another key, changed or open to others is refused", "[secrets][store]") {
  const scratch dir;
  const auto file = dir.path / "secrets.json";
  {
    auto keeper = secrets::open_sealed_file(some_sealer(), file);
    keep(*over(*keeper), "awx", canary);
  }
  const auto text = dir.read("secrets.json");
  CHECK(secrets::open_sealed_file(some_sealer('x'), file).error().code == fault::secret_unreadable);
  auto changed = text;
  changed[changed.find("\"c\":\"") + 9] ^= 1;
  dir.write("secrets.json", changed);
  CHECK(secrets::open_sealed_file(some_sealer(), file).error().code == fault::secret_unreadable);
  for (const auto* broken : {"", "{", "[]", R"({"version":2,"secrets":[]})"}) {
    dir.write("secrets.json", broken);
    CHECK(secrets::open_sealed_file(some_sealer(), file).error().code == fault::file_broken);
  }
  dir.write("secrets.json", text, 0644);
  CHECK(secrets::open_sealed_file(some_sealer(), file).error().code == fault::file_broken);
}

TEST_CASE("a change keeps what it does not name", "[secrets][store]") {
  auto store = some_store();
  keep(*store, "awx", "first-value", {"https://awx.example"}, {"vm"});
  findings found;
  auto e = store->put(change_of("awx", "second-value"), at_second(9), found);
  REQUIRE(e);
  CHECK(e->origins == std::vector<std::string>{"https://awx.example:443"});
  CHECK(e->templates == std::vector<std::string>{"vm"});
  CHECK(e->created == at_second(0));
  CHECK(e->updated == at_second(9));
  CHECK(store->open("default", "awx", "vm")->value.reveal() == "second-value");
  REQUIRE(store->put(change_of("awx", std::nullopt, {{"http://other:81"}}), at_second(10), found));
  CHECK(store->open("default", "awx", "vm")->value.reveal() == "second-value");
  CHECK(store->find("default", "awx")->origins == std::vector<std::string>{"http://other:81"});
  CHECK(store->open("default", "awx", "db").error().code == fault::forbidden);
  REQUIRE(store->remove("default", "awx"));
  CHECK(store->open("default", "awx", "vm").error().code == fault::not_found);
  CHECK(store->remove("default", "awx").error().code == fault::not_found);
}

TEST_CASE("what cannot be stored is refused with every reason at once", "[secrets][store]") {
  auto store = some_store();
  findings found;
  auto c = change_of("a b", std::string{"x\0y", 3}, {{"nowhere", "*"}});
  c.templates = std::vector<std::string>{"no name"};
  const auto e = store->put(std::move(c), at_second(0), found);
  REQUIRE_FALSE(e);
  CHECK(e.error().code == fault::validation_failed);
  std::vector<std::string> at;
  for (const auto& f : found.errors)
    at.push_back(f.pointer);
  CHECK(at == std::vector<std::string>{"/name", "/value", "/origins/0", "/templates/0"});
  findings none;
  REQUIRE_FALSE(store->put(change_of("awx", std::nullopt), at_second(0), none));
  REQUIRE(none.errors.size() == 2);
  CHECK(none.errors[0].pointer == "/value");
  CHECK(none.errors[1].pointer == "/origins");
}

TEST_CASE("the environment is a source that says where its secrets may go", "[secrets][store]") {
  std::vector<error> problems;
  auto source
    = secrets::from_environment({{"O3_SECRET_AWX", canary},
                                 {"O3_SECRET_AWX__ORIGINS", "https://awx.example, http://b:8"},
                                 {"O3_SECRET_AWX__TEMPLATES", "vm"},
                                 {"O3_SECRET_LOST", "nowhere-to-go"},
                                 {"O3_SECRET_", "no-name"},
                                 {"O3_SECRETS_DIR", "no secret"},
                                 {"HOME", "/root"}},
                                simple_origin, problems);
  CHECK(source->list().size() == 2);
  CHECK(problems.size() == 2);
  auto store = some_store({source});
  const auto held = store->open("default", "awx", "vm");
  REQUIRE(held);
  CHECK(held->value.reveal() == canary);
  CHECK(held->about.source == "environment");
  CHECK(held->about.may_go("https://awx.example:443"));
  CHECK(held->about.may_go("http://b:8"));
  CHECK_FALSE(held->about.may_go("http://b:9"));
  CHECK_FALSE(store->find("default", "lost")->may_go("https://awx.example:443"));
  findings found;
  CHECK(store->put(change_of("awx", "other-value", {{"*"}}), at_second(0), found).error().code
        == fault::conflict);
  CHECK(store->remove("default", "awx").error().code == fault::conflict);
}

TEST_CASE("files are a source that is read at each use", "[secrets][store]") {
  const scratch dir;
  dir.write("tfe", "from-a-file\n", 0400);
  dir.write("tfe.origins", "https://tfe.example\n", 0444);
  dir.write("open", "world-readable", 0644);
  dir.write("open.origins", "*");
  dir.write("shaky", "some-secret", 0400);
  dir.write("shaky.origins", "*", 0666);
  dir.write("not.a.name", "x", 0400);
  auto store = some_store({secrets::from_files(dir.path, simple_origin)});
  std::vector<std::string> names;
  for (const auto& e : store->list("default"))
    names.push_back(e.name);
  CHECK(names == std::vector<std::string>{"open", "shaky", "tfe"});
  CHECK(store->open("default", "tfe", "t")->value.reveal() == "from-a-file");
  CHECK(store->find("default", "tfe")->may_go("https://tfe.example:443"));
  CHECK(store->open("default", "open", "t").error().code == fault::secret_unreadable);
  CHECK_FALSE(store->find("default", "shaky")->may_go("https://tfe.example:443"));
  std::filesystem::remove(dir.path / "tfe");
  dir.write("tfe", "rotated-value", 0400);
  CHECK(store->open("default", "tfe", "t")->value.reveal() == "rotated-value");
  CHECK_FALSE(store->find("default", "../etc/passwd"));
}
