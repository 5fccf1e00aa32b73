// SPDX-License-Identifier: BSL-1.0
/// \file
/// The CUDA runtime on the host; see streams.hpp. It refuses what cannot be done while a graph is recorded.
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>

#include "../library_calls/fakes.hpp"
#include "streams.hpp"

namespace emulated {
Runtime runtime;
}
namespace fakes {
Runtime runtime;
Blas blas;
BlasLt blas_lt;
void put(cudaStream_t stream, std::function<void()> work) { stream->add(std::move(work)); }
}  // namespace fakes

using emulated::runtime;

namespace {

/// Blocks that cudaHostAlloc gave: what lies there is copied when the stream comes to it, other memory at once.
std::map<char*, std::size_t> pinned;

std::set<CUstream_st*> streams;

bool is_pinned(const void* memory) {
  auto* place = static_cast<char*>(const_cast<void*>(memory));
  auto after = pinned.upper_bound(place);
  if (after == pinned.begin()) return false;
  --after;
  return place < after->first + after->second;
}

cudaError_t allocate(void** place, std::size_t bytes) {
  if (runtime.is_recording) return cudaErrorStreamCaptureUnsupported;
  if (runtime.in_host_function) return cudaErrorNotPermitted;
  if (bytes > runtime.free_bytes) return cudaErrorMemoryAllocation;
  *place = std::malloc(bytes == 0 ? 1 : bytes);
  std::memset(*place, 0x7f, bytes);  // as good as any rubbish
  ++runtime.live_allocations;
  ++runtime.allocations;
  return cudaSuccess;
}

}  // namespace

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int) { return cudaSuccess; }
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  *value = attribute == cudaDevAttrComputeCapabilityMajor ? 9 : attribute == cudaDevAttrMultiProcessorCount ? 4 : 1024;
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) { return *version = CUDART_VERSION, cudaSuccess; }
cudaError_t cudaRuntimeGetVersion(int* version) { return *version = CUDART_VERSION, cudaSuccess; }
cudaError_t cudaGetLastError() { return cudaSuccess; }
const char* cudaGetErrorString(cudaError_t) { return "the text of the error"; }
const char* cudaGetErrorName(cudaError_t) { return "cudaErrorName"; }
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  *free = runtime.free_bytes;
  *total = std::size_t{8} << 30;
  return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void*) {
  *attributes = {};
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
  if (runtime.is_recording) return cudaErrorStreamCaptureUnsupported;
  for (CUstream_st* stream : streams) stream->run_until(stream->put);
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** place, std::size_t bytes) { return allocate(place, bytes); }
cudaError_t cudaFree(void* memory) {
  if (memory == nullptr) return cudaSuccess;
  --runtime.live_allocations;
  std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaHostAlloc(void** place, std::size_t bytes, unsigned) {
  const cudaError_t status = allocate(place, bytes);
  if (status == cudaSuccess) pinned[static_cast<char*>(*place)] = bytes;
  return status;
}
cudaError_t cudaFreeHost(void* memory) {
  if (memory == nullptr) return cudaSuccess;
  pinned.erase(static_cast<char*>(memory));
  --runtime.live_allocations;
  std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaMemset(void* memory, int value, std::size_t bytes) {
  if (runtime.is_recording) return cudaErrorStreamCaptureUnsupported;
  std::memset(memory, value, bytes);
  return cudaSuccess;
}
cudaError_t cudaMemset2DAsync(void* memory, std::size_t pitch, int value, std::size_t width, std::size_t height,
                              cudaStream_t stream) {
  stream->add([=] {
    for (std::size_t row = 0; row < height; ++row) std::memset(static_cast<char*>(memory) + row * pitch, value, width);
  });
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  const bool host_is_ordinary = kind == cudaMemcpyHostToDevice && !is_pinned(from);
  if (host_is_ordinary && stream->recorded != nullptr) return cudaErrorStreamCaptureUnsupported;
  if (host_is_ordinary) {
    const auto* bytes_now = static_cast<const char*>(from);
    stream->add([to, copy = std::vector<char>(bytes_now, bytes_now + bytes)] {
      if (!copy.empty()) std::memcpy(to, copy.data(), copy.size());
    });
  } else {
    stream->add([=] {
      if (bytes > 0) std::memcpy(to, from, bytes);
    });
  }
  return cudaSuccess;
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) {
  stream->add([=] {
    // What runs there may not call the runtime.
    runtime.in_host_function = true;
    function(data);
    runtime.in_host_function = false;
  });
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new CUstream_st();
  streams.insert(*stream);
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  streams.erase(stream);
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (runtime.is_recording) return cudaErrorStreamCaptureUnsupported;
  if (stream != nullptr) stream->run_until(stream->put);  // nothing waits in the default stream
  return cudaSuccess;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  *status = stream->recorded != nullptr ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = new CUevent_st();
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) { return cudaEventCreate(event); }
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  if (stream->recorded != nullptr) return cudaErrorStreamCaptureUnsupported;
  *event = {stream, stream->put};
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  const CUevent_st now = *event;
  if (now.stream != nullptr && now.stream != stream) stream->add([now] { now.stream->run_until(now.number); });
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (runtime.is_recording) return cudaErrorStreamCaptureUnsupported;
  if (event->stream != nullptr) event->stream->run_until(event->number);
  return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* time, cudaEvent_t, cudaEvent_t) {
  *time = runtime.time;
  runtime.time += runtime.time_grows;
  return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (runtime.is_recording) return cudaErrorIllegalState;
  stream->recorded = new CUgraph_st();
  runtime.is_recording = true;
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = stream->recorded;
  stream->recorded = nullptr;
  runtime.is_recording = false;
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* instance, cudaGraph_t graph, unsigned long long) {
  *instance = new CUgraphExec_st{graph->work};
  ++runtime.graphs;
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t instance) {
  --runtime.graphs;
  delete instance;
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t instance, cudaStream_t stream) {
  ++runtime.graph_launches;
  for (const std::function<void()>& work : instance->work) stream->add(work);
  return cudaSuccess;
}

}  // extern "C"
