// SPDX-License-Identifier: BSL-1.0
/// \file
/// How long work takes on a GPU, to choose between ways to do it.
#pragma once

#include <cuda_runtime_api.h>

#include "ctgrad/device/cuda/error.hpp"

namespace ctgrad::cuda {

/// Whether what a stream is given now is recorded into a graph instead of run.
inline bool is_recording(cudaStream_t stream) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  check(cudaStreamIsCapturing(stream, &status), "cudaStreamIsCapturing");
  return status != cudaStreamCaptureStatusNone;
}

/// Milliseconds that `runs` calls of work() take on the stream, after one that is not counted. Waits for the GPU; not
/// while a graph is recorded.
template <class Work>
float milliseconds(cudaStream_t stream, int runs, const Work& work) {
  struct Mark {
    cudaEvent_t event = nullptr;
    Mark() { check(cudaEventCreate(&event), "cudaEventCreate"); }
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;
    ~Mark() { cudaEventDestroy(event); }
  };
  const Mark begin;
  const Mark end;
  work();
  check(cudaEventRecord(begin.event, stream), "cudaEventRecord");
  for (int i = 0; i < runs; ++i) work();
  check(cudaEventRecord(end.event, stream), "cudaEventRecord");
  check(cudaEventSynchronize(end.event), "cudaEventSynchronize");
  float time = 0;
  check(cudaEventElapsedTime(&time, begin.event, end.event), "cudaEventElapsedTime");
  return time;
}

}  // namespace ctgrad::cuda
