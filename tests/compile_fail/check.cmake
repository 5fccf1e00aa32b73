# Compiles SOURCE with the command COMPILE and demands that it fails as the file itself says:
#   // expect: REGEX     the first line of the output with `error:` matches the first of these,
#                        and every further one matches somewhere in the output
#   // <- here           the output names this very line of the file
# The expressions are CMake's: no \d, no {2}.
cmake_minimum_required(VERSION 3.25)

file(READ ${SOURCE} text)
execute_process(COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C ${COMPILE} ${SOURCE}
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)

function(turn_down reason detail)
  message("${output}${SOURCE} turned down: ${reason} ${detail}")
  message(FATAL_ERROR)
endfunction()

if(status EQUAL 0)
  turn_down("it compiles" "")
endif()

string(REGEX MATCH "[^\n]*error:[^\n]*" subject "${output}")
set(wrong "wrong first error")
set(rest "${text}")
if(NOT rest MATCHES "// expect: ")
  turn_down("nothing is expected" "")
endif()
while(rest MATCHES "// expect: ([^\n]*)\n")
  set(expected "${CMAKE_MATCH_1}")
  string(FIND "${rest}" "${CMAKE_MATCH_0}" position)
  math(EXPR position "${position} + 4")
  string(SUBSTRING "${rest}" ${position} -1 rest)
  if(NOT "${subject}" MATCHES "${expected}")
    turn_down("${wrong}" "(expected: ${expected})")
  endif()
  set(subject "${output}")
  set(wrong "text missing")
endwhile()

cmake_path(GET SOURCE FILENAME file)
set(rest "${text}")
set(line 1)
while(rest MATCHES "// <- here")
  string(FIND "${rest}" "// <- here" position)
  string(SUBSTRING "${rest}" 0 ${position} before)
  math(EXPR position "${position} + 4")
  string(SUBSTRING "${rest}" ${position} -1 rest)
  string(REGEX REPLACE "[^\n]" "" before "${before}")
  string(LENGTH "${before}" passed)
  math(EXPR line "${line} + ${passed}")
  string(REPLACE "." "[.]" pattern "${file}")
  if(NOT "${output}" MATCHES "${pattern}:${line}:")
    turn_down("line not named" "(${file}:${line})")
  endif()
endwhile()
