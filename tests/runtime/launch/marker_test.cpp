// Markers are found in whatever a target shows, and nothing else is taken for one.
#include "runtime/launch/marker.hpp"
#include "tests/harness/catch.hpp"

#include <limits>

using namespace o3;
using namespace o3::launch;

namespace {
const id launch_id = id::derived({}, "x");
const marker one{"0123abcd", launch_id, 1};
} // namespace

TEST_CASE("what is no marker is refused", "[launch]") {
  auto good = to_text(one);
  REQUIRE(parse_marker(good));
  auto upper = good;
  upper[3] = 'A';
  for (const auto& bad :
       {std::string{}, std::string{"o3-"}, good.substr(0, good.size() - 1), good + "x", good + "-",
        good.substr(0, good.size() - 1) + "0", good.substr(0, good.size() - 1) + "01",
        good.substr(0, good.size() - 1) + "4294967296", "x" + good, " " + good, upper,
        good.substr(0, 11) + "_" + good.substr(12), "o4" + good.substr(2),
        good.substr(0, 20) + "g" + good.substr(21)}) {
    INFO(bad);
    REQUIRE(!parse_marker(bad));
  }
}

TEST_CASE("a marker reads back, has at most 60 plain characters, and its attempts share the key",
          "[launch]") {
  for (std::uint32_t attempt : {1U, 2U, 10U, std::numeric_limits<std::uint32_t>::max()}) {
    marker m{"0123abcd", launch_id, attempt};
    auto text = to_text(m);
    REQUIRE(text.size() <= marker_bytes_max);
    REQUIRE(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos);
    REQUIRE(text == key_text("0123abcd", launch_id) + "-" + std::to_string(attempt));
    REQUIRE(parse_marker(text) == m);
  }
  REQUIRE(to_text(one) == "o3-0123abcd-" + launch_id.hex() + "-1");
}

TEST_CASE("any attempt of the launch is found in a list or a sentence, another launch is not",
          "[launch]") {
  auto key = key_text("0123abcd", launch_id);
  auto found = [](const std::string& text) { return find_marker(text, "0123abcd", launch_id); };
  REQUIRE(found(key + "-3") == marker{"0123abcd", launch_id, 3});
  REQUIRE(found("deploy," + key + "-12,slow") == marker{"0123abcd", launch_id, 12});
  REQUIRE(found("queued by O3 (" + key + "-2)") == marker{"0123abcd", launch_id, 2});
  REQUIRE(found(key + "-0 " + key + "-7") == marker{"0123abcd", launch_id, 7});
  REQUIRE(!found(key));
  REQUIRE(!found(key + "-"));
  REQUIRE(!found(key + "-1x"));
  REQUIRE(!found("x" + key + "-1"));
  REQUIRE(!found(key_text("0123abce", launch_id) + "-1"));
  REQUIRE(!found(key_text("0123abcd", id::derived({}, "y")) + "-1"));
}
