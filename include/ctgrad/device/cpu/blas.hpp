// SPDX-License-Identifier: BSL-1.0
/// \file
/// The calls into a CBLAS library, when the build found one and defined CTGRAD_HAS_CBLAS.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#if defined(CTGRAD_HAS_CBLAS)
#include <cblas.h>

namespace ctgrad::cpu::blas {

/// Whether the library multiplies matrices of T.
template <class T>
inline constexpr bool serves = std::is_same_v<T, float> || std::is_same_v<T, double>;

/// Whether an extent or a row length fits the integers of the library's interface.
constexpr bool fits(std::int64_t extent) { return extent <= std::numeric_limits<int>::max(); }

/// C[m,n] = alpha * op(A) * op(B) + beta * C, row-major.
template <class T>
void gemm(std::int64_t m, std::int64_t n, std::int64_t k, bool transpose_a, bool transpose_b,
          const T* a, std::int64_t lda, const T* b, std::int64_t ldb, T* c, std::int64_t ldc,
          T alpha, T beta) {
  static_assert(serves<T>);
  const auto op_a = transpose_a ? CblasTrans : CblasNoTrans;
  const auto op_b = transpose_b ? CblasTrans : CblasNoTrans;
  const auto i = [](std::int64_t extent) { return static_cast<int>(extent); };
  if constexpr (std::is_same_v<T, float>) {
    cblas_sgemm(CblasRowMajor, op_a, op_b, i(m), i(n), i(k), alpha, a, i(lda), b, i(ldb), beta, c,
                i(ldc));
  } else {
    cblas_dgemm(CblasRowMajor, op_a, op_b, i(m), i(n), i(k), alpha, a, i(lda), b, i(ldb), beta, c,
                i(ldc));
  }
}

}  // namespace ctgrad::cpu::blas

#endif
