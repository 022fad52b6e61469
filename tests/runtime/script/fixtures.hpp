// Short ways to compile and evaluate expressions in tests. Errors fail the test.
#pragma once
#include "runtime/script/script.hpp"
#include "tests/harness/catch.hpp"

#include <map>

namespace o3::script {

/// What an expression of a test can read: {"input": {…}, "T": {"state": …, "output": {…}}}.
inline result<value> find_in(const json& world, const read& r) {
  const auto at = [](const json& j, const std::string& key) {
    return j.is_object() && j.contains(key) ? value{j.at(key)} : value{{}, false, true};
  };
  switch (r.what) {
  case read::kind::input:
    return at(world.at("input"), r.name);
  case read::kind::output:
    return at(world.at(r.name).at("output"), r.output);
  case read::kind::outputs:
    return value{world.at(r.name).at("output")};
  case read::kind::state:
    return value{world.at(r.name).at("state")};
  case read::kind::item:
    return value{world.at("item")};
  case read::kind::key:
    return value{world.at("key")};
  case read::kind::index:
    return value{world.at("index")};
  }
  return value{};
}

inline result<value> run(std::string_view text, const json& world = json::object(),
                         const bounds& b = {}) {
  const auto c = compile(text);
  if (!c)
    return c.error();
  return evaluate(
    **c, [&](const read& r) { return find_in(world, r); }, b);
}

/// The result as JSON text, or "code: message".
inline std::string said(std::string_view text, const json& world = json::object(),
                        const bounds& b = {}) {
  const auto r = run(text, world, b);
  return r ? r->data.dump() : std::string{fault_code(r.error().code)} + ": " + r.error().message;
}

} // namespace o3::script
