// SPDX-License-Identifier: BSL-1.0
/// \file
/// Products of row-major matrices as a library takes them that has its matrices in columns.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include "ctgrad/device/matrix_product.hpp"

namespace ctgrad::cuda {

/// One call of a library: C = op(first) op(second) + keep * C for `batch` matrices in columns, C of `rows` by
/// `columns`. Read in columns, a row-major matrix is its transpose, and (A B)^T = B^T A^T: so the first operand is B,
/// the second is A, and what the call writes, read in rows, is C.
struct ColumnMajorProduct {
  bool transpose_first = false, transpose_second = false;
  std::int64_t rows = 0, columns = 0, depth = 0;
  /// Elements from one column to the next.
  std::int64_t ld_first = 1, ld_second = 1, ld_result = 1;
  /// Elements from one matrix of the batch to the next.
  std::int64_t stride_first = 0, stride_second = 0, stride_result = 0;
  std::int64_t batch = 1;

  /// True when every number that a library takes as an int fits one.
  bool fits_int() const {
    constexpr std::int64_t most = std::numeric_limits<int>::max();
    return rows <= most && columns <= most && depth <= most && ld_first <= most && ld_second <= most &&
           ld_result <= most;
  }
  friend bool operator==(const ColumnMajorProduct&, const ColumnMajorProduct&) = default;
};

template <class T>
ColumnMajorProduct column_major(const MatrixProduct<T>& p) {
  ColumnMajorProduct call;
  call.transpose_first = p.transpose_b;
  call.transpose_second = p.transpose_a;
  call.rows = p.n;
  call.columns = p.m;
  call.depth = p.k;
  call.batch = p.batch;
  call.stride_first = p.stride_b;
  call.stride_second = p.stride_a;
  call.stride_result = p.stride_c;
  // Libraries refuse a distance that is shorter than a column, even where there is only one column.
  call.ld_first = std::max({p.row_b, p.transpose_b ? p.k : p.n, std::int64_t{1}});
  call.ld_second = std::max({p.row_a, p.transpose_a ? p.m : p.k, std::int64_t{1}});
  call.ld_result = std::max({p.row_c, p.n, std::int64_t{1}});
  // One B for a batch of As that lie below each other: a single product, of all their rows.
  if (p.batch > 1 && p.stride_b == 0 && !p.transpose_a && p.stride_a == p.m * p.row_a && p.stride_c == p.m * p.row_c) {
    call.columns *= p.batch;
    call.batch = 1;
  }
  if (call.batch == 1) call.stride_first = call.stride_second = call.stride_result = 0;
  return call;
}

/// "matmul [8, 2, 3] x [8, 3, 4] of float32", for error messages. Operands as they are multiplied.
template <class T>
std::string to_text(const MatrixProduct<T>& p) {
  auto shape = [&](std::int64_t stride, std::int64_t rows, std::int64_t columns) {
    return "[" + (p.batch > 1 && stride != 0 ? std::to_string(p.batch) + ", " : std::string()) + std::to_string(rows) +
           ", " + std::to_string(columns) + "]";
  };
  return "matmul " + shape(p.stride_a, p.m, p.k) + " x " + shape(p.stride_b, p.k, p.n) + " of " +
         std::string(name_of(dtype_of<T>));
}

}  // namespace ctgrad::cuda
