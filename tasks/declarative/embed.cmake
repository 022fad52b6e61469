# cmake -D OUT=<file.cpp> -D HEADER=<declares them> -D NAMESPACE=<a::b> -D FILES=<name>=<file>;… -P embed.cmake
# Writes each file as `std::string_view NAME()`, as numbers: compilers bound the length of a literal.
set(text "// Made by embed.cmake.\n#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n")
foreach(pair IN LISTS FILES)
  string(REGEX MATCH "^([a-z_0-9]+)=(.*)$" ignored "${pair}")
  set(name "${CMAKE_MATCH_1}")
  file(READ "${CMAKE_MATCH_2}" content HEX)
  string(LENGTH "${content}" digits)
  math(EXPR bytes "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," chars "${content}")
  string(APPEND text "std::string_view ${name}() {\n  static constexpr char bytes[] = {${chars}};\n"
                     "  return {bytes, ${bytes}};\n}\n")
endforeach()
string(APPEND text "} // namespace ${NAMESPACE}\n")
file(WRITE "${OUT}" "${text}")
