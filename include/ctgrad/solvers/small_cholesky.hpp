// SPDX-License-Identifier: BSL-1.0
/// \file
/// The Cholesky factor of a matrix of a few rows, and the adjoint of the factoring: what `Cholesky` runs for them.
#pragma once

#include <cmath>
#include <cstdint>

#include "ctgrad/core/math.hpp"
#include "ctgrad/core/simd.hpp"

namespace ctgrad::detail {

/// A register at a time, for so few rows wait longer for each other than for memory. Matrices are n x n, rows one after
/// the other, n at most `most`.
template <class T>
class SmallCholesky {
public:
  static constexpr std::int64_t most = 12;
  /// With registers of 16 bytes blocks of rows are as quick.
  static constexpr bool pays = native_lanes<T> * sizeof(T) > 16;
  /// What `factor` returns where a pivot is so small that its inverse is infinite.
  static constexpr std::int64_t too_small = -2;

  /// As Cholesky::factor, or `too_small`. It divides by the pivots and takes all their roots in the end, so that no row
  /// waits for a root (Golub and Van Loan 2013, section 4.1.2).
  static std::int64_t factor(const T* a, T* l, std::int64_t n) {
    alignas(64) T u[most * row];  // the rows of D L^T
    T inverse[most], root[most], scale[most];
    const std::int64_t end = (n + lanes - 1) / lanes * lanes;
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t c = 0; c < end; c += lanes) Register(T(0)).store(u + i * row + c);
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j <= i; ++j) u[j * row + i] = (a[i * n + j] + a[j * n + i]) * T(0.5);
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t c = i / lanes * lanes; c < end; c += lanes) {
        Register sum = Register::load(u + i * row + c);
        for (std::int64_t k = 0; k < i; ++k)
          sum = sum - Register(u[k * row + i] * inverse[k]) * Register::load(u + k * row + c);
        sum.store(u + i * row + c);
      }
      inverse[i] = 1 / u[i * row + i];
    }
    bool fits = true;
    for (std::int64_t i = 0; i < n; ++i) {
      const T pivot = u[i * row + i];
      if (!(pivot > 0) || !std::isfinite(pivot)) return fits ? i : too_small;
      fits = fits && std::isfinite(inverse[i]);
      root[i] = math::sqrt(pivot);
      scale[i] = 1 / root[i];
    }
    if (!fits) return too_small;
    for (std::int64_t i = 0; i < n; ++i) {
      T* const to = l + i * n;
      for (std::int64_t c = 0; c < n; c += lanes) Register(T(0)).store_partial(to + c, rest(n, c));
      for (std::int64_t j = 0; j < i; ++j) to[j] = u[j * row + i] * scale[j];
      to[i] = root[i];
    }
    return -1;
  }

  /// As Cholesky::adjoint: with the inverse of L, the symmetric part of L^-T M L^-1, M being the half triangle of L^T
  /// t.
  static void adjoint(const T* l, const T* t, T* s, std::int64_t n) {
    alignas(64) T low[most * row], bar[most * row], inverse[most * row], m[most * row];
    const std::int64_t end = (n + 3) / 4 * 4;
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t c = 0; c < end; c += lanes) {
        Register::load_partial(l + i * n + c, rest(n, c)).store(low + i * row + c);
        Register::load_partial(t + i * n + c, rest(i + 1, c)).store(bar + i * row + c);
      }
    for (std::int64_t i = n; i < end; ++i)
      for (std::int64_t c = 0; c < end; c += lanes) unit(i, c).store(low + i * row + c);

    for (std::int64_t i = 0; i < end; i += 4)
      for (std::int64_t c = 0; c < i + 4; c += lanes) {
        const T* const f = low + i * row;
        T* const to = inverse + i * row + c;
        Four sum{unit(i, c), unit(i + 1, c), unit(i + 2, c), unit(i + 3, c)};
        for (std::int64_t k = c; k < i; ++k) sum.subtract(f + k, row, inverse + k * row + c);
        sum.a = sum.a * Register(1 / f[i]);
        sum.b = (sum.b - Register(f[row + i]) * sum.a) * Register(1 / f[row + i + 1]);
        sum.c = sum.c - Register(f[2 * row + i]) * sum.a;
        sum.d = sum.d - Register(f[3 * row + i]) * sum.a;
        sum.c = (sum.c - Register(f[2 * row + i + 1]) * sum.b) * Register(1 / f[2 * row + i + 2]);
        sum.d = sum.d - Register(f[3 * row + i + 1]) * sum.b;
        sum.d = (sum.d - Register(f[3 * row + i + 2]) * sum.c) * Register(1 / f[3 * row + i + 3]);
        sum.store(to);
      }
    for (std::int64_t i = 0; i < end; i += 4) {
      alignas(64) T half[4 * row];  // four rows of the half triangle
      for (std::int64_t c = 0; c < i + 4; c += lanes) {
        Four sum{};
        for (std::int64_t k = i; k < n; ++k) sum.add(low + k * row + i, 1, bar + k * row + c);
        const auto triangle = [&](std::int64_t k, const Register& x) __attribute__((always_inline)) {
          const Register column = Register::iota(), diagonal(static_cast<T>(k - c));
          return select(column < diagonal, x, select(column == diagonal, x * Register(T(0.5)), Register(T(0))));
        };
        Four{triangle(i, sum.a), triangle(i + 1, sum.b), triangle(i + 2, sum.c), triangle(i + 3, sum.d)}.store(half +
                                                                                                               c);
      }
      for (std::int64_t c = 0; c < i + 4; c += lanes) {
        Four sum{};
        for (std::int64_t k = c; k < i + 4; ++k) sum.add(half + k, row, inverse + k * row + c);
        sum.store(m + i * row + c);
      }
    }
    for (std::int64_t i = 0; i < end; i += 4)
      for (std::int64_t c = 0; c < n; c += lanes) {
        Four sum{};
        for (std::int64_t k = i < c ? c : i; k < n; ++k) sum.add(inverse + k * row + i, 1, m + k * row + c);
        sum.store(bar + i * row + c);
      }
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j <= i; ++j)
        s[i * n + j] = s[j * n + i] = (bar[i * row + j] + bar[j * row + i]) * T(0.5);
  }

private:
  static constexpr int lanes = native_lanes<T>;
  /// Elements from a row to the next in memory of their own: whole registers.
  static constexpr int row = 16;
  static_assert(row % lanes == 0);
  using Register = Simd<T, lanes>;

  /// One register of each of four rows.
  struct Four {
    Register a{}, b{}, c{}, d{};
    CTGRAD_ALWAYS_INLINE void store(T* to) const {
      a.store(to), b.store(to + row), c.store(to + 2 * row), d.store(to + 3 * row);
    }
    /// Adds a register times a factor for each row; the factors lie `step` apart.
    CTGRAD_ALWAYS_INLINE void add(const T* factor, std::int64_t step, const T* from) {
      const Register x = Register::load(from);
      a = a + Register(factor[0]) * x;
      b = b + Register(factor[step]) * x;
      c = c + Register(factor[2 * step]) * x;
      d = d + Register(factor[3 * step]) * x;
    }
    CTGRAD_ALWAYS_INLINE void subtract(const T* factor, std::int64_t step, const T* from) {
      const Register x = Register::load(from);
      a = a - Register(factor[0]) * x;
      b = b - Register(factor[step]) * x;
      c = c - Register(factor[2 * step]) * x;
      d = d - Register(factor[3 * step]) * x;
    }
  };

  /// The register of the unit matrix that begins at row i and column c.
  static CTGRAD_ALWAYS_INLINE Register unit(std::int64_t i, std::int64_t c) {
    return select(Register::iota() == Register(static_cast<T>(i - c)), Register(T(1)), Register(T(0)));
  }
  /// Elements of a row of n that are in the register that begins at column c.
  static std::int64_t rest(std::int64_t n, std::int64_t c) { return n <= c ? 0 : n - c < lanes ? n - c : lanes; }
};

}  // namespace ctgrad::detail
