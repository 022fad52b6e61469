#include "runtime/template/states.hpp"

#include "runtime/template/task_step.hpp"
#include "tests/harness/catch.hpp"

using namespace o3;

TEST_CASE("every task state's word leads back to it, other words to nothing", "[template]") {
  for (int i = 0; i <= 9; ++i) {
    const auto s = static_cast<task_state>(i);
    REQUIRE(parse_task_state(to_string(s)) == s);
  }
  REQUIRE(to_string(task_state::needs_operator) == "needs_operator");
  REQUIRE_FALSE(parse_task_state("done"));
  REQUIRE_FALSE(parse_task_state(""));
  REQUIRE(to_string(static_cast<task_state>(99)) == "unknown");
}

TEST_CASE("every workflow state's word leads back to it, other words to nothing", "[template]") {
  for (int i = 0; i <= 6; ++i) {
    const auto s = static_cast<workflow_state>(i);
    REQUIRE(parse_workflow_state(to_string(s)) == s);
  }
  REQUIRE_FALSE(parse_workflow_state("skipped"));
  REQUIRE(to_string(static_cast<workflow_state>(99)) == "unknown");
}

TEST_CASE("skipped is an end but no bad end", "[template]") {
  REQUIRE(is_terminal(task_state::skipped));
  REQUIRE_FALSE(is_bad_end(task_state::skipped));
  REQUIRE(is_bad_end(task_state::timeout));
  REQUIRE_FALSE(is_terminal(task_state::needs_operator));
}

TEST_CASE("the four verbs have the names of the task contract", "[template]") {
  REQUIRE(to_string(task_verb::task_init) == "task_init");
  REQUIRE(to_string(task_verb::run) == "run");
  REQUIRE(to_string(task_verb::ping) == "ping");
  REQUIRE(to_string(task_verb::cancel) == "cancel");
  REQUIRE(to_string(task_verb::signal) == "signal");
}
