#include "config/loader/explain.hpp"
#include "tests/harness/catch.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace o3::config;
using o3::fault;

namespace {

/// A file that is gone after the test.
class temporary_file {
public:
  explicit temporary_file(std::string_view text) {
    std::string pattern = (std::filesystem::temp_directory_path() / "o3-config-XXXXXX").string();
    const int fd = mkstemp(pattern.data());
    REQUIRE(fd >= 0);
    close(fd);
    path_ = pattern;
    std::ofstream{path_} << text;
  }
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;
  ~temporary_file() { std::filesystem::remove(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

private:
  std::string path_;
};

input with_home() {
  input in;
  in.environment = {{"HOME", "/home/u"}};
  return in;
}

loaded load_text(std::string_view text) {
  const temporary_file file{text};
  auto in = with_home();
  in.file = file.path();
  return load(in);
}

bool mentions(const loaded& l, std::string_view text) {
  for (const auto& e : l.found.errors)
    if (e.message.find(text) != std::string::npos || e.hint.find(text) != std::string::npos)
      return true;
  return false;
}

} // namespace

TEST_CASE("a file that cannot be read or is not TOML is refused with the place",
          "[config][loader]") {
  auto in = with_home();
  in.file = "/nonexistent/o3.toml";
  auto l = load(in);
  REQUIRE(l.found.errors.size() == 1);
  CHECK(l.found.errors[0].code == fault::file_broken);
  CHECK(mentions(l, "/nonexistent/o3.toml cannot be opened: No such file"));
  in.file = "/";
  CHECK_FALSE(load(in).found.ok());
  l = load_text("[http]\nlisten = \n");
  REQUIRE(l.found.errors.size() == 1);
  CHECK(l.found.errors[0].code == fault::file_broken);
  CHECK(mentions(l, ":2:"));
  CHECK_FALSE(load_text("[http]\nthreads = 1\nthreads = 2\n").found.ok());
}

TEST_CASE("all mistakes of all sources are reported at once", "[config][loader]") {
  const temporary_file file{"stray = 1\n[http]\nlistn = \"x\"\nthreads = 1000\nhead_bytes = "
                            "1.5\n[htp]\n[log]\nlevel = 3\n"};
  auto in = with_home();
  in.file = file.path();
  in.environment.emplace_back("O3_HTTP_BODY", "1");
  in.environment.emplace_back("O3_JOURNAL_BATCH_ROWS", "many");
  in.overrides = {
    {"engine.thread", "1", "--set"}, {"engine", "1", "--set"}, {"timers.horizon_s", "0", "--set"}};
  const auto l = load(in);
  CHECK(l.found.errors.size() == 11);
  CHECK(mentions(l, ":1: 'stray' stands outside any section"));
  CHECK(mentions(l, ":3: there is no setting http.listn"));
  CHECK(mentions(l, "did you mean 'listen'?"));
  CHECK(mentions(l, ":4: http.threads = 1000 is out of range"));
  CHECK(mentions(l, ":5: http.head_bytes must be a whole number, not a number with a fraction"));
  CHECK(mentions(l, "there is no section 'htp'"));
  CHECK(mentions(l, "log.level must be text, not a whole number"));
  CHECK(mentions(l, "there is no setting O3_HTTP_BODY"));
  CHECK(
    mentions(l, "O3_JOURNAL_BATCH_ROWS: journal.batch_rows must be a whole number, not 'many'"));
  CHECK(mentions(l, "--set: there is no setting engine.thread"));
  CHECK(mentions(l, "--set: timers.horizon_s = 0 is out of range"));
}

TEST_CASE("flags win over the environment, the environment over the file, and each is remembered",
          "[config][loader]") {
  const temporary_file file{"[http]\nthreads = 2\npipeline = 3\nlisten = \"127.0.0.1:1\"\n"};
  auto in = with_home();
  in.environment.emplace_back("O3_CONFIG", file.path());
  in.environment.emplace_back("O3_HTTP_PIPELINE", "4");
  in.environment.emplace_back("O3_HTTP_LISTEN", "127.0.0.1:2");
  in.overrides = {{"http.listen", "127.0.0.1:3", "--listen"}};
  const auto l = load(in);
  REQUIRE(l.found.ok());
  CHECK(l.values.http.threads == 2);
  CHECK(l.values.http.pipeline == 4);
  CHECK(l.values.http.listen == "127.0.0.1:3");
  CHECK(l.source_of("http.threads").where == file.path() + ":2");
  CHECK(l.source_of("http.pipeline").where == "O3_HTTP_PIPELINE");
  CHECK(l.source_of("http.listen").where == "--listen");
  CHECK(l.source_of("http.streams").where == "built in");
}

TEST_CASE("variables that are not settings are left alone", "[config][loader]") {
  auto in = with_home();
  for (const auto* name : {"O3_TOKEN", "O3_URL", "O3_SOMETHING_ELSE", "O3_", "O3", "PATH"})
    in.environment.emplace_back(name, "x");
  CHECK(load(in).found.ok());
}

TEST_CASE("the data directory follows root, XDG_DATA_HOME and HOME when it is not set",
          "[config][loader]") {
  input in;
  CHECK(load(in).found.errors.at(0).pointer == "/data/dir");
  in.environment = {{"HOME", "/home/u"}};
  CHECK(load(in).values.data.dir == "/home/u/.local/share/o3");
  in.environment.emplace_back("XDG_DATA_HOME", "relative");
  CHECK(load(in).values.data.dir == "/home/u/.local/share/o3");
  in.environment.back().second = "/xdg";
  CHECK(load(in).values.data.dir == "/xdg/o3");
  in.root = true;
  CHECK(load(in).values.data.dir == "/var/lib/o3");
  in.overrides = {{"data.dir", "/d", "--data-dir"}};
  CHECK(load(in).values.data.dir == "/d");
}

TEST_CASE("--set wants section.key=value", "[config][loader]") {
  CHECK_FALSE(parse_set("http.listen"));
  CHECK_FALSE(parse_set("=x"));
  const auto o = parse_set("http.listen=a=b");
  REQUIRE(o);
  CHECK(o->key == "http.listen");
  CHECK(o->text == "a=b");
}

TEST_CASE("the example file shows every field at its default and loads", "[config][loader]") {
  const std::string path = O3_SOURCE_DIR "/config/examples/o3.toml";
  std::ifstream in{path};
  std::stringstream text;
  text << in.rdbuf();
  CHECK(text.str() == example_toml());
  auto from = with_home();
  from.file = path;
  const auto l = load(from);
  for (const auto& e : l.found.errors)
    FAIL_CHECK(e.message);
  const options defaults;
  for (const auto& f : fields()) {
    INFO(f.key);
    CHECK(l.source_of(f.key).from == origin::file);
    if (f.key != "data.dir")
      CHECK(current(f, l.values) == current(f, defaults));
  }
}

TEST_CASE("explain says value, source, default, range and variable of a key", "[config][loader]") {
  auto in = with_home();
  in.overrides = {{"http.threads", "3", "--set"}};
  const auto l = load(in);
  CHECK(explain_text(l, "http.threads")
        == "http.threads = 3   (--set)\n    Threads that read and write connections.\n"
           "    default 1; 1 to 64; O3_HTTP_THREADS; needs a restart\n");
  CHECK(explain_text(l, "nothing").empty());
  const auto doc = explain_json(l);
  CHECK(doc["fields"].size() == fields().size());
  CHECK(explain_json(l, "timers")["fields"].size() == 1);
  CHECK(explain_json(l, "timers.horizon_s")["fields"][0]["value"] == 60);
  CHECK(explain_json(l, "timers.horizon_s")["fields"][0]["from"] == "built in");
}
