#include "runtime/store/list_order.hpp"

#include "tests/harness/catch.hpp"

using namespace o3;
using namespace o3::store;

namespace {

const std::string hex = "0192f0c1a2b37c4d8e9f001122334455";

list_place place(std::int64_t ended_ms, std::string name = {}) {
  return {*id::parse(hex), from_ms(ended_ms), name_key(name)};
}

} // namespace

TEST_CASE("what is no cursor of the order is refused") {
  const std::vector<std::string> all{"",
                                     ".",
                                     "..",
                                     hex + "0",
                                     "x",
                                     "c.",
                                     "c." + hex + ".",
                                     "c..." + hex,
                                     "f." + hex,
                                     "f.." + hex,
                                     "f.x." + hex,
                                     "f.99999999999999999999." + hex,
                                     "f.1.2." + hex,
                                     "n." + hex,
                                     "n.zz." + hex,
                                     "n.6." + hex,
                                     "n." + std::string(130, '6') + "." + hex,
                                     "N.61." + hex,
                                     " ." + hex,
                                     "cc." + hex,
                                     "." + hex,
                                     "n.61.." + hex};
  for (const auto& word : list_order_words()) {
    const auto order = *parse_list_order(word);
    for (const auto& text : all) {
      CAPTURE(word, text);
      CHECK_FALSE(parse_cursor(order, text));
    }
    for (const auto& other : list_order_words())
      if (other != word) {
        CAPTURE(word, other);
        CHECK_FALSE(parse_cursor(order, to_cursor(*parse_list_order(other), place(5, "web"))));
      }
  }
}

TEST_CASE("a cursor leads back to its place") {
  for (const auto& word : list_order_words())
    for (const auto ms : {std::int64_t{0}, std::int64_t{-5}, std::int64_t{1} << 50})
      for (const std::string name : {"", "Web 1", "\xC3\xA4.\x01", "a.b", "-"}) {
        const auto order = *parse_list_order(word);
        const auto text = to_cursor(order, place(ms, name));
        CAPTURE(text);
        const auto back = parse_cursor(order, text);
        REQUIRE(back);
        CHECK(to_cursor(order, *back) == text);
        CHECK_FALSE(comes_before(order, place(ms, name), *back));
        CHECK_FALSE(comes_before(order, *back, place(ms, name)));
        CHECK(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-")
              == std::string::npos);
      }
  CHECK(to_cursor(list_order::newest, place(1)) == hex); // as it always was
}

TEST_CASE("orders have words, and other words are none") {
  for (const auto& word : list_order_words())
    CHECK(to_string(*parse_list_order(word)) == word);
  CHECK(list_order_words().front() == to_string(list_order{}));
  for (const std::string word : {"", "Created", "+created", "-name", "state"})
    CHECK_FALSE(parse_list_order(word));
}

TEST_CASE("a name counts by its first 64 bytes, whatever the case of its letters") {
  CHECK(name_key("Web-1 \xC3\x84") == "web-1 \xC3\x84");
  CHECK(name_key(std::string(64, 'A').append("x")) == name_key(std::string(64, 'a').append("y")));
}
