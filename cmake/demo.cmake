# Builds the demo and trains it: cmake -P cmake/demo.cmake
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/ctgrad_packages.cmake)
cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH source)

ctgrad_install_packages(demo)
ctgrad_build_settings()
set(build ${source}/build/demo)
ctgrad_run(${CMAKE_COMMAND} -S ${source} -B ${build} ${generator} -D CMAKE_BUILD_TYPE=Release
  -D CTGRAD_BUILD_TESTS=OFF -D CTGRAD_BUILD_BENCHMARKS=OFF)
ctgrad_run(${CMAKE_COMMAND} --build ${build} -j ${jobs} --target mnist)
ctgrad_run(${build}/examples/mnist/mnist --save ${build}/mnist.safetensors)
