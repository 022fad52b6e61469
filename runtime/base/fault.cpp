#include "runtime/base/fault.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace o3 {

namespace {

constexpr std::array codes_with_none{
#define O3_X(name, value) fault::name,
  O3_FAULTS(O3_X)
#undef O3_X
};
static_assert(std::is_sorted(codes_with_none.begin(), codes_with_none.end()));
static_assert(codes_with_none.front() == fault::none);

} // namespace

std::string_view fault_code(fault f) {
  switch (f) {
#define O3_X(name, value)                                                                          \
  case fault::name:                                                                                \
    return #name;
    O3_FAULTS(O3_X)
#undef O3_X
  }
  // A number that no code has, e.g. read back from a newer store.
  return "internal";
}

std::span<const fault> all_faults() {
  return std::span{codes_with_none}.subspan(1);
}

error error::prefixed(std::string_view what) && {
  message.insert(0, ": ").insert(0, what);
  return std::move(*this);
}

void findings::fail(fault code, std::string pointer, std::string message, std::string hint) {
  errors.push_back({code, std::move(message), std::move(pointer), std::move(hint)});
}

void findings::warn(fault code, std::string pointer, std::string message, std::string hint) {
  warnings.push_back({code, std::move(message), std::move(pointer), std::move(hint)});
}

void findings::append(findings other) {
  std::move(other.errors.begin(), other.errors.end(), std::back_inserter(errors));
  std::move(other.warnings.begin(), other.warnings.end(), std::back_inserter(warnings));
}

} // namespace o3
