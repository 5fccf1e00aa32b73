// SPDX-License-Identifier: BSL-1.0
/// \file
/// Matrix products on the CPU: a CBLAS where the build has one and it pays, else the built-in code.
///
/// On one machine the same shape always takes the same path, but for large products of matrices in which many elements
/// are zero (gemm_zeros.hpp), which round otherwise than the same product of other numbers. With OpenMP the bits do not
/// depend on the number of threads: no sum is split between threads, and a BLAS multiplies fixed parts, one thread
/// each. Without OpenMP a BLAS uses threads as it likes; OpenBLAS then rounds some products differently with another
/// number of threads (measured with OpenBLAS 0.3.21: [64,784] x [784,128] with one thread and with two).
/// OPENBLAS_NUM_THREADS=1 or MatmulLibrary::built_in avoid that.
#pragma once

#include <ctgrad/device/cpu/blas.hpp>
#include <ctgrad/device/cpu/gemm.hpp>
#include <ctgrad/device/cpu/gemm_zeros.hpp>
#include <ctgrad/device/cpu/matmul_workspace.hpp>

#include <cstdint>
#include <type_traits>

namespace ctgrad::cpu {

namespace detail {

/// Integers are multiplied as unsigned ones, so that overflow wraps round as it does in NumPy.
template <class T, bool = std::is_integral_v<T>>
struct Arithmetic {
  using type = T;
};
template <class T>
struct Arithmetic<T, true> {
  using type = std::make_unsigned_t<T>;
};

/// Whether the library is the quicker one. Measured with OpenBLAS 0.3.21 on Zen 4, with AVX-512 and with AVX2 kernels:
/// it multiplies a vector and a matrix up to ten times slower than the built-in code, as it packs the matrix. With
/// AVX-512 it has kernels for up to 100^3 multiplications; what is larger the built-in code multiplies 0.96 to 1.5
/// times as fast as a direct call, and calls for parts, as they are made with OpenMP, cost up to a fifth more. Without
/// OpenMP only the library has threads. On processors without AVX2 its call pays from about 32^3 on.
inline bool worth_blas(const MatmulShape& shape) {
  if (shape.m <= 1 || shape.n <= 1 || shape.k <= 0) return false;
  const std::int64_t products = shape.m * shape.n * shape.k;
#if !defined(_OPENMP)
  if (products > 200 * 200 * 200) return true;
#endif
#if defined(__AVX512F__)
  const std::int64_t narrow = shape.m < shape.n ? shape.m : shape.n;
  return narrow < 8 || products <= 100 * 100 * 100;
#else
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return true;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return false;
#endif
  return products > 32 * 32 * 32;
#endif
}

/// `matmul` with the scratch memory of a thread of its own: `a_block` and `b_panel` hold GemmBlocks<T>::a_size and
/// b_size elements.
template <class T>
void matmul_in(const MatmulShape& shape, const T* a, std::int64_t lda, const T* b, std::int64_t ldb, T* c,
               std::int64_t ldc, bool adds, [[maybe_unused]] MatmulLibrary library, T* a_block, T* b_panel) {
  if constexpr (std::is_floating_point_v<T>) {
    if (multiply_skipping_zeros(shape, a, lda, b, ldb, c, ldc, adds, a_block, b_panel)) return;
  }
#if defined(CTGRAD_HAS_CBLAS)
  if constexpr (blas::serves<T>) {
    if (library == MatmulLibrary::fastest && worth_blas(shape) && blas::knows_this_processor() && blas::fits(shape.m) &&
        blas::fits(shape.n) && blas::fits(shape.k) && blas::fits(lda) && blas::fits(ldb) && blas::fits(ldc)) {
      return blas::gemm_in_parts(shape.m, shape.n, shape.k, shape.transpose_a, shape.transpose_b, a, lda, b, ldb, c,
                                 ldc, T(1), adds ? T(1) : T(0));
    }
  }
#endif
  using U = typename Arithmetic<T>::type;
  gemm<U>(shape, reinterpret_cast<const U*>(a), lda, reinterpret_cast<const U*>(b), ldb, reinterpret_cast<U*>(c), ldc,
          adds, reinterpret_cast<U*>(a_block), reinterpret_cast<U*>(b_panel));
}

}  // namespace detail

/// C[m,n] = op(A)[m,k] * op(B)[k,n] or, where it `adds`, C[m,n] += op(A)[m,k] * op(B)[k,n], row-major. `lda`, `ldb` and
/// `ldc` are the elements from one row to the next as stored. Where it does not add, C is not read;
/// with k = 0 it becomes zero. C must not overlap A or B. T is float, double or an integer of 32 or 64 bits. Allocates
/// nothing and throws nothing.
template <class T>
void matmul(const MatmulShape& shape, const T* a, std::int64_t lda, const T* b, std::int64_t ldb, T* c,
            std::int64_t ldc, bool adds, MatmulWorkspace<T>& workspace) {
  detail::matmul_in(shape, a, lda, b, ldb, c, ldc, adds, workspace.library, workspace.template a_block<T>(),
                    workspace.template b_panel<T>());
}

/// `batch` products; the operands of the next are `stride_a`, `stride_b` and `stride_c` elements
/// on. A stride of zero uses the same A or B in every product; `stride_c` must keep the results
/// apart.
template <class T>
void batched_matmul(std::int64_t batch, std::int64_t stride_a, std::int64_t stride_b, std::int64_t stride_c,
                    const MatmulShape& shape, const T* a, std::int64_t lda, const T* b, std::int64_t ldb, T* c,
                    std::int64_t ldc, bool adds, MatmulWorkspace<T>& workspace) {
  if (batch <= 0) return;
  // One B for all and rows that follow on: the batch is a single taller product.
  if (stride_b == 0 && !shape.transpose_a && stride_a == shape.m * lda && stride_c == shape.m * ldc) {
    MatmulShape tall = shape;
    tall.m *= batch;
    return matmul(tall, a, lda, b, ldb, c, ldc, adds, workspace);
  }
  for (std::int64_t i = 0; i < batch; ++i) {
    matmul(shape, a + i * stride_a, lda, b + i * stride_b, ldb, c + i * stride_c, ldc, adds, workspace);
  }
}

}  // namespace ctgrad::cpu
