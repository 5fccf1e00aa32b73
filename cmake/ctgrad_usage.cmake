# What linking ctgrad::ctgrad brings with it. The build tree and the installed package share this
# file, so a program gets the same flags and libraries by either road.

if((CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
    OR (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16))
  message(FATAL_ERROR "ctgrad needs g++ 12 or clang 16, or later. This is ${CMAKE_CXX_COMPILER}, "
    "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}; choose another with -D CMAKE_CXX_COMPILER=...")
endif()

# A large network's graph is traced, differentiated and planned by constant evaluation: more of it
# than the compilers expect of a program.
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  set(ctgrad_compile_options -fconstexpr-steps=100000000 -fbracket-depth=2048)
else()
  set(ctgrad_compile_options -fconstexpr-ops-limit=1000000000 -fconstexpr-loop-limit=10000000)
endif()
# nvcc evaluates it three times: in its own front end for the host and for the device, and in the host compiler.
list(TRANSFORM ctgrad_compile_options PREPEND -Xcompiler= OUTPUT_VARIABLE ctgrad_cuda_compile_options)
list(APPEND ctgrad_cuda_compile_options -Xcudafe=--max_cost_constexpr_call=1000000000)

# Links an optional library into the target: ctgrad_use(target OPTION imported-target find_package-arguments...). An
# empty target only finds it.
function(ctgrad_use target option library)
  if(${option} MATCHES "^[Aa][Uu][Tt][Oo]$")
    find_package(${ARGN} QUIET)
  elseif(${option})
    find_package(${ARGN} REQUIRED)
  endif()
  if(${option} AND TARGET ${library})
    if(target)
      target_link_libraries(${target} INTERFACE ${library})
    endif()
    set(found ON)
  else()
    set(found OFF)
  endif()
  set(${option}_FOUND ${found} PARENT_SCOPE)
endfunction()

function(ctgrad_usage target include_directory)
  target_include_directories(${target} INTERFACE ${include_directory})
  target_compile_features(${target} INTERFACE cxx_std_20)
  target_compile_options(${target} INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${ctgrad_compile_options}>"
    "$<$<COMPILE_LANGUAGE:CUDA>:${ctgrad_cuda_compile_options}>")
  if("cuda_std_20" IN_LIST CMAKE_CUDA_COMPILE_FEATURES)
    target_compile_features(${target} INTERFACE cuda_std_20)
  else()  # CMake 3.25 does not know that nvcc has C++20
    target_compile_options(${target} INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20>)
  endif()

  ctgrad_use(${target} CTGRAD_BLAS CBLAS::CBLAS CBLAS)
  ctgrad_use(${target} CTGRAD_OPENMP OpenMP::OpenMP_CXX OpenMP COMPONENTS CXX)
  if(CTGRAD_OPENMP_FOUND)  # CMake's target has the flag for C++ alone
    target_compile_options(${target} INTERFACE "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=${OpenMP_CXX_FLAGS}>")
  endif()
  ctgrad_use(${target} CTGRAD_ZLIB ZLIB::ZLIB ZLIB)
  set(CTGRAD_OPENMP_FOUND ${CTGRAD_OPENMP_FOUND} PARENT_SCOPE)
  target_compile_definitions(${target} INTERFACE
    $<$<BOOL:${CTGRAD_BLAS_FOUND}>:CTGRAD_HAS_CBLAS> $<$<BOOL:${CTGRAD_ZLIB_FOUND}>:CTGRAD_HAS_ZLIB>)
  message(STATUS "ctgrad: BLAS ${CTGRAD_BLAS_FOUND}, OpenMP ${CTGRAD_OPENMP_FOUND}, zlib ${CTGRAD_ZLIB_FOUND}")
endfunction()

# What linking ctgrad::thrust_host brings: ctgrad, Thrust's headers, and which of Thrust's systems runs.
function(ctgrad_thrust_host_usage target ctgrad)
  target_link_libraries(${target} INTERFACE ${ctgrad} Thrust::headers)
  if(CTGRAD_OPENMP_FOUND)
    set(system THRUST_DEVICE_SYSTEM_OMP)
  else()
    set(system THRUST_DEVICE_SYSTEM_CPP)
  endif()
  target_compile_definitions(${target} INTERFACE
    CTGRAD_HAS_THRUST $<$<COMPILE_LANGUAGE:CXX>:THRUST_DEVICE_SYSTEM=${system}>)
endfunction()
