# Configures and builds a project in an empty directory, and runs the consumer where it is that.
if(NOT SOURCE)
  set(SOURCE ${CMAKE_CURRENT_LIST_DIR}/consumer)
endif()
if(NOT DEFINED BUILD_TYPE)
  set(BUILD_TYPE Release)
endif()
file(REMOVE_RECURSE ${DIRECTORY})

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} -S ${SOURCE} -B ${DIRECTORY} -G ${GENERATOR} -D CMAKE_CXX_COMPILER=${COMPILER}
  -D CMAKE_BUILD_TYPE=${BUILD_TYPE} -D CMAKE_EXPORT_COMPILE_COMMANDS=ON
  -D WAY=${WAY} -D COMPONENTS=${COMPONENTS} -D CTGRAD=${CTGRAD} -D CMAKE_PREFIX_PATH=${DIRECTORY}/../prefix)
run(${CMAKE_COMMAND} --build ${DIRECTORY})
foreach(program consumer thrust_host on_a_gpu)
  if(EXISTS ${DIRECTORY}/${program})
    run(${DIRECTORY}/${program})
  endif()
endforeach()

# What we ask of our own code is not forced on theirs.
file(READ ${DIRECTORY}/compile_commands.json commands)
if(commands MATCHES " (-march|-W)[^ \"]*")
  message(FATAL_ERROR "Linking ctgrad::ctgrad brings a flag that is ours alone: ${CMAKE_MATCH_0}")
endif()
if(WAY STREQUAL "find_package" AND commands MATCHES "${CTGRAD}/include")
  message(FATAL_ERROR "The installed package still uses the headers of the source tree")
endif()
