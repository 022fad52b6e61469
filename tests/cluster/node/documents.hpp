// Templates and requests of the node's tests. Threads: values.
#pragma once
#include "tests/harness/catch.hpp"
#include "tests/harness/node.hpp"

#include <filesystem>
#include <unistd.h>

namespace o3::test {

inline json task(const std::string& ref, const std::string& cls, json input,
                 std::vector<std::string> after = {}) {
  return {{"name", ref},
          {"ref_name", ref},
          {"description", ""},
          {"class", cls},
          {"input", std::move(input)},
          {"always_run", false},
          {"depends_on", std::move(after)},
          {"optional", false}};
}
inline json document(const std::string& ref, json tasks) {
  return {{"name", ref},
          {"ref_name", ref},
          {"description", ""},
          {"schema_version", 1},
          {"tasks", std::move(tasks)}};
}
inline json request(const std::string& tpl, const std::string& ref = "") {
  return {{"workflow", {{"meta", {{"template", tpl}, {"ref", ref}}}}}, {"schema_version", 2}};
}
inline json timer_template() {
  return document("parked", {task("a", "noop", {{"runtime_delay", 0}}),
                             task("t", "timer", {{"for", 3600}}, {"a"}),
                             task("b", "noop", {{"runtime_delay", 0}}, {"t"})});
}
inline harness::options with(std::vector<json> templates) {
  harness::options o;
  o.template_documents = std::move(templates);
  return o;
}
inline constexpr auto post = http::method::post;
inline constexpr auto get = http::method::get;
inline const std::string submit_path = "/api/v1/workflow/submit/";

inline std::filesystem::path fresh_dir(const std::string& name) {
  auto dir = std::filesystem::temp_directory_path()
             / ("o3-node-test-" + name + "-" + std::to_string(::getpid()));
  std::filesystem::remove_all(dir);
  std::filesystem::create_directories(dir);
  return dir;
}

} // namespace o3::test
