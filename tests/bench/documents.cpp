#include "tests/bench/documents.hpp"

#include <nlohmann/json.hpp>
#include <vector>

namespace o3::bench {

namespace {

using json = nlohmann::ordered_json;

json task(const std::string& ref, std::string_view task_class, json input,
          std::vector<std::string> after) {
  return {{"name", ref},         {"ref_name", ref},           {"description", ""},
          {"class", task_class}, {"input", std::move(input)}, {"depends_on", std::move(after)}};
}

json noop(const std::string& ref, std::vector<std::string> after = {},
          std::string_view task_class = "noop") {
  return task(ref, task_class, {{"runtime_delay", 0}}, std::move(after));
}

json timer(const std::string& ref, int seconds, std::vector<std::string> after) {
  return task(ref, "timer", {{"for", seconds}}, std::move(after));
}

std::string document(std::string_view ref, json tasks) {
  return json{{"name", ref},
              {"ref_name", ref},
              {"description", "Made by o3_bench"},
              {"schema_version", 1},
              {"tasks", std::move(tasks)}}
    .dump();
}

} // namespace

std::string request_for(std::string_view template_ref) {
  return json{{"workflow", {{"meta", {{"template", template_ref}}}}}, {"schema_version", 2}}.dump();
}

std::string three_of(std::string_view ref, std::string_view task_class) {
  return document(ref, json::array({noop("a", {}, task_class), noop("b", {}, task_class),
                                    noop("c", {"a", "b"}, task_class)}));
}

std::string fan_of(std::string_view ref, int n) {
  auto tasks = json::array();
  std::vector<std::string> all;
  for (int i = 0; i < n; ++i) {
    all.push_back("n" + std::to_string(i));
    tasks.push_back(noop(all.back()));
  }
  tasks.push_back(noop("join", all));
  return document(ref, std::move(tasks));
}

std::string chain_of(std::string_view ref, int n) {
  auto tasks = json::array({noop("n0")});
  for (int i = 1; i < n; ++i)
    tasks.push_back(noop("n" + std::to_string(i), {"n" + std::to_string(i - 1)}));
  return document(ref, std::move(tasks));
}

std::string parked_for(std::string_view ref, int seconds) {
  return document(ref, json::array({noop("a"), timer("t", seconds, {"a"}), noop("c", {"t"})}));
}

std::string joined_timer(std::string_view ref, int seconds) {
  return document(
    ref, json::array({noop("a"), noop("b"), timer("t", seconds, {"a", "b"}), noop("c", {"t"})}));
}

} // namespace o3::bench
