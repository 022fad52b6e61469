// The files under assets/ and the descriptions of faults, embedded when this is built
// (embed.cmake). Threads: constants. Internal to http/api.
#pragma once
#include <string_view>

namespace o3::api::asset {

std::string_view docs_html();
std::string_view docs_js();
std::string_view docs_css();
std::string_view schemas_json(); ///< components.schemas of /openapi.json
std::string_view faults_md();    ///< runtime/base/faults.md

} // namespace o3::api::asset
