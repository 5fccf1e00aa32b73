// SPDX-License-Identifier: BSL-1.0
/// \file
/// Starts threads on a GPU: one for each index, or a group of them. For nvcc.
///
/// Two kernels carry every body. CUB and Thrust would start the same threads; their headers cost nvcc 4 to 7 seconds in
/// every source, these less than a tenth of one (docs/compile-time.md).
#pragma once

#if !defined(__CUDACC__)
#error \
    "ctgrad: this source starts kernels on a GPU, so nvcc must compile it: in CMake, set_source_files_properties(file PROPERTIES LANGUAGE CUDA)"
#endif

#include <cstdint>

#include "ctgrad/device/cuda/error.hpp"
#include "ctgrad/device/parallel/reduction.hpp"

namespace ctgrad::cuda {

inline constexpr int threads_of_block = parallel::block_threads;
inline constexpr int threads_of_warp = 32;

namespace detail {

/// The x of the thread `distance` further on in the warp, whatever its type.
template <class T>
__device__ T shuffle_down(const T& x, unsigned distance) {
  constexpr int words = (sizeof(T) + 3) / 4;
  unsigned word[words] = {};
  memcpy(word, &x, sizeof(T));
  for (int i = 0; i < words; ++i) word[i] = __shfl_down_sync(0xffffffffU, word[i], distance);
  T result;
  memcpy(&result, word, sizeof(T));
  return result;
}

}  // namespace detail

/// 1, 32 or `threads_of_block` threads that fold together. All of them must call `reduce` the same number of times.
class Group {
public:
  __device__ explicit Group(int size) : size_(size) {}

  __device__ int size() const { return size_; }
  __device__ int rank() const { return static_cast<int>(threadIdx.x) & (size_ - 1); }
  __device__ void synchronize() const {
    if (size_ > threads_of_warp) {
      __syncthreads();
    } else if (size_ > 1) {
      __syncwarp();
    }
  }

  /// The fold of the x of all threads, in an order that depends on the size alone; for rank 0.
  template <class Operation, class T>
  __device__ T reduce(T x) const {
    if (size_ == 1) return x;
    for (int distance = threads_of_warp / 2; distance > 0; distance /= 2)
      x = Operation::combine(x, detail::shuffle_down(x, static_cast<unsigned>(distance)));
    if (size_ == threads_of_warp) return x;
    constexpr int warps = threads_of_block / threads_of_warp;
    __shared__ T of_warp[warps];
    __syncthreads();  // whoever used this memory before has read it
    if (threadIdx.x % threads_of_warp == 0) of_warp[threadIdx.x / threads_of_warp] = x;
    __syncthreads();
    if (threadIdx.x == 0)
      for (int warp = 1; warp < warps; ++warp) x = Operation::combine(x, of_warp[warp]);
    return x;
  }

private:
  int size_;
};

template <class Body>
__global__ void __launch_bounds__(threads_of_block) run_each(const Body body, std::int64_t count) {
  const std::int64_t i = std::int64_t{blockIdx.x} * threads_of_block + threadIdx.x;
  if (i < count) body(i);
}

/// A warp's threads take part in its folds even where they have nothing to fold, so the loop's end is the group's.
template <class Body>
__global__ void __launch_bounds__(threads_of_block) run_groups(const Body body, std::int64_t count, int size) {
  const std::int64_t i = (std::int64_t{blockIdx.x} * threads_of_block + threadIdx.x) / size;
  if (i < count) body(Group(size), i);
}

namespace detail {

/// The largest number of blocks in a grid.
inline constexpr std::int64_t most_blocks = 0x7fffffff;

inline unsigned blocks_for(std::int64_t threads) {
  const std::int64_t blocks = (threads + threads_of_block - 1) / threads_of_block;
  if (blocks > most_blocks)
    throw_error("ctgrad: a loop of " + std::to_string(threads) +
                " threads is too large for a GPU; use a smaller batch");
  return static_cast<unsigned>(blocks);
}

}  // namespace detail

/// body(i) for each i of [0, count).
template <class Body>
void for_each(cudaStream_t stream, std::int64_t count, const Body& body) {
  static_assert(sizeof(Body) <= 4000, "ctgrad: a kernel's arguments are too large for a GPU");
  if (count <= 0) return;
  run_each<<<detail::blocks_for(count), threads_of_block, 0, stream>>>(body, count);
  check(cudaGetLastError(), "the launch of a loop");
}

/// body(group, i) for each i of [0, count), with groups of `size` threads: 1, 32 or `threads_of_block`.
template <class Body>
void for_each_group(cudaStream_t stream, std::int64_t count, int size, const Body& body) {
  static_assert(sizeof(Body) <= 4000, "ctgrad: a kernel's arguments are too large for a GPU");
  if (count <= 0) return;
  run_groups<<<detail::blocks_for(count * size), threads_of_block, 0, stream>>>(body, count, size);
  check(cudaGetLastError(), "the launch of a loop with reductions");
}

}  // namespace ctgrad::cuda
