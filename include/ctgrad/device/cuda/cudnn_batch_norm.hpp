// SPDX-License-Identifier: BSL-1.0
/// \file
/// cuDNN's calls for batch normalisation in training.
#pragma once

#include <array>
#include <limits>
#include <string>

#include "ctgrad/device/batch_norm_call.hpp"
#include "ctgrad/device/cuda/cudnn_descriptors.hpp"

namespace ctgrad::cuda {

/// The numbers that tell one normalisation from another.
using BatchNormKey = std::array<std::int64_t, 4>;

inline BatchNormKey key_of(DType dtype, const BatchNormShape& s) {
  return {static_cast<std::int64_t>(dtype), s.images, s.channels, s.pixels};
}

/// True for lengths that cuDNN takes: numbers are int, and images and channels are counted along the axes of a grid.
inline bool batch_norm_fits(const BatchNormShape& s) {
  constexpr std::int64_t most_of_grid = 65535;
  return s.images <= most_of_grid && s.channels <= most_of_grid && s.size() <= std::numeric_limits<int>::max();
}

/// "batch_norm of [16, 64, 3136], float32", for error messages.
inline std::string to_text(const char* step, DType dtype, const BatchNormShape& s) {
  return std::string(step) + " of [" + std::to_string(s.images) + ", " + std::to_string(s.channels) + ", " +
         std::to_string(s.pixels) + "], " + std::string(name_of(dtype));
}

/// A batch normalisation, as cuDNN is told of it. (Its persistent mode is often faster, but its header says that it
/// limits the range of values, so that one would have to ask after each run whether it went well.)
class DnnBatchNorm {
public:
  /// All numbers fit (see batch_norm_fits).
  DnnBatchNorm(const BatchNormShape& s, cudnnDataType_t type) {
    auto as_int = [](std::int64_t length) { return static_cast<int>(length); };
    check(cudnnSetTensor4dDescriptor(images_, CUDNN_TENSOR_NCHW, type, as_int(s.images), as_int(s.channels),
                                     as_int(s.pixels), 1),
          "cudnnSetTensor4dDescriptor");
    check(cudnnDeriveBNTensorDescriptor(channels_, images_, mode), "cudnnDeriveBNTensorDescriptor");
  }

  /// The rows `variance` and `spare` of the statistics must be 0: what cuDNN moves towards the minibatch's, all the
  /// way.
  template <class T>
  cudnnStatus_t run(cudnnHandle_t handle, const BatchNormCall<T>& call) const {
    using Row = ops::BatchNormStatistics;
    const typename DnnType<T>::Scale one = 1;
    const typename DnnType<T>::Scale zero = 0;
    return cudnnBatchNormalizationForwardTraining(
        handle, mode, &one, &zero, images_, call.x, images_, call.y, channels_, call.weight, call.bias, 1,
        call.row(Row::spare), call.row(Row::variance), call.epsilon, call.row(Row::mean), call.row(Row::scale));
  }
  template <class T>
  cudnnStatus_t run(cudnnHandle_t handle, const BatchNormGradientCall<T>& call) const {
    using Row = ops::BatchNormStatistics;
    const typename DnnType<T>::Scale one = 1;
    const typename DnnType<T>::Scale zero = 0;
    return cudnnBatchNormalizationBackward(handle, mode, &one, &zero, &one, &zero, images_, call.x, images_, call.t,
                                           images_, call.by_x, channels_, call.row(Row::weight), call.by_weight,
                                           call.by_bias, call.epsilon, call.row(Row::mean), call.row(Row::scale));
  }

private:
  static constexpr cudnnBatchNormMode_t mode = CUDNN_BATCHNORM_SPATIAL;
  DnnTensor images_, channels_;
};

}  // namespace ctgrad::cuda
