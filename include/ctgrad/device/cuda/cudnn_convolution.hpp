// SPDX-License-Identifier: BSL-1.0
/// \file
/// cuDNN's calls for a convolution and its derivatives, with one interface for the three.
///
/// These are the calls of cuDNN 7, which cuDNN 9 still has. A convolution alone, of arrays [N, C, H, W], needs nothing
/// of the graph interface, which came after them to fuse other operations into it; they can be recorded into a CUDA
/// graph as well, and they need no further header.
#pragma once

#include "ctgrad/device/cuda/cudnn_descriptors.hpp"

namespace ctgrad::cuda {

/// The calls for one kind of step: `guess` and `measure` list algorithms, best first; `workspace` says what one needs;
/// `run` computes result = alpha * ... + beta * result. Operands a and b are those of the operation (ops/conv2d.hpp).
template <StepKind Kind>
struct ConvolutionCalls;

template <>
struct ConvolutionCalls<StepKind::conv2d> {
  using Algorithm = cudnnConvolutionFwdAlgo_t;
  using Candidate = cudnnConvolutionFwdAlgoPerf_t;
  static constexpr int count = CUDNN_CONVOLUTION_FWD_ALGO_COUNT;
  /// Needs no scratch memory to speak of and takes all lengths.
  static constexpr Algorithm last_resort = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM;
  static constexpr const char* name = "cudnnConvolutionForward";
  static constexpr bool is_deterministic(Algorithm) { return true; }

  static cudnnStatus_t guess(cudnnHandle_t handle, const ConvolutionDescriptors& d, int* found, Candidate* list) {
    return cudnnGetConvolutionForwardAlgorithm_v7(handle, d.x, d.w, d.convolution, d.y, count, found, list);
  }
  static cudnnStatus_t measure(cudnnHandle_t handle, const ConvolutionDescriptors& d, const void* a, const void* b,
                               void* result, int* found, Candidate* list, void* scratch, std::size_t bytes) {
    return cudnnFindConvolutionForwardAlgorithmEx(handle, d.x, a, d.w, b, d.convolution, d.y, result, count, found,
                                                  list, scratch, bytes);
  }
  static cudnnStatus_t workspace(cudnnHandle_t handle, const ConvolutionDescriptors& d, Algorithm algorithm,
                                 std::size_t* bytes) {
    return cudnnGetConvolutionForwardWorkspaceSize(handle, d.x, d.w, d.convolution, d.y, algorithm, bytes);
  }
  static cudnnStatus_t run(cudnnHandle_t handle, const ConvolutionDescriptors& d, Algorithm algorithm, void* scratch,
                           std::size_t bytes, const void* alpha, const void* a, const void* b, const void* beta,
                           void* result) {
    return cudnnConvolutionForward(handle, alpha, d.x, a, d.w, b, d.convolution, algorithm, scratch, bytes, beta, d.y,
                                   result);
  }
};

template <>
struct ConvolutionCalls<StepKind::conv2d_input_gradient> {
  using Algorithm = cudnnConvolutionBwdDataAlgo_t;
  using Candidate = cudnnConvolutionBwdDataAlgoPerf_t;
  static constexpr int count = CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT;
  static constexpr Algorithm last_resort = CUDNN_CONVOLUTION_BWD_DATA_ALGO_1;
  static constexpr const char* name = "cudnnConvolutionBackwardData";
  static constexpr bool is_deterministic(Algorithm algorithm) { return algorithm != CUDNN_CONVOLUTION_BWD_DATA_ALGO_0; }

  static cudnnStatus_t guess(cudnnHandle_t handle, const ConvolutionDescriptors& d, int* found, Candidate* list) {
    return cudnnGetConvolutionBackwardDataAlgorithm_v7(handle, d.w, d.y, d.convolution, d.x, count, found, list);
  }
  static cudnnStatus_t measure(cudnnHandle_t handle, const ConvolutionDescriptors& d, const void* a, const void* b,
                               void* result, int* found, Candidate* list, void* scratch, std::size_t bytes) {
    return cudnnFindConvolutionBackwardDataAlgorithmEx(handle, d.w, b, d.y, a, d.convolution, d.x, result, count, found,
                                                       list, scratch, bytes);
  }
  static cudnnStatus_t workspace(cudnnHandle_t handle, const ConvolutionDescriptors& d, Algorithm algorithm,
                                 std::size_t* bytes) {
    return cudnnGetConvolutionBackwardDataWorkspaceSize(handle, d.w, d.y, d.convolution, d.x, algorithm, bytes);
  }
  static cudnnStatus_t run(cudnnHandle_t handle, const ConvolutionDescriptors& d, Algorithm algorithm, void* scratch,
                           std::size_t bytes, const void* alpha, const void* a, const void* b, const void* beta,
                           void* result) {
    return cudnnConvolutionBackwardData(handle, alpha, d.w, b, d.y, a, d.convolution, algorithm, scratch, bytes, beta,
                                        d.x, result);
  }
};

template <>
struct ConvolutionCalls<StepKind::conv2d_weight_gradient> {
  using Algorithm = cudnnConvolutionBwdFilterAlgo_t;
  using Candidate = cudnnConvolutionBwdFilterAlgoPerf_t;
  static constexpr int count = CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT;
  static constexpr Algorithm last_resort = CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1;
  static constexpr const char* name = "cudnnConvolutionBackwardFilter";
  static constexpr bool is_deterministic(Algorithm algorithm) {
    return algorithm != CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0 && algorithm != CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3;
  }

  static cudnnStatus_t guess(cudnnHandle_t handle, const ConvolutionDescriptors& d, int* found, Candidate* list) {
    return cudnnGetConvolutionBackwardFilterAlgorithm_v7(handle, d.x, d.y, d.convolution, d.w, count, found, list);
  }
  static cudnnStatus_t measure(cudnnHandle_t handle, const ConvolutionDescriptors& d, const void* a, const void* b,
                               void* result, int* found, Candidate* list, void* scratch, std::size_t bytes) {
    return cudnnFindConvolutionBackwardFilterAlgorithmEx(handle, d.x, a, d.y, b, d.convolution, d.w, result, count,
                                                         found, list, scratch, bytes);
  }
  static cudnnStatus_t workspace(cudnnHandle_t handle, const ConvolutionDescriptors& d, Algorithm algorithm,
                                 std::size_t* bytes) {
    return cudnnGetConvolutionBackwardFilterWorkspaceSize(handle, d.x, d.y, d.convolution, d.w, algorithm, bytes);
  }
  static cudnnStatus_t run(cudnnHandle_t handle, const ConvolutionDescriptors& d, Algorithm algorithm, void* scratch,
                           std::size_t bytes, const void* alpha, const void* a, const void* b, const void* beta,
                           void* result) {
    return cudnnConvolutionBackwardFilter(handle, alpha, d.x, a, d.y, b, d.convolution, algorithm, scratch, bytes, beta,
                                          d.w, result);
  }
};

}  // namespace ctgrad::cuda
