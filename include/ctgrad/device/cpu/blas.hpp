// SPDX-License-Identifier: BSL-1.0
/// \file
/// The calls into a CBLAS library, when the build found one and defined CTGRAD_HAS_CBLAS.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>

#if defined(CTGRAD_HAS_CBLAS)
// OpenBLAS has a type of this name outside of any namespace: after `using namespace ctgrad` it would be one of two.
#define bfloat16 ctgrad_openblas_bfloat16
#include <cblas.h>
#undef bfloat16

#if defined(__ELF__)
// OpenBLAS has these, other libraries do not: they are called where they are.
#if defined(_OPENMP)
extern "C" void openblas_set_num_threads(int) __attribute__((weak));
#endif
extern "C" char* openblas_get_corename(void) __attribute__((weak));
#endif

namespace ctgrad::cpu::blas {

/// Whether OpenBLAS calls so the kernels for processors without AVX2.
constexpr bool is_core_without_avx2(std::string_view core) {
  constexpr std::string_view cores[] = {
      "Katmai",     "Coppermine",  "Northwood", "Prescott",  "Banias",       "Core2",       "Penryn",
      "Dunnington", "Nehalem",     "Athlon",    "Opteron",   "Opteron_SSE3", "Barcelona",   "Nano",
      "Bobcat",     "Sandybridge", "Atom",      "Bulldozer", "Piledriver",   "Steamroller", "Excavator"};
  for (const std::string_view old : cores)
    if (core == old) return true;
  return false;
}

/// False where the library has taken kernels for a processor much older than this one. OpenBLAS knows processors by
/// their numbers, and takes what runs everywhere for those that came after it: 0.3.21 multiplies on an Intel Emerald
/// Rapids at a fifth of the speed of the built-in code. The environment variable OPENBLAS_CORETYPE names better ones.
inline bool knows_this_processor() {
#if defined(__ELF__) && defined(__AVX2__)
  static const bool known = openblas_get_corename == nullptr || !is_core_without_avx2(openblas_get_corename());
  return known;
#else
  return true;
#endif
}

/// Leaves the threads to OpenMP: tells an OpenBLAS to use one thread from now on, in the whole program. Two pools of
/// threads that wait for work by spinning would fight for the cores (measured: a training step 20 times slower), and
/// OpenBLAS's bits depend on its number of threads. Without OpenMP, and with other libraries, nothing changes.
inline void leave_threads_to_openmp() {
#if defined(_OPENMP) && defined(__ELF__)
  if (openblas_set_num_threads != nullptr) openblas_set_num_threads(1);
#endif
}

/// Into how many products a large one is cut, for OpenMP's threads to share. It depends on the shape alone, so that the
/// bits do not depend on the number of threads.
constexpr int parts_of(std::int64_t m, std::int64_t n, std::int64_t k) {
  constexpr std::int64_t operations = std::int64_t{1} << 21;
  constexpr std::int64_t narrowest = 48;
  const std::int64_t longer = m > n ? m : n;
  std::int64_t parts = m * n * k / operations;
  if (parts > longer / narrowest) parts = longer / narrowest;
  if (parts > 16) parts = 16;
  return parts < 1 ? 1 : static_cast<int>(parts);
}

/// Whether the library multiplies matrices of T.
template <class T>
inline constexpr bool serves = std::is_same_v<T, float> || std::is_same_v<T, double>;

/// Whether an extent or a row length fits the integers of the library's interface.
constexpr bool fits(std::int64_t extent) { return extent <= std::numeric_limits<int>::max(); }

/// C[m,n] = alpha * op(A) * op(B) + beta * C, row-major.
template <class T>
void gemm(std::int64_t m, std::int64_t n, std::int64_t k, bool transpose_a, bool transpose_b, const T* a,
          std::int64_t lda, const T* b, std::int64_t ldb, T* c, std::int64_t ldc, T alpha, T beta) {
  static_assert(serves<T>);
  const auto op_a = transpose_a ? CblasTrans : CblasNoTrans;
  const auto op_b = transpose_b ? CblasTrans : CblasNoTrans;
  const auto i = [](std::int64_t extent) { return static_cast<int>(extent); };
  if constexpr (std::is_same_v<T, float>) {
    cblas_sgemm(CblasRowMajor, op_a, op_b, i(m), i(n), i(k), alpha, a, i(lda), b, i(ldb), beta, c, i(ldc));
  } else {
    cblas_dgemm(CblasRowMajor, op_a, op_b, i(m), i(n), i(k), alpha, a, i(lda), b, i(ldb), beta, c, i(ldc));
  }
}

/// The same, large products cut along their longer side for OpenMP's threads.
template <class T>
void gemm_in_parts(std::int64_t m, std::int64_t n, std::int64_t k, bool transpose_a, bool transpose_b, const T* a,
                   std::int64_t lda, const T* b, std::int64_t ldb, T* c, std::int64_t ldc, T alpha, T beta) {
#if defined(_OPENMP)
  const int parts = parts_of(m, n, k);
  if (parts > 1) {
    const bool rows = m >= n;
    const std::int64_t length = rows ? m : n;
    // Whole registers of rows or columns in all parts but the last.
    const std::int64_t step = ((length + parts - 1) / parts + 15) / 16 * 16;
#pragma omp parallel for schedule(static)
    for (int part = 0; part < parts; ++part) {
      const std::int64_t first = part * step;
      const std::int64_t count = first + step < length ? step : length - first;
      if (count <= 0) continue;
      if (rows) {
        gemm(count, n, k, transpose_a, transpose_b, a + (transpose_a ? first : first * lda), lda, b, ldb,
             c + first * ldc, ldc, alpha, beta);
      } else {
        gemm(m, count, k, transpose_a, transpose_b, a, lda, b + (transpose_b ? first * ldb : first), ldb, c + first,
             ldc, alpha, beta);
      }
    }
    return;
  }
#endif
  gemm(m, n, k, transpose_a, transpose_b, a, lda, b, ldb, c, ldc, alpha, beta);
}

}  // namespace ctgrad::cpu::blas

#endif
