# Builds and runs all tests: cmake -P cmake/test.cmake. Under CI a warning is an error.
# Settings: -D BUILD=<directory>, -D TARGET=<what to build of it>, -D LABELS=<regular expression of ctest labels to leave
# out>, and -D ARGUMENTS="<more arguments for cmake>".
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/ctgrad_packages.cmake)
cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH source)

ctgrad_install_packages(tests)
ctgrad_build_settings()
if(NOT DEFINED BUILD)
  set(BUILD ${source}/build/test)
endif()
set(strict OFF)
if(DEFINED ENV{CI})
  set(strict ON)
endif()
separate_arguments(ARGUMENTS UNIX_COMMAND "${ARGUMENTS}")
ctgrad_run(${CMAKE_COMMAND} -S ${source} -B ${BUILD} ${generator} -D CMAKE_BUILD_TYPE=Release
  -D CTGRAD_BUILD_BENCHMARKS=OFF -D CTGRAD_WARNINGS_AS_ERRORS=${strict} ${ARGUMENTS})
set(only "")
if(TARGET)
  set(only --target ${TARGET})
endif()
ctgrad_run(${CMAKE_COMMAND} --build ${BUILD} -j ${jobs} ${only})
set(leave_out "")
if(LABELS)
  set(leave_out --label-exclude ${LABELS})
endif()
ctgrad_run(${CMAKE_CTEST_COMMAND} --test-dir ${BUILD} --output-on-failure --no-tests=error -j ${jobs} ${leave_out})
