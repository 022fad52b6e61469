#include "tasks/packs/packs.hpp"

#include "tasks/declarative/declarative.hpp"
#include "tasks/packs/embedded.hpp"
#include "tasks/packs/terraform.hpp"

#include <stdexcept>

namespace o3::packs {

std::vector<pack_file> pack_files() {
  return {
    {"awx/awx_job_launch.json", embedded::awx_job_launch()},
    {"awx/awx.workflow_launch.json", embedded::awx_workflow_launch()},
    {"awx/awx.project_update.json", embedded::awx_project_update()},
    {"awx/awx.inventory_update.json", embedded::awx_inventory_update()},
    {"awx/awx.bulk_launch.json", embedded::awx_bulk_launch()},
    {"http/http.json", embedded::http()},
    {"tfe/tfe.workspace_id.json", embedded::tfe_workspace_id()},
    {"tfe/tfe.workspace_config_version.json", embedded::tfe_workspace_config_version()},
    {"tfe/tfe.workspace_upload_config_files.json", embedded::tfe_workspace_upload_config_files()},
    {"tfe/tfe.workspace_run.json", embedded::tfe_workspace_run()},
    {"tfe/tfe.workspace_run_apply.json", embedded::tfe_workspace_run_apply()}};
}

const declarative::helper_set& pack_helpers() {
  static const declarative::helper_set set = [] {
    auto all = declarative::standard_helpers();
    all.by_name["terraform_archive"] = terraform_archive;
    all.by_name["terraform_log"] = terraform_log;
    return all;
  }();
  return set;
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
