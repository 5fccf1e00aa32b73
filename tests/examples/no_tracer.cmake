# cmake -D PROGRAM=... -D NM=... -P no_tracer.cmake: nothing that builds graphs is in the program, though derivative
# rules are functions of a kernel's class. Tracing is the compiler's work, and its code would be most of the program.
execute_process(COMMAND ${NM} -C ${PROGRAM} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
if(NOT symbols MATCHES "[ \n]main\n")
  message(FATAL_ERROR "${PROGRAM} has no symbols to look at")
endif()
string(REGEX MATCHALL "[^\n]*GraphBuilder[^\n]*" found "${symbols}")
if(found)
  list(LENGTH found count)
  list(GET found 0 first)
  message(FATAL_ERROR "${count} functions of ${PROGRAM} build graphs, as ${first}")
endif()
