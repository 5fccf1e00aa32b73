// SPDX-License-Identifier: BSL-1.0
/// \file
/// The matrix products that benchmarks call directly: the BLAS where the build has one that knows the processor, else
/// the built-in code.
#pragma once

#include <ctgrad/device/cpu/matmul.hpp>

#include <cstdint>

/// C[m,n] = alpha * op(A) * op(B) + beta * C, all dense and row-major.
class Products {
public:
  void operator()(const ctgrad::cpu::MatmulShape& s, const float* a, const float* b, float* c, float alpha = 1,
                  float beta = 0) {
    const std::int64_t lda = s.transpose_a ? s.m : s.k;
    const std::int64_t ldb = s.transpose_b ? s.k : s.n;
#if defined(CTGRAD_HAS_CBLAS)
    if (ctgrad::cpu::blas::knows_this_processor())
      return ctgrad::cpu::blas::gemm<float>(s.m, s.n, s.k, s.transpose_a, s.transpose_b, a, lda, b, ldb, c, s.n, alpha,
                                            beta);
#endif
    ctgrad::cpu::matmul<float>(s, a, lda, b, ldb, c, s.n, alpha, beta, workspace_);
  }

private:
  ctgrad::cpu::MatmulWorkspace<float> workspace_;
};
