// SPDX-License-Identifier: BSL-1.0
/// \file
/// The system on which a GPU's steps run: threads from launch.hpp, products from cuBLAS, convolutions and poolings from
/// cuDNN. For nvcc.
#pragma once

#include "ctgrad/device/cuda/context.hpp"
#include "ctgrad/device/cuda/integer_product.hpp"
#include "ctgrad/device/cuda/launch.hpp"
#include "ctgrad/device/parallel/run.hpp"
#include "ctgrad/device/user_kernel.hpp"

namespace ctgrad::cuda {

/// `Libraries` says which steps other libraries may run (see Cuda, CudaPlain).
template <class Libraries>
class System {
public:
  explicit System(Context& context) : context_(context) {}

  template <class Body>
  void for_each(std::int64_t count, const Body& body) {
    cuda::for_each(context_.stream(), count, body);
  }
  template <class Body>
  void for_each_group(std::int64_t count, int size, const Body& body) {
    cuda::for_each_group(context_.stream(), count, size, body);
  }
  std::int64_t concurrency() const { return context_.concurrency(); }
  void* scratch(std::size_t bytes) { return context_.scratch(bytes); }
  parallel::IndexReport* index_report() { return context_.index_report(); }
  /// Whoever waits for the GPU next throws.
  void check_indices() {}

  template <class T>
  void multiply(const MatrixProduct<T>& product) {
    if constexpr (std::is_integral_v<T>) {
      multiply_integers(*this, product);
    } else {
      const bool tf32 = context_.settings.allows_tf32;
      // cuBLASLt says which algorithms there are, so that they can be measured; cuBLAS estimates.
      if (context_.settings.autotunes && context_.cublas_lt().template multiply<T>(product, tf32)) return;
      context_.cublas().template multiply<T>(product, tf32);
    }
  }

  /// In one call only where that was measured to be faster: a library's epilogue is not always, and it need not treat
  /// NaN as our loops do.
  template <class T, class Apart>
  bool multiply_with_epilogue([[maybe_unused]] const MatrixProduct<T>& product,
                              [[maybe_unused]] ProductEpilogue epilogue, [[maybe_unused]] const T* bias,
                              [[maybe_unused]] const Apart& apart) {
    if constexpr (std::is_same_v<T, float> || is_half<T>) {
      if (!context_.settings.autotunes) return false;
      const bool tf32 = context_.settings.allows_tf32;
      auto together = [&] { return context_.cublas_lt().template multiply<T>(product, tf32, epilogue, bias); };
      const auto key = key_of(column_major(product), product, bias, epilogue, tf32);
      return context_.faster_epilogue.is_second(context_.stream(), key, apart, together) && together();
    }
    return false;
  }

  template <StepKind Kind, class T>
  bool convolve([[maybe_unused]] const ConvolutionShape& shape, [[maybe_unused]] const T* a,
                [[maybe_unused]] const T* b, [[maybe_unused]] T* result) {
#if defined(CTGRAD_HAS_CUDNN)
    if constexpr (Libraries::cudnn) {
      return context_.cudnn().template convolve<Kind, T>(shape, a, b, result, context_.settings.allows_tf32,
                                                         [this](std::size_t bytes) { return scratch(bytes); });
    }
#endif
    return false;
  }

  template <StepKind Kind, class T, class Own>
  bool pool([[maybe_unused]] const PoolingShape& shape, [[maybe_unused]] const T* from, [[maybe_unused]] T* to,
            [[maybe_unused]] const Own& own) {
#if defined(CTGRAD_HAS_CUDNN)
    if constexpr (Libraries::cudnn) {
      auto by_cudnn = [&] { return context_.cudnn().template pool<Kind, T>(shape, from, to); };
      if (Libraries::cudnn_pools ||
          (context_.settings.autotunes &&
           context_.faster_pooling.is_second(context_.stream(), key_of(Kind, dtype_of<T>, shape), own, by_cudnn)))
        return by_cudnn();
    }
#endif
    return false;
  }

  template <class T>
  bool batch_norm([[maybe_unused]] const BatchNormCall<T>& call) {
#if defined(CTGRAD_HAS_CUDNN)
    // cuDNN keeps no weight, and adds to what it calls running statistics.
    for_each(call.shape.channels * ops::BatchNormStatistics::rows, parallel::PrepareBatchNormBody<T>{call});
    return context_.cudnn().batch_norm(call);
#else
    return false;
#endif
  }
  template <class T>
  bool batch_norm_gradient([[maybe_unused]] const BatchNormGradientCall<T>& call) {
#if defined(CTGRAD_HAS_CUDNN)
    return context_.cudnn().batch_norm(call);
#else
    return false;
#endif
  }

  void run_user_kernel(const Step& step, const StepArguments& x) {
    if (step.user->run_on_cuda == nullptr) return context_.host_kernels.run(context_.stream(), step, x);
    ctgrad::detail::for_each_point(step, x, [&](void* result, const void* const* operands, const KernelShape* shapes) {
      step.user->run_on_cuda(result, operands, shapes, context_.stream());
    });
    check(cudaGetLastError(), "a user kernel");
  }

private:
  Context& context_;
};

}  // namespace ctgrad::cuda
