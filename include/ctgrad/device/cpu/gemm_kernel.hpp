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

/// The sums of one register tile: `Rows` rows of `Vectors` vectors, row by row.
///
/// The loops over the tile are fold expressions: only constant indices let the compiler keep the
/// array in registers, and at -O2 g++ does not unroll such a loop by itself.
template <class T, int Rows, int Vectors, int Bytes = vector_bytes>
struct Tile {
  static constexpr int width = Vectors * lanes<T, Bytes>;

  Vector<T, Bytes> sum[Rows * Vectors];

  /// sum[i, :] += a[i] * b[:] for each of k steps, in the order of k: the bits of an element do not
  /// depend on the tile it falls in. Rows of the left operand are `a_row` apart, its steps
  /// `a_step`; the steps of the right operand are `b_step` apart.
  CTGRAD_ALWAYS_INLINE void multiply(std::int64_t k, const T* a, std::int64_t a_row, std::int64_t a_step, const T* b,
                                     std::int64_t b_step) {
    clear();
    for (std::int64_t p = 0; p < k; ++p) {
      add_step(a + p * a_step, a_row, b);
      b += b_step;
    }
  }

  /// Asks for the tile's part of C, all of whose columns exist. (Inlined where it is used: g++ drops a call of a
  /// function that only prefetches.)
  CTGRAD_ALWAYS_INLINE static void fetch(const T* c, std::int64_t ldc) {
    fetch_each(c, ldc, std::make_integer_sequence<int, Rows * Vectors>{});
  }

  CTGRAD_ALWAYS_INLINE void clear() { clear_each(std::make_integer_sequence<int, Rows * Vectors>{}); }

  /// One step: sum[i, :] += a[i] * b[:].
  CTGRAD_ALWAYS_INLINE void add_step(const T* a, std::int64_t a_row, const T* b) {
    step(a, a_row, b, std::make_integer_sequence<int, Rows>{}, std::make_integer_sequence<int, Vectors>{});
  }

  /// Adds the sums of another tile to these.
  CTGRAD_ALWAYS_INLINE void add(const Tile& other) {
    add_each(other, std::make_integer_sequence<int, Rows * Vectors>{});
  }

  /// c = alpha * sum + beta * c; c is not read where beta is zero.
  CTGRAD_ALWAYS_INLINE void store(T* c, std::int64_t ldc, T alpha, T beta) const {
    if (beta == T(0)) {
      store_rows<false>(c, ldc, alpha, beta, std::make_integer_sequence<int, Rows * Vectors>{});
    } else {
      store_rows<true>(c, ldc, alpha, beta, std::make_integer_sequence<int, Rows * Vectors>{});
    }
  }

  /// The same for the first `columns` columns only.
  CTGRAD_ALWAYS_INLINE void store_part(T* c, std::int64_t ldc, std::int64_t columns, T alpha, T beta) const {
    T buffer[Rows * width];
    if (beta != T(0)) {
      for (std::int64_t i = 0; i < Rows; ++i) copy_part(buffer + i * width, c + i * ldc, columns);
    }
    store(buffer, width, alpha, beta);
    for (std::int64_t i = 0; i < Rows; ++i) copy_part(c + i * ldc, buffer + i * width, columns);
  }

private:
  template <int... I>
  CTGRAD_ALWAYS_INLINE static void fetch_each(const T* c, std::int64_t ldc, std::integer_sequence<int, I...>) {
    ((I % Vectors * Bytes % 64 == 0 ? __builtin_prefetch(c + I / Vectors * ldc + I % Vectors * lanes<T, Bytes>, 1)
                                    : void()),
     ...);
  }

  template <int... I>
  CTGRAD_ALWAYS_INLINE void clear_each(std::integer_sequence<int, I...>) {
    ((sum[I] = Vector<T, Bytes>{}), ...);
  }

  template <int... I>
  CTGRAD_ALWAYS_INLINE void add_each(const Tile& other, std::integer_sequence<int, I...>) {
    ((sum[I] += other.sum[I]), ...);
  }

  template <int... I, int... J>
  CTGRAD_ALWAYS_INLINE void step(const T* a, std::int64_t a_row, const T* b, std::integer_sequence<int, I...>,
                                 std::integer_sequence<int, J...> columns) {
    Vector<T, Bytes> right[Vectors];
    (load_vector<T, Bytes>(right[J], b + J * lanes<T, Bytes>), ...);
    (stay_in_register(right[J]), ...);
    (step_row<I>(a[I * a_row], right, columns), ...);
  }

  template <int I, int... J>
  CTGRAD_ALWAYS_INLINE void step_row(T left, const Vector<T, Bytes>* right, std::integer_sequence<int, J...>) {
    ((sum[I * Vectors + J] += left * right[J]), ...);
  }

  template <bool Add, int... I>
  CTGRAD_ALWAYS_INLINE void store_rows(T* c, std::int64_t ldc, T alpha, T beta,
                                       std::integer_sequence<int, I...>) const {
    (store_one<Add>(c + (I / Vectors) * ldc + (I % Vectors) * lanes<T, Bytes>, sum[I], alpha, beta), ...);
  }

  template <bool Add>
  CTGRAD_ALWAYS_INLINE static void store_one(T* c, const Vector<T, Bytes>& value, T alpha, T beta) {
    if constexpr (Add) {
      Vector<T, Bytes> old;
      load_vector<T, Bytes>(old, c);
      store_vector<T, Bytes>(c, alpha * value + beta * old);
    } else {
      store_vector<T, Bytes>(c, alpha * value);
    }
  }
};

/// How the left operand of a tile lies in memory. Where one distance is known to be 1, the inner
/// loop needs fewer addresses.
enum class LeftLayout { rows_adjacent, steps_adjacent, any };

/// One tile of C = alpha * A * B + beta * C. Rows of A are `a_row` elements apart, its steps
/// `a_step`. `columns` of the tile's columns exist in C; B has all of them.
template <class T, int Rows, int Vectors, LeftLayout Layout>
void multiply_tile(std::int64_t k, const T* a, std::int64_t a_row, std::int64_t a_step, const T* b, std::int64_t b_step,
                   T* c, std::int64_t ldc, std::int64_t columns, T alpha, T beta) {
  Tile<T, Rows, Vectors> tile;
  if constexpr (Layout == LeftLayout::rows_adjacent) a_row = 1;
  if constexpr (Layout == LeftLayout::steps_adjacent) a_step = 1;
  // What C holds is asked for now and read after the last step.
  if (beta != T(0) && columns == tile.width) tile.fetch(c, ldc);
  tile.multiply(k, a, a_row, a_step, b, b_step);
  if (columns == tile.width) {
    tile.store(c, ldc, alpha, beta);
  } else {
    tile.store_part(c, ldc, columns, alpha, beta);
  }
}

/// The tiles of this file, as a choice for Gemm.
struct NativeTiles {
  static constexpr int bytes = vector_bytes;
  static constexpr int rows = tile_rows;
  static constexpr int vectors = tile_vectors;

  template <class T, int Rows, int Vectors, LeftLayout Layout>
  static constexpr auto function = &multiply_tile<T, Rows, Vectors, Layout>;
};

}  // namespace ctgrad::cpu::detail
