// SPDX-License-Identifier: BSL-1.0
/// \file
/// What cuDNN is told of arrays: their element type, their lengths, those of a convolution; and what its status codes
/// mean.
#pragma once

#include <cudnn.h>

#include <cstdint>
#include <string>
#include <utility>

#include "ctgrad/device/cuda/error.hpp"
#include "ctgrad/device/image_shapes.hpp"

#if CUDNN_MAJOR < 9
#error "ctgrad needs cuDNN 9 or later; install it, or build without cuDNN (CTGRAD_CUDNN=off in CMake)"
#endif

namespace ctgrad::cuda {

/// How cuDNN names an element type: `type` in memory, `compute` for sums, `math` the fastest way allowed.
template <class T>
struct DnnType;
template <>
struct DnnType<float> {
  using Scale = float;
  static constexpr cudnnDataType_t type = CUDNN_DATA_FLOAT;
  static constexpr cudnnDataType_t compute = CUDNN_DATA_FLOAT;
  // The default rounds floats to TF32 on GPUs that have it.
  static constexpr cudnnMathType_t math(bool allows_tf32) { return allows_tf32 ? CUDNN_DEFAULT_MATH : CUDNN_FMA_MATH; }
};
template <>
struct DnnType<double> {
  using Scale = double;
  static constexpr cudnnDataType_t type = CUDNN_DATA_DOUBLE;
  static constexpr cudnnDataType_t compute = CUDNN_DATA_DOUBLE;
  static constexpr cudnnMathType_t math(bool) { return CUDNN_DEFAULT_MATH; }
};
/// 16-bit numbers are added as floats.
template <cudnnDataType_t Type>
struct HalfDnnType {
  using Scale = float;
  static constexpr cudnnDataType_t type = Type;
  static constexpr cudnnDataType_t compute = CUDNN_DATA_FLOAT;
  static constexpr cudnnMathType_t math(bool) { return CUDNN_TENSOR_OP_MATH; }
};
template <>
struct DnnType<bfloat16> : HalfDnnType<CUDNN_DATA_BFLOAT16> {};
template <>
struct DnnType<float16> : HalfDnnType<CUDNN_DATA_HALF> {};

namespace detail {

inline const char* advice(cudnnStatus_t status) {
  switch (status) {
    case CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED:
    case CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH:
      return "; cuDNN is several files of one version: put the directory that holds all of them first on "
             "LD_LIBRARY_PATH";
    case CUDNN_STATUS_NOT_INITIALIZED:
    case CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED:
    case CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED:
      return "; the GPU may be out of memory: use a smaller batch, or end other programs on this GPU";
    case CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH:
    case CUDNN_STATUS_NOT_SUPPORTED_INCOMPATIBLE_CUDA_DRIVER:
    case CUDNN_STATUS_NOT_SUPPORTED_INCOMPATIBLE_CUDART:
      return "; the installed cuDNN is not for this GPU or driver: install another, or run on ctgrad::CudaPlain";
    case CUDNN_STATUS_EXECUTION_FAILED:
    case CUDNN_STATUS_EXECUTION_FAILED_CUDART:
    case CUDNN_STATUS_EXECUTION_FAILED_CUDA_DRIVER:
    case CUDNN_STATUS_EXECUTION_FAILED_CUBLAS:
      return "; a kernel before this call may have gone wrong: run the program under compute-sanitizer";
    default:
      return "; ctgrad::CudaPlain does without cuDNN";
  }
}

CTGRAD_COLD [[noreturn]] inline void throw_cudnn(cudnnStatus_t status, const char* call,
                                                 const std::string& purpose = "") {
  char more[512] = "";
  cudnnGetLastErrorString(more, sizeof(more));
  throw_error("ctgrad: " + std::string(call) + (purpose.empty() ? "" : " for " + purpose) + " failed: " +
              cudnnGetErrorString(status) + (*more != '\0' ? " (" + std::string(more) + ")" : "") + advice(status));
}

}  // namespace detail

inline void check(cudnnStatus_t status, const char* call) {
  if (status != CUDNN_STATUS_SUCCESS) detail::throw_cudnn(status, call);
}
template <class Purpose>
void check(cudnnStatus_t status, const char* call, const Purpose& purpose) {
  if (status != CUDNN_STATUS_SUCCESS) detail::throw_cudnn(status, call, purpose());
}

/// Whether cuDNN refused, rather than failed.
inline bool is_not_supported(cudnnStatus_t status) {
  return CUDNN_STATUS_CATEGORY(static_cast<int>(status)) == CUDNN_STATUS_NOT_SUPPORTED;
}

namespace detail {

/// Owns what `Create` made.
template <class Descriptor, cudnnStatus_t (*Create)(Descriptor*), cudnnStatus_t (*Destroy)(Descriptor)>
class DnnDescriptor {
public:
  DnnDescriptor() { check(Create(&descriptor_), "creating a descriptor of cuDNN"); }
  DnnDescriptor(DnnDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, nullptr)) {}
  DnnDescriptor& operator=(DnnDescriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~DnnDescriptor() {
    if (descriptor_ != nullptr) Destroy(descriptor_);
  }
  operator Descriptor() const { return descriptor_; }

private:
  Descriptor descriptor_ = nullptr;
};

}  // namespace detail

using DnnTensor =
    detail::DnnDescriptor<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor>;

/// What cuDNN is told about the arrays of a convolution: images x, weights w, result y.
struct ConvolutionDescriptors {
  using Filter =
      detail::DnnDescriptor<cudnnFilterDescriptor_t, cudnnCreateFilterDescriptor, cudnnDestroyFilterDescriptor>;
  using Convolution = detail::DnnDescriptor<cudnnConvolutionDescriptor_t, cudnnCreateConvolutionDescriptor,
                                            cudnnDestroyConvolutionDescriptor>;
  DnnTensor x, y;
  Filter w;
  Convolution convolution;

  /// All lengths fit an int (see images_at_once).
  ConvolutionDescriptors(const ConvolutionShape& s, cudnnDataType_t type, cudnnDataType_t compute,
                         cudnnMathType_t math) {
    auto as_int = [](std::int64_t length) { return static_cast<int>(length); };
    check(cudnnSetTensor4dDescriptor(x, CUDNN_TENSOR_NCHW, type, as_int(s.images), as_int(s.groups * s.in),
                                     as_int(s.height), as_int(s.width)),
          "cudnnSetTensor4dDescriptor");
    check(cudnnSetTensor4dDescriptor(y, CUDNN_TENSOR_NCHW, type, as_int(s.images), as_int(s.groups * s.out),
                                     as_int(s.out_height), as_int(s.out_width)),
          "cudnnSetTensor4dDescriptor");
    const Window& window = s.window;
    check(cudnnSetFilter4dDescriptor(w, type, CUDNN_TENSOR_NCHW, as_int(s.groups * s.out), as_int(s.in),
                                     window.kernel[0], window.kernel[1]),
          "cudnnSetFilter4dDescriptor");
    // Kernels are not turned over.
    check(cudnnSetConvolution2dDescriptor(convolution, window.padding[0], window.padding[1], window.stride[0],
                                          window.stride[1], window.dilation[0], window.dilation[1],
                                          CUDNN_CROSS_CORRELATION, compute),
          "cudnnSetConvolution2dDescriptor");
    check(cudnnSetConvolutionGroupCount(convolution, as_int(s.groups)), "cudnnSetConvolutionGroupCount");
    set_math(math);
  }

  void set_math(cudnnMathType_t math) {
    check(cudnnSetConvolutionMathType(convolution, math), "cudnnSetConvolutionMathType");
  }
};

}  // namespace ctgrad::cuda
