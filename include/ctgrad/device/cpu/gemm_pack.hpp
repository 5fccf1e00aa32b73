// SPDX-License-Identifier: BSL-1.0
/// \file
/// Copies blocks of matrices into the order in which the inner loop of the matrix product reads
/// them.
#pragma once

#include <ctgrad/device/cpu/gemm_kernel.hpp>

#include <cstdint>
#include <utility>

namespace ctgrad::cpu::detail {

/// The low (or high) halves of two vectors, element by element in turn. The indices are spelled
/// out: nvcc loses the dots of a parameter pack among them.
template <class T, bool High>
CTGRAD_ALWAYS_INLINE void interleave(Vector<T, 16>& to, const Vector<T, 16>& first, const Vector<T, 16>& second) {
  if constexpr (lanes<T, 16> == 2) {
    to = High ? __builtin_shufflevector(first, second, 1, 3) : __builtin_shufflevector(first, second, 0, 2);
  } else {
    static_assert(lanes<T, 16> == 4);
    to = High ? __builtin_shufflevector(first, second, 2, 6, 3, 7) : __builtin_shufflevector(first, second, 0, 4, 1, 5);
  }
}

/// Transposes a square of 16-byte vectors. Interleaving row i with row i + n/2 moves the top bit of
/// the row number to the bottom of the column number; after log2(n) rounds they have changed
/// places.
template <class T, int... I>
CTGRAD_ALWAYS_INLINE void transpose_registers(Vector<T, 16>* x, std::integer_sequence<int, I...>) {
  constexpr int n = lanes<T, 16>;
  static_assert(n == 2 || n == 4);
  Vector<T, 16> y[n];
  (interleave<T, I % 2 == 1>(y[I], x[I / 2], x[I / 2 + n / 2]), ...);
  if constexpr (n == 2) {
    ((x[I] = y[I]), ...);
  } else {
    (interleave<T, I % 2 == 1>(x[I], y[I / 2], y[I / 2 + n / 2]), ...);
  }
}

template <class T, int... I>
CTGRAD_ALWAYS_INLINE void transpose_square(const T* from, std::int64_t from_row, T* to, std::int64_t to_row,
                                           std::integer_sequence<int, I...> all) {
  Vector<T, 16> x[lanes<T, 16>];
  (load_vector<T, 16>(x[I], from + I * from_row), ...);
  transpose_registers<T>(x, all);
  (store_vector<T, 16>(to + I * to_row, x[I]), ...);
}

#if defined(__GNUC__) && !defined(__clang__)
// Inlined with constant extents, g++ 12 sees a loop that would run beyond the address space; it never starts.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Waggressive-loop-optimizations"
#endif
/// to[j, i] = from[i, j] for `rows` rows and `columns` columns of `from`.
template <class T>
void transpose(std::int64_t rows, std::int64_t columns, const T* from, std::int64_t from_row, T* to,
               std::int64_t to_row) {
  constexpr std::int64_t n = lanes<T, 16>;
  std::int64_t i = 0;
  for (; i + n <= rows; i += n) {
    std::int64_t j = 0;
    for (; j + n <= columns; j += n) {
      transpose_square(from + i * from_row + j, from_row, to + j * to_row + i, to_row,
                       std::make_integer_sequence<int, lanes<T, 16>>{});
    }
    for (; j < columns; ++j) {
      for (std::int64_t r = i; r < i + n; ++r) to[j * to_row + r] = from[r * from_row + j];
    }
  }
  for (; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) to[j * to_row + i] = from[i * from_row + j];
  }
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

/// Packs a strip: to[p, j] for p < k, j < width, from columns j < `columns`, and zeros beyond them.
/// `across` is true when the elements of one step p stand beside each other in `from`, whose rows
/// (steps when across, columns otherwise) are `from_row` apart.
template <class T>
void pack_strip(std::int64_t k, std::int64_t columns, std::int64_t width, bool across, const T* from,
                std::int64_t from_row, T* to) {
  if (across) {
    // Less than one vector, or one tile's rows, is ever missing: at most 15 elements.
    static_assert(sizeof(T) >= 4);
    constexpr T zeros[16] = {};
    for (std::int64_t p = 0; p < k; ++p) {
      copy_part(to, from, columns);
      copy_part(to + columns, zeros, width - columns);
      to += width;
      from += from_row;
    }
    return;
  }
  transpose(columns, k, from, from_row, to, width);
  if (columns < width) {
    for (std::int64_t p = 0; p < k; ++p) {
      for (std::int64_t j = columns; j < width; ++j) to[p * width + j] = T(0);
    }
  }
}

}  // namespace ctgrad::cpu::detail
