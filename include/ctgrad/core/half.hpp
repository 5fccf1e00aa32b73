// SPDX-License-Identifier: BSL-1.0
/// \file
/// The 16-bit floating-point types as elements in memory: bfloat16 and float16.
///
/// Arithmetic on them is arithmetic on float: they convert to float by themselves, exactly, and back by rounding to
/// nearest, ties to even. Every other number is converted to float first, as PyTorch does. Overflow gives infinity,
/// subnormals are kept, a NaN stays one. Layout and bits are those of __nv_bfloat16 and __half, so that a pointer to
/// one is, reinterpreted, a pointer to the other.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include "ctgrad/core/config.hpp"

namespace ctgrad {

namespace detail {

/// The upper half of a float: 8 bits of exponent, 7 of mantissa. A NaN becomes a quiet one.
struct Bfloat16Format {
  CTGRAD_FUNCTION static std::uint16_t from_float(float value) {
    const auto bits = __builtin_bit_cast(std::uint32_t, value);
    if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<std::uint16_t>(bits >> 16 | 0x40U);
    return static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
  }
  CTGRAD_FUNCTION static float to_float(std::uint16_t bits) {
    return __builtin_bit_cast(float, static_cast<std::uint32_t>(bits) << 16);
  }
};

/// IEEE 754 binary16: 5 bits of exponent, 10 of mantissa. Both ways a NaN becomes a quiet one.
struct Float16Format {
  CTGRAD_FUNCTION static std::uint16_t from_float(float value) {
#if defined(__CUDA_ARCH__)
    if (!__builtin_is_constant_evaluated()) {
      std::uint16_t rounded;
      asm("cvt.rn.f16.f32 %0, %1;" : "=h"(rounded) : "f"(value));
      return rounded;
    }
#endif
    const auto bits = __builtin_bit_cast(std::uint32_t, value);
    const std::uint32_t sign = bits >> 16 & 0x8000U;
    const std::uint32_t magnitude = bits & 0x7fffffffU;
    std::uint32_t result = 0;
    if (magnitude > 0x7f800000U) {
      result = 0x7e00U | (magnitude >> 13 & 0x1ffU);
    } else if (magnitude >= 0x477ff000U) {  // 65520 lies half-way between the largest number and the next
      result = 0x7c00U;
    } else if (magnitude >= 0x38800000U) {
      // From 2^-14 on: the exponent loses the difference of the biases, the mantissa 13 bits.
      result = (magnitude - 0x38000000U + 0xfffU + (magnitude >> 13 & 1U)) >> 13;
    } else if (magnitude > 0x33000000U) {
      // Above half of the smallest subnormal, 2^-25: so many units of 2^-24.
      const std::uint32_t mantissa = (magnitude & 0x7fffffU) | 0x800000U;
      const std::uint32_t shift = 126U - (magnitude >> 23);
      result = (mantissa + (1U << (shift - 1)) - 1U + (mantissa >> shift & 1U)) >> shift;
    }
    return static_cast<std::uint16_t>(sign | result);
  }
  CTGRAD_FUNCTION static float to_float(std::uint16_t bits) {
#if defined(__CUDA_ARCH__)
    if (!__builtin_is_constant_evaluated()) {
      float exact;
      asm("cvt.f32.f16 %0, %1;" : "=f"(exact) : "h"(bits));
      return exact;
    }
#endif
    const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
    const std::uint32_t exponent = bits >> 10 & 0x1fU;
    const std::uint32_t mantissa = bits & 0x3ffU;
    std::uint32_t result = 0;
    if (exponent == 0x1f) {
      result = 0x7f800000U | (mantissa != 0 ? 0x400000U | mantissa << 13 : 0U);
    } else if (exponent != 0) {
      result = (exponent + 112U) << 23 | mantissa << 13;
    } else {
      result = __builtin_bit_cast(std::uint32_t, static_cast<float>(mantissa) * 0x1p-24F);
    }
    return __builtin_bit_cast(float, sign | result);
  }
};

}  // namespace detail

/// A float with 8 bits of mantissa (7 of them stored) and the range of a float: numbers up to 3.4e38, 2 to 3 digits.
struct bfloat16 {
  /// The number as it lies in memory.
  std::uint16_t bits;

  bfloat16() = default;
  /// The nearest bfloat16; of two, the one whose last bit is 0.
  template <class N>
  requires std::is_arithmetic_v<N> CTGRAD_FUNCTION bfloat16(N value)
      : bits(detail::Bfloat16Format::from_float(static_cast<float>(value))) {}
  CTGRAD_FUNCTION static bfloat16 from_bits(std::uint16_t bits) {
    bfloat16 result{};
    result.bits = bits;
    return result;
  }
  CTGRAD_FUNCTION operator float() const { return detail::Bfloat16Format::to_float(bits); }

  CTGRAD_FUNCTION bfloat16& operator+=(float x) { return *this = *this + x; }
  CTGRAD_FUNCTION bfloat16& operator-=(float x) { return *this = *this - x; }
  CTGRAD_FUNCTION bfloat16& operator*=(float x) { return *this = *this * x; }
  CTGRAD_FUNCTION bfloat16& operator/=(float x) { return *this = *this / x; }
};

/// IEEE 754 binary16, with 11 bits of mantissa (10 of them stored): numbers up to 65504, 3 to 4 digits; the smallest
/// with all digits is 2^-14, the smallest at all 2^-24.
struct float16 {
  /// The number as it lies in memory.
  std::uint16_t bits;

  float16() = default;
  /// The nearest float16; of two, the one whose last bit is 0. From 65520 on it is infinity.
  template <class N>
  requires std::is_arithmetic_v<N> CTGRAD_FUNCTION float16(N value)
      : bits(detail::Float16Format::from_float(static_cast<float>(value))) {}
  CTGRAD_FUNCTION static float16 from_bits(std::uint16_t bits) {
    float16 result{};
    result.bits = bits;
    return result;
  }
  CTGRAD_FUNCTION operator float() const { return detail::Float16Format::to_float(bits); }

  CTGRAD_FUNCTION float16& operator+=(float x) { return *this = *this + x; }
  CTGRAD_FUNCTION float16& operator-=(float x) { return *this = *this - x; }
  CTGRAD_FUNCTION float16& operator*=(float x) { return *this = *this * x; }
  CTGRAD_FUNCTION float16& operator/=(float x) { return *this = *this / x; }
};

static_assert(sizeof(bfloat16) == 2 && alignof(bfloat16) == 2 && std::is_trivially_copyable_v<bfloat16>);
static_assert(sizeof(float16) == 2 && alignof(float16) == 2 && std::is_trivially_copyable_v<float16>);

/// True for the types that are stored in 16 bits and computed with as float.
template <class T>
inline constexpr bool is_half = std::is_same_v<T, bfloat16> || std::is_same_v<T, float16>;

/// True for the element types that have derivatives: float, double, bfloat16 and float16.
template <class T>
inline constexpr bool is_floating_element = std::is_floating_point_v<T> || is_half<T>;

/// The type that arithmetic on elements of type T is done in: float for the 16-bit types, else T.
template <class T>
using compute_t = std::conditional_t<is_half<T>, float, T>;

}  // namespace ctgrad

namespace ctgrad::detail {

/// What std::numeric_limits says of a 16-bit type of `Digits` bits of mantissa and exponents up to `MaxExponent`.
template <class H, int Digits, int MaxExponent>
struct HalfLimits : std::numeric_limits<float> {
  static constexpr int digits = Digits;
  static constexpr int digits10 = (Digits - 1) * 30103 / 100000;
  static constexpr int max_digits10 = Digits * 30103 / 100000 + 2;
  static constexpr int max_exponent = MaxExponent;
  static constexpr int min_exponent = 3 - MaxExponent;
  static constexpr int max_exponent10 = MaxExponent * 30103 / 100000;
  static constexpr int min_exponent10 = -((MaxExponent - 2) * 30103 / 100000);
  static constexpr std::uint16_t exponent_bits = static_cast<std::uint16_t>(0x7fffU >> (Digits - 1) << (Digits - 1));

  static constexpr H min() { return H::from_bits(1U << (Digits - 1)); }
  static constexpr H max() { return H::from_bits(exponent_bits - 1U); }
  static constexpr H lowest() { return H::from_bits(0x8000U | (exponent_bits - 1U)); }
  static constexpr H epsilon() { return power_of_two(1 - Digits); }
  static constexpr H round_error() { return power_of_two(-1); }
  static constexpr H infinity() { return H::from_bits(exponent_bits); }
  static constexpr H quiet_NaN() { return H::from_bits(exponent_bits | 1U << (Digits - 2)); }
  static constexpr H signaling_NaN() { return H::from_bits(exponent_bits | 1U); }
  static constexpr H denorm_min() { return H::from_bits(1); }

private:
  static constexpr H power_of_two(int exponent) {
    return H::from_bits(static_cast<std::uint16_t>((exponent + MaxExponent - 1) << (Digits - 1)));
  }
};

}  // namespace ctgrad::detail

template <>
struct std::numeric_limits<ctgrad::bfloat16> : ctgrad::detail::HalfLimits<ctgrad::bfloat16, 8, 128> {};
template <>
struct std::numeric_limits<ctgrad::float16> : ctgrad::detail::HalfLimits<ctgrad::float16, 11, 16> {};
