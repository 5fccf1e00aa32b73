// SPDX-License-Identifier: BSL-1.0
/// \file
/// The register tile of the built-in matrix product: the inner loop that multiplies, and its store.
#pragma once

#include <ctgrad/core/config.hpp>

#include <cstdint>
#include <utility>

namespace ctgrad::cpu::detail {

/// The widest vector the compiler may use here, and the tile that fills its registers.
///
/// A tile of `rows` x `vectors` sums stays in registers for the whole inner loop. It must leave
/// room for one row of the right operand and one element of the left. Four or eight rows divide the
/// usual batch sizes evenly.
#if defined(__AVX512F__)
inline constexpr int vector_bytes = 64;
inline constexpr int tile_rows = 8;
inline constexpr int tile_vectors = 3;
#elif defined(__AVX2__)
inline constexpr int vector_bytes = 32;
inline constexpr int tile_rows = 4;
inline constexpr int tile_vectors = 3;
#elif defined(__aarch64__)
inline constexpr int vector_bytes = 16;
inline constexpr int tile_rows = 8;
inline constexpr int tile_vectors = 3;
#else
inline constexpr int vector_bytes = 16;
inline constexpr int tile_rows = 4;
inline constexpr int tile_vectors = 2;
#endif

/// The compiler's own vector type: `Bytes` of elements of type T.
template <class T, int Bytes = vector_bytes>
struct VectorOf {
  typedef T type __attribute__((vector_size(Bytes)));
};

template <class T, int Bytes = vector_bytes>
using Vector = typename VectorOf<T, Bytes>::type;

template <class T, int Bytes = vector_bytes>
inline constexpr int lanes = Bytes / static_cast<int>(sizeof(T));

template <class T, int Bytes = vector_bytes>
CTGRAD_ALWAYS_INLINE void load_vector(Vector<T, Bytes>& to, const T* from) {
  __builtin_memcpy(&to, from, sizeof(to));
}

template <class T, int Bytes = vector_bytes>
CTGRAD_ALWAYS_INLINE void store_vector(T* to, const Vector<T, Bytes>& from) {
  __builtin_memcpy(to, &from, sizeof(from));
}

/// Makes g++ load a vector once. It would make the load a part of each instruction that uses it, and loads are what
/// such loops have least room for; one that crosses a cache line takes two turns each time.
template <class V>
CTGRAD_ALWAYS_INLINE void stay_in_register([[maybe_unused]] V& vector) {
#if defined(__x86_64__) && !defined(__clang__) && !defined(__CUDA_ARCH__)
  asm("" : "+v"(vector));
#endif
}

/// Copies `count` elements, for counts that change too often for a call of memcpy to be worth it.
template <class T, int Bytes = vector_bytes>
CTGRAD_ALWAYS_INLINE void copy_part(T* to, const T* from, std::int64_t count) {
  constexpr std::int64_t piece = Bytes / static_cast<std::int64_t>(sizeof(T));
  if constexpr (Bytes == vector_bytes) {
    for (; count >= piece; count -= piece, to += piece, from += piece) {
      __builtin_memcpy(to, from, Bytes);
    }
  } else if (count >= piece) {
    __builtin_memcpy(to, from, Bytes);
    count -= piece;
    to += piece;
    from += piece;
  }
  if constexpr (piece > 1) copy_part<T, Bytes / 2>(to, from, count);
}

/// The same for rows of a matrix. Every tile would have a copy of it, and only tiles at the edge call it, so it is not
/// inlined.
template <class T>
[[gnu::noinline]] void copy_rows(std::int64_t rows, std::int64_t columns, const T* from, std::int64_t from_row, T* to,
                                 std::int64_t to_row) {
  for (std::int64_t i = 0; i < rows; ++i) copy_part(to + i * to_row, from + i * from_row, columns);
}

/// Asks for `Bytes` of each of some rows, to be written to. (Inlined where it is used: g++ drops a call of a function
/// that only prefetches.)
template <int Rows, int Bytes, class T>
CTGRAD_ALWAYS_INLINE void fetch_rows(const T* from, std::int64_t row) {
  for (int i = 0; i < Rows; ++i)
    for (int at = 0; at < Bytes; at += 64) __builtin_prefetch(reinterpret_cast<const char*>(from + i * row) + at, 1);
}

/// The sums of one register tile: `Rows` rows of `Vectors` vectors, row by row.
///
/// The loops over the tile are fold expressions: only constant indices let the compiler keep the
/// array in registers, and at -O2 g++ does not unroll such a loop by itself.
template <class T, int Rows, int Vectors, int Bytes = vector_bytes,
          class Sums = std::make_integer_sequence<int, Rows * Vectors>>
struct Tile;

template <class T, int Rows, int Vectors, int Bytes, int... I>
struct Tile<T, Rows, Vectors, Bytes, std::integer_sequence<int, I...>> {
  static constexpr int count = lanes<T, Bytes>, width = Vectors * count;

  Vector<T, Bytes> sum[Rows * Vectors];

  CTGRAD_ALWAYS_INLINE void clear() { ((sum[I] = Vector<T, Bytes>{}), ...); }

  /// One step: sum[i, :] += a[i] * b[:]. Rows of the left operand are `a_row` apart.
  CTGRAD_ALWAYS_INLINE void add_step(const T* a, std::int64_t a_row, const T* b) {
    T left[Rows];
    Vector<T, Bytes> right[Vectors];
    ((I < Vectors ? load_once(right[I % Vectors], b + I % Vectors * count) : void()), ...);
    ((I < Rows ? void(left[I % Rows] = a[I % Rows * a_row]) : void()), ...);
    ((sum[I] += left[I / Vectors] * right[I % Vectors]), ...);
  }

  /// k steps, in this order: the bits of an element do not depend on the tile it falls in. Steps of the left operand
  /// are `a_step` apart, those of the right one `b_step`.
  CTGRAD_ALWAYS_INLINE void multiply(std::int64_t k, const T* a, std::int64_t a_row, std::int64_t a_step, const T* b,
                                     std::int64_t b_step) {
    clear();
    for (std::int64_t p = 0; p < k; ++p) {
      add_step(a + p * a_step, a_row, b);
      b += b_step;
    }
  }

  /// Adds the sums of another tile to these.
  CTGRAD_ALWAYS_INLINE void add(const Tile& other) { ((sum[I] += other.sum[I]), ...); }

  /// Adds what C holds to the sums.
  CTGRAD_ALWAYS_INLINE void add(const T* c, std::int64_t ldc) {
    Vector<T, Bytes> old;
    ((load_vector<T, Bytes>(old, c + I / Vectors * ldc + I % Vectors * count), sum[I] += old), ...);
  }

  CTGRAD_ALWAYS_INLINE void store(T* c, std::int64_t ldc) const {
    (store_vector<T, Bytes>(c + I / Vectors * ldc + I % Vectors * count, sum[I]), ...);
  }

private:
  CTGRAD_ALWAYS_INLINE static void load_once(Vector<T, Bytes>& to, const T* from) {
    load_vector<T, Bytes>(to, from);
    stay_in_register(to);
  }
};

/// One tile of C = A * B or, where it `adds`, of C += A * B. Rows of A are `a_row` elements apart, its steps
/// `a_step`. `columns` of the tile's columns exist in C; B has all of them.
template <class T, int Rows, int Vectors>
void multiply_tile(std::int64_t k, const T* a, std::int64_t a_row, std::int64_t a_step, const T* b, std::int64_t b_step,
                   T* c, std::int64_t ldc, std::int64_t columns, bool adds) {
  Tile<T, Rows, Vectors> tile;
  const bool whole = columns == tile.width;
  T buffer[Rows * tile.width];
  T* const to = whole ? c : buffer;
  const std::int64_t to_row = whole ? ldc : tile.width;
  // What C holds is asked for, or copied, now and read after the last step: no call comes while the sums are in
  // registers.
  if (adds) {
    if (whole) {
      fetch_rows<Rows, Vectors * vector_bytes>(c, ldc);
    } else {
      copy_rows(Rows, columns, c, ldc, buffer, to_row);
    }
  }
  tile.multiply(k, a, a_row, a_step, b, b_step);
  if (adds) tile.add(to, to_row);
  tile.store(to, to_row);
  if (!whole) copy_rows(Rows, columns, buffer, to_row, c, ldc);
}

/// The tiles of this file, as a choice for Gemm.
struct NativeTiles {
  static constexpr int bytes = vector_bytes;
  static constexpr int rows = tile_rows;
  static constexpr int vectors = tile_vectors;

  template <class T, int Rows, int Vectors>
  static constexpr auto function = &multiply_tile<T, Rows, Vectors>;
};

}  // namespace ctgrad::cpu::detail
