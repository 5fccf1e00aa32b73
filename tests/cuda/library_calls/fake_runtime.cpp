// SPDX-License-Identifier: BSL-1.0
/// \file
/// The CUDA runtime, as far as the library calls need it.
#include <cstdlib>
#include <cstring>

#include "fakes.hpp"

namespace fakes {
Runtime runtime;
Blas blas;
BlasLt blas_lt;
/// This stand-in's streams are never behind.
void put(cudaStream_t, std::function<void()> work) { work(); }
}  // namespace fakes

using fakes::runtime;

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
  *count = runtime.count;
  return runtime.count_status;
}
cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int) { return cudaSuccess; }
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  if (attribute != cudaDevAttrComputeCapabilityMajor) return cudaErrorInvalidValue;
  *value = runtime.capability_major;
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = runtime.driver_version;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
cudaError_t cudaGetLastError() { return cudaSuccess; }
const char* cudaGetErrorString(cudaError_t) { return "the text of the error"; }
const char* cudaGetErrorName(cudaError_t) { return "cudaErrorName"; }
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  *free = runtime.free_bytes;
  *total = runtime.total_bytes;
  return cudaSuccess;
}
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void*) {
  *attributes = {};
  return cudaSuccess;
}
cudaError_t cudaMalloc(void** place, std::size_t bytes) {
  if (bytes > runtime.largest_allocation) return cudaErrorMemoryAllocation;
  *place = std::malloc(bytes);
  ++runtime.live_allocations;
  return cudaSuccess;
}
cudaError_t cudaFree(void* memory) {
  if (memory != nullptr) --runtime.live_allocations;
  std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaMemset(void* memory, int value, std::size_t bytes) {
  std::memset(memory, value, bytes);
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t) {
  std::memset(memory, value, bytes);
  return cudaSuccess;
}
cudaError_t cudaMemset2DAsync(void* memory, std::size_t pitch, int value, std::size_t width, std::size_t height,
                              cudaStream_t) {
  if (width > pitch) return cudaErrorInvalidValue;
  for (std::size_t row = 0; row < height; ++row) std::memset(static_cast<char*>(memory) + row * pitch, value, width);
  return cudaSuccess;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t, cudaStreamCaptureStatus* status) {
  *status = runtime.is_recording ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t) {
  return runtime.is_recording ? cudaErrorStreamCaptureUnsupported : cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() { return runtime.is_recording ? cudaErrorStreamCaptureUnsupported : cudaSuccess; }

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = reinterpret_cast<cudaEvent_t>(&runtime);
  ++runtime.live_events;
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) { return cudaEventCreate(event); }
cudaError_t cudaEventDestroy(cudaEvent_t) {
  --runtime.live_events;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t) { return cudaSuccess; }
cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned) { return cudaSuccess; }
cudaError_t cudaEventSynchronize(cudaEvent_t) {
  return runtime.is_recording ? cudaErrorStreamCaptureUnsupported : cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* time, cudaEvent_t, cudaEvent_t) {
  if (runtime.next_time == runtime.times.size()) return cudaErrorInvalidValue;
  *time = runtime.times[runtime.next_time++];
  return cudaSuccess;
}
cudaError_t cudaHostAlloc(void** place, std::size_t bytes, unsigned) {
  *place = std::malloc(bytes);
  return cudaSuccess;
}
cudaError_t cudaFreeHost(void* memory) {
  std::free(memory);
  return cudaSuccess;
}

}  // extern "C"
