// The class files as the build embeds them (CMakeLists.txt). Private to this folder.
// Threads: constants.
#pragma once
#include <string_view>

namespace o3::packs::embedded {

std::string_view awx_job_launch();
std::string_view awx_workflow_launch();
std::string_view awx_project_update();
std::string_view awx_inventory_update();
std::string_view awx_bulk_launch();
std::string_view http();
std::string_view tfe_workspace_id();
std::string_view tfe_workspace_config_version();
std::string_view tfe_workspace_upload_config_files();
std::string_view tfe_workspace_run();
std::string_view tfe_workspace_run_apply();

} // namespace o3::packs::embedded
