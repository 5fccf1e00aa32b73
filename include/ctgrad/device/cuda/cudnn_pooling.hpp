// SPDX-License-Identifier: BSL-1.0
/// \file
/// cuDNN's calls for poolings, with one interface for those that it defines as ops/pool2d.hpp does.
///
/// The adjoint of max pooling is not among them. cuDNN does not say which of several largest elements gets a window's
/// adjoint, nor what becomes of NaN; the first of them does here, as in PyTorch. The variant whose results are always
/// the same also reads the result of the pooling, which the step would have to compute again.
#pragma once

#include "ctgrad/device/cuda/cudnn_descriptors.hpp"
#include "ctgrad/device/cuda/pooling_call.hpp"

namespace ctgrad::cuda {

/// The calls for one kind of step: to = alpha * pooling(from) + beta * to.
template <StepKind Kind>
struct PoolingCalls;

/// What lies outside of the image takes no part. NaN counts as largest.
template <>
struct PoolingCalls<StepKind::max_pool2d> {
  static constexpr cudnnPoolingMode_t mode = CUDNN_POOLING_MAX;
  static constexpr bool is_adjoint = false;
  static constexpr const char* name = "cudnnPoolingForward";
};
/// What lies outside of the image counts as zeros: the divisor is always the size of the window.
template <>
struct PoolingCalls<StepKind::avg_pool2d> {
  static constexpr cudnnPoolingMode_t mode = CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING;
  static constexpr bool is_adjoint = false;
  static constexpr const char* name = "cudnnPoolingForward";
};
template <>
struct PoolingCalls<StepKind::avg_pool2d_gradient> {
  static constexpr cudnnPoolingMode_t mode = CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING;
  static constexpr bool is_adjoint = true;
  static constexpr const char* name = "cudnnPoolingBackward";
};

/// A pooling of some planes, as cuDNN is told of it: images x, results y.
class DnnPooling {
public:
  /// All numbers fit (see planes_at_once).
  DnnPooling(const PoolingShape& s, cudnnPoolingMode_t mode, cudnnDataType_t type) {
    const PlaneCounts counts = plane_counts(s);
    auto as_int = [](std::int64_t length) { return static_cast<int>(length); };
    check(cudnnSetTensor4dDescriptor(x_, CUDNN_TENSOR_NCHW, type, counts.images, counts.channels, as_int(s.height),
                                     as_int(s.width)),
          "cudnnSetTensor4dDescriptor");
    check(cudnnSetTensor4dDescriptor(y_, CUDNN_TENSOR_NCHW, type, counts.images, counts.channels, as_int(s.out_height),
                                     as_int(s.out_width)),
          "cudnnSetTensor4dDescriptor");
    const Window& window = s.window;
    check(cudnnSetPooling2dDescriptor(pooling_, mode, CUDNN_PROPAGATE_NAN, window.kernel[0], window.kernel[1],
                                      window.padding[0], window.padding[1], window.stride[0], window.stride[1]),
          "cudnnSetPooling2dDescriptor");
  }

  template <StepKind Kind, class T>
  cudnnStatus_t run(cudnnHandle_t handle, const T* from, T* to) const {
    const typename DnnType<T>::Scale alpha = 1;
    const typename DnnType<T>::Scale beta = 0;
    if constexpr (PoolingCalls<Kind>::is_adjoint) {
      // It takes the images and their pooling too, though the adjoint of an average depends on neither: arrays of the
      // same lengths will do.
      return cudnnPoolingBackward(handle, pooling_, &alpha, y_, from, y_, from, x_, to, &beta, x_, to);
    } else {
      return cudnnPoolingForward(handle, pooling_, &alpha, x_, from, &beta, y_, to);
    }
  }

private:
  using Pooling =
      detail::DnnDescriptor<cudnnPoolingDescriptor_t, cudnnCreatePoolingDescriptor, cudnnDestroyPoolingDescriptor>;
  DnnTensor x_, y_;
  Pooling pooling_;
};

}  // namespace ctgrad::cuda
