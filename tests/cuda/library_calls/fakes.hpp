// SPDX-License-Identifier: BSL-1.0
/// \file
/// Stand-ins for the CUDA runtime, cuBLAS and cuBLASLt: they refuse what the real ones refuse, compute on the
/// host, in memory of the host, and note how they were called. So the calls can be tested where no GPU is.
#pragma once

#include <cublasLt.h>
#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace fakes {

/// The runtime's state. Each test starts from `reset()`.
struct Runtime {
  cudaError_t count_status = cudaSuccess;
  int count = 1;
  int driver_version = 13000;
  int capability_major = 9;
  std::size_t free_bytes = std::size_t{3} << 29;
  std::size_t total_bytes = std::size_t{80} << 30;
  std::size_t largest_allocation = std::size_t{1} << 40;
  bool is_recording = false;
  int live_allocations = 0;
  int live_events = 0;
  /// What successive measurements take.
  std::vector<float> times;
  std::size_t next_time = 0;
};

struct Blas {
  cudaStream_t stream = nullptr;
  void* workspace = nullptr;
  std::size_t workspace_bytes = 0;
  unsigned math = 0;
  cublasStatus_t next_status = CUBLAS_STATUS_SUCCESS;
  bool computes = true;
  int live_handles = 0;
  /// The last product.
  std::string call;
  cublasComputeType_t compute{};
  int calls = 0;
  std::vector<long long> batches;
};

struct BlasLt {
  int heuristics = 0;
  int requested = 0;
  /// Numbers of the algorithms that the heuristic offers, and those that do not run.
  std::vector<int> algorithms = {10, 11, 12};
  std::set<int> broken;
  int last_algorithm = 0;
  int runs = 0;
  /// Runs with a bias or relu.
  int epilogues = 0;
  int live_descriptors = 0;
  std::uint32_t alignment[4] = {};
};

/// Puts work into a stream; defined by the stand-in for the runtime.
void put(cudaStream_t stream, std::function<void()> work);

extern Runtime runtime;
extern Blas blas;
extern BlasLt blas_lt;

inline void reset() {
  runtime = {};
  blas = {};
  blas_lt = {};
}

/// Each test begins with new stand-ins.
struct Fixture {
  Fixture() { reset(); }
};

/// A stream that the stand-ins do not look into.
inline const auto any_stream = reinterpret_cast<cudaStream_t>(std::uintptr_t{0x100});

}  // namespace fakes
