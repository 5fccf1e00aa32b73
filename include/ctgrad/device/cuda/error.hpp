// SPDX-License-Identifier: BSL-1.0
/// \file
/// Checks of CUDA's status codes: what fails becomes an Error that says which call, for what, and what to do.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <string>

#include "ctgrad/core/config.hpp"
#include "ctgrad/core/error.hpp"

namespace ctgrad::cuda {

namespace detail {

/// "1.5 GiB". Rounded down, so that what is free is never said to be more than it is.
inline std::string bytes_as_text(std::size_t bytes) {
  const char* const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  int unit = 0;
  std::size_t tenths = 0;
  while (bytes >= 1024 && unit < 4) {
    tenths = bytes % 1024 * 10 / 1024;
    bytes /= 1024;
    ++unit;
  }
  std::string text = std::to_string(bytes);
  if (unit > 0 && bytes < 100) text += "." + std::to_string(tenths);
  return text + " " + units[unit];
}

/// "13.0" for 13000.
inline std::string version_as_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

/// Why no GPU can be used, as one sentence; "" where `status` does not say that.
inline std::string no_gpu(cudaError_t status) {
  switch (status) {
    case cudaErrorNoDevice:
      return "the NVIDIA driver finds no GPU on this machine (CUDA_VISIBLE_DEVICES may hide it); run on ctgrad::Cpu";
    case cudaErrorStubLibrary:
      return "this program found the CUDA Toolkit's stub in place of the NVIDIA driver; take the toolkit's stubs "
             "directory off LD_LIBRARY_PATH, or run on ctgrad::Cpu";
    case cudaErrorInsufficientDriver: {
      int driver = 0;
      int runtime = 0;
      cudaDriverGetVersion(&driver);
      cudaRuntimeGetVersion(&runtime);
      if (driver == 0) return "there is no NVIDIA driver on this machine; install it, or run on ctgrad::Cpu";
      return "the NVIDIA driver is for CUDA " + version_as_text(driver) + " and this program for CUDA " +
             version_as_text(runtime) + "; install a newer driver, or build with an older CUDA Toolkit";
    }
    case cudaErrorSystemDriverMismatch:
    case cudaErrorCompatNotSupportedOnDevice:
      return "parts of the NVIDIA driver have different versions; install it again and restart the machine";
    case cudaErrorDevicesUnavailable:
      return "the GPU is busy or reserved for another process; wait for it, or choose another GPU";
    default:
      return "";
  }
}

/// What to do about a failed call, from "; " on.
inline const char* advice(cudaError_t status) {
  switch (status) {
    case cudaErrorMemoryAllocation:
      return "; use a smaller batch, or end other programs on this GPU";
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorInvalidDeviceFunction:
    case cudaErrorUnsupportedPtxVersion:
      return "; the program was compiled for other GPUs: build it with CMAKE_CUDA_ARCHITECTURES=native on the machine "
             "it runs on";
    case cudaErrorIllegalAddress:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorIllegalInstruction:
    case cudaErrorHardwareStackError:
    case cudaErrorLaunchFailure:
      return "; a kernel before this call went wrong and no later call can succeed: run the program under "
             "compute-sanitizer, with replay_graphs(false), to see which";
    case cudaErrorAssert:
      return "; a kernel's assertion failed, see what it printed";
    case cudaErrorStreamCaptureUnsupported:
    case cudaErrorStreamCaptureInvalidated:
    case cudaErrorStreamCaptureImplicit:
    case cudaErrorStreamCaptureUnjoined:
    case cudaErrorStreamCaptureIsolation:
      return "; a step made a call that cannot be recorded: set replay_graphs(false) on the device";
    case cudaErrorLaunchTimeout:
      return "; a kernel took longer than this machine allows, as where the GPU also drives a screen: use a smaller "
             "batch";
    case cudaErrorECCUncorrectable:
    case cudaErrorDeviceUninitialized:
      return "; the GPU itself failed: look into the system's log";
    default:
      return "";
  }
}

CTGRAD_COLD [[noreturn]] inline void throw_cuda(cudaError_t status, const char* call, const std::string& purpose = "") {
  // An error that a kernel did not cause would come up again in the next call that asks for the last error.
  cudaGetLastError();
  if (const std::string sentence = no_gpu(status); !sentence.empty()) throw_error("ctgrad: " + sentence);
  throw_error("ctgrad: " + std::string(call) + (purpose.empty() ? "" : " for " + purpose) +
              " failed: " + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) + ")" + advice(status));
}

CTGRAD_COLD [[noreturn]] inline void throw_no_room(cudaError_t status, std::size_t bytes, const char* purpose) {
  cudaGetLastError();
  std::size_t free = 0;
  std::size_t total = 0;
  std::string there = ".";
  if (cudaMemGetInfo(&free, &total) == cudaSuccess)
    there = ": of the GPU's " + bytes_as_text(total) + ", " + bytes_as_text(free) + " are free.";
  throw_error("ctgrad: there is no room for " + bytes_as_text(bytes) + " of " + purpose + " (" +
              cudaGetErrorName(status) + ")" + there +
              " Use a smaller batch (memory_plan says how much a program takes), or end other programs on this GPU");
}

}  // namespace detail

/// Throws Error when a call failed. `what` is the call's name, or what was being done.
inline void check(cudaError_t status, const char* what) {
  if (status != cudaSuccess) detail::throw_cuda(status, what);
}

/// The same, with `purpose()`, a text such as "matmul [2, 3] x [3, 4] of float32".
template <class Purpose>
void check(cudaError_t status, const char* what, const Purpose& purpose) {
  if (status != cudaSuccess) detail::throw_cuda(status, what, purpose());
}

/// For calls that allocate: says how many bytes were asked for, for what, and how much the GPU has.
inline void check_allocation(cudaError_t status, std::size_t bytes, const char* purpose) {
  if (status == cudaErrorMemoryAllocation) detail::throw_no_room(status, bytes, purpose);
  check(status, "allocating memory");
}

/// Throws Error, in one sentence, where there is no driver, no GPU, or none of number `index`.
inline void check_driver(int index) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  check(status, "cudaGetDeviceCount");
  if (count == 0) detail::throw_cuda(cudaErrorNoDevice, "cudaGetDeviceCount");
  if (index < 0 || index >= count)
    throw_error("ctgrad: there is no GPU number " + std::to_string(index) + "; this machine has " +
                std::to_string(count) + ", counted from 0");
}

}  // namespace ctgrad::cuda
