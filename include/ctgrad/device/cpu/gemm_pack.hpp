// SPDX-License-Identifier: BSL-1.0
/// \file
/// Copies blocks of matrices into the order in which the inner loop of the matrix product reads
/// them, and transposed results to their place.
#pragma once

#include <ctgrad/device/cpu/gemm_kernel.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace ctgrad::cpu::detail {

/// Two vectors, joined. The indices of shuffles are spelled out in this file: nvcc loses the dots
/// of a parameter pack among them.
template <class T, int Bytes>
CTGRAD_ALWAYS_INLINE void join(Vector<T, 2 * Bytes>& to, const Vector<T, Bytes>& low, const Vector<T, Bytes>& high) {
  constexpr int n = lanes<T, 2 * Bytes>;
  if constexpr (n == 4) {
    to = __builtin_shufflevector(low, high, 0, 1, 2, 3);
  } else if constexpr (n == 8) {
    to = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
  } else {
    static_assert(n == 16);
    to = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  }
}

#if defined(__AVX__) && defined(__GNUC__) && !defined(__clang__) && !defined(__CUDA_ARCH__)
#define CTGRAD_INSERTS_PIECES 1
/// Puts 16 bytes into piece `Piece` of a vector. By name: g++ compiles a join to an instruction that only one port
/// takes, an insertion from memory runs on any.
template <int Piece>
CTGRAD_ALWAYS_INLINE void insert_piece(Vector<float, 32>& to, const Vector<float, 16>& piece) {
  to = __builtin_ia32_vinsertf128_ps256(to, piece, Piece);
}
#if defined(__AVX512F__)
template <int Piece>
CTGRAD_ALWAYS_INLINE void insert_piece(Vector<float, 64>& to, const Vector<float, 16>& piece) {
  to = __builtin_ia32_insertf32x4_mask(to, piece, Piece, to, static_cast<unsigned short>(0xffff));
}
#endif
template <class T, int Bytes, int... Piece>
CTGRAD_ALWAYS_INLINE void insert_pieces(Vector<T, Bytes>& to, const T* from, std::int64_t distance,
                                        std::integer_sequence<int, Piece...>) {
  Vector<float, Bytes> all;
  Vector<float, 16> piece[sizeof...(Piece)];
  ((__builtin_memcpy(&piece[Piece], from + Piece * distance, 16)), ...);
  if constexpr (Bytes == 32) {
    all = __builtin_ia32_ps256_ps(piece[0]);
#if defined(__AVX512F__)
  } else {
    all = __builtin_ia32_ps512_ps(piece[0]);
#endif
  }
  ((Piece > 0 ? insert_piece<Piece>(all, piece[Piece]) : void()), ...);
  __builtin_memcpy(&to, &all, Bytes);
}
#endif

/// Pieces of 16 bytes that lie `distance` elements apart, side by side.
template <class T, int Bytes>
CTGRAD_ALWAYS_INLINE void load_pieces(Vector<T, Bytes>& to, const T* from, std::int64_t distance) {
  if constexpr (Bytes == 16) {
    load_vector<T, 16>(to, from);
  } else {
#if defined(CTGRAD_INSERTS_PIECES)
    insert_pieces<T, Bytes>(to, from, distance, std::make_integer_sequence<int, Bytes / 16>{});
#else
    Vector<T, Bytes / 2> low, high;
    load_pieces<T, Bytes / 2>(low, from, distance);
    load_pieces<T, Bytes / 2>(high, from + Bytes / 32 * distance, distance);
    join<T, Bytes / 2>(to, low, high);
#endif
  }
}
#undef CTGRAD_INSERTS_PIECES

/// The low (or high) halves of each piece of 16 bytes of two vectors, element by element in turn.
template <class T, bool High, int Bytes>
CTGRAD_ALWAYS_INLINE void interleave(Vector<T, Bytes>& to, const Vector<T, Bytes>& first,
                                     const Vector<T, Bytes>& second) {
  constexpr int n = lanes<T, Bytes>;
  constexpr auto at = [](int i) {
    constexpr int piece = lanes<T, 16>;
    return i / piece * piece + i % piece / 2 + (High ? piece / 2 : 0) + i % 2 * n;
  };
  if constexpr (n == 2) {
    to = __builtin_shufflevector(first, second, at(0), at(1));
  } else if constexpr (n == 4) {
    to = __builtin_shufflevector(first, second, at(0), at(1), at(2), at(3));
  } else if constexpr (n == 8) {
    to = __builtin_shufflevector(first, second, at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7));
  } else {
    static_assert(n == 16);
    to = __builtin_shufflevector(first, second, at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8), at(9),
                                 at(10), at(11), at(12), at(13), at(14), at(15));
  }
}

/// The pieces of 16 bytes of the vectors are the rows of squares, one square beside another; transposes each square.
/// Interleaving row i with row i + n/2 moves the top bit of the row number to the bottom of the column number; after
/// log2(n) rounds they have changed places.
template <class T, int Bytes, int... I>
CTGRAD_ALWAYS_INLINE void transpose_registers(Vector<T, Bytes>* x, std::integer_sequence<int, I...>) {
  constexpr int n = lanes<T, 16>;
  static_assert(n == 2 || n == 4);
  Vector<T, Bytes> y[n];
  (interleave<T, I % 2 == 1, Bytes>(y[I], x[I / 2], x[I / 2 + n / 2]), ...);
  if constexpr (n == 2) {
    ((x[I] = y[I]), ...);
  } else {
    (interleave<T, I % 2 == 1, Bytes>(x[I], y[I / 2], y[I / 2 + n / 2]), ...);
  }
}

/// As many rows as a vector of `Bytes` has elements, by as many columns as one of 16 bytes has: each piece of a vector
/// takes its part of the rows.
template <class T, int Bytes, int... I>
CTGRAD_ALWAYS_INLINE void transpose_squares(const T* from, std::int64_t from_row, T* to, std::int64_t to_row,
                                            std::integer_sequence<int, I...> all) {
  Vector<T, Bytes> x[lanes<T, 16>];
  (load_pieces<T, Bytes>(x[I], from + I * from_row, lanes<T, 16> * from_row), ...);
  transpose_registers<T, Bytes>(x, all);
  (store_vector<T, Bytes>(to + I * to_row, x[I]), ...);
}

#if defined(__GNUC__) && !defined(__clang__)
// Inlined with constant extents, g++ 12 sees a loop that would run beyond the address space; it never starts.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Waggressive-loop-optimizations"
#endif
/// to[j, i] = from[i, j] for `rows` rows and `columns` columns of `from`.
template <class T, int Bytes = vector_bytes>
void transpose(std::int64_t rows, std::int64_t columns, const T* from, std::int64_t from_row, T* to,
               std::int64_t to_row) {
  constexpr std::int64_t height = lanes<T, Bytes>, width = lanes<T, 16>;
  std::int64_t i = 0;
  for (; i + height <= rows; i += height) {
    std::int64_t j = 0;
    for (; j + width <= columns; j += width) {
      transpose_squares<T, Bytes>(from + i * from_row + j, from_row, to + j * to_row + i, to_row,
                                  std::make_integer_sequence<int, lanes<T, 16>>{});
    }
    for (; j < columns; ++j) {
      for (std::int64_t r = i; r < i + height; ++r) to[j * to_row + r] = from[r * from_row + j];
    }
  }
  if (i == rows) return;
  if constexpr (Bytes > 16) {
    transpose<T, 16>(rows - i, columns, from + i * from_row, from_row, to + i, to_row);
  } else {
    for (; i < rows; ++i) {
      for (std::int64_t j = 0; j < columns; ++j) to[j * to_row + i] = from[i * from_row + j];
    }
  }
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

/// The same, with the rows of `to` written in order, a few at a time: for results far from the first-level cache.
/// Vectors of 32 bytes at most: Intel's processors shuffle two of these at a time, and one of 64 bytes.
template <class T>
void transpose_in_order(std::int64_t rows, std::int64_t columns, const T* from, std::int64_t from_row, T* to,
                        std::int64_t to_row) {
  constexpr int bytes = std::min(vector_bytes, 32);
  constexpr std::int64_t height = lanes<T, bytes>, width = lanes<T, 16>;
  constexpr auto squares = std::make_integer_sequence<int, static_cast<int>(width)>{};
  std::int64_t j = 0;
  for (; j + width <= columns; j += width) {
    std::int64_t i = 0;
    for (; i + height <= rows; i += height)
      transpose_squares<T, bytes>(from + i * from_row + j, from_row, to + j * to_row + i, to_row, squares);
    for (; i + width <= rows; i += width)
      transpose_squares<T, 16>(from + i * from_row + j, from_row, to + j * to_row + i, to_row, squares);
    for (; i < rows; ++i) {
      for (std::int64_t k = j; k < j + width; ++k) to[k * to_row + i] = from[i * from_row + k];
    }
  }
  for (; j < columns; ++j) {
    for (std::int64_t i = 0; i < rows; ++i) to[j * to_row + i] = from[i * from_row + j];
  }
}

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
