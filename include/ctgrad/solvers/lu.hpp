// SPDX-License-Identifier: BSL-1.0
/// \file
/// Dense systems of linear equations by Gaussian elimination with partial pivoting.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "ctgrad/solvers/row_sums.hpp"

namespace ctgrad {

/// The factors L and U of a square matrix with its rows permuted, P A = L U (Golub and Van Loan 2013, section 3.4), in
/// memory of the caller: both in one n x n matrix, rows one after the other, without the ones of L. `row` says which
/// row of A stands in each place.
template <class T, class Row>
struct LuView {
  using Value = std::remove_const_t<T>;
  T* lu;
  Row* row;
  std::int64_t n;

  /// Factors the matrix that stands at `lu`. n^3 / 3 multiplications. Returns the number of the first pivot that is
  /// zero or not finite, or -1 where there is none.
  std::int64_t factor() const {
    for (std::int64_t i = 0; i < n; ++i) row[i] = static_cast<Row>(i);
    // A panel of columns at a time: what it takes off the columns right of it is taken off at once.
    for (std::int64_t first = 0; first < n; first += panel) {
      const std::int64_t end = std::min(first + panel, n);
      for (std::int64_t k = first; k < end; ++k) {
        const T value = bring_up_pivot(k);
        if (value == 0 || !std::isfinite(value)) return k;
        const T* from = lu + k * n;
        for (std::int64_t i = k + 1; i < n; ++i) {
          T* to = lu + i * n;
          to[k] /= value;
          Rows::subtract(to + k + 1, to[k], from + k + 1, end - k - 1);
        }
      }
      for (std::int64_t i = first + 1; i < n; ++i)
        Rows::subtract_rows(lu + i * n + end, lu + i * n + first, lu + first * n + end, std::min(i, end) - first,
                            n - end, n);
    }
    return -1;
  }

  /// Solves A x = b for `columns` right-hand sides, b and x being n x columns, rows one after the other; x is not b.
  void solve(const Value* b, Value* x, std::int64_t columns) const {
    for (std::int64_t i = 0; i < n; ++i) {
      Value* to = x + i * columns;
      for (std::int64_t c = 0; c < columns; ++c) to[c] = b[source(i) * columns + c];
      Rows::subtract_rows(to, lu + i * n, x, i, columns, columns);
    }
    for (std::int64_t i = n - 1; i >= 0; --i) {
      Value* to = x + i * columns;
      Rows::subtract_rows(to, lu + i * n + i + 1, x + (i + 1) * columns, n - i - 1, columns, columns);
      for (std::int64_t c = 0; c < columns; ++c) to[c] /= lu[i * n + i];
    }
  }

  /// The same for the transpose of A, with `work` for n x columns numbers.
  void solve_transposed(const Value* b, Value* x, Value* work, std::int64_t columns) const {
    for (std::int64_t i = 0; i < n * columns; ++i) work[i] = b[i];
    for (std::int64_t i = 0; i < n; ++i) {
      Value* from = work + i * columns;
      for (std::int64_t c = 0; c < columns; ++c) from[c] /= lu[i * n + i];
      Rows::subtract_multiples(work + (i + 1) * columns, lu + i * n + i + 1, from, n - i - 1, columns);
    }
    for (std::int64_t i = n - 1; i >= 0; --i) {
      const Value* from = work + i * columns;
      Rows::subtract_multiples(work, lu + i * n, from, i, columns);
      for (std::int64_t c = 0; c < columns; ++c) x[source(i) * columns + c] = from[c];
    }
  }

  /// Writes the inverse of A, n x n, to x, with `work` for n numbers. 2 n^3 / 3 multiplications.
  void invert(Value* x, Value* work) const {
    // With its columns permuted it is U^-1 L^-1. Of the rows of L^-1 nothing is right of the diagonal.
    for (std::int64_t i = 0; i < n; ++i) {
      Value* to = x + i * n;
      for (std::int64_t c = 0; c < n; ++c) to[c] = c == i ? Value(1) : Value(0);
      for (std::int64_t c = 0; c < i; c += 4 * lanes)
        Rows::subtract_rows(to + c, lu + i * n + c, x + c * n + c, i - c, std::min<std::int64_t>(4 * lanes, n - c), n);
    }
    for (std::int64_t i = n - 1; i >= 0; --i) {
      Value* to = x + i * n;
      Rows::subtract_rows(to, lu + i * n + i + 1, x + (i + 1) * n, n - i - 1, n, n);
      for (std::int64_t c = 0; c < n; ++c) to[c] /= lu[i * n + i];
    }
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t c = 0; c < n; ++c) work[c] = x[i * n + c];
      for (std::int64_t c = 0; c < n; ++c) x[i * n + source(c)] = work[c];
    }
  }

  /// 1 where the rows were exchanged an even number of times, else -1.
  int permutation_sign() const {
    // A cycle of k places takes k - 1 exchanges; each is counted from its smallest place.
    int sign = 1;
    for (std::int64_t i = 0; i < n; ++i) {
      std::int64_t length = 1, at = source(i);
      for (; at > i; at = source(at)) ++length;
      if (at == i && length % 2 == 0) sign = -sign;
    }
    return sign;
  }

private:
  std::int64_t source(std::int64_t i) const { return static_cast<std::int64_t>(row[i]); }

  /// Exchanges row k with that of the largest element in or below place k of column k, and returns the element.
  T bring_up_pivot(std::int64_t k) const {
    std::int64_t pivot = k;
    for (std::int64_t i = k + 1; i < n; ++i)
      if (std::abs(lu[i * n + k]) > std::abs(lu[pivot * n + k])) pivot = i;
    if (pivot != k) {
      std::swap(row[k], row[pivot]);
      for (std::int64_t j = 0; j < n; ++j) std::swap(lu[k * n + j], lu[pivot * n + j]);
    }
    return lu[k * n + k];
  }

  /// Columns that are factored together.
  static constexpr std::int64_t panel = 16;
  using Rows = detail::RowSums<Value>;
  static constexpr int lanes = Rows::lanes;
};

/// The same in memory of its own, which it keeps from one matrix to the next.
template <class T>
class LuFactors {
public:
  /// Factors the n x n matrix at `a`, rows one after the other; see LuView::factor.
  std::int64_t factor(const T* a, std::int64_t n) {
    n_ = n;
    lu_.assign(a, a + n * n);
    row_.resize(static_cast<std::size_t>(n));
    return view().factor();
  }

  /// See LuView::solve.
  void solve(const T* b, T* x, std::int64_t columns) { view().solve(b, x, columns); }

private:
  LuView<T, std::int64_t> view() { return {lu_.data(), row_.data(), n_}; }

  std::int64_t n_ = 0;
  std::vector<T> lu_;
  std::vector<std::int64_t> row_;
};

}  // namespace ctgrad
