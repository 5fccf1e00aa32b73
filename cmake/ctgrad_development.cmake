# The flags of our own tests, benchmarks and examples: link_libraries(ctgrad_development).
include(CheckCXXCompilerFlag)

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(options -Wall -Wextra -Wconversion -Wshadow -Wpedantic)
set(cuda_options -Xcompiler=-Wall,-Wextra)  # the other warnings meet code that nvcc writes
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  list(APPEND options -Wno-restrict)  # wrong about std::string, GCC bug 105651
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ collects garbage whenever its memory has grown by a third, which is 15 % of its time in a large source. Where
  # there is memory enough for one compiler on each processor, it begins at 1 GiB; large sources then take 1.5 to 3 GiB.
  cmake_host_system_information(RESULT memory QUERY TOTAL_PHYSICAL_MEMORY)  # in MiB
  cmake_host_system_information(RESULT processors QUERY NUMBER_OF_LOGICAL_CORES)
  if(processors LESS 1)  # without /proc, as in a bare chroot
    set(processors 1)
  endif()
  math(EXPR memory "${memory} / ${processors}")
  if(memory GREATER 4000)
    list(APPEND options --param=ggc-min-heapsize=1048576 --param=ggc-min-expand=100)
  endif()
endif()
if(CTGRAD_WARNINGS_AS_ERRORS)
  list(APPEND options -Werror)
  list(APPEND cuda_options -Werror=all-warnings)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")  # guesses of the optimizer, which no source line can settle
    list(APPEND options -Wno-error=aggressive-loop-optimizations -Wno-error=stringop-overflow)
  endif()
endif()
if(CTGRAD_NATIVE)
  check_cxx_compiler_flag(-march=native CTGRAD_HAS_MARCH_NATIVE)
  if(CTGRAD_HAS_MARCH_NATIVE)
    list(APPEND options -march=native)
    list(APPEND cuda_options -Xcompiler=-march=native)
  endif()
endif()

add_library(ctgrad_development INTERFACE)
target_compile_options(ctgrad_development INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:${options}>" "$<$<COMPILE_LANGUAGE:CUDA>:${cuda_options}>")
