# cmake -D DIR=<this folder> -D FAULTS=<faults.md> -D OUT=<file.cpp> -P embed.cmake
# Writes the assets as C++ functions, see assets.hpp.
set(text "// Made by embed.cmake.\n#include \"http/api/assets.hpp\"\n\nnamespace o3::api::asset {\n")
foreach(pair docs_html:${DIR}/docs.html docs_js:${DIR}/docs.js docs_css:${DIR}/docs.css
             schemas_json:${DIR}/schemas.json faults_md:${FAULTS})
  string(REGEX MATCH "^([a-z_]+):(.*)$" ignored "${pair}")
  set(name "${CMAKE_MATCH_1}")
  file(READ "${CMAKE_MATCH_2}" content)
  string(APPEND text "std::string_view ${name}() {\n  return R\"o3_asset(${content})o3_asset\";\n}\n")
endforeach()
string(APPEND text "} // namespace o3::api::asset\n")
file(WRITE "${OUT}" "${text}")
