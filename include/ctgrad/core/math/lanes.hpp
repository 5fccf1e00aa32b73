// SPDX-License-Identifier: BSL-1.0
/// \file
/// What lets one algorithm serve a number and a Simd of numbers: bits, selection, minimum, maximum,
/// fused products.
#pragma once

#include <type_traits>

#include "ctgrad/core/simd.hpp"

namespace ctgrad::math {

using ctgrad::abs;
using ctgrad::maximum;
using ctgrad::minimum;
using ctgrad::select;

namespace detail {

template <class V>
struct LaneTraits {
  using Value = V;
  template <class U>
  using With = U;
};
template <class T, int N>
struct LaneTraits<Simd<T, N>> {
  using Value = T;
  template <class U>
  using With = Simd<U, N>;
};

/// The element type of a number or a Simd.
template <class V>
using ValueOf = typename LaneTraits<V>::Value;

/// Lanes of unsigned integers as wide as the lanes of V.
template <class V>
using BitsOf = typename LaneTraits<V>::template With<
    std::make_unsigned_t<ctgrad::detail::SignedOfSize<static_cast<int>(sizeof(ValueOf<V>))>>>;

template <class V>
inline constexpr bool is_single = std::is_same_v<ValueOf<V>, float>;

/// The binary format of float and double. (std::numeric_limits has host functions.)
template <class T>
struct FloatFormat;
template <>
struct FloatFormat<float> {
  using Word = std::uint32_t;
  static constexpr int mantissa_bits = 23;
  static constexpr int exponent_bias = 127;
  static constexpr Word sign_bit = 0x80000000u;
  static constexpr float smallest_normal = 0x1p-126f;
  static constexpr float infinity = __builtin_huge_valf();
  static constexpr float not_a_number = __builtin_nanf("");
};
template <>
struct FloatFormat<double> {
  using Word = std::uint64_t;
  static constexpr int mantissa_bits = 52;
  static constexpr int exponent_bias = 1023;
  static constexpr Word sign_bit = 0x8000000000000000u;
  static constexpr double smallest_normal = 0x1p-1022;
  static constexpr double infinity = __builtin_huge_val();
  static constexpr double not_a_number = __builtin_nan("");
};

template <class V>
CTGRAD_FUNCTION BitsOf<V> to_bits(V x) {
  if constexpr (std::is_arithmetic_v<V>) {
    return __builtin_bit_cast(BitsOf<V>, x);
  } else {
    return bit_cast_lanes<ValueOf<BitsOf<V>>>(x);
  }
}

template <class V>
CTGRAD_FUNCTION V from_bits(BitsOf<V> bits) {
  if constexpr (std::is_arithmetic_v<V>) {
    return __builtin_bit_cast(V, bits);
  } else {
    return bit_cast_lanes<ValueOf<V>>(bits);
  }
}

/// static_cast<U>, lane by lane.
template <class U, class V>
CTGRAD_FUNCTION auto convert_lanes(V x) {
  if constexpr (std::is_arithmetic_v<V>) {
    return static_cast<U>(x);
  } else {
    return convert<U>(x);
  }
}

/// Whether any lane of a mask is true; a bool is its own answer.
template <class M>
CTGRAD_FUNCTION bool any_lane(M mask) {
  if constexpr (std::is_same_v<M, bool>) {
    return mask;
  } else {
    return any(mask);
  }
}

/// Rounds to the nearest integer, ties to even, for |x| <= 2^22 (float) or 2^51 (double): adding
/// `rounder` puts the integer into the low bits of the sum, subtracting it again gives its value.
template <class V>
inline constexpr ValueOf<V> rounder = static_cast<ValueOf<V>>(is_single<V> ? 0x1.8p23 : 0x1.8p52);

}  // namespace detail

/// mask ? a : b for numbers, so that generic code can say select for both.
template <class T>
requires std::is_arithmetic_v<T> CTGRAD_FUNCTION T select(bool mask, T a, std::type_identity_t<T> b) {
  return mask ? a : b;
}

/// The smaller of two; NaN if either is NaN, as in PyTorch.
template <class T>
requires std::is_arithmetic_v<T> CTGRAD_FUNCTION T minimum(T a, T b) { return b != b ? b : (b < a ? b : a); }

/// The larger of two; NaN if either is NaN, as in PyTorch.
template <class T>
requires std::is_arithmetic_v<T> CTGRAD_FUNCTION T maximum(T a, T b) { return b != b ? b : (b > a ? b : a); }

/// The magnitude; -0 gives 0.
template <class T>
requires std::is_arithmetic_v<T> CTGRAD_FUNCTION T abs(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    return detail::from_bits<T>(detail::to_bits(x) & ~detail::FloatFormat<T>::sign_bit);
  } else if constexpr (std::is_signed_v<T>) {
    return x < 0 ? static_cast<T>(-x) : x;
  } else {
    return x;
  }
}

/// True where x is NaN: a bool, or a mask for a Simd.
template <class V>
CTGRAD_FUNCTION auto is_nan(V x) {
  return x != x;
}

/// The magnitude of `x` with the sign of `sign`.
template <class V>
CTGRAD_FUNCTION V copy_sign(V x, V sign) {
  using Format = detail::FloatFormat<detail::ValueOf<V>>;
  using Bits = detail::BitsOf<V>;
  return detail::from_bits<V>((detail::to_bits(x) & Bits(~Format::sign_bit)) |
                              (detail::to_bits(sign) & Bits(Format::sign_bit)));
}

/// a * b + c: one rounding where the target has the instruction (x86 -mfma, every GPU), two
/// elsewhere. In these files no product that rounds is ever an operand of a plain sum, so that a
/// compiler has no choice what to join, whatever nvcc's -fmad says.
template <class V>
CTGRAD_FUNCTION V fma(V a, std::type_identity_t<V> b, std::type_identity_t<V> c) {
  if constexpr (!std::is_arithmetic_v<V>) {
    return multiply_add(a, b, c);
  } else {
#if defined(__FMA__) || defined(__AVX512F__) || defined(__CUDA_ARCH__)
    if (!__builtin_is_constant_evaluated()) {
      if constexpr (std::is_same_v<V, float>) return __builtin_fmaf(a, b, c);
      if constexpr (std::is_same_v<V, double>) return __builtin_fma(a, b, c);
    }
#endif
    return a * b + c;
  }
}

namespace detail {

/// c[0] + c[1] x + c[2] x^2 + ... by Horner's rule.
template <class V, class... C>
CTGRAD_FUNCTION V polynomial(V x, ValueOf<V> first, C... rest) {
  if constexpr (sizeof...(C) == 0) {
    return V(first);
  } else {
    return fma(polynomial(x, rest...), x, V(first));
  }
}

/// x, but at most `bound`; NaN stays NaN.
template <class V>
CTGRAD_FUNCTION V at_most(V x, ValueOf<V> bound) {
  if constexpr (std::is_arithmetic_v<V>) {
    return bound < x ? bound : x;
  } else {
    return ctgrad::detail::pick<true>(V(bound), x);
  }
}

/// x, but at least `bound`; NaN stays NaN.
template <class V>
CTGRAD_FUNCTION V at_least(V x, ValueOf<V> bound) {
  if constexpr (std::is_arithmetic_v<V>) {
    return bound > x ? bound : x;
  } else {
    return ctgrad::detail::pick<false>(V(bound), x);
  }
}

}  // namespace detail

}  // namespace ctgrad::math
