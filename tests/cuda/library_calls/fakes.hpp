// SPDX-License-Identifier: BSL-1.0
/// \file
/// Stand-ins for the CUDA runtime, cuBLAS, cuBLASLt and cuDNN: they refuse what the real ones refuse, compute on the
/// host, in memory of the host, and note how they were called. So the calls can be tested where no GPU is.
#pragma once

#include <cublasLt.h>
#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cudnn.h>

#include <cstddef>
#include <map>
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
  int live_descriptors = 0;
  std::uint32_t alignment[4] = {};
};

struct Dnn {
  cudaStream_t stream = nullptr;
  int live_handles = 0;
  int live_descriptors = 0;
  int guesses = 0;
  int measurements = 0;
  int runs = 0;
  int last_algorithm = -1;
  cudnnMathType_t last_math{};
  double last_beta = 0;
  cudnnStatus_t choosing = CUDNN_STATUS_SUCCESS;
  /// What cuDNN offers, best first: algorithm, and whether it says that its results are always the same.
  struct Offer {
    int algorithm;
    bool deterministic = true;
    cudnnStatus_t status = CUDNN_STATUS_SUCCESS;
  };
  std::vector<Offer> offers = {{1}};
  /// Bytes of scratch memory by algorithm, 0 for others; algorithms of which cuDNN says so, or finds out as it runs
  /// them, that they cannot compute.
  std::map<int, std::size_t> bytes;
  std::set<int> unsupported;
  std::set<int> fail_to_run;
  cudnnStatus_t run_status = CUDNN_STATUS_SUCCESS;
  std::size_t measured_with = 0;
};

extern Runtime runtime;
extern Blas blas;
extern BlasLt blas_lt;
extern Dnn dnn;

inline void reset() {
  runtime = {};
  blas = {};
  blas_lt = {};
  dnn = {};
}

}  // namespace fakes
