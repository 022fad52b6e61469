#include "runtime/base/in_hand.hpp"
#include "tests/harness/catch.hpp"

#include <csignal>
#include <thread>

using namespace o3;

TEST_CASE("a thread has the workflow in hand that it took last, and then the one before",
          "[base]") {
  const auto a = id::derived({}, "a"), b = id::derived({}, "b");
  REQUIRE(workflow_in_hand().is_nil());
  {
    const in_hand first{a};
    REQUIRE(workflow_in_hand() == a);
    {
      const in_hand second{b};
      REQUIRE(workflow_in_hand() == b);
    }
    REQUIRE(workflow_in_hand() == a);
    bool nil = false;
    std::thread{[&] { nil = workflow_in_hand().is_nil(); }}.join();
    REQUIRE(nil);
  }
  REQUIRE(workflow_in_hand().is_nil());
}

TEST_CASE("a thread with a workflow in hand has a stack for signal handlers", "[base]") {
  bool has_stack = false;
  std::thread{[&] {
    const in_hand some{id::derived({}, "a")};
    stack_t there{};
    has_stack = ::sigaltstack(nullptr, &there) == 0 && (there.ss_flags & SS_DISABLE) == 0;
  }}.join();
  REQUIRE(has_stack);
}
