// SPDX-License-Identifier: BSL-1.0
/// \file
/// Systems of linear equations with a triangular matrix, by substitution (Golub and Van Loan 2013, section 3.1).
#pragma once

#include <algorithm>
#include <cstdint>

#include "ctgrad/solvers/row_sums.hpp"

namespace ctgrad {

/// One triangle of an n x n matrix in memory of the caller, rows one after the other. The other triangle is not read.
template <class T, bool Upper>
struct TriangularView {
  const T* a;
  std::int64_t n;

  /// The number of the first zero on the diagonal, or -1 where there is none.
  std::int64_t missing_pivot() const {
    for (std::int64_t i = 0; i < n; ++i)
      if (a[i * n + i] == 0) return i;
    return -1;
  }

  /// Solves A x = b for `columns` right-hand sides, b and x being n x columns, rows one after the other; x is not b.
  void solve(const T* b, T* x, std::int64_t columns) const {
    for (std::int64_t step = 0; step < n; ++step) {
      const std::int64_t i = Upper ? n - 1 - step : step;
      const std::int64_t first = Upper ? i + 1 : 0;
      T* to = x + i * columns;
      for (std::int64_t c = 0; c < columns; ++c) to[c] = b[i * columns + c];
      Rows::subtract_rows(to, a + i * n + first, x + first * columns, step, columns, columns);
      for (std::int64_t c = 0; c < columns; ++c) to[c] /= a[i * n + i];
    }
  }

  /// The same for the transpose of A.
  void solve_transposed(const T* b, T* x, std::int64_t columns) const {
    for (std::int64_t i = 0; i < n * columns; ++i) x[i] = b[i];
    if (columns == 1) return solve_transposed_in_place(x);
    for (std::int64_t step = 0; step < n; ++step) {
      const std::int64_t i = Upper ? step : n - 1 - step;
      const std::int64_t first = Upper ? i + 1 : 0;
      T* from = x + i * columns;
      for (std::int64_t c = 0; c < columns; ++c) from[c] /= a[i * n + i];
      Rows::subtract_multiples(x + first * columns, a + i * n + first, from, n - 1 - step, columns);
    }
  }

private:
  using Rows = detail::RowSums<T>;

  /// For one right-hand side: two registers of unknowns at a time, of which what is known of the others is taken at
  /// once.
  void solve_transposed_in_place(T* x) const {
    constexpr std::int64_t block = 2 * Rows::lanes;
    for (std::int64_t known = 0; known < n; known += block) {
      const std::int64_t width = std::min(block, n - known);
      const std::int64_t first = Upper ? known : n - known - width;
      const std::int64_t others = Upper ? 0 : first + width;
      Rows::subtract_rows(x + first, x + others, a + others * n + first, known, width, n);
      for (std::int64_t step = 0; step < width; ++step) {
        const std::int64_t i = Upper ? first + step : first + width - 1 - step;
        // The unknown that was found last comes last, so that the other products need not wait for it.
        T sum = x[i];
        if constexpr (Upper) {
          for (std::int64_t j = first; j < i; ++j) sum -= a[j * n + i] * x[j];
        } else {
          for (std::int64_t j = first + width - 1; j > i; --j) sum -= a[j * n + i] * x[j];
        }
        x[i] = sum / a[i * n + i];
      }
    }
  }
};

}  // namespace ctgrad
