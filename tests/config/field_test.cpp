#include "config/loader/explain.hpp"
#include "tests/harness/catch.hpp"

#include <set>

using namespace o3::config;
using o3::fault;

TEST_CASE("a key that does not exist is refused and the nearest one named", "[config][field]") {
  CHECK(find_field("http.listn") == nullptr);
  const auto e = unknown_key("http", "listn", "http.listn");
  CHECK(e.code == fault::unknown_key);
  CHECK(e.pointer == "/http/listn");
  CHECK(e.hint == "did you mean 'listen'?");
  CHECK(unknown_key("htp", "listen", "htp.listen").hint == "did you mean 'http'?");
}

TEST_CASE("a value of the wrong type changes nothing and says what is expected",
          "[config][field]") {
  options o;
  const auto* f = find_field("http.threads");
  REQUIRE(f);
  const auto e = assign(*f, o, std::string{"4"});
  REQUIRE(e);
  CHECK(e->code == fault::wrong_type);
  CHECK(e->message == "http.threads must be a whole number, not text");
  CHECK(e->pointer == "/http/threads");
  CHECK(o.http.threads == 1);
  CHECK(assign(*find_field("http.listen"), o, true)->message
        == "http.listen must be text, not true/false");
  CHECK(assign(*find_field("templates.dir"), o, std::int64_t{1})->code == fault::wrong_type);
  CHECK(assign(*find_field("http.insecure"), o, std::int64_t{1})->code == fault::wrong_type);
}

TEST_CASE("a number outside its range is refused with the range", "[config][field]") {
  options o;
  const auto e = assign(*find_field("http.threads"), o, std::int64_t{65});
  REQUIRE(e);
  CHECK(e->code == fault::bad_value);
  CHECK(e->hint == "allowed: 1 to 64; default: 1");
  CHECK(assign_text(*find_field("http.threads"), o, "99999999999999999999")->code
        == fault::bad_value);
  CHECK(assign_text(*find_field("http.threads"), o, "4x")->code == fault::wrong_type);
  CHECK(assign_text(*find_field("http.threads"), o, "")->code == fault::wrong_type);
  CHECK(o.http.threads == 1);
  CHECK(assign(*find_field("log.level"), o, std::string{"inf"})->hint == "did you mean 'info'?");
}

TEST_CASE("text becomes the field's own type", "[config][field]") {
  options o;
  CHECK_FALSE(assign_text(*find_field("http.head_timeout_ms"), o, "250"));
  CHECK_FALSE(assign_text(*find_field("retention.keep_days"), o, "7"));
  CHECK_FALSE(assign_text(*find_field("http.insecure"), o, "true"));
  CHECK_FALSE(assign_text(*find_field("templates.dir"), o, "/a:/b"));
  CHECK_FALSE(assign_text(*find_field("limits.json_depth"), o, "32"));
  CHECK(o.http.head_timeout == std::chrono::milliseconds{250});
  CHECK(o.retention.keep == days{7});
  CHECK(o.http.insecure);
  CHECK(o.templates.dir == std::vector<std::string>{"/a", "/b"});
  CHECK(o.limits.json_depth == 32);
  CHECK_FALSE(assign_text(*find_field("templates.dir"), o, ""));
  CHECK(o.templates.dir.empty());
}

TEST_CASE("every row has a unique key, a sentence of help and a default inside its range",
          "[config][field]") {
  std::set<std::string_view> keys;
  std::set<std::string> variables;
  const options defaults;
  for (const auto& f : fields()) {
    INFO(f.key);
    CHECK(keys.insert(f.key).second);
    CHECK(variables.insert(f.environment()).second);
    CHECK(f.help.size() > 10);
    CHECK(f.help.back() == '.');
    CHECK(f.section() != f.key);
    const auto v = current(f, defaults);
    if (f.is_number()) {
      CHECK(v.get<std::int64_t>() >= f.bounds.min);
      CHECK(v.get<std::int64_t>() <= f.bounds.max);
    }
  }
  CHECK(keys.size() == fields().size());
}

TEST_CASE("every row reads and writes a place of its own", "[config][field]") {
  for (const auto& f : fields()) {
    INFO(f.key);
    options o;
    std::string text = f.is_number() ? std::to_string(f.bounds.min) : "elsewhere";
    if (f.is_number() && current(f, o) == o3::json(f.bounds.min))
      text = std::to_string(f.bounds.min + 1);
    if (f.type() == "true/false")
      text = "true";
    if (!f.extra.choices.empty())
      text = f.extra.choices.front();
    REQUIRE_FALSE(assign_text(f, o, text));
    int changed = 0;
    const options defaults;
    for (const auto& other : fields())
      changed += current(other, o) != current(other, defaults) ? 1 : 0;
    CHECK(changed == 1);
    CHECK(current(f, o) != current(f, defaults));
  }
}
