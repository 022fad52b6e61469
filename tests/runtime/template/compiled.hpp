// A template value, compiled as the tests of references and of expressions need it. Threads: one
// test at a time.
#pragma once
#include "runtime/template/reference.hpp"
#include "tests/runtime/template/fixtures.hpp"

namespace o3::testing {

/// Fails the test if it has a mistake.
inline expression compiled(const json& value) {
  findings found;
  auto e = compile(value, "/v", found);
  INFO(value.dump() << said(found));
  REQUIRE(found.ok());
  return e;
}

} // namespace o3::testing
