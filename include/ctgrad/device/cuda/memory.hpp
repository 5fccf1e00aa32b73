// SPDX-License-Identifier: BSL-1.0
/// \file
/// Blocks of memory on a GPU, and of the host's memory that a GPU copies from without a detour.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <utility>

#include "ctgrad/device/cuda/error.hpp"

namespace ctgrad::cuda {

/// Makes a GPU the calling thread's current one, and the former one again at the end.
class CurrentDevice {
public:
  explicit CurrentDevice(int index) {
    check(cudaGetDevice(&former_), "cudaGetDevice");
    if (former_ != index) check(cudaSetDevice(index), "cudaSetDevice");
    changed_ = former_ != index;
  }
  ~CurrentDevice() {
    if (changed_) cudaSetDevice(former_);
  }
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

private:
  int former_ = 0;
  bool changed_ = false;
};

/// Memory on the current GPU that grows and never shrinks. Growing loses the contents; what is new is zero. A copy is
/// empty: it belongs to a program of its own, which asks for memory of its own.
class DeviceMemory {
public:
  DeviceMemory() = default;
  DeviceMemory(const DeviceMemory&) {}
  DeviceMemory(DeviceMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  DeviceMemory& operator=(DeviceMemory other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~DeviceMemory() { cudaFree(data_); }

  /// Makes room for `bytes`. Throws Error with the sizes when there is none, and changes nothing. Waits for the GPU
  /// when it grows.
  void reserve(std::size_t bytes, const char* purpose = "temporary arrays") {
    if (bytes <= bytes_) return;
    void* fresh = nullptr;
    check_allocation(cudaMalloc(&fresh, bytes), bytes, purpose);
    cudaError_t cleared = cudaMemset(fresh, 0, bytes);
    // The call returns before the memory is clear, and streams that do not block do not wait for it.
    if (cleared == cudaSuccess) cleared = cudaStreamSynchronize(nullptr);
    if (cleared != cudaSuccess) cudaFree(fresh);
    check(cleared, "cudaMemset");
    cudaFree(data_);
    data_ = fresh;
    bytes_ = bytes;
  }

  std::byte* data() const { return static_cast<std::byte*>(data_); }
  std::size_t bytes() const { return bytes_; }

private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Memory of the host that stays where it is, so that the GPU can copy it while the host goes on. Grows like
/// DeviceMemory.
class PinnedMemory {
public:
  PinnedMemory() = default;
  PinnedMemory(const PinnedMemory&) {}
  PinnedMemory(PinnedMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  PinnedMemory& operator=(PinnedMemory other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~PinnedMemory() { cudaFreeHost(data_); }

  void reserve(std::size_t bytes) {
    if (bytes <= bytes_) return;
    void* fresh = nullptr;
    check_allocation(cudaHostAlloc(&fresh, bytes, cudaHostAllocPortable | cudaHostAllocMapped), bytes,
                     "arguments on their way to the GPU (in the host's memory)");
    cudaFreeHost(data_);
    data_ = fresh;
    bytes_ = bytes;
  }

  std::byte* data() const { return static_cast<std::byte*>(data_); }
  std::size_t bytes() const { return bytes_; }

private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/// A point in a stream's work.
class Event {
public:
  Event() { check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "cudaEventCreateWithFlags"); }
  Event(const Event&) : Event() {}
  Event& operator=(const Event&) = delete;
  ~Event() { cudaEventDestroy(event_); }

  void record(cudaStream_t stream) { check(cudaEventRecord(event_, stream), "cudaEventRecord"); }
  /// The host waits; at once where nothing was recorded.
  void wait() const { check(cudaEventSynchronize(event_), "cudaEventSynchronize"); }
  /// What the stream gets from now on waits.
  void hold(cudaStream_t stream) const { check(cudaStreamWaitEvent(stream, event_, 0), "cudaStreamWaitEvent"); }

private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace ctgrad::cuda
