# The target ctgrad::cuda, for programs on NVIDIA GPUs. The build tree and the installed package share this file.

# The GPUs that CUDA code is compiled for where nobody says: this machine's, or where it has none, data centers' since
# 2020, with code that the driver can compile for later ones. To be called before the CUDA language is enabled.
macro(ctgrad_cuda_architectures)
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES AND NOT DEFINED ENV{CUDAARCHS})
    find_program(nvidia_smi nvidia-smi NO_CACHE)
    set(no_gpu 1)
    if(nvidia_smi)
      execute_process(COMMAND ${nvidia_smi} --list-gpus RESULT_VARIABLE no_gpu OUTPUT_VARIABLE gpus ERROR_QUIET)
    endif()
    if(no_gpu EQUAL 0 AND gpus MATCHES "GPU 0")
      set(CMAKE_CUDA_ARCHITECTURES native)
    else()
      set(CMAKE_CUDA_ARCHITECTURES 80-real 90)
    endif()
  endif()
endmacro()

# What linking ctgrad::cuda brings: ctgrad, the CUDA runtime, cuBLAS, and cuDNN and NCCL where they are found. The
# runtime looks for the driver when it is first used, so a program starts on machines without one.
function(ctgrad_cuda_usage target ctgrad)
  find_package(CUDAToolkit 12.4 REQUIRED)
  target_link_libraries(${target} INTERFACE ${ctgrad} CUDA::cublas CUDA::cublasLt)
  if(CMAKE_CUDA_RUNTIME_LIBRARY STREQUAL "Shared")
    target_link_libraries(${target} INTERFACE CUDA::cudart)
  else()
    target_link_libraries(${target} INTERFACE CUDA::cudart_static)
  endif()
  ctgrad_use(${target} CTGRAD_CUDNN CUDNN::cudnn CUDNN 9 MODULE)
  # Only programs that call NCCL, a large library, are to load it.
  ctgrad_use("" CTGRAD_NCCL NCCL::nccl NCCL MODULE)
  if(CTGRAD_NCCL_FOUND)
    target_link_libraries(${target} INTERFACE -Wl,--push-state,--as-needed NCCL::nccl -Wl,--pop-state)
  endif()
  target_compile_definitions(${target} INTERFACE CTGRAD_HAS_CUDA
    $<$<BOOL:${CTGRAD_CUDNN_FOUND}>:CTGRAD_HAS_CUDNN> $<$<BOOL:${CTGRAD_NCCL_FOUND}>:CTGRAD_HAS_NCCL>)
  message(STATUS "ctgrad: CUDA ${CUDAToolkit_VERSION}, cuDNN ${CTGRAD_CUDNN_FOUND}, NCCL ${CTGRAD_NCCL_FOUND}")
endfunction()
