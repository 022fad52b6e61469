# ./dev install PREFIX: bin/o3, the libraries, the public headers, templates, and find_package(o3).
include(CMakePackageConfigHelpers)
get_property(libraries GLOBAL PROPERTY O3_LIBRARIES)
install(TARGETS ${libraries} EXPORT o3Targets ARCHIVE DESTINATION lib INCLUDES DESTINATION include include/o3)
if(TARGET o3)
  install(TARGETS o3 RUNTIME DESTINATION bin)
endif()

# Headers keep their paths below include/o3, so that their own includes work; <o3/harness/x.hpp> forwards.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} runtime/*.hpp tasks/api/*.hpp config/model/*.hpp
  http/core/message.hpp cluster/node/node.hpp tests/harness/*.hpp)
file(GLOB ports CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} actors/*/port.hpp)
list(FILTER headers EXCLUDE REGEX "(pch|tests/harness/catch)\\.hpp$")
foreach(header IN LISTS headers ports)
  get_filename_component(folder ${header} DIRECTORY)
  install(FILES ${CMAKE_SOURCE_DIR}/${header} DESTINATION include/o3/${folder})
  if(folder STREQUAL "tests/harness")
    get_filename_component(name ${header} NAME)
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/forward/${name} CONTENT "#pragma once\n#include \"${header}\"\n")
    install(FILES ${CMAKE_BINARY_DIR}/forward/${name} DESTINATION include/o3/harness)
  endif()
endforeach()

install(DIRECTORY templates/ DESTINATION share/o3/templates)
install(EXPORT o3Targets NAMESPACE o3:: DESTINATION lib/cmake/o3)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/o3ConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES config/deploy/o3Config.cmake ${CMAKE_BINARY_DIR}/o3ConfigVersion.cmake DESTINATION lib/cmake/o3)
