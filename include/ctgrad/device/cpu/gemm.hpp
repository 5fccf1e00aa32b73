// SPDX-License-Identifier: BSL-1.0
/// \file
/// The built-in matrix product, for builds without a BLAS, integers, and products too small for
/// one.
///
/// The blocking follows Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication"
/// (ACM TOMS, 2008), and Van Zee and van de Geijn, "BLIS: A Framework for Rapidly Instantiating
/// BLAS Functionality" (ACM TOMS, 2015).
#pragma once

#include <ctgrad/device/cpu/gemm_kernel.hpp>
#include <ctgrad/device/cpu/gemm_kernel_avx2.hpp>
#include <ctgrad/device/cpu/gemm_pack.hpp>
#include <ctgrad/device/cpu/matmul_workspace.hpp>
#include <ctgrad/device/cpu/matvec.hpp>

#include <algorithm>
#include <cstdint>

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace ctgrad::cpu {

namespace detail {

/// Two steps of the blocked loop meet here when several threads share one product.
inline void thread_barrier([[maybe_unused]] int threads) {
#if defined(_OPENMP)
  if (threads > 1) {
#pragma omp barrier
  }
#endif
}

/// The columns of a panel, cut into strips of nearly equal numbers of vectors: a last strip of one
/// vector would leave the multiplier waiting.
struct Strips {
  std::int64_t vectors, count, each, longer;

  Strips(std::int64_t columns, std::int64_t vector_lanes, std::int64_t most_vectors)
      : vectors((columns + vector_lanes - 1) / vector_lanes),
        count((vectors + most_vectors - 1) / most_vectors),
        each(vectors / count),
        longer(vectors % count) {}

  /// The first vector of strip s; strip s ends where strip s + 1 begins.
  std::int64_t begin(std::int64_t s) const { return s * each + std::min(s, longer); }
};

/// One product: the operands, and the choices that its shape makes. `Tiles` is the instruction set:
/// its register tile, and a function for each size of tile.
template <class T, class Tiles>
struct Gemm {
  using Blocks = GemmBlocks<T>;
  static constexpr std::int64_t vector_lanes = lanes<T, Tiles::bytes>;
  static constexpr std::int64_t tile_rows = Tiles::rows;
  static constexpr std::int64_t tile_vectors = Tiles::vectors;
  static_assert(Blocks::rows % tile_rows == 0 && Blocks::columns % vector_lanes == 0);

  MatmulShape shape;
  const T* a;
  std::int64_t lda;
  const T* b;
  std::int64_t ldb;
  T* c;
  std::int64_t ldc;
  bool adds;
  T* a_block;
  T* b_panel;

  // Of the first-level cache and of the second, what one product may count on.
  static constexpr std::int64_t near_panel_bytes = 24576, far_result_bytes = 1 << 19;

  // Packing costs one pass over the operand. It pays when the packed copy is read often enough;
  // else the inner loop reads the operand where it lies. The inner loop wants the columns of B side
  // by side, so a transposed B is always packed. Narrow vectors read B more often, and from fewer
  // sets of the first-level cache where its rows are a power of two apart.
  static constexpr bool wide = vector_lanes * sizeof(T) == 64;
  bool pack_a = !(shape.n < 256 || shape.m * shape.k < 16384);
  bool pack_b =
      shape.transpose_b || (wide ? shape.m >= 96 && shape.k * shape.n >= 32768 && !strip_stays_near() : shape.m >= 24);

  /// Whether the rows of a strip of B that are multiplied at a time, where they lie, fit into the first-level cache
  /// with room to spare. It is taken to have 64 sets of 8 lines; rows whose distance is a multiple of a large power of
  /// two share few of the sets.
  bool strip_stays_near() const {
    constexpr std::int64_t line = 64, sets = 64;
    const std::int64_t distance = ldb * static_cast<std::int64_t>(sizeof(T));
    const std::int64_t lines = tile_vectors + (distance % line != 0 ? 1 : 0);
    const std::int64_t sets_apart = std::clamp(distance & -distance, line, sets * line) / line;
    const std::int64_t used_sets = std::min(sets, sets / sets_apart * lines);
    return std::min(shape.k, Blocks::depth) * lines <= 6 * used_sets;
  }

  /// The part of the work that falls to one of `threads` threads. No sum over k is ever split, so
  /// the result has the same bits for any number of threads.
  void run(int thread, int threads) const {
    const std::int64_t depth_step = even_piece(shape.k, Blocks::depth, 4);
    const std::int64_t column_step =
        even_piece(shape.n, most_of(Blocks::b_size, depth_step, vector_lanes), vector_lanes);
    const std::int64_t row_step =
        pack_a ? even_piece(shape.m, most_of(Blocks::a_size, depth_step, tile_rows), tile_rows) : shape.m;
    // Whether other threads may still be reading what is packed.
    bool panel_in_use = false;
    bool block_in_use = false;
    for (std::int64_t j = 0; j < shape.n; j += column_step) {
      const std::int64_t columns = std::min(column_step, shape.n - j);
      for (std::int64_t p = 0; p < shape.k; p += depth_step) {
        const std::int64_t depth = std::min(depth_step, shape.k - p);
        if (pack_b || columns % vector_lanes != 0) {
          if (panel_in_use) thread_barrier(threads);
          pack_panel(j, columns, p, depth, thread, threads);
          thread_barrier(threads);
          panel_in_use = true;
          block_in_use = false;
        }
        for (std::int64_t i = 0; i < shape.m; i += row_step) {
          const std::int64_t rows = std::min(row_step, shape.m - i);
          if (pack_a) {
            if (block_in_use) thread_barrier(threads);
            pack_block(i, rows, p, depth, thread, threads);
            thread_barrier(threads);
            block_in_use = true;
          }
          multiply_block(i, rows, j, columns, p, depth, thread, threads);
        }
      }
    }
  }

private:
  /// The extent cut into as few pieces as fit `most`, all about equal and a multiple of `unit`
  /// long.
  static std::int64_t even_piece(std::int64_t extent, std::int64_t most, std::int64_t unit) {
    const std::int64_t pieces = (extent + most - 1) / most;
    const std::int64_t piece = (extent + pieces - 1) / pieces;
    return (piece + unit - 1) / unit * unit;
  }

  /// How many rows or columns of this depth fit `size` elements, a multiple of `unit`.
  static constexpr std::int64_t most_of(std::size_t size, std::int64_t depth, std::int64_t unit) {
    return static_cast<std::int64_t>(size) / depth / unit * unit;
  }

  /// The share [begin, end) of `count` items that one thread takes.
  struct Share {
    std::int64_t begin, end;
    Share(std::int64_t count, int thread, int threads)
        : begin(count * thread / threads), end(count * (thread + 1) / threads) {}
  };

  /// Whether the strip that ends at column `end` of the panel is read from its packed copy: loading
  /// whole vectors must not run past the end of a row.
  bool strip_is_packed(std::int64_t end, std::int64_t columns) const { return pack_b || end > columns; }

  // An operand whose rows are steps is packed a few of its rows at a time, so that a line is still near when the next
  // part of it is packed, however far apart the rows are.
  static constexpr std::int64_t few_steps = 8;

  void pack_panel(std::int64_t j, std::int64_t columns, std::int64_t p, std::int64_t depth, int thread,
                  int threads) const {
    const Strips strips(columns, vector_lanes, tile_vectors);
    const Share share(strips.count, thread, threads);
    const std::int64_t step = shape.transpose_b ? depth : few_steps;
    for (std::int64_t q = 0; q < depth; q += step) {
      for (std::int64_t s = share.begin; s < share.end; ++s) {
        const std::int64_t first = strips.begin(s) * vector_lanes;
        const std::int64_t end = strips.begin(s + 1) * vector_lanes;
        if (!strip_is_packed(end, columns)) continue;
        const T* from = shape.transpose_b ? b + (j + first) * ldb + p : b + (p + q) * ldb + j + first;
        pack_strip(std::min(step, depth - q), std::min(end, columns) - first, end - first, !shape.transpose_b, from,
                   ldb, b_panel + first * depth + q * (end - first));
      }
    }
  }

  void pack_block(std::int64_t i, std::int64_t rows, std::int64_t p, std::int64_t depth, int thread,
                  int threads) const {
    const Share share((rows + tile_rows - 1) / tile_rows, thread, threads);
    const std::int64_t step = shape.transpose_a ? few_steps : depth;
    for (std::int64_t q = 0; q < depth; q += step) {
      for (std::int64_t s = share.begin; s < share.end; ++s) {
        const std::int64_t first = s * tile_rows;
        const T* from = shape.transpose_a ? a + (p + q) * lda + i + first : a + (i + first) * lda + p;
        pack_strip(std::min(step, depth - q), std::min(tile_rows, rows - first), tile_rows, shape.transpose_a, from,
                   lda, a_block + first * depth + q * tile_rows);
      }
    }
  }

  void multiply_block(std::int64_t i, std::int64_t rows, std::int64_t j, std::int64_t columns, std::int64_t p,
                      std::int64_t depth, int thread, int threads) const {
    const Strips strips(columns, vector_lanes, tile_vectors);
    const std::int64_t row_strips = (rows + tile_rows - 1) / tile_rows;
    const bool split_rows = row_strips >= strips.count;
    const Share row_share(row_strips, split_rows ? thread : 0, split_rows ? threads : 1);
    const Share share(strips.count, split_rows ? 0 : thread, split_rows ? 1 : threads);
    const bool adds_here = adds || p > 0;
    const std::int64_t last = std::min(row_share.end * tile_rows, rows);
    const auto multiply_strip = [&](std::int64_t s, std::int64_t row, std::int64_t row_end) {
      const std::int64_t first = strips.begin(s) * vector_lanes;
      const std::int64_t end = strips.begin(s + 1) * vector_lanes;
      const bool packed = strip_is_packed(end, columns);
      const T* right = packed ? b_panel + first * depth : b + p * ldb + j + first;
      const std::int64_t right_step = packed ? end - first : ldb;
      for (std::int64_t r = row; r < row_end; r += tile_rows) {
        multiply_rows(r, std::min(tile_rows, row_end - r), i, p, depth, right, right_step,
                      c + (i + r) * ldc + j + first, std::min(end, columns) - first, (end - first) / vector_lanes,
                      adds_here);
      }
    };
    // A panel that stays in the first-level cache may be gone through for each tile of rows. C is then written in
    // order, which pays where it is far from that cache.
    constexpr auto bytes = static_cast<std::int64_t>(sizeof(T));
    if (columns * depth * bytes <= near_panel_bytes && columns * rows * bytes >= far_result_bytes) {
      for (std::int64_t r = row_share.begin * tile_rows; r < last; r += tile_rows)
        for (std::int64_t s = share.begin; s < share.end; ++s) multiply_strip(s, r, std::min(r + tile_rows, last));
    } else {
      for (std::int64_t s = share.begin; s < share.end; ++s) multiply_strip(s, row_share.begin * tile_rows, last);
    }
  }

  /// `count` rows from row i + r on, by tiles of halving height.
  void multiply_rows(std::int64_t r, std::int64_t count, std::int64_t i, std::int64_t p, std::int64_t depth,
                     const T* right, std::int64_t right_step, T* to, std::int64_t columns, std::int64_t vectors,
                     bool adds_here) const {
    const T* left = nullptr;
    std::int64_t row = 1;
    std::int64_t step = 1;
    if (pack_a) {
      left = a_block + r * depth;
      step = tile_rows;
    } else if (shape.transpose_a) {
      left = a + p * lda + i + r;
      step = lda;
    } else {
      left = a + (i + r) * lda + p;
      row = lda;
    }
    for (std::int64_t done = 0; done < count;) {
      done += tile(count - done, depth, left + done * row, row, step, right, right_step, to + done * ldc, columns,
                   vectors, adds_here);
    }
  }

  using TileFunction = void (*)(std::int64_t, const T*, std::int64_t, std::int64_t, const T*, std::int64_t, T*,
                                std::int64_t, std::int64_t, bool);

  /// One tile of at most `rows` rows; returns how many it was.
  std::int64_t tile(std::int64_t rows, std::int64_t depth, const T* left, std::int64_t row, std::int64_t step,
                    const T* right, std::int64_t right_step, T* to, std::int64_t columns, std::int64_t vectors,
                    bool adds_here) const {
    std::int64_t height = 1;
    TileFunction function = nullptr;
    if (rows >= tile_rows) {
      height = tile_rows;
      function = of_width<Tiles::rows>(vectors);
    } else if (tile_rows > 4 && rows >= 4) {
      height = 4;
      function = of_width<4>(vectors);
    } else if (rows >= 2) {
      height = 2;
      function = of_width<2>(vectors);
    } else {
      function = of_width<1>(vectors);
    }
    function(depth, left, row, step, right, right_step, to, ldc, columns, adds_here);
    return height;
  }

  template <int Rows>
  static TileFunction of_width(std::int64_t vectors) {
    if (vectors == 1) return Tiles::template function<T, Rows, 1>;
    if (tile_vectors == 2 || vectors == 2) return Tiles::template function<T, Rows, 2>;
    return Tiles::template function<T, Rows, Tiles::vectors>;
  }
};

/// Runs a product, on the threads there are when it is large enough for them.
template <class Product>
void run_product(const Product& product) {
#if defined(_OPENMP)
  constexpr std::int64_t worth_threads = 1 << 20;
  const MatmulShape& shape = product.shape;
  if (shape.m * shape.n * shape.k >= worth_threads && omp_get_max_threads() > 1 && !omp_in_parallel()) {
#pragma omp parallel
    product.run(omp_get_thread_num(), omp_get_num_threads());
    return;
  }
#endif
  product.run(0, 1);
}

/// Whether C^T = op(B)^T A, with the many rows of C in the lanes of the vectors, is quicker than C = A^T op(B), whose
/// few columns leave lanes unused. Compared are the cycles for as many rows of C as three vectors have lanes, at two
/// multiply-adds a cycle: turned, a tile of rows of C^T by three vectors, of which the smallest wait for their sums; as
/// it is, tiles of 8 rows by one vector or two. C^T must be copied, so it has to take less than three quarters.
inline bool worth_turning(const MatmulShape& shape, std::int64_t vector_lanes, std::int64_t most_elements) {
  if (!shape.transpose_a || shape.n >= 2 * vector_lanes || shape.n % vector_lanes == 0) return false;
  if (shape.m < 4 * vector_lanes || shape.k < 16 || shape.m * shape.n > most_elements) return false;
  const std::int64_t rows = shape.n;
  const std::int64_t turned = rows / 8 * 12 + (rows & 4) / 4 * 6 + (rows & 2) / 2 * 4 + (rows & 1) * 4;
  const std::int64_t vectors = (shape.n + vector_lanes - 1) / vector_lanes;
  const std::int64_t as_it_is = 3 * vector_lanes / 2 * vectors;
  return 4 * turned < 3 * as_it_is;
}

/// Whether C^T = B A^T is quicker than C = A B^T since A, which has fewer rows, is packed instead of B: the output of a
/// layer whose weights are stored as [outputs, inputs]. Measured on Zen 4: 0.82 to 0.98 of the time with AVX-512, 0.86
/// to 1.0 with AVX2. C^T must be copied.
inline bool worth_packing_left(const MatmulShape& shape, std::int64_t vector_lanes, std::int64_t most_elements) {
  return shape.transpose_b && !shape.transpose_a && shape.m % vector_lanes == 0 && shape.m <= 96 &&
         2 * shape.m <= shape.n && shape.n < 4 * shape.k && shape.m * shape.n <= most_elements;
}

/// A few columns of C = A op(B), or of C += A op(B), as dot products, whose sums are in the lanes of a vector: columns
/// by themselves would leave most lanes unused. A has eight rows or more. One thread computes them. `columns` has room
/// for k * n elements.
template <class T>
void multiply_columns(const MatmulShape& shape, const T* a, std::int64_t lda, const T* b, std::int64_t ldb, T* c,
                      std::int64_t ldc, bool adds, T* columns) {
  if (!shape.transpose_b) {
    transpose(shape.k, shape.n, b, ldb, columns, shape.k);
    b = columns;
    ldb = shape.k;
  }
  // The sums of two columns need more registers than there are vectors of 32 bytes.
  constexpr int most = 8, most_together = vector_bytes == 64 ? 2 : 1;
  constexpr auto all = std::make_integer_sequence<int, most>{};
  T dots[most_together * most];
  for (std::int64_t i = 0; i < shape.m; i += most) {
    // The last rows are taken together with some before them.
    const std::int64_t from = std::min(i, shape.m - most);
    for (std::int64_t j = 0; j < shape.n;) {
      const T* const x = b + j * ldb;
      const int together = shape.n - j >= most_together ? most_together : 1;
      if constexpr (most_together == 2) {
        // One column by itself is taken twice: that is one function less to compile, and there is time for it while the
        // rows are loaded.
        dot_rows_with_two<T, most>(shape.k, x, together == 2 ? ldb : 0, a + from * lda, lda, dots, all);
      } else {
        dot_rows<T, most>(shape.k, x, a + from * lda, lda, dots, all);
      }
      for (int q = 0; q < together; ++q, ++j) {
        for (std::int64_t r = i - from; r < most; ++r) {
          T& to = c[(from + r) * ldc + j];
          const T dot = dots[q * most + r];
          to = adds ? to + dot : dot;
        }
      }
    }
  }
}

/// The built-in product, added to C where it `adds`. T is a floating-point or an unsigned integer type. `a_block` and
/// `b_panel` hold GemmBlocks<T>::a_size and b_size elements.
template <class T>
void gemm(const MatmulShape& shape, const T* a, std::int64_t lda, const T* b, std::int64_t ldb, T* c, std::int64_t ldc,
          bool adds, T* a_block, T* b_panel) {
  if (shape.m <= 0 || shape.n <= 0) return;
  if (shape.k <= 0) {
    for (std::int64_t i = 0; i < shape.m && !adds; ++i) std::fill_n(c + i * ldc, shape.n, T(0));
    return;
  }
  if (shape.n == 1) {
    // C^T = op(B)^T op(A)^T: a row vector times a matrix.
    return vector_times_matrix(shape.m, shape.k, b, shape.transpose_b ? 1 : ldb, a, lda, !shape.transpose_a, c, ldc,
                               adds);
  }
  if (shape.m == 1) {
    return vector_times_matrix(shape.n, shape.k, a, shape.transpose_a ? lda : 1, b, ldb, shape.transpose_b, c,
                               std::int64_t{1}, adds);
  }
#if defined(CTGRAD_DISPATCH_AVX2)
  // Rows of 16 bytes fit the narrow vectors.
  if (shape.n > lanes<T, 16> && cpu_has_avx2()) {
    return run_product(Gemm<T, Avx2Tiles>{shape, a, lda, b, ldb, c, ldc, adds, a_block, b_panel});
  }
#endif
  constexpr auto most_elements = static_cast<std::int64_t>(GemmBlocks<T>::a_size);
  if (!adds && (worth_turning(shape, lanes<T>, most_elements) || worth_packing_left(shape, lanes<T>, most_elements))) {
    // The left operand is not packed: the memory for it has room for C^T.
    Gemm<T, NativeTiles> turned{{shape.n, shape.m, shape.k, !shape.transpose_b, !shape.transpose_a},
                                b,
                                ldb,
                                a,
                                lda,
                                a_block,
                                shape.m,
                                false,
                                a_block,
                                b_panel};
    turned.pack_a = false;
    run_product(turned);
    return transpose(shape.n, shape.m, a_block, shape.m, c, ldc);
  }
  // The last columns, where they are a small part of a vector, by themselves. A is read once more for them.
  constexpr auto near_elements = static_cast<std::int64_t>((1U << 20) / sizeof(T));
  const MatmulShape last{shape.m, shape.n % lanes<T>, shape.k, shape.transpose_a, shape.transpose_b};
  if (last.n > 0 && 4 * last.n <= lanes<T> && shape.n > lanes<T> && shape.m * shape.k <= near_elements) {
    const bool as_dots = !shape.transpose_a && shape.m >= 8 && shape.k >= 16 * lanes<T>;
    const bool turned = !adds && worth_turning(last, lanes<T>, most_elements);
    if (as_dots || turned) {
      MatmulShape first = shape;
      first.n -= last.n;
      run_product(Gemm<T, NativeTiles>{first, a, lda, b, ldb, c, ldc, adds, a_block, b_panel});
      const T* const rest = shape.transpose_b ? b + first.n * ldb : b + first.n;
      if (turned) return gemm(last, a, lda, rest, ldb, c + first.n, ldc, adds, a_block, b_panel);
      return multiply_columns(last, a, lda, rest, ldb, c + first.n, ldc, adds, b_panel);
    }
  }
  run_product(Gemm<T, NativeTiles>{shape, a, lda, b, ldb, c, ldc, adds, a_block, b_panel});
}

}  // namespace detail
}  // namespace ctgrad::cpu
