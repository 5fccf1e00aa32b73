// SPDX-License-Identifier: BSL-1.0
/// \file
/// Dense systems of linear equations by Gaussian elimination with partial pivoting.
#pragma once

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace ctgrad {

/// The factors L and U of a square matrix with its rows permuted, P A = L U (Golub and Van Loan 2013, section 3.4).
/// Keeps its memory from one matrix to the next.
template <class T>
class LuFactors {
public:
  /// Factors the n x n matrix at `a`, rows one after the other, or its transpose. n^3 / 3 multiplications. Returns the
  /// number of the first pivot that is zero or not finite, or -1 where there is none.
  std::int64_t factor(const T* a, std::int64_t n, bool transposed) {
    n_ = n;
    const auto size = static_cast<std::size_t>(n);
    lu_.resize(size * size);
    row_.resize(size);
    for (std::int64_t i = 0; i < n; ++i) {
      at(row_, i) = i;
      for (std::int64_t j = 0; j < n; ++j) at(lu_, i * n + j) = transposed ? a[j * n + i] : a[i * n + j];
    }
    for (std::int64_t k = 0; k < n; ++k) {
      std::int64_t pivot = k;
      for (std::int64_t i = k + 1; i < n; ++i)
        if (std::abs(at(lu_, i * n + k)) > std::abs(at(lu_, pivot * n + k))) pivot = i;
      const T value = at(lu_, pivot * n + k);
      if (value == 0 || !std::isfinite(value)) return k;
      if (pivot != k) {
        std::swap(at(row_, k), at(row_, pivot));
        for (std::int64_t j = 0; j < n; ++j) std::swap(at(lu_, k * n + j), at(lu_, pivot * n + j));
      }
      const T* from = &at(lu_, k * n);
      for (std::int64_t i = k + 1; i < n; ++i) {
        T* to = &at(lu_, i * n);
        const T factor = to[k] / value;
        to[k] = factor;
        for (std::int64_t j = k + 1; j < n; ++j) to[j] -= factor * from[j];
      }
    }
    return -1;
  }

  /// Solves for `columns` right-hand sides, b and x being n x columns, rows one after the other; x is not b.
  void solve(const T* b, T* x, std::int64_t columns) const {
    for (std::int64_t i = 0; i < n_; ++i) {
      T* to = x + i * columns;
      for (std::int64_t c = 0; c < columns; ++c) to[c] = b[at(row_, i) * columns + c];
      for (std::int64_t k = 0; k < i; ++k) subtract(to, at(lu_, i * n_ + k), x + k * columns, columns);
    }
    for (std::int64_t i = n_ - 1; i >= 0; --i) {
      T* to = x + i * columns;
      for (std::int64_t k = i + 1; k < n_; ++k) subtract(to, at(lu_, i * n_ + k), x + k * columns, columns);
      for (std::int64_t c = 0; c < columns; ++c) to[c] /= at(lu_, i * n_ + i);
    }
  }

private:
  template <class V>
  static auto& at(V& values, std::int64_t i) {
    return values[static_cast<std::size_t>(i)];
  }
  static void subtract(T* to, T factor, const T* from, std::int64_t count) {
    for (std::int64_t c = 0; c < count; ++c) to[c] -= factor * from[c];
  }

  std::int64_t n_ = 0;
  std::vector<T> lu_;
  std::vector<std::int64_t> row_;
};

}  // namespace ctgrad
