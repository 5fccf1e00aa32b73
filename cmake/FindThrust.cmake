# Finds Thrust's headers, in a CUDA toolkit or as a package of their own (Debian's libthrust-dev), as the imported target
# Thrust::headers. Thrust's own package would bring the CUDA language with it.
set(places $ENV{CUDA_PATH} $ENV{CUDA_HOME} /usr/local/cuda /opt/cuda)
find_path(THRUST_INCLUDE_DIR thrust/for_each.h HINTS ${CUDAToolkit_INCLUDE_DIRS}
  PATHS ${places} PATH_SUFFIXES include/cccl include cccl)
mark_as_advanced(THRUST_INCLUDE_DIR)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Thrust REQUIRED_VARS THRUST_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "On Debian and Ubuntu: apt-get install libthrust-dev")

if(Thrust_FOUND AND NOT TARGET Thrust::headers)
  add_library(Thrust::headers INTERFACE IMPORTED)
  set_target_properties(Thrust::headers PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${THRUST_INCLUDE_DIR})
endif()
