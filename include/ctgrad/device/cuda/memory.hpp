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

/// Frees memory when its GPU has done all that is queued: cudaFree may wait for that by itself, but need not.
inline void free_after_work(void* data, cudaError_t (*free)(void*)) {
  if (data == nullptr) return;
  cudaPointerAttributes place{};
  int former = 0;
  if (cudaPointerGetAttributes(&place, data) == cudaSuccess && cudaGetDevice(&former) == cudaSuccess) {
    if (place.device != former) cudaSetDevice(place.device);
    cudaDeviceSynchronize();
    if (place.device != former) cudaSetDevice(former);
  }
  free(data);
}

/// Bytes that grow and never shrink; growing loses the contents. `Place` says where they come from. A copy is empty: it
/// belongs to a program of its own, which asks for memory of its own.
template <class Place>
class GrowingMemory {
public:
  GrowingMemory() = default;
  GrowingMemory(const GrowingMemory&) {}
  GrowingMemory(GrowingMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  GrowingMemory& operator=(GrowingMemory other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~GrowingMemory() { Place::release(data_); }

  /// Makes room for `bytes`. Throws Error with the sizes and the purpose when there is none, and changes nothing.
  void reserve(std::size_t bytes, const char* purpose = Place::purpose) {
    if (bytes <= bytes_) return;
    void* fresh = Place::allocate(bytes, purpose);
    Place::release(data_);
    data_ = fresh;
    bytes_ = bytes;
  }

  std::byte* data() const { return static_cast<std::byte*>(data_); }
  std::size_t bytes() const { return bytes_; }

private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/// On the current GPU, filled with zeros. Allocating and releasing wait for the GPU.
struct OnDevice {
  static constexpr const char* purpose = "temporary arrays";
  static void* allocate(std::size_t bytes, const char* what) {
    void* fresh = nullptr;
    check_allocation(cudaMalloc(&fresh, bytes), bytes, what);
    cudaError_t cleared = cudaMemset(fresh, 0, bytes);
    // The call returns before the memory is clear, and streams that do not block do not wait for it.
    if (cleared == cudaSuccess) cleared = cudaStreamSynchronize(nullptr);
    if (cleared != cudaSuccess) cudaFree(fresh);
    check(cleared, "cudaMemset");
    return fresh;
  }
  static void release(void* data) { free_after_work(data, &cudaFree); }
};
using DeviceMemory = GrowingMemory<OnDevice>;

/// In the host's memory, where it stays in place, so that the GPU can copy it while the host goes on.
struct Pinned {
  static constexpr const char* purpose = "arguments on their way to the GPU (in the host's memory)";
  static void* allocate(std::size_t bytes, const char* what) {
    void* fresh = nullptr;
    check_allocation(cudaHostAlloc(&fresh, bytes, cudaHostAllocPortable | cudaHostAllocMapped), bytes, what);
    return fresh;
  }
  static void release(void* data) { free_after_work(data, &cudaFreeHost); }
};
using PinnedMemory = GrowingMemory<Pinned>;

/// A point in a stream's work. It belongs to the GPU that is current when it is recorded first.
class Event {
public:
  Event() = default;
  /// A copy has seen nothing yet; what is moved keeps what it has seen.
  Event(const Event&) {}
  Event(Event&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
  Event& operator=(Event other) noexcept {
    std::swap(event_, other.event_);
    return *this;
  }
  ~Event() {
    if (event_ != nullptr) cudaEventDestroy(event_);
  }

  void record(cudaStream_t stream) {
    if (event_ == nullptr) check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    check(cudaEventRecord(event_, stream), "cudaEventRecord");
  }
  /// The host waits; not at all where nothing was recorded.
  void wait() const {
    if (event_ != nullptr) check(cudaEventSynchronize(event_), "cudaEventSynchronize");
  }
  /// What the stream gets from now on waits.
  void hold(cudaStream_t stream) const {
    if (event_ != nullptr) check(cudaStreamWaitEvent(stream, event_, 0), "cudaStreamWaitEvent");
  }

private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace ctgrad::cuda
