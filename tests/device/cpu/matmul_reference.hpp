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

/// The sum of k products of elements of `a` and `b`, and the sum of their absolute values. The sanitizers leave it
/// alone: it is no part of the library, and would take them minutes.
template <class T>
__attribute__((no_sanitize("address"), no_sanitize("undefined"))) long double exact_dot(
    std::int64_t k, const T* a, std::int64_t at_a, std::int64_t step_a, const T* b, std::int64_t at_b,
    std::int64_t step_b, long double& absolute) {
  long double sum = 0;
  absolute = 0;
  for (std::int64_t p = 0; p < k; ++p) {
    const long double product = static_cast<long double>(a[at_a]) * static_cast<long double>(b[at_b]);
    sum += product;
    absolute += product < 0 ? -product : product;
    at_a += step_a;
    at_b += step_b;
  }
  return sum;
}

/// op(A) op(B), computed once to compare several results with.
template <class T>
class ExactProduct {
public:
  ExactProduct(const ctgrad::cpu::MatmulShape& s, const std::vector<T>& a, std::int64_t lda, const std::vector<T>& b,
               std::int64_t ldb)
      : shape_(s), sum_(static_cast<std::size_t>(s.m * s.n)), absolute_(sum_.size()) {
    for (std::int64_t i = 0; i < s.m; ++i)
      for (std::int64_t j = 0; j < s.n; ++j)
        sum_[at(i, j)] = exact_dot(s.k, a.data(), s.transpose_a ? i : i * lda, s.transpose_a ? lda : 1, b.data(),
                                   s.transpose_b ? j * ldb : j, s.transpose_b ? 1 : ldb, absolute_[at(i, j)]);
  }

  /// How many elements of `c`, which was `old` before, are not op(A) op(B), plus `old` where that is added to. The
  /// padding of rows must be as it was.
  std::int64_t wrong_elements(const std::vector<T>& old, const std::vector<T>& c, std::int64_t ldc, bool adds) const {
    std::int64_t wrong = 0;
    for (std::int64_t i = 0; i < shape_.m; ++i) {
      for (std::int64_t j = 0; j < ldc; ++j) {
        const auto place = static_cast<std::size_t>(i * ldc + j);
        if (place >= c.size()) continue;
        if (j >= shape_.n) {
          wrong += c[place] != old[place] ? 1 : 0;
          continue;
        }
        const long double previous = adds ? static_cast<long double>(old[place]) : 0;
        const long double expected = sum_[at(i, j)] + previous;
        if constexpr (std::is_integral_v<T>) {
          wrong += static_cast<long double>(c[place]) != expected ? 1 : 0;
        } else {
          // The bound of any order of summation: (k + 2) roundings of the sum of absolute values.
          const long double bound = static_cast<long double>(shape_.k + 2) * std::numeric_limits<T>::epsilon() *
                                    (absolute_[at(i, j)] + std::abs(previous));
          wrong += !(std::abs(static_cast<long double>(c[place]) - expected) <= bound) ? 1 : 0;
        }
      }
    }
    return wrong;
  }

private:
  std::size_t at(std::int64_t i, std::int64_t j) const { return static_cast<std::size_t>(i * shape_.n + j); }

  ctgrad::cpu::MatmulShape shape_;
  std::vector<long double> sum_, absolute_;
};

}  // namespace ctgrad_test
