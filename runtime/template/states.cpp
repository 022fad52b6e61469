#include "runtime/template/states.hpp"

#include "runtime/template/task_step.hpp"

#include <array>

namespace o3 {
namespace {

constexpr std::array<std::string_view, 10> task_words{
  "created",  "waiting",   "running", "successful", "failed",
  "canceled", "exception", "timeout", "skipped",    "needs_operator"};
constexpr std::array<std::string_view, 7> workflow_words{
  "scheduled", "waiting", "running", "successful", "failed", "canceled", "needs_operator"};

// A number from a newer or damaged record must not throw here: it reads as "unknown".
template <std::size_t Count>
std::string_view word(const std::array<std::string_view, Count>& words, std::size_t n) {
  return n < Count ? words[n] : std::string_view{"unknown"};
}

template <class State, std::size_t Count>
std::optional<State> parse_word(const std::array<std::string_view, Count>& words,
                                std::string_view text) {
  for (std::size_t i = 0; i < Count; ++i)
    if (words[i] == text)
      return static_cast<State>(i);
  return std::nullopt;
}

} // namespace

std::string_view to_string(task_state s) {
  return word(task_words, static_cast<std::size_t>(s));
}

std::string_view to_string(workflow_state s) {
  return word(workflow_words, static_cast<std::size_t>(s));
}

std::optional<task_state> parse_task_state(std::string_view text) {
  return parse_word<task_state>(task_words, text);
}

std::optional<workflow_state> parse_workflow_state(std::string_view text) {
  return parse_word<workflow_state>(workflow_words, text);
}

std::string_view to_string(task_verb v) {
  switch (v) {
  case task_verb::task_init:
    return "task_init";
  case task_verb::run:
    return "run";
  case task_verb::ping:
    return "ping";
  case task_verb::cancel:
    return "cancel";
  case task_verb::signal:
    return "signal";
  }
  return "run";
}

} // namespace o3
