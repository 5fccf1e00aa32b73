// SPDX-License-Identifier: BSL-1.0
/// \file
/// Convolutions, poolings and batch normalisations by cuDNN.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "ctgrad/device/cuda/convolution_call.hpp"
#include "ctgrad/device/cuda/cudnn_batch_norm.hpp"
#include "ctgrad/device/cuda/cudnn_convolution.hpp"
#include "ctgrad/device/cuda/cudnn_pooling.hpp"
#include "ctgrad/device/cuda/timing.hpp"

namespace ctgrad::cuda {

/// cuDNN on one stream of the current GPU. How a convolution is computed is decided when its shape comes up first, and
/// kept; a shape that has come up can be recorded into a graph.
class Cudnn {
public:
  explicit Cudnn(cudaStream_t stream) : stream_(stream) {
    check(cudnnCreate(&handle_), "cudnnCreate");
    const cudnnStatus_t status = cudnnSetStream(handle_, stream);
    if (status != CUDNN_STATUS_SUCCESS) cudnnDestroy(handle_);
    check(status, "cudnnSetStream");
  }
  Cudnn(const Cudnn&) = delete;
  Cudnn& operator=(const Cudnn&) = delete;
  ~Cudnn() { cudnnDestroy(handle_); }

  cudnnHandle_t handle() const { return handle_; }

  /// Whether algorithms are chosen by running each once instead of by cuDNN's estimate; off at first. The choice can
  /// differ from run to run, and with it the last bits of results. Measuring takes place when a shape comes up first
  /// while no graph is recorded. Off again, the estimate counts again.
  void autotune(bool measures) { measures_ = measures; }
  /// Whether algorithms may be chosen that add in an order which changes from run to run; off at first.
  void allow_nondeterministic(bool allowed) { allows_nondeterministic_ = allowed; }
  /// The most scratch memory an algorithm may ask for: 1 GiB at first.
  void limit_scratch(std::size_t bytes) {
    if (bytes != most_bytes_) plans_.clear();
    most_bytes_ = bytes;
  }

  /// Puts a convolution or one of its derivatives into the stream; operands as the operations have them
  /// (ops/conv2d.hpp). All floating-point types. `allows_tf32` lets floats be rounded to 10 bits of mantissa before
  /// they are multiplied. `scratch(bytes)` gives memory until the next step. False where cuDNN has no algorithm for
  /// these lengths: `result` is then to be computed in another way. Throws Error with the shapes where a call fails.
  template <StepKind Kind, class T, class Scratch>
  bool convolve(const ConvolutionShape& shape, const T* a, const T* b, T* result, bool allows_tf32,
                const Scratch& scratch) {
    const std::int64_t at_once = images_at_once(shape);
    if (at_once == 0) return false;
    for (std::int64_t first = 0; first < shape.images; first += at_once) {
      const ConvolutionPart part = part_of(Kind, shape, first, std::min(at_once, shape.images - first));
      if (!run<Kind, T>(part.shape, a + part.a, b + part.b, result + part.result, part.adds, allows_tf32, scratch))
        return false;
    }
    return true;
  }

  /// Puts a pooling of `from`, or the adjoint of one, into the stream. Kinds that PoolingCalls has, all floating-point
  /// types. False where cuDNN does not take these lengths: `to` is then to be computed in another way. Throws Error
  /// with the shapes where a call fails.
  template <StepKind Kind, class T>
  bool pool(const PoolingShape& shape, const T* from, T* to) {
    const std::int64_t at_once = planes_at_once(shape);
    if (at_once == 0) return false;
    const std::int64_t from_plane = PoolingCalls<Kind>::is_adjoint ? shape.positions() : shape.pixels();
    const std::int64_t to_plane = PoolingCalls<Kind>::is_adjoint ? shape.pixels() : shape.positions();
    PoolingShape part = shape;
    for (std::int64_t first = 0; first < shape.planes; first += at_once) {
      part.planes = std::min(at_once, shape.planes - first);
      const cudnnStatus_t status = run_pooling<Kind, T>(part, from + first * from_plane, to + first * to_plane);
      if (is_not_supported(status)) return false;
      check(status, PoolingCalls<Kind>::name, [&] { return to_text(Kind, dtype_of<T>, shape); });
    }
    return true;
  }

  /// Puts a batch normalisation of float or double, or the reverse pass of one, into the stream: a BatchNormCall, whose
  /// rows `variance` and `spare` are 0 and whose row `weight` is filled, or a BatchNormGradientCall. Each channel has
  /// two elements or more. False where cuDNN does not take these lengths. Throws Error with the shape where a call
  /// fails.
  template <class T, template <class> class Call>
  bool batch_norm(const Call<T>& call) {
    if (!batch_norm_fits(call.shape)) return false;
    const BatchNormKey key = key_of(dtype_of<T>, call.shape);
    auto at = batch_norms_.find(key);
    if (at == batch_norms_.end()) at = batch_norms_.emplace(key, DnnBatchNorm(call.shape, DnnType<T>::type)).first;
    const cudnnStatus_t status = at->second.run(handle_, call);
    if (is_not_supported(status)) return false;
    constexpr bool is_reverse = std::is_same_v<Call<T>, BatchNormGradientCall<T>>;
    check(status, is_reverse ? "cudnnBatchNormalizationBackward" : "cudnnBatchNormalizationForwardTraining",
          [&] { return to_text(is_reverse ? "batch_norm_gradient" : "batch_norm", dtype_of<T>, call.shape); });
    return true;
  }

private:
  template <StepKind Kind, class T>
  cudnnStatus_t run_pooling(const PoolingShape& part, const T* from, T* to) {
    const PoolingKey key = key_of(Kind, dtype_of<T>, part);
    auto at = poolings_.find(key);
    if (at == poolings_.end())
      at = poolings_.emplace(key, DnnPooling(part, PoolingCalls<Kind>::mode, DnnType<T>::type)).first;
    return at->second.template run<Kind, T>(handle_, from, to);
  }

  /// A way to compute a convolution.
  struct Way {
    int algorithm;
    cudnnMathType_t math;
    std::size_t bytes;
  };
  /// The ways that cuDNN says it has, best first; those that turned out not to work are gone.
  struct Plan {
    ConvolutionDescriptors descriptors;
    std::vector<Way> ways;
    bool measured;
  };
  /// The convolution, and how its plan was chosen.
  using PlanKey = std::tuple<ConvolutionKey, bool, bool>;

  template <StepKind Kind, class T, class Scratch>
  bool run(const ConvolutionShape& s, const T* a, const T* b, T* result, bool adds, bool allows_tf32,
           const Scratch& scratch) {
    using Calls = ConvolutionCalls<Kind>;
    // Measuring writes to the result, which must not be lost where it is to be added to.
    const bool measures = measures_ && !adds && !is_recording(stream_);
    const PlanKey key{key_of(Kind, dtype_of<T>, s, allows_tf32), measures_, allows_nondeterministic_};
    auto at = plans_.find(key);
    if (at == plans_.end() || (measures && !at->second.measured)) {
      Plan plan{{s, DnnType<T>::type, DnnType<T>::compute, DnnType<T>::math(allows_tf32)}, {}, measures};
      find_ways<Kind>(plan, s, a, b, result, DnnType<T>::math(allows_tf32), scratch);
      at = plans_.insert_or_assign(key, std::move(plan)).first;
    }
    Plan& plan = at->second;
    const typename DnnType<T>::Scale alpha = 1;
    const typename DnnType<T>::Scale beta = adds ? 1 : 0;
    while (!plan.ways.empty()) {
      const Way& way = plan.ways.front();
      plan.descriptors.set_math(way.math);
      void* memory = way.bytes > 0 ? scratch(way.bytes) : nullptr;
      const cudnnStatus_t status =
          Calls::run(handle_, plan.descriptors, static_cast<typename Calls::Algorithm>(way.algorithm), memory,
                     way.bytes, &alpha, a, b, &beta, result);
      if (status == CUDNN_STATUS_SUCCESS) return true;
      if (!is_not_supported(status)) check(status, Calls::name, [&] { return to_text(Kind, dtype_of<T>, s); });
      cudaGetLastError();
      plan.ways.erase(plan.ways.begin());
    }
    return false;
  }

  /// Asks cuDNN for its algorithms, and for the memory that each needs.
  template <StepKind Kind, class T, class Scratch>
  void find_ways(Plan& plan, const ConvolutionShape& s, const T* a, const T* b, T* result, cudnnMathType_t math,
                 const Scratch& scratch) {
    using Calls = ConvolutionCalls<Kind>;
    typename Calls::Candidate candidates[Calls::count];
    int found = 0;
    cudnnStatus_t status;
    if (plan.measured) {
      std::size_t bytes = 0;
      for (int i = 0; i < Calls::count; ++i)
        bytes = std::max(bytes, workspace<Kind>(plan, static_cast<typename Calls::Algorithm>(i)).value_or(0));
      void* memory = bytes > 0 ? scratch(bytes) : nullptr;
      status = Calls::measure(handle_, plan.descriptors, a, b, result, &found, candidates, memory, bytes);
      // An algorithm that failed may leave its error for whoever asks next.
      cudaGetLastError();
    } else {
      status = Calls::guess(handle_, plan.descriptors, &found, candidates);
    }
    if (is_not_supported(status)) return;
    check(status, "choosing an algorithm of cuDNN", [&] { return to_text(Kind, dtype_of<T>, s); });
    auto add = [&](typename Calls::Algorithm algorithm, cudnnMathType_t with) {
      plan.descriptors.set_math(with);
      if (const std::optional<std::size_t> bytes = workspace<Kind>(plan, algorithm))
        plan.ways.push_back({static_cast<int>(algorithm), with, *bytes});
    };
    for (int i = 0; i < found; ++i) {
      const auto& candidate = candidates[i];
      const bool is_deterministic =
          candidate.determinism == CUDNN_DETERMINISTIC && Calls::is_deterministic(candidate.algo);
      if (candidate.status == CUDNN_STATUS_SUCCESS && (is_deterministic || allows_nondeterministic_))
        add(candidate.algo, math == CUDNN_FMA_MATH || converts(candidate.mathType) ? math : candidate.mathType);
    }
    add(Calls::last_resort, math);
  }

  /// Whether floats would be rounded to 16 bits, which nobody has allowed.
  static bool converts(cudnnMathType_t math) { return math == CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION; }

  /// Bytes of scratch memory that an algorithm takes; nothing where it cannot compute this convolution or takes more
  /// than the limit.
  template <StepKind Kind>
  std::optional<std::size_t> workspace(const Plan& plan, typename ConvolutionCalls<Kind>::Algorithm algorithm) const {
    std::size_t bytes = 0;
    const bool has =
        ConvolutionCalls<Kind>::workspace(handle_, plan.descriptors, algorithm, &bytes) == CUDNN_STATUS_SUCCESS;
    if (!has || bytes > most_bytes_) return std::nullopt;
    return bytes;
  }

  cudaStream_t stream_;
  cudnnHandle_t handle_ = nullptr;
  bool measures_ = false;
  bool allows_nondeterministic_ = false;
  std::size_t most_bytes_ = std::size_t{1} << 30;
  std::map<PlanKey, Plan> plans_;
  std::map<PoolingKey, DnnPooling> poolings_;
  std::map<BatchNormKey, DnnBatchNorm> batch_norms_;
};

}  // namespace ctgrad::cuda
