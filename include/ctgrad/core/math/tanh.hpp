// SPDX-License-Identifier: BSL-1.0
/// \file
/// tanh.
#pragma once

#include "ctgrad/core/math/exp.hpp"

namespace ctgrad::math {

namespace detail {

/// tanh(x) for |x| <= ln 2 / 4: minimax, relative error 5.6e-8 (float) or 4e-18 (double). A plain
/// product, as a sum would turn -0 into 0.
template <class V>
CTGRAD_FUNCTION V tanh_near_zero(V x) {
  const V z = x * x;
  if constexpr (is_single<V>) {
    return x * polynomial(z, 1.0f, -0x1.554feep-2f, 0x1.0c8104p-3f);
  } else {
    return x * polynomial(z, 1.0, -0x1.55555555554bcp-2, 0x1.11111110e0a1ap-3, -0x1.ba1ba116d1d7cp-5,
                          0x1.664ec9da92c10p-6, -0x1.223c73e67ad58p-7, 0x1.c383ad0afcc60p-9);
  }
}

}  // namespace detail

/// The hyperbolic tangent. Within 3 ulp (float and double). Odd, tanh(-0) is -0; +-1 from |x| = 10
/// (float) and 22 (double) on, and never beyond.
///
/// With x = n ln 2 / 2 + r, t = tanh(r) and s = 2^-n, the addition theorem tanh(a + b) = (tanh a +
/// tanh b) / (1 + tanh a tanh b) gives (t (1 + s) + (1 - s)) / ((1 + s) + t (1 - s)). Negating x
/// only scales both by powers of two, so the function is odd to the last bit.
template <class V>
CTGRAD_FUNCTION V tanh(V x) {
  using T = detail::ValueOf<V>;
  using Bits = detail::BitsOf<V>;
  constexpr bool single = detail::is_single<V>;
  constexpr T bound = static_cast<T>(single ? 10 : 22);
  // 2 log2(e), and ln 2 / 2 in two parts, the first short enough for its products with n to be
  // exact. Float does without the second: where n is large enough for it to matter, the result
  // hardly depends on r.
  constexpr T two_log2_e = static_cast<T>(0x1.71547652b82fep+1);
  constexpr T half_ln2_high = static_cast<T>(single ? 0x1.62e43p-2 : 0x1.62e42feep-2);
  constexpr T half_ln2_low = static_cast<T>(0x1.a39ef35793c76p-34);
  const V clamped = detail::at_least(detail::at_most(x, bound), -bound);
  const V biased = fma(clamped, V(two_log2_e), V(detail::rounder<V>));
  const V n = biased - V(detail::rounder<V>);
  V r = fma(n, V(-half_ln2_high), clamped);
  if constexpr (!single) r = fma(n, V(-half_ln2_low), r);
  const V t = detail::tanh_near_zero(r);
  const V s = detail::from_bits<V>(Bits(detail::to_bits(T(1))) -
                                   (detail::to_bits(biased) << detail::FloatFormat<T>::mantissa_bits));
  const V sum = s + V(T(1));
  const V difference = s - V(T(1));  // Subtracted below, so that -0 stays -0.
  return fma(t, sum, -difference) / fma(-t, difference, sum);
}

}  // namespace ctgrad::math
