// SPDX-License-Identifier: BSL-1.0
/// \file
/// exp, expm1 and sigmoid.
#pragma once

#include "ctgrad/core/math/exp_table.hpp"

namespace ctgrad::math {

namespace detail {

/// x = n ln 2 + r with |r| <= ln 2 / 2. `biased` is n + rounder: n stands in its low bits.
template <class V>
struct ExpReduction {
  V biased, n, r;
};

/// The range reduction of W. J. Cody and W. Waite, Software Manual for the Elementary Functions,
/// 1980: ln 2 in two parts, the first short enough for its product with n to be exact.
template <class V>
CTGRAD_FUNCTION ExpReduction<V> reduce_exp(V x) {
  using T = ValueOf<V>;
  constexpr T log2_e = static_cast<T>(0x1.71547652b82fep+0);
  constexpr T ln2_high = static_cast<T>(is_single<V> ? 0x1.62e4p-1 : 0x1.62e42feep-1);
  constexpr T ln2_low = static_cast<T>(is_single<V> ? 0x1.7f7d1cf79abcap-20 : 0x1.a39ef35793c76p-33);
  ExpReduction<V> result;
  result.biased = fma(x, V(log2_e), V(rounder<V>));
  result.n = result.biased - V(rounder<V>);
  result.r = fma(result.n, V(-ln2_low), fma(result.n, V(-ln2_high), x));
  return result;
}

/// (exp(r) - 1 - r) / r^2 for |r| <= ln 2 / 2: a minimax polynomial whose part in the relative
/// error of exp(r) is 3.2e-9 (float) or 3e-17 (double).
template <class V>
CTGRAD_FUNCTION V exp_tail(V r) {
  if constexpr (is_single<V>) {
    return polynomial(r, 0x1.fffffcp-2f, 0x1.55548cp-3f, 0x1.555858p-5f, 0x1.123da8p-7f, 0x1.6ac146p-10f);
  } else {
    return polynomial(r, 0x1.000000000000ap-1, 0x1.555555555550ep-3, 0x1.555555555083dp-5, 0x1.111111112583ap-7,
                      0x1.6c16c1844403ap-10, 0x1.a01a01534f887p-13, 0x1.a019989eb8fd3p-16, 0x1.71de8447ccfeap-19,
                      0x1.28b0149742574p-22, 0x1.aecfa8b8463eep-26);
  }
}

/// p * 2^n for 1/2 < p < 2 and the n of a reduction within exp's bounds, rounded once.
template <class V>
CTGRAD_FUNCTION V scale_exp(V p, const ExpReduction<V>& reduced) {
#if defined(__AVX512F__) && !defined(__CUDA_ARCH__)
  if constexpr (!std::is_arithmetic_v<V>) {
    if constexpr (has_scale_register<V>) {
      return scale_register(p, reduced.n);
    } else if constexpr (!V::one_register) {
      return V(typename V::Data{scale_exp(p.lo, {reduced.biased.lo, reduced.n.lo, reduced.r.lo}),
                                scale_exp(p.hi, {reduced.biased.hi, reduced.n.hi, reduced.r.hi})});
    }
  }
#endif
  return times_power_of_two(p, to_bits(reduced.biased));
}

/// exp(x) for x <= 89 (float) or 710 (double), NaN aside.
template <class V>
CTGRAD_FUNCTION V exp_below_bound(V x) {
  using T = ValueOf<V>;
  // Below it the result is less than half the smallest subnormal.
  constexpr T smallest = static_cast<T>(is_single<V> ? -104.0 : -746.0);
  if constexpr (is_single<V> && exp_by_table) return exp_by_sixteenths(at_least(x, smallest));
  const ExpReduction<V> reduced = reduce_exp(at_least(x, smallest));
  return scale_exp(fma(fma(exp_tail(reduced.r), reduced.r, V(T(1))), reduced.r, V(T(1))), reduced);
}

}  // namespace detail

/// e to the x. Within 1.5 ulp (float and double; below 1 for float where the target has fused products). Overflows to
/// infinity, underflows gradually to 0, NaN gives NaN.
template <class V>
CTGRAD_FUNCTION V exp(V x) {
  using T = detail::ValueOf<V>;
  return detail::exp_below_bound(detail::at_most(x, static_cast<T>(detail::is_single<V> ? 89.0 : 710.0)));
}

/// 1 / (1 + exp(-x)). Within 3 ulp (float and double), also where the result is close to 0.
template <class V>
CTGRAD_FUNCTION V sigmoid(V x) {
  using T = detail::ValueOf<V>;
  // exp of a number <= 0 cannot overflow, and the quotient stays accurate on both sides.
  const V e = detail::exp_below_bound(-abs(x));
  return select(x < V(T(0)), e, V(T(1))) / (e + V(T(1)));
}

/// exp(x) - 1. Within 3 ulp (float and double), also where the result is close to 0; keeps -0.
template <class V>
CTGRAD_FUNCTION V expm1(V x) {
  using T = detail::ValueOf<V>;
  using Format = detail::FloatFormat<T>;
  using Bits = detail::BitsOf<V>;
  constexpr bool single = detail::is_single<V>;
  // Below -40 the result is -1 in both formats.
  const V clamped = detail::at_least(detail::at_most(x, static_cast<T>(single ? 89.0 : 710.0)), T(-40));
  const detail::ExpReduction<V> reduced = detail::reduce_exp(clamped);
  const V q = fma(detail::exp_tail(reduced.r) * reduced.r, reduced.r, reduced.r);
  // 2^(n-1) (q + 1) - 1/2; doubling it overflows only where the result does.
  const V half_power =
      detail::from_bits<V>((detail::to_bits(reduced.biased) << Format::mantissa_bits) + Bits(detail::to_bits(T(0.5))));
  const V half = fma(half_power, q, half_power - V(T(0.5)));
  // Next to 0 the result is x; the product above would cost a subnormal its last bit, and -0 its
  // sign.
  return select(abs(x) < V(static_cast<T>(single ? 1e-12 : 1e-20)), x, half + half);
}

}  // namespace ctgrad::math
