// A value or an `error`; nothing in runtime/ throws for a user's mistake.
// Threads: values, no shared state.
#pragma once
#include "runtime/base/fault.hpp"

#include <utility>
#include <variant>

namespace o3 {

struct done {}; ///< the value of a result that carries none

template <class T>
class [[nodiscard]] result {
public:
  // Implicit, so that `return value;` and `return make_error(…);` both read as they should.
  // NOLINTNEXTLINE(google-explicit-constructor)
  result(T value) : v_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  result(o3::error e) : v_(std::in_place_index<1>, std::move(e)) {}

  explicit operator bool() const { return v_.index() == 0; }
  T& operator*() & { return *std::get_if<0>(&v_); }
  const T& operator*() const& { return *std::get_if<0>(&v_); }
  T&& operator*() && { return std::move(*std::get_if<0>(&v_)); }
  T* operator->() { return std::get_if<0>(&v_); }
  const T* operator->() const { return std::get_if<0>(&v_); }
  o3::error& error() { return *std::get_if<1>(&v_); }
  const o3::error& error() const { return *std::get_if<1>(&v_); }

private:
  std::variant<T, o3::error> v_;
};

inline error make_error(fault code, std::string message, std::string pointer = {},
                        std::string hint = {}) {
  return {code, std::move(message), std::move(pointer), std::move(hint)};
}

} // namespace o3

/// `O3_TRY(auto x, f());` binds the value or returns the error from the enclosing function.
// NOLINTBEGIN(bugprone-macro-parentheses): `decl` is a declaration.
#define O3_TRY_CAT2(a, b) a##b
#define O3_TRY_CAT(a, b) O3_TRY_CAT2(a, b)
#define O3_TRY(decl, expr)                                                                         \
  auto O3_TRY_CAT(o3_try_, __LINE__) = (expr);                                                     \
  if (!O3_TRY_CAT(o3_try_, __LINE__))                                                              \
    return std::move(O3_TRY_CAT(o3_try_, __LINE__).error());                                       \
  decl = *std::move(O3_TRY_CAT(o3_try_, __LINE__))
// NOLINTEND(bugprone-macro-parentheses)
