# Writes a header and all it includes from this library into one file:
#   cmake -D INCLUDE=<include directory> -D HEADER=<first header> -D OUTPUT=<file> -P amalgamate.cmake
cmake_minimum_required(VERSION 3.25)

# Appends a header to the global property `text`, each of our includes replaced by the file it names
# the first time and by nothing afterwards. Everything else stays as it is written.
function(append header)
  get_property(seen GLOBAL PROPERTY seen)
  if(header IN_LIST seen)
    return()
  endif()
  set_property(GLOBAL APPEND PROPERTY seen ${header})

  file(READ ${INCLUDE}/${header} rest)
  string(REPLACE "// SPDX-License-Identifier: BSL-1.0\n" "" rest "${rest}")
  string(REPLACE "#pragma once\n" "" rest "${rest}")
  set(rest "\n// ${header}\n${rest}")
  while(rest MATCHES "\n#include [<\"](ctgrad/[^>\"]+)[>\"][^\n]*")
    set(line "${CMAKE_MATCH_0}")
    set(included "${CMAKE_MATCH_1}")
    string(FIND "${rest}" "${line}" position)
    string(SUBSTRING "${rest}" 0 ${position} before)
    string(LENGTH "${line}" length)
    math(EXPR position "${position} + ${length}")
    string(SUBSTRING "${rest}" ${position} -1 rest)
    set_property(GLOBAL APPEND_STRING PROPERTY text "${before}")
    append(${included})
  endwhile()
  set_property(GLOBAL APPEND_STRING PROPERTY text "${rest}")
endfunction()

append(${HEADER})
get_property(text GLOBAL PROPERTY text)
if(text MATCHES "\n[ \t]*#[ \t]*include[ \t]*[<\"]ctgrad/[^\n]*")
  message(FATAL_ERROR "Write each include of our own as `#include \"ctgrad/...\"` at the start of a line: ${CMAKE_MATCH_0}")
endif()
file(READ ${CMAKE_CURRENT_LIST_DIR}/../LICENSE license)
file(WRITE ${OUTPUT} "// SPDX-License-Identifier: BSL-1.0\n/// \\file\n/// ctgrad as one header.\n"
  "#pragma once\n\n/*\n${license}*/\n${text}")
