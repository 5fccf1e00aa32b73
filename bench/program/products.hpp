// SPDX-License-Identifier: BSL-1.0
/// \file
/// The matrix products that benchmarks call directly: the BLAS where the build has one that knows the processor, else
/// the built-in code.
#pragma once

#include <ctgrad/device/cpu/matmul.hpp>

#include <cstdint>

/// C[m,n] = op(A) * op(B), or C += op(A) * op(B), all dense and row-major.
class Products {
public:
  void operator()(const ctgrad::cpu::MatmulShape& s, const float* a, const float* b, float* c, bool adds = false) {
    const std::int64_t lda = s.transpose_a ? s.m : s.k;
    const std::int64_t ldb = s.transpose_b ? s.k : s.n;
#if defined(CTGRAD_HAS_CBLAS)
    if (ctgrad::cpu::blas::knows_this_processor())
      return ctgrad::cpu::blas::gemm<float>(s.m, s.n, s.k, s.transpose_a, s.transpose_b, a, lda, b, ldb, c, s.n, 1,
                                            adds ? 1 : 0);
#endif
    ctgrad::cpu::matmul<float>(s, a, lda, b, ldb, c, s.n, adds, workspace_);
  }

private:
  ctgrad::cpu::MatmulWorkspace<float> workspace_;
};
