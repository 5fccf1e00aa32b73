# Installs ctgrad, built with nothing but the library, then moves the tree: a package must not mind where it lies.
cmake_path(SET prefix NORMALIZE ${DIRECTORY}/../prefix)
file(REMOVE_RECURSE ${DIRECTORY} ${prefix})

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} -S ${CTGRAD} -B ${DIRECTORY}/build -G ${GENERATOR} -D CMAKE_CXX_COMPILER=${COMPILER}
  -D CTGRAD_BUILD_TESTS=OFF -D CTGRAD_BUILD_BENCHMARKS=OFF -D CTGRAD_BUILD_EXAMPLES=OFF)
run(${CMAKE_COMMAND} --install ${DIRECTORY}/build --prefix ${DIRECTORY}/installed)
file(RENAME ${DIRECTORY}/installed ${prefix})

file(GLOB_RECURSE installed RELATIVE ${prefix}/include ${prefix}/include/*)
file(GLOB_RECURSE headers RELATIVE ${CTGRAD}/include ${CTGRAD}/include/*)
if(NOT installed STREQUAL headers)
  message(FATAL_ERROR "The installed headers are not those of the source tree:\n${installed}")
endif()
