// SPDX-License-Identifier: BSL-1.0
/// \file
/// The register tile for x86-64 programs built for any processor: AVX2 and FMA, if it turns out at
/// run time that there are any.
#pragma once

#include <ctgrad/device/cpu/gemm_kernel.hpp>

#include <cstdint>
#include <utility>

#if defined(__x86_64__) && !defined(__AVX2__)
#define CTGRAD_DISPATCH_AVX2 1
#endif

namespace ctgrad::cpu::detail {

#if defined(CTGRAD_DISPATCH_AVX2)

inline bool cpu_has_avx2() { return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0; }

template <class T, int Rows, int Vectors, class Sums = std::make_integer_sequence<int, Rows * Vectors>>
struct Avx2Tile;

/// What Tile and multiply_tile do, in one function: vectors wider than the rest of the program
/// knows must not be handed from function to function.
template <class T, int Rows, int Vectors, int... I>
struct Avx2Tile<T, Rows, Vectors, std::integer_sequence<int, I...>> {
  using Wide = Vector<T, 32>;
  // Read in place: g++ would make two copies of 16 bytes of a memcpy of 32.
  typedef T WideInMemory __attribute__((vector_size(32), aligned(alignof(T)), may_alias));
  static constexpr int count = lanes<T, 32>;

  /// See stay_in_register.
  __attribute__((target("avx2,fma"), always_inline)) static inline void read_once(Wide& to, const T* from) {
    to = *reinterpret_cast<const WideInMemory*>(from);
#if !defined(__clang__) && !defined(__CUDA_ARCH__)
    asm("" : "+x"(to));
#endif
  }

  __attribute__((target("avx2,fma"))) static void multiply(std::int64_t k, const T* a, std::int64_t a_row,
                                                           std::int64_t a_step, const T* b, std::int64_t b_step, T* c,
                                                           std::int64_t ldc, std::int64_t columns, bool adds) {
    const bool whole = columns == Vectors * count;
    T buffer[Rows * Vectors * count];
    T* const to = whole ? c : buffer;
    const std::int64_t to_row = whole ? ldc : Vectors * count;
    if (adds) {
      if (whole) {
        fetch_rows<Rows, Vectors * 32>(c, ldc);
      } else {
        copy_rows(Rows, columns, c, ldc, buffer, to_row);
      }
    }
    Wide sum[Rows * Vectors];
    ((sum[I] = Wide{}), ...);
    for (std::int64_t p = 0; p < k; ++p) {
      Wide right[Vectors];
      ((I < Vectors ? read_once(right[I % Vectors], b + (I % Vectors) * count) : void()), ...);
      ((sum[I] += a[(I / Vectors) * a_row] * right[I % Vectors]), ...);
      a += a_step;
      b += b_step;
    }
    if (adds) {
      ((sum[I] += *reinterpret_cast<const WideInMemory*>(to + (I / Vectors) * to_row + (I % Vectors) * count)), ...);
    }
    ((*reinterpret_cast<WideInMemory*>(to + (I / Vectors) * to_row + (I % Vectors) * count) = sum[I]), ...);
    if (!whole) copy_rows(Rows, columns, buffer, to_row, c, ldc);
  }
};

/// The tiles of this file, as a choice for Gemm.
struct Avx2Tiles {
  static constexpr int bytes = 32;
  static constexpr int rows = 4;
  static constexpr int vectors = 3;

  template <class T, int Rows, int Vectors>
  static constexpr auto function = &Avx2Tile<T, Rows, Vectors>::multiply;
};

#endif

}  // namespace ctgrad::cpu::detail
