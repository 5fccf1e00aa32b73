# The flags of our own tests, benchmarks and examples: link_libraries(ctgrad_development).
include(CheckCXXCompilerFlag)

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(ctgrad_development INTERFACE)
target_compile_options(ctgrad_development INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wpedantic)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(ctgrad_development INTERFACE -Wno-restrict)  # wrong about std::string, GCC bug 105651
endif()
if(CTGRAD_WARNINGS_AS_ERRORS)
  target_compile_options(ctgrad_development INTERFACE -Werror)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")  # guesses of the optimizer, which no source line can settle
    target_compile_options(ctgrad_development INTERFACE
      -Wno-error=aggressive-loop-optimizations -Wno-error=stringop-overflow)
  endif()
endif()
if(CTGRAD_NATIVE)
  check_cxx_compiler_flag(-march=native CTGRAD_HAS_MARCH_NATIVE)
  if(CTGRAD_HAS_MARCH_NATIVE)
    target_compile_options(ctgrad_development INTERFACE -march=native)
  endif()
endif()
