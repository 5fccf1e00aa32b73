// SPDX-License-Identifier: BSL-1.0
/// \file
/// pow.
#pragma once

#include "ctgrad/core/math/exp.hpp"
#include "ctgrad/core/math/log.hpp"
#include "ctgrad/core/math/round.hpp"

namespace ctgrad::math {

namespace detail {

/// A double without its last 27 bits: the product of two such is exact, so it does not matter
/// whether the compiler joins it with a sum.
template <class V>
CTGRAD_FUNCTION V shorten(V x) {
  return from_bits<V>(to_bits(x) & BitsOf<V>(0xfffffffff8000000u));
}

/// high + low, the sum of both being the value.
template <class V>
struct TwoPart {
  V high, low;
};

/// a + b in two parts (D. E. Knuth, The Art of Computer Programming 2, 1969).
template <class V>
CTGRAD_FUNCTION TwoPart<V> add_exactly(V a, V b) {
  const V sum = a + b;
  const V b_part = sum - a;
  return {sum, (a - (sum - b_part)) + (b - b_part)};
}

/// log(x) with about 64 bits for a normal positive double: 2 s (1 + g), s = f / (2 + f), g = s^2 /
/// 3 + s^4 / 5 + ..., with the leading terms of s, g and their product in two parts (T. J. Dekker,
/// Numerische Mathematik 18, 1971).
template <class V>
CTGRAD_FUNCTION TwoPart<V> log_in_two_parts(V exponent, V f) {
  constexpr double third_high = 0x1.555555p-2, third_low = 0x1.5555555555555p-28;
  // 2 + f in two parts: its last bit may not fit.
  const V divisor = f + V(2.0);
  const V divisor_lost = f - (divisor - V(2.0));
  const V s = f / divisor;
  const V s_high = shorten(s);
  const V divisor_high = shorten(divisor);
  const V rest = ((f - s_high * divisor_high) - s_high * (divisor - divisor_high)) - s_high * divisor_lost;
  const V s_low = rest / divisor;
  const V z = s_high * s_high;
  const V z_high = shorten(z);
  const V z_low = fma(s + s_high, s_low, z - z_high);
  const V square = z_high + z_low;
  const V series = polynomial(square, 0x1.999999999999ap-3, 0x1.2492492492492p-3, 0x1.c71c71c71c71cp-4,
                              0x1.745d1745d1746p-4, 0x1.3b13b13b13b14p-4, 0x1.1111111111111p-4, 0x1.e1e1e1e1e1e1ep-5,
                              0x1.af286bca1af28p-5, 0x1.8618618618618p-5, 0x1.642c8590b2164p-5, 0x1.47ae147ae147bp-5);
  const V g_high = z_high * V(third_high);
  const V g_low = fma(square * square, series, fma(z_high, V(third_low), z_low * V(1.0 / 3.0)));
  const V g_short = shorten(g_high);
  const V main = s_high * V(2.0);
  const V correction = main * g_short;
  const V remainder = fma(s_low * V(2.0), V(1.0) + (g_high + g_low), main * ((g_high - g_short) + g_low));
  const TwoPart<V> whole = add_exactly(exponent * V(0x1.62e42feep-1), main);
  const TwoPart<V> sum = add_exactly(whole.high, correction);
  return {sum.high, sum.low + (whole.low + fma(exponent, V(0x1.a39ef35793c76p-33), remainder))};
}

/// x^y for normal positive x and |y| <= 2^64, with an error that hardly grows with y log(x).
template <class V>
CTGRAD_FUNCTION V pow_positive(V exponent, V fraction, V y) {
  const TwoPart<V> logarithm = log_in_two_parts(exponent, fraction);
  const V high = shorten(logarithm.high);
  const V y_high = shorten(y);
  const V product = y_high * high;
  const V rest = fma(y, (logarithm.high - high) + logarithm.low, (y - y_high) * high);
  const V sum = product + rest;
  // Beyond exp's bounds the last bits do not matter.
  const V low = select(abs(sum) < V(800.0), rest - (sum - product), V(0.0));
  ExpReduction<V> reduced = reduce_exp(at_least(at_most(sum, 710.0), -746.0));
  reduced.r = reduced.r + low;
  const V p = fma(fma(exp_tail(reduced.r), reduced.r, V(1.0)), reduced.r, V(1.0));
  return scale_exp(p, reduced);
}

}  // namespace detail

/// x to the power y. Within 1 ulp (float, computed in double) or 2 ulp (double). Special cases as
/// C's pow: pow(x, 0) and pow(1, y) are 1 even for NaN, a negative x gives NaN unless y is an
/// integer or x infinite.
///
/// On a GPU float is CUDA's powf, as many GPUs compute doubles at a sixty-fourth of the rate: within 4 ulp by the CUDA
/// programming guide.
template <class V>
CTGRAD_FUNCTION V pow(V x, std::type_identity_t<V> y) {
#if defined(__CUDA_ARCH__)
  if constexpr (std::is_same_v<V, float>) {
    if (!__builtin_is_constant_evaluated()) return __builtin_powf(x, y);
  }
#endif
  using T = detail::ValueOf<V>;
  using Format = detail::FloatFormat<T>;
  constexpr T infinity = Format::infinity;
  const V zero = V(T(0)), one = V(T(1));
  const V magnitude = abs(x);
  V result;
  if constexpr (detail::is_single<V>) {
    const auto wide = detail::convert_lanes<double>(magnitude);
    const auto parts = detail::reduce_log(wide);
    const auto power = detail::convert_lanes<double>(y) * detail::log_of(parts.exponent, parts.fraction);
    using Wide = std::remove_const_t<decltype(wide)>;
    // Beyond +-200 the result leaves the range of float; a double would keep it a little longer.
    result = detail::convert_lanes<T>(exp(Wide(detail::at_least(detail::at_most(power, 200.0), -200.0))));
  } else {
    const auto is_subnormal = magnitude < V(Format::smallest_normal);
    const auto parts = detail::reduce_log(select(is_subnormal, magnitude * V(0x1p64), magnitude));
    const V exponent = select(is_subnormal, parts.exponent - V(64.0), parts.exponent);
    // No logarithm but 0 is below 2^-53, so a larger y would not change the result.
    const V bounded = detail::at_least(detail::at_most(y, 0x1p64), -0x1p64);
    result = detail::pow_positive(exponent, parts.fraction, bounded);
  }
  // 0 and infinity to a power: one is the other's reciprocal.
  const auto y_is_negative = y < zero;
  result = select(magnitude == zero, select(y_is_negative, V(infinity), zero), result);
  result = select(magnitude == V(infinity), select(y_is_negative, zero, V(infinity)), result);
  result = select(is_nan(x) || is_nan(y), V(Format::not_a_number), result);
  // The sign: an odd y keeps it, another integer drops it. Halving an integer shows whether it is
  // odd.
  const V half = y * V(T(0.5));
  const auto y_is_integer = round(y) == y;
  const auto y_is_odd = y_is_integer && (round(half) != half);
  const auto x_is_negative_number = (x < zero) && (magnitude < V(infinity));
  result = select(y_is_odd, copy_sign(result, x), result);
  result = select(x_is_negative_number && !y_is_integer, V(Format::not_a_number), result);
  result = select((x == V(T(-1))) && (abs(y) == V(infinity)), one, result);
  return select((x == one) || (y == zero), one, result);
}

}  // namespace ctgrad::math
