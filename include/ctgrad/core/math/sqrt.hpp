// SPDX-License-Identifier: BSL-1.0
/// \file
/// sqrt and its reciprocal.
#pragma once

#include "ctgrad/core/math/lanes.hpp"

namespace ctgrad::math {

namespace detail {

/// The correctly rounded square root with integers only, one bit of the result at a time, for
/// constant evaluation.
template <class T>
CTGRAD_HOST_DEVICE constexpr T sqrt_by_digits(T x) {
  using Word = typename FloatFormat<T>::Word;
  constexpr int mantissa_bits = FloatFormat<T>::mantissa_bits;
  constexpr Word hidden = Word{1} << mantissa_bits;
  if (x != x || x == T(0) || x == FloatFormat<T>::infinity) return x;
  if (x < T(0)) return FloatFormat<T>::not_a_number;
  int exponent = 0;
  if (x < FloatFormat<T>::smallest_normal) {  // A power of four that makes a subnormal normal.
    x *= static_cast<T>(hidden) * static_cast<T>(hidden);
    exponent = -2 * mantissa_bits;
  }
  const Word bits = to_bits(x);
  exponent += static_cast<int>(bits >> mantissa_bits) - FloatFormat<T>::exponent_bias;
  Word rest = (bits & (hidden - 1)) | hidden;
  if (exponent & 1) {
    rest <<= 1;
    exponent -= 1;
  }
  // Digit by digit: root and twice-root remainder stay below 2^(mantissa_bits + 3).
  rest <<= 1;
  Word root = 0, doubled = 0;
  for (Word digit = hidden << 1; digit != 0; digit >>= 1) {
    const Word trial = doubled + digit;
    if (trial <= rest) {
      doubled = trial + digit;
      rest -= trial;
      root += digit;
    }
    rest <<= 1;
  }
  // One digit more than the result holds; a square root is never half way, so it and the remainder
  // decide.
  if (rest != 0) root += root & 1;
  const int field = exponent / 2 + FloatFormat<T>::exponent_bias;
  return from_bits<T>((root >> 1) + (static_cast<Word>(field - 1) << mantissa_bits));
}

#if defined(__x86_64__) && !defined(__CUDA_ARCH__)
/// Neither compiler has an operator for the square root of a vector; these are the instructions by
/// name.
template <class T, int N>
CTGRAD_SIMD_FUNCTION Simd<T, N> sqrt_register(Simd<T, N> x) {
  constexpr int bytes = N * static_cast<int>(sizeof(T));
  using Data = typename Simd<T, N>::Data;
  if constexpr (bytes == 64) {
#if defined(__AVX512F__)
#if defined(__clang__)
    if constexpr (sizeof(T) == 4) {
      return Simd<T, N>(Data{__builtin_ia32_sqrtps512(x.v, 4)});
    } else {
      return Simd<T, N>(Data{__builtin_ia32_sqrtpd512(x.v, 4)});
    }
#else
    if constexpr (sizeof(T) == 4) {
      return Simd<T, N>(Data{__builtin_ia32_sqrtps512_mask(x.v, x.v, ctgrad::detail::all_16_lanes, 4)});
    } else {
      return Simd<T, N>(Data{__builtin_ia32_sqrtpd512_mask(x.v, x.v, static_cast<signed char>(-1), 4)});
    }
#endif
#endif
  } else if constexpr (bytes == 32) {
#if defined(__AVX__)
    if constexpr (sizeof(T) == 4) {
      return Simd<T, N>(Data{__builtin_ia32_sqrtps256(x.v)});
    } else {
      return Simd<T, N>(Data{__builtin_ia32_sqrtpd256(x.v)});
    }
#endif
  } else if constexpr (bytes == 16) {
    if constexpr (sizeof(T) == 4) {
      return Simd<T, N>(Data{__builtin_ia32_sqrtps(x.v)});
    } else {
      return Simd<T, N>(Data{__builtin_ia32_sqrtpd(x.v)});
    }
  } else {
    return low_half(sqrt_register(join(x, x)));
  }
}
#else
template <class T, int N>
CTGRAD_SIMD_FUNCTION Simd<T, N> sqrt_register(Simd<T, N> x) {
  for (int i = 0; i < N; ++i) {
    if constexpr (sizeof(T) == 4) {
      x.v[i] = __builtin_sqrtf(x.v[i]);
    } else {
      x.v[i] = __builtin_sqrt(x.v[i]);
    }
  }
  return x;
}
#endif

}  // namespace detail

/// The square root, correctly rounded. NaN below 0; sqrt(-0) is -0.
template <class T>
requires std::is_floating_point_v<T> CTGRAD_FUNCTION T sqrt(T x) {
  if (__builtin_is_constant_evaluated()) return detail::sqrt_by_digits(x);
  if constexpr (sizeof(T) == 4) {
    return __builtin_sqrtf(x);
  } else {
    return __builtin_sqrt(x);
  }
}

template <class T, int N>
CTGRAD_SIMD_FUNCTION Simd<T, N> sqrt(Simd<T, N> x) {
  if constexpr (Simd<T, N>::one_register) {
    return detail::sqrt_register(x);
  } else {
    return Simd<T, N>(typename Simd<T, N>::Data{sqrt(x.lo), sqrt(x.hi)});
  }
}

/// 1 / sqrt(x), within 1 ulp. rsqrt(0) is infinity, rsqrt(infinity) is 0.
template <class V>
CTGRAD_FUNCTION V rsqrt(V x) {
  return V(detail::ValueOf<V>(1)) / sqrt(x);
}

}  // namespace ctgrad::math
