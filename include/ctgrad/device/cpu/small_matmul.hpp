// SPDX-License-Identifier: BSL-1.0
/// \file
/// Products of tiny matrices whose extents are known to the compiler, meant to vanish into the
/// caller.
#pragma once

#include <ctgrad/device/cpu/gemm_kernel.hpp>
#include <ctgrad/device/cpu/gemm_pack.hpp>
#include <ctgrad/device/cpu/matvec.hpp>

#include <cstdint>
#include <type_traits>
#include <utility>

namespace ctgrad::cpu {
namespace detail {

/// The sums of K steps, step p in part p modulo the number of parts; then the sum of the parts.
template <int K, class SomeTile, class T, int... Q>
CTGRAD_ALWAYS_INLINE void multiply_in_parts(SomeTile& tile, const T* a, std::int64_t a_row, std::int64_t a_step,
                                            const T* b, std::int64_t b_step, std::integer_sequence<int, Q...>) {
  constexpr int parts = sizeof...(Q);
  if constexpr (parts == 1) {
    tile.multiply(K, a, a_row, a_step, b, b_step);
  } else {
    constexpr int whole = K / parts * parts;
    SomeTile part[parts];
    (part[Q].clear(), ...);
    for (int p = 0; p < whole; p += parts) {
      (part[Q].add_step(a + (p + Q) * a_step, a_row, b + (p + Q) * b_step), ...);
    }
    for (int p = whole; p < K; ++p) part[0].add_step(a + p * a_step, a_row, b + p * b_step);
    ((Q > 0 ? part[0].add(part[Q]) : void()), ...);
    tile = part[0];
  }
}

/// Columns [J, N) of C for rows [i, i + Rows): the widest vectors that fit, then narrower ones,
/// then single elements.
template <class T, int Rows, int J, int N, int K, int Bytes>
CTGRAD_ALWAYS_INLINE void small_columns(const T* a, std::int64_t a_row, std::int64_t a_step, const T* b, T* c) {
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
      // A tile of few sums would wait for each addition: its steps go to several tiles in turn.
      constexpr int sums = Rows * vectors;
      constexpr int parts = sums >= 4 || K < 8 ? 1 : (sums == 1 ? 4 : 2);
      Tile<T, Rows, vectors, Bytes> tile;
      multiply_in_parts<K>(tile, a, a_row, a_step, b + J, N, std::make_integer_sequence<int, parts>{});
      tile.store(c + J, N);
      small_columns<T, Rows, J + vectors * count, N, K, Bytes>(a, a_row, a_step, b, c);
    }
  }
}

/// Rows [I, M) by tiles of `Rows` rows, then of half as many.
template <class T, int I, int M, int N, int K, int Rows>
CTGRAD_ALWAYS_INLINE void small_rows(const T* a, std::int64_t a_row, std::int64_t a_step, const T* b, T* c) {
  constexpr int tiles = (M - I) / Rows;
  for (int t = 0; t < tiles; ++t) {
    const int i = I + t * Rows;
    small_columns<T, Rows, 0, N, K, vector_bytes>(a + i * a_row, a_row, a_step, b, c + i * N);
  }
  if constexpr (I + tiles * Rows < M) {
    small_rows<T, I + tiles * Rows, M, N, K, Rows / 2>(a, a_row, a_step, b, c);
  }
}

/// Rows of A times rows of B, both of K elements: columns [J, N) of C, `Columns` at a time.
template <class T, int J, int M, int N, int K, int Columns>
CTGRAD_ALWAYS_INLINE void small_dots(const T* a, const T* b, T* c) {
  constexpr int tiles = (N - J) / Columns;
  for (int i = 0; i < M; ++i) {
    for (int t = 0; t < tiles; ++t) {
      const int j = J + t * Columns;
      T dots[Columns];
      dot_rows<T, Columns>(K, a + i * K, b + j * K, K, dots, std::make_integer_sequence<int, Columns>{});
      for (int r = 0; r < Columns; ++r) c[i * N + j + r] = dots[r];
    }
  }
  if constexpr (J + tiles * Columns < N) {
    small_dots<T, J + tiles * Columns, M, N, K, Columns / 2>(a, b, c);
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
  } else if constexpr (N == 1 && M > 1) {
    // A column is as good as a row, and eight dot products at a time need rows.
    small_matmul<T, 1, M, K, false, !TA>(b, a, c);
  } else if constexpr (M > 0 && N > 0) {
    // Dot products run along K. They save turning B round for few rows, and fill the vectors where
    // a row of C would not.
    constexpr int four = detail::lanes<T, 16>;
    constexpr bool dots = !TA && K >= four && ((TB && M < 4) || (N < four && K >= 2 * four && (TB || M >= 8)));
    const auto multiply = [&](const T* right) {
      if constexpr (dots) {
        detail::small_dots<T, 0, M, N, K, 8>(a, right, c);
      } else {
        detail::small_rows<T, 0, M, N, K, detail::tile_rows>(a, a_row, a_step, right, c);
      }
    };
    if constexpr (K > 1 && N > 1 && TB != dots) {
      T turned[K * N];
      if constexpr (TB) {
        detail::transpose(N, K, b, K, turned, N);
      } else {
        detail::transpose(K, N, b, N, turned, K);
      }
      multiply(turned);
    } else {
      multiply(b);
    }
  }
}

}  // namespace ctgrad::cpu
