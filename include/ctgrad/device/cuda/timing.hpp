// SPDX-License-Identifier: BSL-1.0
/// \file
/// How long work takes on a GPU, to choose between ways to do it.
#pragma once

#include <cuda_runtime_api.h>

#include <map>

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

/// Which of two ways to do the same work is the faster: both are measured when a `Key` comes up first, and the answer
/// is kept.
template <class Key>
class FasterWay {
public:
  /// True where the second way is to be taken. `first()` and `second()` put the work into the stream; both may be
  /// called several times. second() says whether it can do the work at all. While a graph is recorded nothing can be
  /// measured: a new key then means the first way, this once.
  template <class First, class Second>
  bool is_second(cudaStream_t stream, const Key& key, const First& first, const Second& second) {
    if (const auto known = is_second_.find(key); known != is_second_.end()) return known->second;
    if (is_recording(stream)) return false;
    const bool faster = second() && milliseconds(stream, runs, second) < milliseconds(stream, runs, first);
    return is_second_[key] = faster;
  }

private:
  static constexpr int runs = 5;
  std::map<Key, bool> is_second_;
};

}  // namespace ctgrad::cuda
