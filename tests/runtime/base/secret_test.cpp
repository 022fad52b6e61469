#include "runtime/base/secret.hpp"

#include "runtime/base/json.hpp"
#include "tests/harness/catch.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <sstream>
#include <type_traits>

using o3::secret;

namespace {

template <class T, class = void>
struct prints : std::false_type {};
template <class T>
struct prints<T, std::void_t<decltype(std::declval<std::ostream&>() << std::declval<const T&>())>>
    : std::true_type {};

static_assert(prints<std::string>::value);
static_assert(!prints<secret>::value);
static_assert(!std::is_convertible_v<secret, std::string>);
static_assert(!std::is_convertible_v<secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string, secret>);
static_assert(std::is_constructible_v<o3::json, std::string>);
static_assert(!std::is_constructible_v<o3::json, secret>);
static_assert(!std::is_constructible_v<o3::json, const secret&>);

/// The block that operator delete[] looks at before it frees it.
std::atomic<const void*> watched_place{nullptr};
std::size_t watched_size = 0;
bool blank_when_freed = false;

void look_and_free(void* block) noexcept {
  if (block && block == watched_place) {
    watched_place = nullptr;
    const auto* bytes = static_cast<const char*>(block);
    blank_when_freed = std::all_of(bytes, bytes + watched_size, [](char c) { return c == '\0'; });
  }
  std::free(block);
}

bool same(const secret& a, const secret& b) {
  return a == b;
}

} // namespace

void* operator new[](std::size_t n) {
  if (void* block = std::malloc(n == 0 ? 1 : n))
    return block;
  throw std::bad_alloc{};
}
void operator delete[](void* block) noexcept {
  look_and_free(block);
}
void operator delete[](void* block, std::size_t) noexcept {
  look_and_free(block);
}

TEST_CASE("a secret gives its text to who asks for it, copied and moved", "[base][secret]") {
  secret a{"hunter2"};
  const secret b = a;
  CHECK(b.reveal() == "hunter2");
  CHECK(same(a, b));
  secret c = std::move(a);
  CHECK(c.reveal() == "hunter2");
  CHECK(a.empty()); // NOLINT(bugprone-use-after-move): that is what is asked
  c = secret{"other"};
  CHECK(c.reveal() == "other");
  CHECK_FALSE(same(b, c));
  CHECK(secret{}.empty());
  CHECK(same(secret{}, secret{""}));
}

TEST_CASE("a consumed text is gone from where it was", "[base][secret]") {
  std::string plain = "a text long enough to lie on the heap, with its secret";
  const auto size = plain.size();
  const char* const place = plain.data();
  const auto kept = secret::consume(plain);
  CHECK(plain.empty());
  CHECK(plain.data() == place); // the same memory, still ours
  plain.resize(size, 'x');
  CHECK(kept.reveal().size() == size);
  std::string short_one = "tiny";
  short_one.reserve(15);
  const char* const inside = short_one.data();
  o3::wipe(short_one);
  CHECK(std::all_of(inside, inside + 15, [](char c) { return c == '\0'; }));
}

TEST_CASE("moving a secret leaves no copy behind", "[base][secret]") {
  secret first{"tiny"};
  const char* const place = first.reveal().data();
  const secret taken = std::move(first);
  CHECK(taken.reveal().data() == place);
}

TEST_CASE("a secret's memory is overwritten before it is given back", "[base][secret]") {
  blank_when_freed = false;
  {
    const secret watched{"correct horse battery staple"};
    watched_size = watched.reveal().size();
    watched_place = watched.reveal().data();
  }
  CHECK(blank_when_freed);
  secret assigned{"another one"};
  blank_when_freed = false;
  watched_size = assigned.reveal().size();
  watched_place = assigned.reveal().data();
  assigned = secret{"its successor"};
  CHECK(blank_when_freed);
}
