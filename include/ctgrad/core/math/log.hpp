// SPDX-License-Identifier: BSL-1.0
/// \file
/// log and log1p.
#pragma once

#include "ctgrad/core/math/lanes.hpp"

namespace ctgrad::math {

namespace detail {

/// x = 2^exponent * (1 + fraction), for a normal positive x.
template <class V>
struct LogReduction {
  V exponent, fraction;
};

/// The significand is taken from [2/3, 4/3) for float, where a polynomial in the fraction follows,
/// and from [sqrt(1/2), sqrt(2)) for double, where a series in fraction / (2 + fraction) follows.
template <class V>
CTGRAD_FUNCTION LogReduction<V> reduce_log(V x) {
  using T = ValueOf<V>;
  using Format = FloatFormat<T>;
  using Word = typename Format::Word;
  using Bits = BitsOf<V>;
  constexpr Word one = to_bits(T(1));
  constexpr Word lowest = is_single<V> ? static_cast<Word>(0x3f2aaaab) : static_cast<Word>(0x3fe6a09e667f3bcd);
  constexpr Word exponent_field = ~((Word{1} << Format::mantissa_bits) - 1);
  // exponent + bias in the exponent field; a number with that as its low bits then turns it into a
  // value.
  const Bits shifted = to_bits(x) + Bits(one - lowest);
  const Bits scale = shifted & Bits(exponent_field);
  constexpr T big = static_cast<T>(is_single<V> ? 0x1p23 : 0x1p52);
  LogReduction<V> result;
  result.exponent = from_bits<V>((shifted >> Format::mantissa_bits) | Bits(to_bits(big))) -
                    V(big + static_cast<T>(Format::exponent_bias));
  result.fraction = from_bits<V>(to_bits(x) - scale + Bits(one)) - V(T(1));
  return result;
}

/// exponent * ln 2 + log(1 + fraction).
template <class V>
CTGRAD_FUNCTION V log_of(V exponent, V f) {
  using T = ValueOf<V>;
  if constexpr (is_single<V>) {
    // log(1 + f) = f + f^2 (-1/2 + f P(f)), P minimax on [-1/3, 1/3], relative error 3.8e-8.
    const V p = polynomial(f, -0.5f, 0x1.555528p-2f, -0x1.000b1cp-2f, 0x1.99c33cp-3f, -0x1.515a5cp-3f, 0x1.1f93b2p-3f,
                           -0x1.35b4c4p-3f, 0x1.1b1956p-3f);
    const V tail = fma(f * f, p, exponent * V(0x1.7f7d1cp-20f));
    return fma(exponent, V(0x1.62e4p-1f), f + tail);
  } else {
    // log(1 + f) = 2 atanh(s) = 2 s + s R(s^2) with s = f / (2 + f); 2 s = f - s f, and s f = f^2/2
    // - s f^2/2 keeps the leading terms exact (K. C. Ng's arrangement, 1986). R minimax, relative
    // error 1.3e-18.
    const V half_square = f * f * V(T(0.5));
    const V s = f / (f + V(T(2)));
    const V z = s * s;
    const V p = polynomial(z, 0x1.5555555555593p-1, 0x1.999999997f9fdp-2, 0x1.2492494229dbep-2, 0x1.c71c51d838fbep-3,
                           0x1.7466499679550p-3, 0x1.39a0985e69426p-3, 0x1.2f1160410292ep-3);
    const V tail = fma(s, fma(z, p, half_square), exponent * V(0x1.a39ef35793c76p-33));
    return fma(exponent, V(0x1.62e42feep-1), f - (half_square - tail));
  }
}

}  // namespace detail

/// The natural logarithm. Within 1.5 ulp (float) or 1 ulp (double), subnormal arguments included.
/// log(0) is -infinity, of a negative number NaN, of infinity infinity.
template <class V>
CTGRAD_FUNCTION V log(V x) {
  using T = detail::ValueOf<V>;
  using Format = detail::FloatFormat<T>;
  constexpr T lift = static_cast<T>(detail::is_single<V> ? 0x1p32 : 0x1p64);
  constexpr T lift_exponent = static_cast<T>(detail::is_single<V> ? 32 : 64);
  const auto is_subnormal = x < V(Format::smallest_normal);
  const detail::LogReduction<V> reduced = detail::reduce_log(select(is_subnormal, x * V(lift), x));
  const V exponent = select(is_subnormal, reduced.exponent - V(lift_exponent), reduced.exponent);
  V result = detail::log_of(exponent, reduced.fraction);
  result = select(x < V(Format::infinity), result, x);
  return select(x <= V(T(0)), select(x < V(T(0)), V(Format::not_a_number), V(-Format::infinity)), result);
}

/// log(1 + x). Within 2 ulp (float and double), also where the result is close to 0; keeps -0.
/// log1p(-1) is -infinity, below -1 NaN.
template <class V>
CTGRAD_FUNCTION V log1p(V x) {
  using T = detail::ValueOf<V>;
  using Format = detail::FloatFormat<T>;
  const V one = V(T(1));
  const V u = one + x;
  // What the sum lost, exactly: the smaller term less the part of it that arrived in u.
  const auto x_is_larger = x > one;
  const V lost = select(x_is_larger, one, x) - (u - select(x_is_larger, x, one));
  const detail::LogReduction<V> reduced = detail::reduce_log(u);
  V result = detail::log_of(reduced.exponent, reduced.fraction) + lost / u;
  result = select(x < V(Format::infinity), result, x);
  result = select(x == V(T(0)), x, result);
  return select(x <= V(T(-1)), select(x < V(T(-1)), V(Format::not_a_number), V(-Format::infinity)), result);
}

}  // namespace ctgrad::math
