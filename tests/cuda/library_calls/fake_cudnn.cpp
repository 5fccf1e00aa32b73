// SPDX-License-Identifier: BSL-1.0
/// \file
/// cuDNN: checks that its descriptors fit together, and convolves and pools by the definition.
#include <cstring>

#include "../../device/cuda/convolutions.hpp"
#include "../../device/cuda/poolings.hpp"
#include "fake_cudnn.hpp"

namespace fakes {
Dnn dnn;
}  // namespace fakes

using fakes::dnn;

struct cudnnFilterStruct {
  cudnnDataType_t type;
  int k, c, h, w;
};
struct cudnnConvolutionStruct {
  ctgrad::Window window;
  cudnnConvolutionMode_t mode;
  cudnnDataType_t compute;
  cudnnMathType_t math = CUDNN_DEFAULT_MATH;
};
struct cudnnPoolingStruct {
  ctgrad::Window window;
  cudnnPoolingMode_t mode;
  cudnnNanPropagation_t nan;
};

namespace {

/// The convolution that the descriptors tell of; false where they contradict each other.
bool understand(cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w, cudnnConvolutionDescriptor_t convolution,
                cudnnTensorDescriptor_t y, ctgrad::ConvolutionShape* shape) {
  ctgrad::Window window = convolution->window;
  window.kernel[0] = w->h;
  window.kernel[1] = w->w;
  if (window.groups < 1 || x->c != w->c * window.groups || y->c != w->k || w->k % window.groups != 0 || x->n != y->n ||
      y->h != window.count(0, x->h) || y->w != window.count(1, x->w) || x->type != w->type || x->type != y->type ||
      convolution->compute != (x->type == CUDNN_DATA_DOUBLE ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT) ||
      convolution->mode != CUDNN_CROSS_CORRELATION)
    return false;
  *shape = ctgrad_test::convolution(x->n, x->c, y->c, x->h, x->w, window);
  return true;
}

ctgrad::ConvolutionShape no_shape() {
  return ctgrad_test::convolution(1, 1, 1, 1, 1, {{1, 1}, {1, 1}, {0, 0}, {1, 1}, 1});
}

template <class T>
void compute(ctgrad::StepKind kind, const ctgrad::ConvolutionShape& s, const void* a, const void* b, double beta,
             void* result, std::int64_t size) {
  fakes::put(dnn.stream, [=] {
    auto* to = static_cast<T*>(result);
    std::vector<double> sums(static_cast<std::size_t>(size));
    if (beta != 0)
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] = beta * static_cast<double>(to[i]);
    ctgrad_test::add_convolution(kind, s, static_cast<const T*>(a), static_cast<const T*>(b), sums.data());
    for (std::size_t i = 0; i < sums.size(); ++i) to[i] = static_cast<T>(sums[i]);
  });
}

/// Runs visit(T{}) for the element type.
template <class Visit>
void with_type(cudnnDataType_t type, const Visit& visit) {
  if (type == CUDNN_DATA_DOUBLE) {
    visit(double{});
  } else if (type == CUDNN_DATA_FLOAT) {
    visit(float{});
  } else if (type == CUDNN_DATA_BFLOAT16) {
    visit(ctgrad::bfloat16{});
  } else {
    visit(ctgrad::float16{});
  }
}

cudnnStatus_t run(ctgrad::StepKind kind, int algorithm, const void* alpha, cudnnTensorDescriptor_t x,
                  cudnnFilterDescriptor_t w, cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t y,
                  const void* a, const void* b, const void* beta, void* result, void* scratch, std::size_t bytes) {
  ++dnn.runs;
  dnn.last_algorithm = algorithm;
  dnn.last_math = convolution->math;
  if (dnn.run_status != CUDNN_STATUS_SUCCESS) return dnn.run_status;
  if (dnn.unsupported.contains(algorithm) || dnn.fail_to_run.contains(algorithm))
    return CUDNN_STATUS_NOT_SUPPORTED_SHAPE;
  const std::size_t needed = dnn.bytes.contains(algorithm) ? dnn.bytes.at(algorithm) : 0;
  if (bytes < needed || (needed > 0 && scratch == nullptr)) return CUDNN_STATUS_BAD_PARAM;
  if (needed > 0) fakes::put(dnn.stream, [=] { std::memset(scratch, 0x5a, needed); });
  ctgrad::ConvolutionShape s = no_shape();
  if (!understand(x, w, convolution, y, &s)) return CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH;
  const std::int64_t size = kind == ctgrad::StepKind::conv2d                  ? ctgrad_test::elements_of_results(s)
                            : kind == ctgrad::StepKind::conv2d_input_gradient ? ctgrad_test::elements_of_images(s)
                                                                              : s.weights();
  const bool is_double = x->type == CUDNN_DATA_DOUBLE;
  auto number = [&](const void* at) {
    return is_double ? *static_cast<const double*>(at) : static_cast<double>(*static_cast<const float*>(at));
  };
  if (number(alpha) != 1) return CUDNN_STATUS_BAD_PARAM;
  dnn.last_beta = number(beta);
  with_type(x->type, [&](auto element) { compute<decltype(element)>(kind, s, a, b, dnn.last_beta, result, size); });
  return CUDNN_STATUS_SUCCESS;
}

template <class Candidate>
cudnnStatus_t list(cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w, cudnnConvolutionDescriptor_t convolution,
                   cudnnTensorDescriptor_t y, int most, int* found, Candidate* candidates) {
  *found = 0;
  if (dnn.choosing != CUDNN_STATUS_SUCCESS) return dnn.choosing;
  ctgrad::ConvolutionShape s = no_shape();
  if (!understand(x, w, convolution, y, &s)) return CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH;
  for (const auto& offer : dnn.offers) {
    if (*found == most) break;
    Candidate& candidate = candidates[(*found)++];
    candidate = {};
    candidate.algo = static_cast<decltype(candidate.algo)>(offer.algorithm);
    candidate.status = offer.status;
    candidate.determinism = offer.deterministic ? CUDNN_DETERMINISTIC : CUDNN_NON_DETERMINISTIC;
    candidate.mathType = dnn.offered_math;
  }
  return CUDNN_STATUS_SUCCESS;
}

/// As cuDNN does, measuring leaves something in the result.
template <class Candidate>
cudnnStatus_t measure(cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w, cudnnConvolutionDescriptor_t convolution,
                      cudnnTensorDescriptor_t y, void* result, int most, int* found, Candidate* candidates,
                      std::size_t bytes) {
  ++dnn.measurements;
  dnn.measured_with = bytes;
  *static_cast<char*>(result) = 0x5a;
  return list(x, w, convolution, y, most, found, candidates);
}

cudnnStatus_t workspace(int algorithm, std::size_t* bytes) {
  if (dnn.unsupported.contains(algorithm)) return CUDNN_STATUS_NOT_SUPPORTED;
  *bytes = dnn.bytes.contains(algorithm) ? dnn.bytes.at(algorithm) : 0;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t pool(ctgrad::StepKind kind, cudnnPoolingDescriptor_t pooling, const void* alpha,
                   cudnnTensorDescriptor_t x, const void* from, const void* beta, cudnnTensorDescriptor_t y, void* to) {
  ++dnn.poolings;
  dnn.planes.emplace_back(x->n, x->c);
  if (dnn.pooling_status != CUDNN_STATUS_SUCCESS) return dnn.pooling_status;
  const ctgrad::Window& window = pooling->window;
  if (x->n != y->n || x->c != y->c || y->h != window.count(0, x->h) || y->w != window.count(1, x->w) ||
      x->type != y->type || x->n < 1 || x->c < 1 || pooling->nan != CUDNN_PROPAGATE_NAN)
    return CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH;
  auto number = [&](const void* at) {
    return x->type == CUDNN_DATA_DOUBLE ? *static_cast<const double*>(at)
                                        : static_cast<double>(*static_cast<const float*>(at));
  };
  if (number(alpha) != 1 || number(beta) != 0) return CUDNN_STATUS_BAD_PARAM;
  if (!dnn.pools) return CUDNN_STATUS_SUCCESS;
  const ctgrad::PoolingShape s = ctgrad_test::pooling(x->n, x->c, x->h, x->w, window);
  with_type(x->type, [&](auto element) {
    using T = decltype(element);
    fakes::put(dnn.stream,
               [=] { ctgrad_test::pool_by_definition(kind, s, static_cast<const T*>(from), static_cast<T*>(to)); });
  });
  return CUDNN_STATUS_SUCCESS;
}

template <class Descriptor>
cudnnStatus_t make(Descriptor** place) {
  *place = new Descriptor{};
  ++dnn.live_descriptors;
  return CUDNN_STATUS_SUCCESS;
}
template <class Descriptor>
cudnnStatus_t destroy(Descriptor* descriptor) {
  delete descriptor;
  --dnn.live_descriptors;
  return CUDNN_STATUS_SUCCESS;
}

constexpr auto forward = ctgrad::StepKind::conv2d;
constexpr auto to_input = ctgrad::StepKind::conv2d_input_gradient;
constexpr auto to_weight = ctgrad::StepKind::conv2d_weight_gradient;

}  // namespace

extern "C" {

const char* cudnnGetErrorString(cudnnStatus_t) { return "the text of cuDNN"; }
void cudnnGetLastErrorString(char* message, std::size_t size) { std::strncpy(message, "and more of it", size); }
cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  *handle = reinterpret_cast<cudnnHandle_t>(&dnn);
  ++dnn.live_handles;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t) {
  --dnn.live_handles;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t, cudaStream_t stream) {
  dnn.stream = stream;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* place) { return make(place); }
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t descriptor) { return destroy(descriptor); }
cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t descriptor, cudnnTensorFormat_t format,
                                         cudnnDataType_t type, int n, int c, int h, int w) {
  *descriptor = {type, n, c, h, w};
  return format == CUDNN_TENSOR_NCHW ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}
cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* place) { return make(place); }
cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t descriptor) { return destroy(descriptor); }
cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t descriptor, cudnnDataType_t type,
                                         cudnnTensorFormat_t format, int k, int c, int h, int w) {
  *descriptor = {type, k, c, h, w};
  return format == CUDNN_TENSOR_NCHW ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}
cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* place) { return make(place); }
cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t descriptor) { return destroy(descriptor); }
cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t descriptor, int pad_h, int pad_w,
                                              int stride_h, int stride_w, int dilation_h, int dilation_w,
                                              cudnnConvolutionMode_t mode, cudnnDataType_t compute_type) {
  descriptor->window = {{0, 0}, {stride_h, stride_w}, {pad_h, pad_w}, {dilation_h, dilation_w}, 1};
  descriptor->mode = mode;
  descriptor->compute = compute_type;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t descriptor, int count) {
  descriptor->window.groups = count;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t descriptor, cudnnMathType_t math) {
  descriptor->math = math;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreatePoolingDescriptor(cudnnPoolingDescriptor_t* place) { return make(place); }
cudnnStatus_t cudnnDestroyPoolingDescriptor(cudnnPoolingDescriptor_t descriptor) { return destroy(descriptor); }
cudnnStatus_t cudnnSetPooling2dDescriptor(cudnnPoolingDescriptor_t descriptor, cudnnPoolingMode_t mode,
                                          cudnnNanPropagation_t nan, int height, int width, int pad_h, int pad_w,
                                          int stride_h, int stride_w) {
  *descriptor = {{{height, width}, {stride_h, stride_w}, {pad_h, pad_w}, {1, 1}, 1}, mode, nan};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnPoolingForward(cudnnHandle_t, const cudnnPoolingDescriptor_t pooling, const void* alpha,
                                  const cudnnTensorDescriptor_t x_descriptor, const void* x, const void* beta,
                                  const cudnnTensorDescriptor_t y_descriptor, void* y) {
  if (pooling->mode != CUDNN_POOLING_MAX && pooling->mode != CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING)
    return CUDNN_STATUS_BAD_PARAM;
  const auto kind = pooling->mode == CUDNN_POOLING_MAX ? ctgrad::StepKind::max_pool2d : ctgrad::StepKind::avg_pool2d;
  return pool(kind, pooling, alpha, x_descriptor, x, beta, y_descriptor, y);
}
cudnnStatus_t cudnnPoolingBackward(cudnnHandle_t, const cudnnPoolingDescriptor_t pooling, const void* alpha,
                                   const cudnnTensorDescriptor_t y_descriptor, const void* y,
                                   const cudnnTensorDescriptor_t dy_descriptor, const void* dy,
                                   const cudnnTensorDescriptor_t x_descriptor, const void* x, const void* beta,
                                   const cudnnTensorDescriptor_t dx_descriptor, void* dx) {
  // For the adjoint of a maximum x and y would have to be what they are called.
  if (pooling->mode != CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING || x_descriptor != dx_descriptor ||
      y_descriptor != dy_descriptor || x == nullptr || y == nullptr)
    return CUDNN_STATUS_BAD_PARAM;
  return pool(ctgrad::StepKind::avg_pool2d_gradient, pooling, alpha, dx_descriptor, dy, beta, dy_descriptor, dx);
}

cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(cudnnHandle_t, const cudnnTensorDescriptor_t x,
                                                     const cudnnFilterDescriptor_t w,
                                                     const cudnnConvolutionDescriptor_t convolution,
                                                     const cudnnTensorDescriptor_t y, const int most, int* found,
                                                     cudnnConvolutionFwdAlgoPerf_t* candidates) {
  ++dnn.guesses;
  return list(x, w, convolution, y, most, found, candidates);
}
cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithm_v7(cudnnHandle_t, const cudnnFilterDescriptor_t w,
                                                          const cudnnTensorDescriptor_t y,
                                                          const cudnnConvolutionDescriptor_t convolution,
                                                          const cudnnTensorDescriptor_t x, const int most, int* found,
                                                          cudnnConvolutionBwdDataAlgoPerf_t* candidates) {
  ++dnn.guesses;
  return list(x, w, convolution, y, most, found, candidates);
}
cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithm_v7(cudnnHandle_t, const cudnnTensorDescriptor_t x,
                                                            const cudnnTensorDescriptor_t y,
                                                            const cudnnConvolutionDescriptor_t convolution,
                                                            const cudnnFilterDescriptor_t w, const int most, int* found,
                                                            cudnnConvolutionBwdFilterAlgoPerf_t* candidates) {
  ++dnn.guesses;
  return list(x, w, convolution, y, most, found, candidates);
}

cudnnStatus_t cudnnFindConvolutionForwardAlgorithmEx(cudnnHandle_t, const cudnnTensorDescriptor_t x, const void*,
                                                     const cudnnFilterDescriptor_t w, const void*,
                                                     const cudnnConvolutionDescriptor_t convolution,
                                                     const cudnnTensorDescriptor_t y, void* result, const int most,
                                                     int* found, cudnnConvolutionFwdAlgoPerf_t* candidates, void*,
                                                     std::size_t bytes) {
  return measure(x, w, convolution, y, result, most, found, candidates, bytes);
}
cudnnStatus_t cudnnFindConvolutionBackwardDataAlgorithmEx(cudnnHandle_t, const cudnnFilterDescriptor_t w, const void*,
                                                          const cudnnTensorDescriptor_t y, const void*,
                                                          const cudnnConvolutionDescriptor_t convolution,
                                                          const cudnnTensorDescriptor_t x, void* result, const int most,
                                                          int* found, cudnnConvolutionBwdDataAlgoPerf_t* candidates,
                                                          void*, std::size_t bytes) {
  return measure(x, w, convolution, y, result, most, found, candidates, bytes);
}
cudnnStatus_t cudnnFindConvolutionBackwardFilterAlgorithmEx(
    cudnnHandle_t, const cudnnTensorDescriptor_t x, const void*, const cudnnTensorDescriptor_t y, const void*,
    const cudnnConvolutionDescriptor_t convolution, const cudnnFilterDescriptor_t w, void* result, const int most,
    int* found, cudnnConvolutionBwdFilterAlgoPerf_t* candidates, void*, std::size_t bytes) {
  return measure(x, w, convolution, y, result, most, found, candidates, bytes);
}

cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t, const cudnnTensorDescriptor_t,
                                                      const cudnnFilterDescriptor_t, const cudnnConvolutionDescriptor_t,
                                                      const cudnnTensorDescriptor_t,
                                                      cudnnConvolutionFwdAlgo_t algorithm, std::size_t* bytes) {
  return workspace(algorithm, bytes);
}
cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(
    cudnnHandle_t, const cudnnFilterDescriptor_t, const cudnnTensorDescriptor_t, const cudnnConvolutionDescriptor_t,
    const cudnnTensorDescriptor_t, cudnnConvolutionBwdDataAlgo_t algorithm, std::size_t* bytes) {
  return workspace(algorithm, bytes);
}
cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(
    cudnnHandle_t, const cudnnTensorDescriptor_t, const cudnnTensorDescriptor_t, const cudnnConvolutionDescriptor_t,
    const cudnnFilterDescriptor_t, cudnnConvolutionBwdFilterAlgo_t algorithm, std::size_t* bytes) {
  return workspace(algorithm, bytes);
}

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t, const void* alpha, const cudnnTensorDescriptor_t x_descriptor,
                                      const void* x, const cudnnFilterDescriptor_t w_descriptor, const void* w,
                                      const cudnnConvolutionDescriptor_t convolution,
                                      cudnnConvolutionFwdAlgo_t algorithm, void* scratch, std::size_t bytes,
                                      const void* beta, const cudnnTensorDescriptor_t y_descriptor, void* y) {
  return run(forward, algorithm, alpha, x_descriptor, w_descriptor, convolution, y_descriptor, x, w, beta, y, scratch,
             bytes);
}
cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t, const void* alpha, const cudnnFilterDescriptor_t w_descriptor,
                                           const void* w, const cudnnTensorDescriptor_t dy_descriptor, const void* dy,
                                           const cudnnConvolutionDescriptor_t convolution,
                                           cudnnConvolutionBwdDataAlgo_t algorithm, void* scratch, std::size_t bytes,
                                           const void* beta, const cudnnTensorDescriptor_t dx_descriptor, void* dx) {
  return run(to_input, algorithm, alpha, dx_descriptor, w_descriptor, convolution, dy_descriptor, dy, w, beta, dx,
             scratch, bytes);
}
cudnnStatus_t cudnnConvolutionBackwardFilter(cudnnHandle_t, const void* alpha,
                                             const cudnnTensorDescriptor_t x_descriptor, const void* x,
                                             const cudnnTensorDescriptor_t dy_descriptor, const void* dy,
                                             const cudnnConvolutionDescriptor_t convolution,
                                             cudnnConvolutionBwdFilterAlgo_t algorithm, void* scratch,
                                             std::size_t bytes, const void* beta,
                                             const cudnnFilterDescriptor_t dw_descriptor, void* dw) {
  return run(to_weight, algorithm, alpha, x_descriptor, dw_descriptor, convolution, dy_descriptor, x, dy, beta, dw,
             scratch, bytes);
}

}  // extern "C"
