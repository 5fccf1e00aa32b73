// SPDX-License-Identifier: BSL-1.0
/// \file
/// Steps of a GPU's program that the host's processor runs: loops, solvers, linear algebra and users' kernels that have
/// no body for a GPU.
///
/// The operands are copied to the host and the result back, all in the GPU's queue: whoever calls the program does not
/// wait, and a recorded run has these steps in it. Such a step costs two copies and a few microseconds beside its work,
/// and the GPU waits for it.
#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <cstring>
#include <exception>
#include <set>
#include <tuple>
#include <utility>

#include "ctgrad/device/cuda/memory.hpp"
#include "ctgrad/device/user_kernel.hpp"

namespace ctgrad::cuda {

/// The steps of one stream that run on the host. They take turns, so they share the memory for their arrays.
class HostKernels {
public:
  /// Puts a step into the stream. `x` are arrays on the GPU. The memory for them grows where it is too small: not while
  /// a graph is recorded, but the same step has then run before.
  void run(cudaStream_t stream, const Step& step, const StepArguments& x) {
    std::array<std::size_t, 5> offset{};
    for (int k = 0; k <= x.input_count; ++k) offset[index(k + 1)] = offset[index(k)] + round_up(bytes_of(x, k));
    const std::size_t total = offset[index(x.input_count + 1)] + alignment;
    memory_.reserve(total, "arrays of steps that the host runs (in the host's memory)");
    Task task{&step, x, &failure_};
    for (int k = 0; k <= x.input_count; ++k) task.x.pointer[k] = memory_.data() + offset[index(k)];
    const Task& kept = *tasks_.insert(task).first;
    for (int k = 0; k < x.input_count; ++k)
      copy(kept.x.pointer[k], x.pointer[k], bytes_of(x, k), cudaMemcpyDeviceToHost, stream);
    // The driver's thread only reads it.
    check(cudaLaunchHostFunc(stream, &Task::run, const_cast<Task*>(&kept)), "cudaLaunchHostFunc");
    copy(x.result(), kept.x.result(), bytes_of(x, x.input_count), cudaMemcpyHostToDevice, stream);
  }

  /// Where the steps' arrays lie: a recorded run holds for this place.
  const void* place() const { return memory_.data(); }
  std::int64_t bytes() const { return static_cast<std::int64_t>(memory_.bytes()); }

  /// What a step threw, which is forgotten here; null where none did. After the stream was waited for.
  std::exception_ptr take_failure() { return std::exchange(failure_, nullptr); }

private:
  /// What the driver's thread is given. It must outlive all recorded runs that have it, so none is ever dropped: there
  /// is one for each step and the lengths that it was run with.
  struct Task {
    const Step* step;
    StepArguments x;
    std::exception_ptr* failure;

    static void CUDART_CB run(void* data) {
      const Task& task = *static_cast<const Task*>(data);
      try {
        ctgrad::detail::for_each_point(*task.step, task.x, task.step->user->run);
      } catch (...) {
        if (!*task.failure) *task.failure = std::current_exception();
        // Nobody shall take the result for one: all bits set are a NaN.
        std::memset(task.x.result(), 0xff, bytes_of(task.x, task.x.input_count));
      }
    }
    auto key() const {
      std::array<std::int64_t, 4 * max_rank> extents{};
      std::array<const void*, 4> pointers{};
      for (int k = 0; k <= x.input_count; ++k) {
        pointers[index(k)] = x.pointer[k];
        for (int axis = 0; axis < x.shape[k].rank; ++axis) extents[index(k * max_rank + axis)] = x.shape[k][axis];
      }
      return std::tuple(step, pointers, extents);
    }
    friend bool operator<(const Task& a, const Task& b) { return a.key() < b.key(); }
  };

  static constexpr std::size_t alignment = 64;
  static constexpr std::size_t index(int i) { return static_cast<std::size_t>(i); }
  static constexpr std::size_t round_up(std::size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }
  static std::size_t bytes_of(const StepArguments& x, int k) {
    return static_cast<std::size_t>(x.shape[k].size()) * size_of(x.dtype[k]);
  }
  static void copy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
    if (bytes > 0) check(cudaMemcpyAsync(to, from, bytes, kind, stream), "cudaMemcpyAsync");
  }

  PinnedMemory memory_;
  std::set<Task> tasks_;
  std::exception_ptr failure_;
};

}  // namespace ctgrad::cuda
