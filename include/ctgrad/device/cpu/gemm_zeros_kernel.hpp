// SPDX-License-Identifier: BSL-1.0
/// \file
/// The inner loop of products that skip zeros: rows of sums, to which only the nonzero elements of a row of the left
/// operand add their rows of the right one.
#pragma once

#include <ctgrad/device/cpu/gemm_kernel.hpp>
#include <ctgrad/device/cpu/gemm_kernel_avx2.hpp>

#include <bit>
#include <cstdint>
#include <utility>

namespace ctgrad::cpu::detail {

/// The steps of a product that one word of bits stands for.
inline constexpr std::int64_t bits_depth = 64;

/// C[i, :] (+)= sum over p of left[i, p] * right[p, :]. Bit p of a row's word is set where left[i, p] counts.
template <class T>
struct ZeroSkippingRows {
  std::int64_t rows;
  /// A word for each row; null where `all` serves for each.
  const std::uint64_t* bits;
  std::uint64_t all;
  const T* left;
  std::int64_t left_row;
  /// Rows as wide as the vectors of sums.
  const T* right;
  T* c;
  std::int64_t ldc;
  /// Those of a row of C that exist.
  std::int64_t columns;
  /// Whether C is added to; else it is not read.
  bool adds;
};

/// Each sum is added up in the order of p.
template <class T, int Vectors, class Each = std::make_integer_sequence<int, Vectors>>
struct ZeroSkippingKernel;

template <class T, int Vectors, int... I>
struct ZeroSkippingKernel<T, Vectors, std::integer_sequence<int, I...>> {
  static constexpr int count = lanes<T>, width = Vectors * count;

  static void multiply(const ZeroSkippingRows<T>& x) {
    const bool whole = x.columns == width;
    for (std::int64_t i = 0; i < x.rows; ++i) {
      T* const c = x.c + i * x.ldc;
      T buffer[width];
      T* const to = whole ? c : buffer;
      Vector<T> sum[Vectors];
      if (x.adds) {
        if (!whole) copy_rows(1, x.columns, c, 0, buffer, 0);
        (load_vector<T>(sum[I], to + I * count), ...);
      } else {
        ((sum[I] = Vector<T>{}), ...);
      }
      const T* const left = x.left + i * x.left_row;
      for (std::uint64_t bits = x.bits != nullptr ? x.bits[i] : x.all; bits != 0; bits &= bits - 1) {
        const int p = std::countr_zero(bits);
        const T factor = left[p];
        const T* const right = x.right + p * width;
        Vector<T> row[Vectors];
        (load_vector<T>(row[I], right + I * count), ...);
        ((sum[I] += factor * row[I]), ...);
      }
      (store_vector<T>(to + I * count, sum[I]), ...);
      if (!whole) copy_rows(1, x.columns, buffer, 0, c, 0);
    }
  }
};

/// With the vectors of NativeTiles.
struct NativeZeroSkipping {
  static constexpr int bytes = vector_bytes;
  template <class T, int Vectors>
  static constexpr auto function = &ZeroSkippingKernel<T, Vectors>::multiply;
};

#if defined(CTGRAD_DISPATCH_AVX2)

/// The same in a program built for any processor; see Avx2Tile.
template <class T, int Vectors, class Each = std::make_integer_sequence<int, Vectors>>
struct Avx2ZeroSkippingKernel;

template <class T, int Vectors, int... I>
struct Avx2ZeroSkippingKernel<T, Vectors, std::integer_sequence<int, I...>> {
  using Wide = Vector<T, 32>;
  typedef T WideInMemory __attribute__((vector_size(32), aligned(alignof(T)), may_alias));
  static constexpr int count = lanes<T, 32>, width = Vectors * count;

  __attribute__((target("avx2,fma"))) static void multiply(const ZeroSkippingRows<T>& x) {
    const bool whole = x.columns == width;
    for (std::int64_t i = 0; i < x.rows; ++i) {
      T* const c = x.c + i * x.ldc;
      T buffer[width];
      T* const to = whole ? c : buffer;
      Wide sum[Vectors];
      ((sum[I] = Wide{}), ...);
      if (x.adds) {
        if (!whole) copy_rows(1, x.columns, c, 0, buffer, 0);
        ((sum[I] = *reinterpret_cast<const WideInMemory*>(to + I * count)), ...);
      }
      const T* const left = x.left + i * x.left_row;
      for (std::uint64_t bits = x.bits != nullptr ? x.bits[i] : x.all; bits != 0; bits &= bits - 1) {
        const int p = std::countr_zero(bits);
        const T factor = left[p];
        const T* const right = x.right + p * width;
        ((sum[I] += factor * *reinterpret_cast<const WideInMemory*>(right + I * count)), ...);
      }
      ((*reinterpret_cast<WideInMemory*>(to + I * count) = sum[I]), ...);
      if (!whole) copy_rows(1, x.columns, buffer, 0, c, 0);
    }
  }
};

struct Avx2ZeroSkipping {
  static constexpr int bytes = 32;
  template <class T, int Vectors>
  static constexpr auto function = &Avx2ZeroSkippingKernel<T, Vectors>::multiply;
};

#endif

}  // namespace ctgrad::cpu::detail
