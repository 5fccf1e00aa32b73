// SPDX-License-Identifier: BSL-1.0
/// \file
/// The Cholesky factor of a symmetric positive definite matrix, and the adjoint of the factoring.
#pragma once

#include <cmath>
#include <cstdint>
#include <utility>

#include "ctgrad/core/math.hpp"
#include "ctgrad/core/memory.hpp"
#include "ctgrad/core/simd.hpp"
#include "ctgrad/solvers/small_cholesky.hpp"

namespace ctgrad {

/// Where there are many rows both work on blocks of them, whose sums stay in registers: n^3 / 6 multiplications for the
/// factor, n^3 / 3 for the adjoint. Matrices are n x n, rows one after the other.
template <class T>
class Cholesky {
public:
  /// Writes the lower triangular L with L L^T = (A + A^T) / 2 to l, zeros above its diagonal (Golub and Van Loan 2013,
  /// section 4.2). Returns the number of the first pivot that is not positive and finite, or -1 where there is none;
  /// then l is not written.
  static std::int64_t factor(const T* a, T* l, std::int64_t n) {
    if (Small::pays && n <= Small::most)
      if (const std::int64_t missing = Small::factor(a, l, n); missing != Small::too_small) return missing;
    const std::int64_t row = padded(n);
    // The rows of L^T, so that what is added to a row lies side by side.
    T* const u = scratch(row * row);
    for (std::int64_t i = 0; i < row; ++i)
      for (std::int64_t j = n; j < row; ++j) u[i * row + j] = i == j ? T(1) : T(0);
    for_each_square(n,
                    [&](std::int64_t i, std::int64_t j) { u[j * row + i] = (a[i * n + j] + a[j * n + i]) * T(0.5); });
    for (std::int64_t first = 0; first < n; first += block) {
      T* const here = u + first * row;
      for_each_tile(first, row, [&](std::int64_t c, auto width) {
        subtract_sums<decltype(width)::value>(here + c, row, u + first, row, u + c, row, first);
      });
      DiagonalBlock diagonal;
      const std::int64_t missing = diagonal.factor(here + first, row);
      if (missing < block) return first + missing;
      for (std::int64_t c = first; c < row; c += lanes) diagonal.finish(here + c, row);
      for (int r = 0; r < block; ++r) here[r * row + first + r] = diagonal.root[r];
    }
    for_each_square(n, [&](std::int64_t i, std::int64_t j) {
      l[j * n + i] = T(0);
      l[i * n + j] = u[j * row + i];
    });
    return -1;
  }

  /// Given L = factor(A) and t, the adjoint of L, of which the lower triangle is read: writes the adjoint of A, which
  /// is symmetric, to s (I. Murray, Differentiation of the Cholesky decomposition, 2016, section 4.3).
  static void adjoint(const T* l, const T* t, T* s, std::int64_t n) {
    if (Small::pays && n <= Small::most) return Small::adjoint(l, t, s, n);
    const std::int64_t row = padded(n);
    T* const low = scratch(2 * row * row);
    T* const bar = low + row * row;
    for (std::int64_t i = 0; i < n; ++i) {
      copy_row(low + i * row, l + i * n, n);
      copy_row(bar + i * row, t + i * n, n);
    }
    for (std::int64_t i = n; i < row; ++i)
      for (std::int64_t j = 0; j <= i; ++j) {
        low[i * row + j] = i == j ? T(1) : T(0);
        bar[i * row + j] = T(0);
      }
    for (std::int64_t k = row; k > 0; k -= block) {
      // In Murray's words R and D are the rows [j, k) of L, left of its diagonal and at it, B and C the rows below.
      const std::int64_t j = k - block, below = n - k;
      const T* const r = low + j * row;
      T* const r_bar = bar + j * row;
      const T* const b = low + k * row;
      T* const b_bar = bar + k * row;
      if (below > 0) {
        T inverse[block * block];
        invert(r + j, row, inverse);
        for (std::int64_t i = 0; i < below; ++i) multiply(b_bar + i * row + j, inverse);
        for_each_tile(0, j, [&](std::int64_t c, auto width) {
          subtract_products<decltype(width)::value>(b_bar + c, b_bar + j, r + c, row, below);
        });
        for_each_tile(0, k, [&](std::int64_t c, auto width) {
          subtract_sums<decltype(width)::value>(r_bar + c, row, b_bar + j, row, b + c, row, below);
        });
      }
      T both[block * block];
      reverse_block(r + j, r_bar + j, row, both);
      for_each_tile(0, j, [&](std::int64_t c, auto width) {
        subtract_sums<decltype(width)::value>(r_bar + c, row, both, block, r + c, row, block);
      });
    }
    for_each_square(n, [&](std::int64_t i, std::int64_t j) {
      s[j * n + i] = bar[i * row + j] * (i == j ? T(1) : T(0.5));
      s[i * n + j] = s[j * n + i];
    });
  }

private:
  using Small = detail::SmallCholesky<T>;
  static constexpr int lanes = native_lanes<T>;
  using Register = Simd<T, lanes>;
  /// Rows that are worked on together: a whole number of registers.
  static constexpr int block = lanes < 4 ? 4 : lanes;
#if defined(__AVX512F__)
  static constexpr int registers = 32;
#else
  static constexpr int registers = 16;
#endif
  /// Registers of a row that are summed up together: with those of the other rows of a block, about half of all.
  static constexpr int most_wide = 2 * block <= registers / 2 ? 2 : 1;

  /// Rows are as long as a multiple of a block, so that whole registers may be read and written.
  static std::int64_t padded(std::int64_t n) { return (n + block - 1) / block * block; }
  static T* scratch(std::int64_t size) {
    thread_local Memory memory;
    memory.reserve(static_cast<std::size_t>(size) * sizeof(T));
    return reinterpret_cast<T*>(memory.data());
  }

  /// Copies a row, and zeros to the end of its last register.
  static void copy_row(T* to, const T* from, std::int64_t n) {
    std::int64_t c = 0;
    for (; c + lanes <= n; c += lanes) Register::load(from + c).store(to + c);
    if (c < n) Register::load_partial(from + c, n - c).store(to + c);
  }

  /// Calls body(i) for the numbers from Begin to End - 1, each a constant.
  template <int Begin, int End, class Body>
  static CTGRAD_ALWAYS_INLINE void for_each_number(const Body& body) {
    if constexpr (Begin < End) {
      [&]<int... I>(std::integer_sequence<int, I...>) __attribute__((always_inline)) {
        (body(std::integral_constant<int, Begin + I>{}), ...);
      }
      (std::make_integer_sequence<int, End - Begin>{});
    }
  }

  /// Calls body(i, j) for the lower triangle and the diagonal, in squares, lest each number be in another cache line.
  template <class Body>
  static CTGRAD_ALWAYS_INLINE void for_each_square(std::int64_t n, const Body& body) {
    constexpr int side = 4;
    for (std::int64_t first = 0; first < n; first += side) {
      std::int64_t column = 0;
      if (first + side <= n)
        for (; column < first; column += side)
          for_each_number<0, side>([&](auto i) __attribute__((always_inline)) {
            for_each_number<0, side>([&](auto j) __attribute__((always_inline)) {
              body(first + decltype(i)::value, column + decltype(j)::value);
            });
          });
      for (std::int64_t i = first; i < first + side && i < n; ++i)
        for (std::int64_t j = column; j <= i; ++j) body(i, j);
    }
  }

  /// Calls body(c, width) for the registers of the columns [begin, end), `width` of them at a time.
  template <class Body>
  static CTGRAD_ALWAYS_INLINE void for_each_tile(std::int64_t begin, std::int64_t end, const Body& body) {
    std::int64_t c = begin;
    for (; c + most_wide * lanes <= end; c += most_wide * lanes) body(c, std::integral_constant<int, most_wide>{});
    if constexpr (most_wide > 1)
      for (; c < end; c += lanes) body(c, std::integral_constant<int, 1>{});
  }

  // Sums are written out: g++ -O2 would keep those of a loop in memory.

  /// From row q of a block, for `Wide` registers, the sum over k < count of factors[k][q] times row k.
  template <int Wide>
  static void subtract_sums(T* to, std::int64_t to_row, const T* factors, std::int64_t factor_row, const T* rows,
                            std::int64_t row, std::int64_t count) {
    [&]<int... I>(std::integer_sequence<int, I...>) {
      Register sum[block * Wide] = {Register::load(to + I / Wide * to_row + I % Wide * lanes)...};
      for (std::int64_t k = 0; k < count; ++k)
        ((sum[I] = sum[I] -
                   Register(factors[k * factor_row + I / Wide]) * Register::load(rows + k * row + I % Wide * lanes)),
         ...);
      (sum[I].store(to + I / Wide * to_row + I % Wide * lanes), ...);
    }
    (std::make_integer_sequence<int, block * Wide>{});
  }

  /// From each of `count` rows, for `Wide` registers, its factors times the rows of a block.
  template <int Wide>
  static void subtract_products(T* to, const T* factors, const T* rows, std::int64_t row, std::int64_t count) {
    [&]<int... I, int... C>(std::integer_sequence<int, I...>, std::integer_sequence<int, C...>) {
      const Register kept[block * Wide] = {Register::load(rows + I / Wide * row + I % Wide * lanes)...};
      for (std::int64_t i = 0; i < count; ++i) {
        T* const at = to + i * row;
        const T* const f = factors + i * row;
        Register sum[Wide] = {Register::load(at + C * lanes)...};
        ((sum[I % Wide] = sum[I % Wide] - Register(f[I / Wide]) * kept[I]), ...);
        (sum[C].store(at + C * lanes), ...);
      }
    }
    (std::make_integer_sequence<int, block * Wide>{}, std::make_integer_sequence<int, Wide>{});
  }

  /// `block` numbers times a square, in their place.
  static void multiply(T* x, const T* square) {
    constexpr int wide = block / lanes;
    [&]<int... I, int... C>(std::integer_sequence<int, I...>, std::integer_sequence<int, C...>) {
      Register sum[wide] = {(Register(x[0]) * Register::load(square + C * lanes))...};
      ((sum[I % wide] = sum[I % wide] +
                        Register(x[I / wide + 1]) * Register::load(square + (I / wide + 1) * block + I % wide * lanes)),
       ...);
      (sum[C].store(x + C * lanes), ...);
    }
    (std::make_integer_sequence<int, (block - 1) * wide>{}, std::make_integer_sequence<int, wide>{});
  }

  /// A block on the diagonal of L^T, and what finishes the rows right of it.
  struct DiagonalBlock {
    T at[block][block];
    T root[block], scale[block];

    /// Returns the number of the first pivot that is not positive and finite, or `block`.
    CTGRAD_ALWAYS_INLINE int factor(const T* from, std::int64_t row) {
      int missing = block;
      for_each_number<0, block>([&](auto r) __attribute__((always_inline)) {
        for_each_number<0, block>([&](auto c) __attribute__((always_inline)) { at[r][c] = from[r * row + c]; });
      });
      for_each_number<0, block>([&](auto r) __attribute__((always_inline)) {
        constexpr int next = decltype(r)::value + 1;
        const T pivot = at[r][r];
        if ((!(pivot > 0) || !std::isfinite(pivot)) && missing == block) missing = r;
        root[r] = math::sqrt(pivot);
        scale[r] = 1 / root[r];
        for_each_number<next, block>([&](auto c) __attribute__((always_inline)) { at[r][c] *= scale[r]; });
        for_each_number<next, block>([&](auto q) __attribute__((always_inline)) {
          for_each_number<decltype(q)::value, block>([&](auto c) __attribute__((always_inline)) {
            at[q][c] -= at[r][q] * at[r][c];
          });
        });
      });
      return missing;
    }

    /// Finishes one register of each row.
    void finish(T* to, std::int64_t row) const {
      [&]<int... R>(std::integer_sequence<int, R...>) {
        Register x[block] = {Register::load(to + R * row)...};
        finish_from<0>(x);
        (x[R].store(to + R * row), ...);
      }
      (std::make_integer_sequence<int, block>{});
    }
    template <int R>
    CTGRAD_ALWAYS_INLINE void finish_from(Register (&x)[block]) const {
      x[R] = x[R] * Register(scale[R]);
      if constexpr (R + 1 < block) {
        [&]<int... Q>(std::integer_sequence<int, Q...>) __attribute__((always_inline)) {
          ((x[R + 1 + Q] = x[R + 1 + Q] - Register(at[R][R + 1 + Q]) * x[R]), ...);
        }
        (std::make_integer_sequence<int, block - R - 1>{});
        finish_from<R + 1>(x);
      }
    }
  };

  /// The inverse of a lower triangular block.
  static void invert(const T* d, std::int64_t row, T* inverse) {
    T x[block][block];
    for_each_number<0, block>([&](auto number) __attribute__((always_inline)) {
      constexpr int i = decltype(number)::value;
      const T scale = 1 / d[i * row + i];
      for_each_number<0, block>([&](auto column) __attribute__((always_inline)) {
        constexpr int c = decltype(column)::value;
        x[i][c] = c == i ? scale : T(0);
        if constexpr (c < i) {
          for_each_number<c, i>([&](auto q) __attribute__((always_inline)) { x[i][c] -= d[i * row + q] * x[q][c]; });
          x[i][c] *= scale;
        }
        inverse[i * block + c] = x[i][c];
      });
    });
  }

  /// The adjoint of factoring a block on the diagonal, in the place of that of its factor; and to `both` the sum of it
  /// and its transpose.
  static void reverse_block(const T* d, T* bar, std::int64_t row, T* both) {
    T x[block][block];
    for_each_number<0, block>([&](auto i) __attribute__((always_inline)) {
      for_each_number<0, decltype(i)::value + 1>([&](auto c)
                                                     __attribute__((always_inline)) { x[i][c] = bar[i * row + c]; });
    });
    for_each_number<0, block>([&](auto from_end) __attribute__((always_inline)) {
      constexpr int j = block - 1 - decltype(from_end)::value;
      const T scale = 1 / d[j * row + j];
      for_each_number<j + 1, block>([&](auto i) __attribute__((always_inline)) {
        x[i][j] *= scale;
        x[j][j] -= d[i * row + j] * x[i][j];
      });
      x[j][j] *= scale;
      for_each_number<0, j>([&](auto c) __attribute__((always_inline)) {
        x[j][c] -= x[j][j] * d[j * row + c];
        for_each_number<j + 1, block>([&](auto i) __attribute__((always_inline)) {
          x[j][c] -= x[i][j] * d[i * row + c];
          x[i][c] -= x[i][j] * d[j * row + c];
        });
      });
      x[j][j] *= T(0.5);
    });
    for_each_number<0, block>([&](auto number) __attribute__((always_inline)) {
      constexpr int i = decltype(number)::value;
      for_each_number<0, i + 1>([&](auto c) __attribute__((always_inline)) {
        bar[i * row + c] = x[i][c];
        both[i * block + c] = both[c * block + i] = i == c ? x[i][c] + x[i][c] : x[i][c];
      });
    });
  }
};

}  // namespace ctgrad
