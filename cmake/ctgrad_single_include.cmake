# The target ctgrad_amalgamated writes single_include/ctgrad.hpp: the whole library in one header.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/ctgrad/*.hpp)
add_custom_command(
  OUTPUT ${PROJECT_BINARY_DIR}/single_include/ctgrad.hpp
  COMMAND ${CMAKE_COMMAND} -D INCLUDE=${PROJECT_SOURCE_DIR}/include -D HEADER=ctgrad/ctgrad.hpp
    -D OUTPUT=${PROJECT_BINARY_DIR}/single_include/ctgrad.hpp -P ${PROJECT_SOURCE_DIR}/cmake/amalgamate.cmake
  DEPENDS ${headers} ${PROJECT_SOURCE_DIR}/cmake/amalgamate.cmake
  COMMENT "Writing the library as one header" VERBATIM)
add_custom_target(ctgrad_amalgamated DEPENDS ${PROJECT_BINARY_DIR}/single_include/ctgrad.hpp)
