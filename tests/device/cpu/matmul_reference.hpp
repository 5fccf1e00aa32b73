// SPDX-License-Identifier: BSL-1.0
/// \file
/// A matrix product as a plain loop in long double, for the tests of the others.
#pragma once

#include <ctgrad/device/cpu/matmul_workspace.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace ctgrad_test {

/// How many elements of `c`, which was `old` before, are not alpha * op(A) op(B) + beta * old. Where beta is zero `old`
/// counts for nothing. The padding of rows must be as it was.
template <class T>
std::int64_t wrong_elements(const ctgrad::cpu::MatmulShape& s, const std::vector<T>& a, std::int64_t lda,
                            const std::vector<T>& b, std::int64_t ldb, const std::vector<T>& old,
                            const std::vector<T>& c, std::int64_t ldc, int alpha, int beta) {
  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i < s.m; ++i) {
    for (std::int64_t j = 0; j < ldc; ++j) {
      const auto at = static_cast<std::size_t>(i * ldc + j);
      if (at >= c.size()) continue;
      if (j >= s.n) {
        wrong += c[at] != old[at] ? 1 : 0;
        continue;
      }
      long double sum = 0;
      long double size_of_sum = 0;
      for (std::int64_t p = 0; p < s.k; ++p) {
        const auto product =
            static_cast<long double>(a[static_cast<std::size_t>(s.transpose_a ? p * lda + i : i * lda + p)]) *
            static_cast<long double>(b[static_cast<std::size_t>(s.transpose_b ? j * ldb + p : p * ldb + j)]);
        sum += product;
        size_of_sum += std::abs(product);
      }
      const long double previous = beta == 0 ? 0 : beta * static_cast<long double>(old[at]);
      const long double expected = alpha * sum + previous;
      if constexpr (std::is_integral_v<T>) {
        wrong += static_cast<long double>(c[at]) != expected ? 1 : 0;
      } else {
        // The bound of any order of summation: (k + 2) roundings of the sum of absolute values.
        const long double bound = static_cast<long double>(s.k + 2) * std::numeric_limits<T>::epsilon() *
                                  (std::abs(static_cast<long double>(alpha)) * size_of_sum + std::abs(previous));
        wrong += !(std::abs(static_cast<long double>(c[at]) - expected) <= bound) ? 1 : 0;
      }
    }
  }
  return wrong;
}

}  // namespace ctgrad_test
