// SPDX-License-Identifier: BSL-1.0
/// \file
/// Products of tiny matrices whose extents are known to the compiler, meant to vanish into the caller.
#pragma once

#include <ctgrad/device/cpu/gemm_kernel.hpp>
#include <ctgrad/device/cpu/gemm_pack.hpp>

#include <cstdint>
#include <type_traits>
#include <utility>

namespace ctgrad::cpu {
namespace detail {

/// Columns [J, N) of C for rows [i, i + Rows): the widest vectors that fit, then narrower ones, then
/// single elements.
template <class T, int Rows, int J, int N, int K, int Bytes>
CTGRAD_ALWAYS_INLINE void small_columns(const T* a, std::int64_t a_row, std::int64_t a_step,
                                        const T* b, T* c) {
  constexpr int left = N - J;
  if constexpr (left > 0) {
    constexpr int count = Bytes / static_cast<int>(sizeof(T));
    if constexpr (count == 1) {
      for (int i = 0; i < Rows; ++i) {
        T sum = T(0);
        for (int p = 0; p < K; ++p) sum += a[i * a_row + p * a_step] * b[p * N + J];
        c[i * N + J] = sum;
      }
      small_columns<T, Rows, J + 1, N, K, Bytes>(a, a_row, a_step, b, c);
    } else if constexpr (left < count) {
      small_columns<T, Rows, J, N, K, Bytes / 2>(a, a_row, a_step, b, c);
    } else {
      constexpr int fit = left / count;
      constexpr int vectors = fit < tile_vectors ? fit : tile_vectors;
      Tile<T, Rows, vectors, Bytes> tile;
      tile.multiply(K, a, a_row, a_step, b + J, N);
      tile.store(c + J, N, T(1), T(0));
      small_columns<T, Rows, J + vectors * count, N, K, Bytes>(a, a_row, a_step, b, c);
    }
  }
}

/// Rows [I, M) by tiles of `Rows` rows, then of half as many.
template <class T, int I, int M, int N, int K, int Rows>
CTGRAD_ALWAYS_INLINE void small_rows(const T* a, std::int64_t a_row, std::int64_t a_step,
                                     const T* b, T* c) {
  constexpr int tiles = (M - I) / Rows;
  for (int t = 0; t < tiles; ++t) {
    const int i = I + t * Rows;
    small_columns<T, Rows, 0, N, K, vector_bytes>(a + i * a_row, a_row, a_step, b, c + i * N);
  }
  if constexpr (I + tiles * Rows < M) {
    small_rows<T, I + tiles * Rows, M, N, K, Rows / 2>(a, a_row, a_step, b, c);
  }
}

}  // namespace detail

/// C[M,N] = op(A) * op(B), all dense and row-major: A is stored as [M,K], or [K,M] when TA; B as
/// [K,N], or [N,K] when TB. T is float, double or an integer. C must not overlap A or B.
template <class T, int M, int N, int K, bool TA, bool TB>
CTGRAD_ALWAYS_INLINE void small_matmul(const T* a, const T* b, T* c) {
  static_assert(M >= 0 && N >= 0 && K >= 0);
  constexpr std::int64_t a_row = TA ? 1 : K;
  constexpr std::int64_t a_step = TA ? M : 1;
  if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
    // Overflow wraps round, as it does in matmul.
    using U = std::make_unsigned_t<T>;
    small_matmul<U, M, N, K, TA, TB>(reinterpret_cast<const U*>(a), reinterpret_cast<const U*>(b),
                                     reinterpret_cast<U*>(c));
  } else if constexpr (M > 0 && N > 0) {
    if constexpr (TB && N > 1 && K > 1) {
      T turned[K * N];
      detail::transpose(N, K, b, K, turned, N);
      detail::small_rows<T, 0, M, N, K, detail::tile_rows>(a, a_row, a_step, turned, c);
    } else {
      detail::small_rows<T, 0, M, N, K, detail::tile_rows>(a, a_row, a_step, b, c);
    }
  }
}

}  // namespace ctgrad::cpu
