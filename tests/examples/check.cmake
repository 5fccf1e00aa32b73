# Runs COMMAND and demands the exit code STATUS and output that matches the regular expression TEXT.
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${COMMAND} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output TIMEOUT 60)
if(NOT status STREQUAL STATUS OR NOT output MATCHES "${TEXT}")
  message(FATAL_ERROR "exit code ${status} (expected ${STATUS}), and the output (expected to match ${TEXT}):\n${output}")
endif()
