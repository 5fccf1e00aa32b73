// SPDX-License-Identifier: BSL-1.0
/// \file
/// The error function.
#pragma once

#include "ctgrad/core/math/exp.hpp"

namespace ctgrad::math {

namespace detail {

/// erf(x) / x as a function of z = x^2, |x| <= 1: minimax, relative error 1.3e-9 (float) or 7.4e-18
/// (double).
template <class V>
CTGRAD_FUNCTION V erf_near_zero(V z) {
  if constexpr (is_single<V>) {
    return polynomial(z, 0x1.20dd74p+0f, -0x1.81273ep-2f, 0x1.ce2cf6p-4f, -0x1.b7f902p-6f, 0x1.54055cp-8f,
                      -0x1.a3f466p-11f, 0x1.4962a8p-14f);
  } else {
    return polynomial(z, 0x1.20dd750429b6dp+0, -0x1.812746b0379bdp-2, 0x1.ce2f21a040d04p-4, -0x1.b82ce311fa4e6p-6,
                      0x1.565bccf92241fp-8, -0x1.c02db03c7d990p-11, 0x1.f9a2ba88541a6p-14, -0x1.f4ca4b72ecf15p-17,
                      0x1.b97fc00085759p-20, -0x1.5c06abd12fd3dp-23, 0x1.d717b0a1e312fp-27, -0x1.aba41ac65f64cp-31);
  }
}

/// exp(x^2) (1 - erf(x)) as a function of (x - 2) / (x + 2), the substitution of M. Shepherd and J.
/// Laframboise (1981), for 1 <= x <= 4 (float) or 6 (double): minimax, error in erf 1.1e-8 (float)
/// or 2.5e-17 (double).
template <class V>
CTGRAD_FUNCTION V erf_scaled_complement(V t) {
  if constexpr (is_single<V>) {
    return polynomial(t, 0x1.058690p-2f, -0x1.b57074p-2f, 0x1.ee898ap-3f, -0x1.4ad50ap-4f, -0x1.3e1662p-9f);
  } else {
    return polynomial(t, 0x1.058671b52c78ep-2, -0x1.b57034efd3e5fp-2, 0x1.eeea7dc89af00p-3, -0x1.437f0b6a33e7ep-4,
                      0x1.e947167642a19p-9, 0x1.ca95f9669e5a9p-8, -0x1.bc24903be6de4p-11, -0x1.0170ac136c09ap-10,
                      0x1.69118d08d9157p-15, 0x1.6d16c497628b8p-13, 0x1.12e41d1b0b4dcp-15, -0x1.8f8513c61ac75p-17);
  }
}

}  // namespace detail

/// 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x. Within 3 ulp (float and double). Odd,
/// keeps -0; +-1 from |x| = 4 (float) and 6 (double) on.
template <class V>
CTGRAD_FUNCTION V erf(V x) {
  using T = detail::ValueOf<V>;
  const V magnitude = detail::at_most(abs(x), static_cast<T>(detail::is_single<V> ? 4 : 6));
  const V z = magnitude * magnitude;
  const V inner = magnitude * detail::erf_near_zero(z);
  const V t = (magnitude - V(T(2))) / (magnitude + V(T(2)));
  // Spelled as in the derivative, so that a compiler computes it once for both. (While it compiles, it would refuse a
  // square that overflows.)
  const V decay = exp(-(__builtin_is_constant_evaluated() ? z : x * x));
  const V outer = fma(-decay, detail::erf_scaled_complement(t), V(T(1)));
  return copy_sign(select(magnitude < V(T(1)), inner, outer), x);
}

}  // namespace ctgrad::math
