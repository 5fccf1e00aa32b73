// SPDX-License-Identifier: BSL-1.0
/// \file
/// Matrix products by cuBLAS.
#pragma once

#include <cublas_v2.h>

#include "ctgrad/device/cuda/column_major.hpp"
#include "ctgrad/device/cuda/memory.hpp"

namespace ctgrad::cuda {

/// How cuBLAS and its kin name an element type: `type` in memory, `scale` for alpha and beta, `compute` for sums.
template <class T>
struct BlasType;
template <>
struct BlasType<float> {
  using Scale = float;
  static constexpr cudaDataType_t type = CUDA_R_32F;
  static constexpr cudaDataType_t scale = CUDA_R_32F;
  static constexpr cublasComputeType_t compute(bool allows_tf32) {
    return allows_tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
  }
};
template <>
struct BlasType<double> {
  using Scale = double;
  static constexpr cudaDataType_t type = CUDA_R_64F;
  static constexpr cudaDataType_t scale = CUDA_R_64F;
  static constexpr cublasComputeType_t compute(bool) { return CUBLAS_COMPUTE_64F; }
};
/// 16-bit numbers are added as floats.
template <cudaDataType_t Type>
struct HalfBlasType {
  using Scale = float;
  static constexpr cudaDataType_t type = Type;
  static constexpr cudaDataType_t scale = CUDA_R_32F;
  static constexpr cublasComputeType_t compute(bool) { return CUBLAS_COMPUTE_32F; }
};
template <>
struct BlasType<bfloat16> : HalfBlasType<CUDA_R_16BF> {};
template <>
struct BlasType<float16> : HalfBlasType<CUDA_R_16F> {};

namespace detail {

inline const char* advice(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_NOT_INITIALIZED:
    case CUBLAS_STATUS_ALLOC_FAILED:
      return "; the GPU may be out of memory: use a smaller batch, or end other programs on this GPU";
    case CUBLAS_STATUS_ARCH_MISMATCH:
      return "; this GPU is too old for the installed cuBLAS: install the one of an older CUDA Toolkit";
    case CUBLAS_STATUS_EXECUTION_FAILED:
      return "; a kernel before this call may have gone wrong: run the program under compute-sanitizer";
    default:
      return "";
  }
}

CTGRAD_COLD [[noreturn]] inline void throw_cublas(cublasStatus_t status, const char* call,
                                                  const std::string& purpose = "") {
  throw_error("ctgrad: " + std::string(call) + (purpose.empty() ? "" : " for " + purpose) +
              " failed: " + cublasGetStatusString(status) + advice(status));
}

}  // namespace detail

inline void check(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS) detail::throw_cublas(status, call);
}
template <class Purpose>
void check(cublasStatus_t status, const char* call, const Purpose& purpose) {
  if (status != CUBLAS_STATUS_SUCCESS) detail::throw_cublas(status, call, purpose());
}

/// Bytes of scratch memory that NVIDIA recommends for cuBLAS: more for GPUs with Hopper's and later tensor cores.
constexpr std::size_t recommended_blas_workspace(int compute_capability_major) {
  return (compute_capability_major >= 9 ? std::size_t{32} : std::size_t{4}) << 20;
}

/// cuBLAS on one stream of the current GPU, with memory of its own: no call allocates or waits, and all can be recorded
/// into a graph. Results are the same in every run.
class Cublas {
public:
  explicit Cublas(cudaStream_t stream) : stream_(stream) {
    int device = 0;
    int major = 0;
    check(cudaGetDevice(&device), "cudaGetDevice");
    check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device), "cudaDeviceGetAttribute");
    workspace_.reserve(recommended_blas_workspace(major), "the scratch memory of cuBLAS");
    check(cublasCreate(&handle_), "cublasCreate");
    try {
      // In this order: a new stream makes cuBLAS forget the workspace.
      check(cublasSetStream(handle_, stream), "cublasSetStream");
      check(cublasSetWorkspace(handle_, workspace_.data(), workspace_.bytes()), "cublasSetWorkspace");
      // 16-bit numbers are added as floats also where a sum is cut into pieces.
      check(cublasSetMathMode(handle_, static_cast<cublasMath_t>(CUBLAS_DEFAULT_MATH |
                                                                 CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION)),
            "cublasSetMathMode");
    } catch (...) {
      cublasDestroy(handle_);
      throw;
    }
  }
  Cublas(const Cublas&) = delete;
  Cublas& operator=(const Cublas&) = delete;
  ~Cublas() { cublasDestroy(handle_); }

  cublasHandle_t handle() const { return handle_; }
  cudaStream_t stream() const { return stream_; }
  /// Scratch memory for whatever runs on this stream.
  const DeviceMemory& workspace() const { return workspace_; }

  /// Puts a product into the stream. All floating-point types; `allows_tf32` lets floats be rounded to 10 bits of
  /// mantissa before they are multiplied. Throws Error with the shapes where cuBLAS refuses.
  template <class T>
  void multiply(const MatrixProduct<T>& p, bool allows_tf32) {
    if (p.batch <= 0 || p.m <= 0 || p.n <= 0) return;
    if (p.k <= 0) return clear(p);
    ColumnMajorProduct call = column_major(p);
    if (call.batch == 1) return run(p, call, p.a, p.b, p.c, allows_tf32);
    // The batch is an axis of the kernel's grid, which ends here.
    for (std::int64_t first = 0; first < p.batch; first += most_batch) {
      call.batch = std::min(p.batch - first, most_batch);
      run(p, call, p.a + first * p.stride_a, p.b + first * p.stride_b, p.c + first * p.stride_c, allows_tf32);
    }
  }

private:
  static constexpr std::int64_t most_batch = 65535;

  /// A sum of nothing.
  template <class T>
  void clear(const MatrixProduct<T>& p) {
    if (p.adds) return;
    for (std::int64_t i = 0; i < p.batch; ++i)
      check(cudaMemset2DAsync(p.c + i * p.stride_c, static_cast<std::size_t>(p.row_c) * sizeof(T), 0,
                              static_cast<std::size_t>(p.n) * sizeof(T), static_cast<std::size_t>(p.m), stream_),
            "cudaMemset2DAsync", [&] { return to_text(p); });
  }

  template <class T>
  void run(const MatrixProduct<T>& p, const ColumnMajorProduct& call, const T* a, const T* b, T* c, bool allows_tf32) {
    using Type = BlasType<T>;
    const typename Type::Scale alpha = 1;
    const typename Type::Scale beta = p.adds ? 1 : 0;
    const cublasOperation_t op_first = call.transpose_first ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublasOperation_t op_second = call.transpose_second ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublasComputeType_t compute = Type::compute(allows_tf32);
    auto purpose = [&] { return to_text(p); };
    auto as_int = [](std::int64_t x) { return static_cast<int>(x); };
    if (call.batch == 1 && call.fits_int()) {
      check(cublasGemmEx(handle_, op_first, op_second, as_int(call.rows), as_int(call.columns), as_int(call.depth),
                         &alpha, b, Type::type, as_int(call.ld_first), a, Type::type, as_int(call.ld_second), &beta, c,
                         Type::type, as_int(call.ld_result), compute, CUBLAS_GEMM_DEFAULT),
            "cublasGemmEx", purpose);
    } else if (call.batch == 1) {
      check(cublasGemmEx_64(handle_, op_first, op_second, call.rows, call.columns, call.depth, &alpha, b, Type::type,
                            call.ld_first, a, Type::type, call.ld_second, &beta, c, Type::type, call.ld_result, compute,
                            CUBLAS_GEMM_DEFAULT),
            "cublasGemmEx_64", purpose);
    } else if (call.fits_int()) {
      check(cublasGemmStridedBatchedEx(handle_, op_first, op_second, as_int(call.rows), as_int(call.columns),
                                       as_int(call.depth), &alpha, b, Type::type, as_int(call.ld_first),
                                       call.stride_first, a, Type::type, as_int(call.ld_second), call.stride_second,
                                       &beta, c, Type::type, as_int(call.ld_result), call.stride_result,
                                       as_int(call.batch), compute, CUBLAS_GEMM_DEFAULT),
            "cublasGemmStridedBatchedEx", purpose);
    } else {
      check(cublasGemmStridedBatchedEx_64(handle_, op_first, op_second, call.rows, call.columns, call.depth, &alpha, b,
                                          Type::type, call.ld_first, call.stride_first, a, Type::type, call.ld_second,
                                          call.stride_second, &beta, c, Type::type, call.ld_result, call.stride_result,
                                          call.batch, compute, CUBLAS_GEMM_DEFAULT),
            "cublasGemmStridedBatchedEx_64", purpose);
    }
  }

  cudaStream_t stream_;
  cublasHandle_t handle_ = nullptr;
  DeviceMemory workspace_;
};

}  // namespace ctgrad::cuda
