#include "tasks/packs/packs.hpp"

#include "tasks/declarative/declarative.hpp"
#include "tasks/packs/embedded.hpp"

#include <stdexcept>

namespace o3::packs {

std::vector<pack_file> pack_files() {
  return {{"awx/awx_job_launch.json", embedded::awx_job_launch()},
          {"awx/awx.workflow_launch.json", embedded::awx_workflow_launch()},
          {"awx/awx.project_update.json", embedded::awx_project_update()},
          {"awx/awx.inventory_update.json", embedded::awx_inventory_update()},
          {"awx/awx.bulk_launch.json", embedded::awx_bulk_launch()},
          {"http/http.json", embedded::http()}};
}

const declarative::helper_set& pack_helpers() {
  return declarative::standard_helpers();
}

std::vector<tasks::installed_class> builtin_packs() {
  std::vector<tasks::installed_class> out;
  for (const auto& file : pack_files()) {
    const auto doc = parse_json(file.text, limits{});
    findings found;
    auto made = doc ? declarative::load_declarative(*doc, found, pack_helpers())
                    : result<tasks::installed_class>{doc.error()};
    if (!made)
      throw std::logic_error(std::string{file.name} + " " + made.error().pointer + ": "
                             + made.error().message);
    out.push_back(*std::move(made));
  }
  return out;
}

} // namespace o3::packs
