// Another program that embeds O3: a day passes in milliseconds, a crash in the middle loses
// nothing.
#include <iostream>
#include <o3/harness/node.hpp>

int main() {
  o3::harness::options options;
  options.templates = {O3_TEMPLATES_DIR};
  o3::harness::node o3{options};
  auto id = o3.submit({{"workflow",
                        {{"meta", {{"template", "noop_template_run"}}},
                         {"vars", {{"workflow", {{"input", {{"delay", 40'000}}}}}}}}},
                       {"schema_version", 2}});
  o3.advance(std::chrono::hours{3});
  o3.crash();
  o3.start();
  o3.advance(std::chrono::hours{24});
  std::cout << o3.state(id) << " " << o3.workflow(id)["outputs"].dump() << "\n";
  return o3.state(id) == "successful" ? 0 : 1;
}
