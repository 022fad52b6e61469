#include "runtime/base/labels.hpp"

#include "tests/harness/catch.hpp"

using namespace o3;

TEST_CASE("keys of labels are short and plain") {
  for (const std::string bad : {"", ".", "a.", "-a", "a b", "a=b", "a\"b", "\xC3\xA4", "a,b", "/"})
    CHECK_FALSE(is_label_key(bad));
  CHECK_FALSE(is_label_key(std::string(64, 'k')));
  for (const std::string good : {"a", "0", "a.b", "example.com/team-1", "A_b"})
    CHECK(is_label_key(good));
  CHECK(is_label_key(std::string(63, 'k')));
}

TEST_CASE("what a list asks of a label is key=value or the key alone") {
  CHECK_FALSE(parse_label_match(""));
  CHECK_FALSE(parse_label_match("=v"));
  CHECK_FALSE(parse_label_match("a b=v"));
  CHECK(parse_label_match("k=a=b") == label_match{"k", "a=b"});
  CHECK(parse_label_match("k=") == label_match{"k", ""});
  CHECK(parse_label_match("k") == label_match{"k", std::nullopt});
}

TEST_CASE("labels come back from their text, and a text that is none gives none") {
  const label_map labels{{"a", ""}, {"b/c", "\"x\"\\\n\xC3\xA4"}, {"z", "1"}};
  CHECK(labels_of(labels_text(labels)) == labels);
  CHECK(labels_text({}).empty());
  for (const std::string bad : {"", "[", "[]", "3", "{\"a\":"})
    CHECK(labels_of(bad).empty());
}

TEST_CASE("a label stands in the text of the labels exactly if it is one of them") {
  const std::vector<std::string> values{"",    "v",     "vv",  "v\"",  "\"",        "\\",
                                        "v\\", "\\\"v", "k",   ":",    "\"k\":\"v", ",",
                                        "{",   "=",     "k=v", "\x7F", "\xC3\xA4",  "}"};
  const std::vector<std::string> keys{"k", "kk", "v"};
  std::size_t found = 0;
  for (const auto& a : values)
    for (const auto& b : values) {
      const label_map labels{{"k", a}, {"kk", b}};
      const auto text = labels_text(labels);
      for (const auto& key : keys) {
        const label_match any{key, std::nullopt};
        CHECK((text.find(label_part(any)) != std::string::npos) == fits(labels, any));
        for (const auto& value : values) {
          const label_match m{key, value};
          found += fits(labels, m) ? 1 : 0;
          if ((text.find(label_part(m)) != std::string::npos) != fits(labels, m))
            FAIL_CHECK(label_part(m) << " in " << text);
        }
      }
    }
  CHECK(found == 2 * values.size() * values.size());
}
