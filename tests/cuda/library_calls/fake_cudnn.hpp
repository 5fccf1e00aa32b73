// SPDX-License-Identifier: BSL-1.0
/// \file
/// The stand-in for cuDNN; see fakes.hpp.
#pragma once

#include <cudnn.h>

#include <map>
#include <utility>

#include "fakes.hpp"

struct cudnnTensorStruct {
  cudnnDataType_t type;
  int n, c, h, w;
};

namespace fakes {

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
  cudnnMathType_t offered_math = CUDNN_DEFAULT_MATH;
  /// Bytes of scratch memory by algorithm, 0 for others; algorithms of which cuDNN says so, or finds out as it runs
  /// them, that they cannot compute.
  std::map<int, std::size_t> bytes;
  std::set<int> unsupported;
  std::set<int> fail_to_run;
  cudnnStatus_t run_status = CUDNN_STATUS_SUCCESS;
  std::size_t measured_with = 0;
  /// Calls for poolings, and how they end.
  int poolings = 0;
  cudnnStatus_t pooling_status = CUDNN_STATUS_SUCCESS;
  /// The planes of each call: images, channels.
  std::vector<std::pair<int, int>> planes;
  /// False: poolings are noted and not computed.
  bool pools = true;
  /// Calls for batch normalisations and their reverse passes, and how they end.
  int batch_norms = 0;
  int batch_norm_gradients = 0;
  cudnnStatus_t batch_norm_status = CUDNN_STATUS_SUCCESS;
  /// False: normalisations are noted and not computed.
  bool normalizes = true;
};

extern Dnn dnn;

struct DnnFixture : Fixture {
  DnnFixture() { dnn = {}; }
};

}  // namespace fakes
