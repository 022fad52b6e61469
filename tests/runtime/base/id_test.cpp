#include "runtime/base/id.hpp"
#include "tests/harness/catch.hpp"
#include "tests/runtime/base/fakes.hpp"

#include <unordered_set>

using namespace o3;

namespace {

int version(const id& i) {
  return i.bytes[6] >> 4;
}
int variant(const id& i) {
  return i.bytes[8] >> 6;
}

std::int64_t ms_of(const id& i) {
  std::int64_t ms = 0;
  for (std::size_t n = 0; n < 6; ++n)
    ms = ms * 256 + i.bytes[n];
  return ms;
}

} // namespace

TEST_CASE("texts that are not an id are refused", "[base][id]") {
  for (const char* text :
       {"", "0", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef0",
        "0123456789abcdef0123456789abcdeg", "0123456789abcdef 123456789abcdef",
        "01234567-89ab-cdef-0123456789abcdef0", "0123456789ab-cdef-0123-4567-89abcdef",
        "01234567-89ab-cdef-0123-456789abcde-", "{1234567-89ab-cdef-0123-456789abcdef",
        "01234567_89ab_cdef_0123_456789abcdef", "../../../../../../../../etc/passwd"}) {
    INFO(text);
    CHECK_FALSE(id::parse(text));
  }
}

TEST_CASE("an id is read in either case, with or without dashes, and shown one way", "[base][id]") {
  const std::string shown = "0123456789abcdef0123456789abcdef";
  for (const char* text : {"0123456789abcdef0123456789abcdef", "0123456789ABCDEF0123456789abcdef",
                           "01234567-89ab-cdef-0123-456789ABCDEF"}) {
    const auto i = id::parse(text);
    REQUIRE(i);
    CHECK(i->hex() == shown);
  }
  CHECK(id{}.is_nil());
  CHECK(id{}.hex() == std::string(32, '0'));
  CHECK_FALSE(id::parse(shown)->is_nil());
}

TEST_CASE("made ids carry version 7, the RFC's variant and the clock's milliseconds",
          "[base][id]") {
  const test::hand_clock c{1'795'250'248'123};
  const auto r = seeded_random(1);
  id_maker make{c, *r};
  const auto i = make.next();
  CHECK(version(i) == 7);
  CHECK(variant(i) == 2);
  CHECK(ms_of(i) == 1'795'250'248'123);
  CHECK(id::parse(i.hex()) == i);
}

TEST_CASE("made ids increase strictly, whatever the clock does", "[base][id]") {
  test::hand_clock c{1'000'000};
  const auto r = seeded_random(2);
  id_maker make{c, *r};
  auto last = make.next();
  auto now = std::int64_t{1'000'000};
  for (int i = 0; i < 50'000; ++i) {
    // Stands mostly; sometimes steps forward or far back, even before 1970.
    const auto what = r->below(100);
    if (what == 0)
      now += static_cast<std::int64_t>(r->below(50));
    else if (what == 1)
      now -= static_cast<std::int64_t>(r->below(2'000'000));
    c.set(now);
    const auto next = make.next();
    REQUIRE(next > last);
    REQUIRE(next.hex() > last.hex());
    REQUIRE(version(next) == 7);
    REQUIRE(variant(next) == 2);
    last = next;
  }
}

TEST_CASE("more than 4,096 ids in one millisecond borrow the next one", "[base][id]") {
  const test::hand_clock c{5'000};
  const auto r = seeded_random(3);
  id_maker make{c, *r};
  for (int i = 0; i < 4'096; ++i)
    REQUIRE(ms_of(make.next()) == 5'000);
  CHECK(ms_of(make.next()) == 5'001);
}

TEST_CASE("two makers with different randomness do not meet", "[base][id]") {
  const test::hand_clock c{5'000};
  const auto r1 = seeded_random(3);
  const auto r2 = seeded_random(4);
  id_maker make1{c, *r1};
  id_maker make2{c, *r2};
  std::unordered_set<id> seen;
  for (int i = 0; i < 5'000; ++i) {
    REQUIRE(seen.insert(make1.next()).second);
    REQUIRE(seen.insert(make2.next()).second);
  }
}

TEST_CASE("derived ids are the same each time and differ by parent and name", "[base][id]") {
  const auto parent = *id::parse("019d0f0ecafe7000800000000000beef");
  const auto child = id::derived(parent, "task/a");
  CHECK(child == id::derived(parent, "task/a"));
  CHECK(child != id::derived(parent, "task/b"));
  CHECK(child != id::derived(parent, ""));
  CHECK(child != id::derived(id{}, "task/a"));
  CHECK(version(child) == 8);
  CHECK(variant(child) == 2);
}

TEST_CASE("the id of a nested workflow begins as its parent's and is its own otherwise",
          "[base][id]") {
  const auto parent = *id::parse("019d0f0ecafe7000800000000000beef");
  const auto child = id::nested(parent, "c/child/1");
  CHECK(child == id::nested(parent, "c/child/1"));
  CHECK(child != id::nested(parent, "c/child/2"));
  CHECK(child.hex().substr(0, 13) == "019d0f0ecafe8"); // the parent's time, UUIDv8
  CHECK(child.hex().substr(12) == id::derived(parent, "c/child/1").hex().substr(12));
  CHECK(parent < child); // the parent comes first
}

TEST_CASE("derived ids never change: stored workflows depend on them", "[base][id]") {
  // sha256(16 zero bytes + "a"), first 16 bytes, version and variant set.
  CHECK(id::derived(id{}, "a").hex() == "9c6bd5cc05ac8e7cb4ab71165168ff3d");
  CHECK(id::derived(*id::parse("019d0f0ecafe7000800000000000beef"), "task/a").hex()
        == "c0aab930b747898993c143cace988892");
}

TEST_CASE("hashes of ids that differ in one byte anywhere differ", "[base][id]") {
  std::unordered_set<std::size_t> hashes{std::hash<id>{}(id{})};
  for (std::size_t at = 0; at < 16; ++at)
    for (int v = 1; v < 256; ++v) {
      id i;
      i.bytes[at] = static_cast<std::uint8_t>(v);
      CHECK(hashes.insert(std::hash<id>{}(i)).second);
    }
}
