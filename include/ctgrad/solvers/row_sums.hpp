// SPDX-License-Identifier: BSL-1.0
/// \file
/// Sums of multiples of rows in vector registers: what elimination and substitution are made of.
#pragma once

#include <cstdint>
#include <utility>

#include "ctgrad/core/simd.hpp"

namespace ctgrad::detail {

template <class T>
struct RowSums {
  static constexpr int lanes = native_lanes<T>;
  using Register = Simd<T, lanes>;

  /// Takes `factor` times `from` off `to`.
  static void subtract(T* to, T factor, const T* from, std::int64_t count) {
    const Register f(factor);
    std::int64_t c = 0;
    for (; c + lanes <= count; c += lanes) (Register::load(to + c) - f * Register::load(from + c)).store(to + c);
    if (const std::int64_t rest = count - c; rest > 0)
      (Register::load_partial(to + c, rest, 0) - f * Register::load_partial(from + c, rest, 0))
          .store_partial(to + c, rest);
  }

  /// Takes `count` rows times their factors off one row; rows lie `stride` apart, which is 1 for numbers only.
  static void subtract_rows(T* to, const T* factors, const T* rows, std::int64_t count, std::int64_t columns,
                            std::int64_t stride) {
    if (stride == 1) {
      to[0] -= dot(factors, rows, count);
      return;
    }
    std::int64_t c = 0;
    for (; c + 4 * lanes <= columns; c += 4 * lanes) subtract_columns<4>(to + c, factors, rows + c, count, stride);
    for (; c + 2 * lanes <= columns; c += 2 * lanes) subtract_columns<2>(to + c, factors, rows + c, count, stride);
    for (; c + lanes <= columns; c += lanes) subtract_columns<1>(to + c, factors, rows + c, count, stride);
    if (const std::int64_t rest = columns - c; rest > 0) {
      Register sum = Register::load_partial(to + c, rest, 0);
      for (std::int64_t k = 0; k < count; ++k)
        sum = sum - Register(factors[k]) * Register::load_partial(rows + k * stride + c, rest, 0);
      sum.store_partial(to + c, rest);
    }
  }

  /// Takes one row times the factor of each off `count` rows.
  static void subtract_multiples(T* rows, const T* factors, const T* row, std::int64_t count, std::int64_t columns) {
    if (columns == 1) return subtract(rows, row[0], factors, count);
    for (std::int64_t k = 0; k < count; ++k) subtract(rows + k * columns, factors[k], row, columns);
  }

  static T dot(const T* a, const T* b, std::int64_t count) {
    Register first{}, second{};
    std::int64_t k = 0;
    for (; k + 2 * lanes <= count; k += 2 * lanes) {
      first = first + Register::load(a + k) * Register::load(b + k);
      second = second + Register::load(a + k + lanes) * Register::load(b + k + lanes);
    }
    T sum = reduce_add(first + second);
    for (; k < count; ++k) sum += a[k] * b[k];
    return sum;
  }

private:
  template <int N>
  static void subtract_columns(T* to, const T* factors, const T* rows, std::int64_t count, std::int64_t stride) {
    // Written out: g++ -O2 would keep the sums of a loop in memory.
    [&]<int... R>(std::integer_sequence<int, R...>) {
      Register sum[N] = {Register::load(to + R * lanes)...};
      for (std::int64_t k = 0; k < count; ++k) {
        const Register f(factors[k]);
        ((sum[R] = sum[R] - f * Register::load(rows + k * stride + R * lanes)), ...);
      }
      (sum[R].store(to + R * lanes), ...);
    }
    (std::make_integer_sequence<int, N>{});
  }
};

}  // namespace ctgrad::detail
