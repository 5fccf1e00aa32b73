// SPDX-License-Identifier: BSL-1.0
/// \file
/// Products of a matrix in which many elements are zero: what relu, dropout and max pooling leave, their gradients, and
/// images with an empty margin. Zeros are skipped where that is quicker.
///
/// Zero times infinity or NaN is NaN, so nothing is skipped in the columns and steps around such an element of the
/// other operand. Sums are added up in the order of their steps, from what C holds where it is added to. Other products
/// may round otherwise: they cut long sums, and add to C in the end.
#pragma once

#include <ctgrad/core/simd.hpp>
#include <ctgrad/device/cpu/finite.hpp>
#include <ctgrad/device/cpu/gemm.hpp>
#include <ctgrad/device/cpu/gemm_zeros_kernel.hpp>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <type_traits>

namespace ctgrad::cpu::detail {

/// The bits of 64 elements, the first lowest: set where an element is not zero.
template <class T>
std::uint64_t nonzero_bits(const T* x) {
  std::uint64_t bits = 0;
#if defined(__AVX512F__) && !defined(__CUDA_ARCH__)
  for (int i = 0; i < bits_depth; i += lanes<T, 64>) {
    Vector<T, 64> values;
    load_vector<T, 64>(values, x + i);
    constexpr int unequal_or_unordered = 4;
    std::uint64_t part = 0;
    if constexpr (std::is_same_v<T, float>) {
      part = static_cast<std::uint16_t>(__builtin_ia32_cmpps512_mask(values, Vector<T, 64>{}, unequal_or_unordered,
                                                                     static_cast<unsigned short>(0xffff), 4));
    } else {
      part = static_cast<std::uint8_t>(__builtin_ia32_cmppd512_mask(values, Vector<T, 64>{}, unequal_or_unordered,
                                                                    static_cast<unsigned char>(-1), 4));
    }
    bits |= part << i;
  }
#elif defined(__x86_64__) && !defined(__CUDA_ARCH__)
  for (int i = 0; i < bits_depth; i += lanes<T, 16>) {
    Vector<T, 16> values;
    load_vector<T, 16>(values, x + i);
    const auto truth = values != Vector<T, 16>{};
    Vector<T, 16> signs;
    __builtin_memcpy(&signs, &truth, 16);
    std::uint32_t part = 0;
    if constexpr (std::is_same_v<T, float>) {
      part = static_cast<std::uint32_t>(__builtin_ia32_movmskps(signs));
    } else {
      part = static_cast<std::uint32_t>(__builtin_ia32_movmskpd(signs));
    }
    bits |= std::uint64_t{part} << i;
  }
#else
  for (int i = 0; i < bits_depth; ++i) bits |= std::uint64_t{x[i] != T(0) ? 1U : 0U} << i;
#endif
  return bits;
}

/// C = op(A) op(B), added to what C holds where it `adds`; a `turned` result is stored as C^T and adds to nothing. The
/// zeros of A are skipped. op(B) has columns for four vectors at least. `Instructions` is the instruction set.
template <class T, class Instructions>
struct ZeroSkippingGemm {
  using Blocks = GemmBlocks<T>;
  static constexpr std::int64_t vector_lanes = lanes<T, Instructions::bytes>;
  // Vectors of sums in a row of a chunk: the more, the fewer loads of the left operand, as long as the chunk of the
  // right one, as wide and 64 rows deep, stays in the first-level cache.
  static constexpr std::int64_t most_vectors = 8;
  static constexpr std::int64_t most_rows = 256;
  /// From one row of a turned result to the next, before it is copied: not a power of two, or its columns would lie in
  /// few sets of the cache.
  static constexpr std::int64_t strip_row = (most_vectors + 1) * vector_lanes;
  /// Of a thread's memory: a chunk of the right operand, and a few rows of a turned result.
  static constexpr std::int64_t chunk_size = most_vectors * vector_lanes * bits_depth, least_strip = 16 * strip_row;
  /// Elements that `bits_depth` steps of a row take, and their word.
  static constexpr std::int64_t word_elements =
      bits_depth + static_cast<std::int64_t>(sizeof(std::uint64_t) / sizeof(T));
  static_assert(static_cast<std::int64_t>(Blocks::a_size) >= most_rows * word_elements);
  static_assert(static_cast<std::int64_t>(Blocks::b_size) >= chunk_size + least_strip);

  MatmulShape shape;
  const T* a;
  std::int64_t lda;
  const T* b;
  std::int64_t ldb;
  T* c;
  std::int64_t ldc;
  bool adds, turned;
  // `a_block` is aligned for words of bits.
  T* a_block;
  T* b_panel;

  std::int64_t row_step = std::min(shape.m, most_rows);
  /// The steps whose part of `row_step` rows, with its bits, fits `a_block`.
  std::int64_t depth_step = static_cast<std::int64_t>(Blocks::a_size) / (row_step * word_elements) * bits_depth;

  /// Whether a turned result is complete before it is copied.
  bool may_be_turned() const { return shape.k <= depth_step; }

  /// The part of the work that falls to one of `threads` threads: some rows of some columns. The result has the same
  /// bits for any number of threads.
  void run(int thread, int threads) const {
    const Strips chunks(shape.n, vector_lanes, most_vectors);
    // A thread packs the columns of B that it multiplies, for 16 rows or more.
    constexpr auto memory_for = static_cast<std::int64_t>(Blocks::b_size) / (chunk_size + least_strip);
    const std::int64_t work_for = std::max<std::int64_t>(1, chunks.count * row_step / 16);
    const std::int64_t workers = std::min({static_cast<std::int64_t>(threads), memory_for, work_for});
    const std::int64_t own = static_cast<std::int64_t>(Blocks::b_size) / workers / vector_lanes * vector_lanes;
    // Each chunk's rows in so many groups that every thread gets as many.
    const std::int64_t groups = workers / std::gcd(chunks.count, workers);
    const std::int64_t each = chunks.count * groups / workers;
    for (std::int64_t i = 0; i < shape.m; i += row_step) {
      const std::int64_t rows = std::min(row_step, shape.m - i);
      for (std::int64_t p = 0; p < shape.k; p += depth_step) {
        const std::int64_t depth = std::min(depth_step, shape.k - p);
        if (i + p > 0) thread_barrier(threads);
        pack_left(i, rows, p, depth, thread, threads);
        thread_barrier(threads);
        if (thread >= workers) continue;
        for (std::int64_t group = each * thread; group < each * (thread + 1);) {
          const std::int64_t s = group / groups, first = group % groups;
          const std::int64_t last = std::min(groups, first + each * (thread + 1) - group);
          multiply_chunk(chunks.begin(s), chunks.begin(s + 1), i, rows * first / groups, rows * last / groups, p, depth,
                         b_panel + thread * own, own);
          group += last - first;
        }
      }
    }
  }

private:
  /// The rows of one part of the steps follow on each other.
  T* left_part(std::int64_t part) const { return a_block + part * row_step * bits_depth; }
  std::uint64_t* bits_part(std::int64_t part) const {
    return reinterpret_cast<std::uint64_t*>(left_part(depth_step / bits_depth)) + part * row_step;
  }

  void pack_left(std::int64_t i, std::int64_t rows, std::int64_t p, std::int64_t depth, int thread, int threads) const {
    const std::int64_t first = rows * thread / threads, count = rows * (thread + 1) / threads - first;
    for (std::int64_t q = 0; q < depth; q += bits_depth) {
      const std::int64_t steps = std::min(bits_depth, depth - q);
      const std::int64_t part = q / bits_depth;
      T* const to = left_part(part) + first * bits_depth;
      if (shape.transpose_a) {
        transpose(steps, count, a + (p + q) * lda + i + first, lda, to, bits_depth);
      } else if (steps < bits_depth) {
        copy_rows(count, steps, a + (i + first) * lda + p + q, lda, to, bits_depth);
      }
      if (steps < bits_depth) {
        for (std::int64_t r = 0; r < count; ++r)
          std::fill(to + r * bits_depth + steps, to + (r + 1) * bits_depth, T(0));
      }
      const LeftRows left = left_rows(i, p + q, part, steps);
      for (std::int64_t r = first; r < first + count; ++r) bits_part(part)[r] = nonzero_bits(left.at + r * left.row);
    }
  }

  /// Where a word's elements of each row lie: where they are, if whole words lie there side by side.
  struct LeftRows {
    const T* at;
    std::int64_t row;
  };
  LeftRows left_rows(std::int64_t i, std::int64_t p, std::int64_t part, std::int64_t steps) const {
    if (shape.transpose_a || steps < bits_depth) return {left_part(part), bits_depth};
    return {a + i * lda + p, lda};
  }

  /// The columns of the vectors [begin, end) of the rows i + [row, row_end). `memory` has room for a chunk of B, and
  /// for rows of a turned C.
  void multiply_chunk(std::int64_t begin, std::int64_t end, std::int64_t i, std::int64_t row, std::int64_t row_end,
                      std::int64_t p, std::int64_t depth, T* memory, std::int64_t memory_size) const {
    const std::int64_t first = begin * vector_lanes, width = (end - begin) * vector_lanes;
    const std::int64_t columns = std::min(width, shape.n - first);
    T* const strip = memory + chunk_size;
    const std::int64_t step = turned ? (memory_size - chunk_size) / strip_row : row_end - row;
    for (std::int64_t r = row; r < row_end; r += step) {
      ZeroSkippingRows<T> x;
      x.rows = std::min(step, row_end - r);
      x.right = memory;
      x.c = turned ? strip : c + (i + r) * ldc + first;
      x.ldc = turned ? strip_row : ldc;
      x.columns = turned ? width : columns;
      for (std::int64_t q = 0; q < depth; q += bits_depth) {
        const std::int64_t steps = std::min(bits_depth, depth - q);
        const T* const from = shape.transpose_b ? b + first * ldb + p + q : b + (p + q) * ldb + first;
        pack_strip(steps, columns, width, !shape.transpose_b, from, ldb, memory);
        x.bits = all_finite(memory, steps * width) ? bits_part(q / bits_depth) + r : nullptr;
        x.all = ~std::uint64_t{0} >> (bits_depth - steps);
        const LeftRows left = left_rows(i, p + q, q / bits_depth, steps);
        x.left = left.at + r * left.row;
        x.left_row = left.row;
        x.adds = adds || p + q > 0;
        of_width(end - begin)(x);
      }
      if (turned) copy_turned(x.rows, columns, strip, c + first * ldc + i + r);
    }
  }

  /// Columns of the strip are rows of C. Where a few of these would share the sets of the cache, they are put together
  /// beforehand and written one by one.
  void copy_turned(std::int64_t rows, std::int64_t columns, const T* from, T* to) const {
    if (ldc * static_cast<std::int64_t>(sizeof(T)) % 2048 != 0)
      return transpose_in_order(rows, columns, from, strip_row, to, ldc);
    constexpr std::int64_t step = lanes<T, 16>;
    T buffer[step * most_rows];
    for (std::int64_t j = 0; j < columns; j += step) {
      const std::int64_t count = std::min(step, columns - j);
      transpose(rows, count, from + j, strip_row, buffer, rows);
      copy_rows(count, rows, buffer, rows, to + j * ldc, ldc);
    }
  }

  using Function = void (*)(const ZeroSkippingRows<T>&);
  static Function of_width(std::int64_t vectors) {
    switch (vectors) {
      case 4:
        return Instructions::template function<T, 4>;
      case 5:
        return Instructions::template function<T, 5>;
      case 6:
        return Instructions::template function<T, 6>;
      case 7:
        return Instructions::template function<T, 7>;
      case 8:
      default:  // never
        return Instructions::template function<T, 8>;
    }
  }
};

/// The share of zeros in a matrix of `rows` rows, estimated from 16 elements of 16 of them.
template <class T>
double zero_share(std::int64_t rows, std::int64_t columns, const T* x, std::int64_t from_row) {
  constexpr std::int64_t sample = 16;
  const std::int64_t tall = std::min(rows, sample), wide = std::min(columns, sample);
  int zeros = 0;
  for (std::int64_t i = 0; i < tall; ++i) {
    const T* const from = x + rows * i / tall * from_row + (columns - wide) * i / tall;
    for (std::int64_t j = 0; j < wide; ++j) zeros += from[j] == T(0) ? 1 : 0;
  }
  return static_cast<double>(zeros) / static_cast<double>(tall * wide);
}

/// Computes C = op(A) op(B), or adds it to C, if one of the operands has so many zeros that skipping them pays; says
/// whether it did.
template <class T, class Instructions>
bool multiply_skipping_zeros(const MatmulShape& shape, const T* a, std::int64_t lda, const T* b, std::int64_t ldb, T* c,
                             std::int64_t ldc, bool adds, T* a_block, T* b_panel) {
  // Measured with products of 2 to 270 million multiplications and one thread: with half of them left out it takes 0.6
  // to 0.95 times as long as the other product, with none about 1.25 times, and copying a turned result a tenth more.
  constexpr double worth_it = 0.4, turned_worth_it = 0.45, turned_better = 0.2;
  constexpr std::int64_t least_columns = 6 * lanes<T, Instructions::bytes>;
  const auto share = [](const T* x, std::int64_t rows, std::int64_t columns, bool transposed, std::int64_t row) {
    return transposed ? zero_share(columns, rows, x, row) : zero_share(rows, columns, x, row);
  };
  const double left = shape.n < least_columns ? 0.0 : share(a, shape.m, shape.k, shape.transpose_a, lda);
  // Where nearly all of the left operand is zero, the right one has not enough more to be looked at.
  if (!adds && shape.m >= least_columns && left + turned_better < 1) {
    // C^T = op(B)^T op(A)^T.
    const MatmulShape turned{shape.n, shape.m, shape.k, !shape.transpose_b, !shape.transpose_a};
    const ZeroSkippingGemm<T, Instructions> product{turned, b, ldb, a, lda, c, ldc, false, true, a_block, b_panel};
    if (product.may_be_turned()) {
      const double right = share(b, shape.k, shape.n, shape.transpose_b, ldb);
      if (right >= turned_worth_it && right > left + turned_better) {
        run_product(product);
        return true;
      }
    }
  }
  if (left < worth_it) return false;
  run_product(ZeroSkippingGemm<T, Instructions>{shape, a, lda, b, ldb, c, ldc, adds, false, a_block, b_panel});
  return true;
}

/// The same with the widest vectors there are. Small products are not looked at, and x86 processors without AVX2 skip
/// nothing in programs built for any processor.
template <class T>
bool multiply_skipping_zeros(const MatmulShape& shape, const T* a, std::int64_t lda, const T* b, std::int64_t ldb, T* c,
                             std::int64_t ldc, bool adds, T* a_block, T* b_panel) {
  constexpr std::int64_t worth_looking = 1 << 21, worth_packing = 32;
  if (std::min({shape.m, shape.n, shape.k}) < worth_packing || shape.m * shape.n * shape.k < worth_looking)
    return false;
#if defined(CTGRAD_DISPATCH_AVX2)
  return cpu_has_avx2() &&
         multiply_skipping_zeros<T, Avx2ZeroSkipping>(shape, a, lda, b, ldb, c, ldc, adds, a_block, b_panel);
#else
  return multiply_skipping_zeros<T, NativeZeroSkipping>(shape, a, lda, b, ldb, c, ldc, adds, a_block, b_panel);
#endif
}

}  // namespace ctgrad::cpu::detail
