# Builds and runs all tests: cmake -P cmake/test.cmake
# Settings: -D BUILD=<directory>, -D LABELS=<regular expression of ctest labels to leave out>, and -D ARGUMENTS="<more
# arguments for cmake>".
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/ctgrad_packages.cmake)
cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH source)

ctgrad_install_packages(tests)
ctgrad_build_settings()
if(NOT DEFINED BUILD)
  set(BUILD ${source}/build/test)
endif()
separate_arguments(ARGUMENTS)
ctgrad_run(${CMAKE_COMMAND} -S ${source} -B ${BUILD} ${generator} -D CMAKE_BUILD_TYPE=Release
  -D CTGRAD_BUILD_BENCHMARKS=OFF ${ARGUMENTS})
ctgrad_run(${CMAKE_COMMAND} --build ${BUILD} -j ${jobs})
set(leave_out "")
if(LABELS)
  set(leave_out --label-exclude ${LABELS})
endif()
ctgrad_run(${CMAKE_CTEST_COMMAND} --test-dir ${BUILD} --output-on-failure --no-tests=error -j ${jobs} ${leave_out})
