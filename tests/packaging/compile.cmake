# Compiles and runs the consumer with the compiler alone, in an empty directory.
file(REMOVE_RECURSE ${DIRECTORY})
file(MAKE_DIRECTORY ${DIRECTORY})

function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${DIRECTORY} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

if(TARGET)
  run(${CMAKE_COMMAND} --build ${BUILD} --target ${TARGET})
endif()
run(${COMPILER} -std=c++20 -I${INCLUDE} ${CMAKE_CURRENT_LIST_DIR}/consumer/main.cpp -o consumer)
run(${DIRECTORY}/consumer)
