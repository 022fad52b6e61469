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

} // namespace o3::packs::embedded
