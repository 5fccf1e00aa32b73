// SPDX-License-Identifier: BSL-1.0
/// \file
/// The built-in product of a vector and a matrix. Each element of the matrix is read once, so
/// nothing is packed.
#pragma once

#include <ctgrad/device/cpu/gemm_kernel.hpp>
#include <ctgrad/device/cpu/gemm_pack.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace ctgrad::cpu::detail {

/// y[j] += x[q] * b[q, j] for `Steps` rows of b, from column j on while a vector of `Bytes` fits;
/// then with half the bytes; a row by itself, of which there are at most seven, goes on one by one. Four sums at a
/// time: one chain of additions would be slow for few columns.
template <class T, int Steps, int Bytes, int... Q>
CTGRAD_ALWAYS_INLINE void add_rows(std::int64_t j, std::int64_t n, const T* x, const T* b, std::int64_t ldb, T* y,
                                   std::integer_sequence<int, Q...> steps) {
  constexpr std::int64_t count = Bytes / static_cast<std::int64_t>(sizeof(T));
  if constexpr (count > 1) {
    for (; j + count <= n; j += count) {
      Vector<T, Bytes> row[Steps];
      (load_vector<T, Bytes>(row[Q], b + Q * ldb + j), ...);
      Vector<T, Bytes> sum[4] = {};
      load_vector<T, Bytes>(sum[0], y + j);
      ((sum[Q % 4] += x[Q] * row[Q]), ...);
      if constexpr (Steps >= 4) sum[0] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
      store_vector<T, Bytes>(y + j, sum[0]);
    }
    add_rows<T, Steps, (Steps > 1 ? Bytes / 2 : static_cast<int>(sizeof(T)))>(j, n, x, b, ldb, y, steps);
  } else {
    for (; j < n; ++j) {
      T sum[4] = {y[j]};
      ((sum[Q % 4] += x[Q] * b[Q * ldb + j]), ...);
      if constexpr (Steps >= 4) sum[0] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
      y[j] = sum[0];
    }
  }
}

/// Adds the two halves of a vector, and again, until 16 bytes are left. As in gemm_pack.hpp, nvcc
/// wants the indices spelled out.
template <class T, int Bytes>
CTGRAD_ALWAYS_INLINE void add_halves(Vector<T, 16>& to, const Vector<T, Bytes>& from) {
  if constexpr (Bytes == 16) {
    to = from;
  } else {
    constexpr int half = lanes<T, Bytes> / 2;
    Vector<T, Bytes / 2> sum;
    if constexpr (half == 8) {
      sum = __builtin_shufflevector(from, from, 0, 1, 2, 3, 4, 5, 6, 7) +
            __builtin_shufflevector(from, from, 8, 9, 10, 11, 12, 13, 14, 15);
    } else if constexpr (half == 4) {
      sum = __builtin_shufflevector(from, from, 0, 1, 2, 3) + __builtin_shufflevector(from, from, 4, 5, 6, 7);
    } else {
      static_assert(half == 2);
      sum = __builtin_shufflevector(from, from, 0, 1) + __builtin_shufflevector(from, from, 2, 3);
    }
    add_halves<T, Bytes / 2>(to, sum);
  }
}

/// The sum of each of `Rows` vectors. As many as a vector has elements are summed together: once
/// transposed, their sums stand side by side.
template <class T, int Rows, int... R, int... I>
CTGRAD_ALWAYS_INLINE void sum_elements(T* y, Vector<T, 16>* x, std::integer_sequence<int, R...>,
                                       std::integer_sequence<int, I...> square) {
  constexpr int n = lanes<T, 16>;
  if constexpr (Rows % n == 0) {
    for (int r = 0; r < Rows; r += n) {
      transpose_registers<T, 16>(x + r, square);
      Vector<T, 16> sum = x[r];
      ((sum = I == 0 ? sum : sum + x[r + I]), ...);
      store_vector<T, 16>(y + r, sum);
    }
  } else {
    ((y[R] = T(0)), ...);
    for (int lane = 0; lane < n; ++lane) ((y[R] += x[R][lane]), ...);
  }
}

/// y[r] = the dot product of x[k] with row r of b, for `Rows` rows. The lanes of `wide` hold the sums of the steps
/// before p.
template <class T, int Rows, int... R>
CTGRAD_ALWAYS_INLINE void finish_dots(std::int64_t p, std::int64_t k, const T* x, const T* b, std::int64_t ldb,
                                      Vector<T>* wide, T* y, std::integer_sequence<int, R...> rows) {
  for (; p + lanes<T> <= k; p += lanes<T>) {
    Vector<T> left;
    load_vector<T>(left, x + p);
    Vector<T> right[Rows];
    (load_vector<T>(right[R], b + R * ldb + p), ...);
    ((wide[R] += left * right[R]), ...);
  }
  Vector<T, 16> sum[Rows];
  (add_halves<T, vector_bytes>(sum[R], wide[R]), ...);
  if constexpr (vector_bytes > 16) {
    for (; p + lanes<T, 16> <= k; p += lanes<T, 16>) {
      Vector<T, 16> left;
      load_vector<T, 16>(left, x + p);
      Vector<T, 16> right[Rows];
      (load_vector<T, 16>(right[R], b + R * ldb + p), ...);
      ((sum[R] += left * right[R]), ...);
    }
  }
  sum_elements<T, Rows>(y, sum, rows, std::make_integer_sequence<int, lanes<T, 16>>{});
  for (; p < k; ++p) ((y[R] += x[p] * b[R * ldb + p]), ...);
}

/// y[r] = the dot product of x[k] with row r of b, for `Rows` rows.
template <class T, int Rows, int... R>
CTGRAD_ALWAYS_INLINE void dot_rows(std::int64_t k, const T* x, const T* b, std::int64_t ldb, T* y,
                                   std::integer_sequence<int, R...> rows) {
  Vector<T> wide[Rows];
  ((wide[R] = Vector<T>{}), ...);
  finish_dots<T, Rows>(0, k, x, b, ldb, wide, y, rows);
}

/// The same for rows that come from far: few of them, so that the processor loads each ahead of its use, with two sums
/// for each, so that they do not wait for one another.
template <class T, int Rows, int... R>
CTGRAD_ALWAYS_INLINE void dot_far_rows(std::int64_t k, const T* x, const T* b, std::int64_t ldb, T* y,
                                       std::integer_sequence<int, R...> rows) {
  constexpr std::int64_t count = lanes<T>;
  Vector<T> wide[2][Rows];
  ((wide[0][R] = Vector<T>{}, wide[1][R] = Vector<T>{}), ...);
  std::int64_t p = 0;
  for (; p + 2 * count <= k; p += 2 * count) {
    Vector<T> left[2], right[2][Rows];
    load_vector<T>(left[0], x + p);
    load_vector<T>(left[1], x + p + count);
    (load_vector<T>(right[0][R], b + R * ldb + p), ...);
    (load_vector<T>(right[1][R], b + R * ldb + p + count), ...);
    ((wide[0][R] += left[0] * right[0][R]), ...);
    ((wide[1][R] += left[1] * right[1][R]), ...);
  }
  ((wide[0][R] += wide[1][R]), ...);
  finish_dots<T, Rows>(p, k, x, b, ldb, wide[0], y, rows);
}

/// As dot_rows, for two vectors, `x_row` elements apart, with one loading of the rows: y[r] for the first, y[Rows + r]
/// for the second.
template <class T, int Rows, int... R>
CTGRAD_ALWAYS_INLINE void dot_rows_with_two(std::int64_t k, const T* x, std::int64_t x_row, const T* b,
                                            std::int64_t ldb, T* y, std::integer_sequence<int, R...> rows) {
  Vector<T> wide[2][Rows];
  ((wide[0][R] = Vector<T>{}, wide[1][R] = Vector<T>{}), ...);
  std::int64_t p = 0;
  for (; p + lanes<T> <= k; p += lanes<T>) {
    Vector<T> left[2];
    load_vector<T>(left[0], x + p);
    load_vector<T>(left[1], x + x_row + p);
    Vector<T> right[Rows];
    (load_vector<T>(right[R], b + R * ldb + p), ...);
    (stay_in_register(right[R]), ...);
    ((wide[0][R] += left[0] * right[R]), ...);
    ((wide[1][R] += left[1] * right[R]), ...);
  }
  // Copies, so that the compiler keeps the sums in registers until here.
  Vector<T> sums[2][Rows];
  ((sums[0][R] = wide[0][R], sums[1][R] = wide[1][R]), ...);
  for (int q = 0; q < 2; ++q) finish_dots<T, Rows>(p, k, x + q * x_row, b, ldb, sums[q], y + q * Rows, rows);
}

/// c[j * c_step] = sum_p x[p * x_step] * B[p, j] for j < n, p < k, added to what is there where it `adds`. B is stored
/// as [k, n], or as [n, k] when `transposed`.
template <class T>
void vector_times_matrix(std::int64_t n, std::int64_t k, const T* x, std::int64_t x_step, const T* b, std::int64_t ldb,
                         bool transposed, T* c, std::int64_t c_step, bool adds) {
  // Sums of a few columns and a piece of x wait here, so that neither stride matters to the loops.
  constexpr std::int64_t columns = 1024;
  constexpr std::int64_t depth = 512;
  T y[columns];
  T piece[depth];
  for (std::int64_t first = 0; first < n; first += columns) {
    const std::int64_t count = std::min(columns, n - first);
    for (std::int64_t j = 0; j < count; ++j) y[j] = T(0);
    // From the end to the beginning: as a rule a step before this one went through the same matrix, in a gradient that
    // of its rows' products, and what it read last is still in the cache.
    for (std::int64_t p = (k - 1) / depth * depth; p >= 0 && k > 0; p -= depth) {
      const std::int64_t steps = std::min(depth, k - p);
      const T* left = x + p;
      if (x_step != 1) {
        for (std::int64_t q = 0; q < steps; ++q) piece[q] = x[(p + q) * x_step];
        left = piece;
      }
      if (transposed) {
        std::int64_t j = 0;
        T some[4];
        for (; j + 4 <= count; j += 4) {
          dot_far_rows<T, 4>(steps, left, b + (first + j) * ldb + p, ldb, some, std::make_integer_sequence<int, 4>{});
          for (int r = 0; r < 4; ++r) y[j + r] += some[r];
        }
        for (; j < count; ++j) {
          dot_rows<T, 1>(steps, left, b + (first + j) * ldb + p, ldb, some, std::make_integer_sequence<int, 1>{});
          y[j] += some[0];
        }
      } else {
        std::int64_t q = steps;
        while (q % 8 != 0) {
          --q;
          add_rows<T, 1, vector_bytes>(0, count, left + q, b + (p + q) * ldb + first, ldb, y,
                                       std::make_integer_sequence<int, 1>{});
        }
        while (q > 0) {
          q -= 8;
          add_rows<T, 8, vector_bytes>(0, count, left + q, b + (p + q) * ldb + first, ldb, y,
                                       std::make_integer_sequence<int, 8>{});
        }
      }
    }
    T* to = c + first * c_step;
    if (adds) {
      for (std::int64_t j = 0; j < count; ++j) to[j * c_step] += y[j];
    } else {
      for (std::int64_t j = 0; j < count; ++j) to[j * c_step] = y[j];
    }
  }
}

}  // namespace ctgrad::cpu::detail
