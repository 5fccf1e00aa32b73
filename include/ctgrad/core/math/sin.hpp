// SPDX-License-Identifier: BSL-1.0
/// \file
/// sin and cos.
#pragma once

#include "ctgrad/core/math/lanes.hpp"

namespace ctgrad::math {

namespace detail {

/// |x| from which the reduction below runs out of bits.
inline constexpr double sin_reduction_limit = 0x1p20;

/// sin(x + quarter_turns * pi / 2) for doubles |x| < 2^20, with the polynomials' degree chosen by
/// the type asked for. Range reduction after Cody and Waite, 1980: pi / 2 in three parts, of which
/// the products of the first two with the number of quarter turns are exact.
template <class Result, class V>
CTGRAD_FUNCTION V sin_of_double(V x, std::uint64_t quarter_turns) {
  using Bits = BitsOf<V>;
  const V biased = fma(x, V(0x1.45f306dc9c883p-1), V(rounder<V>));
  const V n = biased - V(rounder<V>);
  V r = fma(n, V(-0x1.921fb544p+0), x);
  r = fma(n, V(-0x1.0b4611a6p-34), r);
  r = fma(n, V(-0x1.3198a2e037073p-69), r);
  const V z = r * r;
  V sine, cosine;
  if constexpr (std::is_same_v<Result, float>) {
    sine = polynomial(z, -0x1.5555451f0efe0p-3, 0x1.110737f73985bp-7, -0x1.9942d503ca901p-13);
    cosine = polynomial(z, -0.5, 0x1.55554a0bf2b42p-5, -0x1.6c0c304ebdc7fp-10, 0x1.99eaa3223bbf9p-16);
    cosine = fma(cosine, z, V(1.0));
  } else {
    sine = polynomial(z, -0x1.5555555555548p-3, 0x1.111111110f7bdp-7, -0x1.a01a019bfb693p-13, 0x1.71de35658f2a9p-19,
                      -0x1.ae5e58bc9176fp-26, 0x1.5d8f45aff5495p-33);
    const V tail = polynomial(z, 0x1.555555555554bp-5, -0x1.6c16c16c14f7bp-10, 0x1.a01a019c8217ep-16,
                              -0x1.27e4f7e91f8d9p-22, 0x1.1ee9d68f48bcdp-29, -0x1.8fa3fe5de3c26p-37);
    const V half = z * V(0.5);
    const V near = V(1.0) - half;
    cosine = near + fma(z * z, tail, (V(1.0) - near) - half);
  }
  sine = copy_sign(fma(sine * z, r, r), r);  // The sum alone would turn -0 into 0.
  const Bits turns = to_bits(biased) + Bits(quarter_turns);
  const V result = select((turns & Bits(std::uint64_t{1})) != Bits(std::uint64_t{0}), cosine, sine);
  return from_bits<V>(to_bits(result) ^ ((turns & Bits(std::uint64_t{2})) << 62));
}

/// The C library's function, on a GPU CUDA's, where the reduction does not reach, one lane after the other.
template <bool Cosine, class V>
CTGRAD_FUNCTION V sin_of_large(V x) {
  if constexpr (std::is_same_v<V, float>) {
    return static_cast<float>(Cosine ? __builtin_cos(static_cast<double>(x)) : __builtin_sin(static_cast<double>(x)));
  } else if constexpr (std::is_same_v<V, double>) {
    return Cosine ? __builtin_cos(x) : __builtin_sin(x);
  } else {
    ValueOf<V> lanes[V::size];
    x.store(lanes);
    for (auto& lane : lanes) lane = sin_of_large<Cosine>(lane);
    return V::load(lanes);
  }
}

template <bool Cosine, class V>
CTGRAD_FUNCTION V sin_or_cos(V x) {
  using T = ValueOf<V>;
#if defined(__CUDA_ARCH__)
  if constexpr (std::is_same_v<V, float>) {
    if (!__builtin_is_constant_evaluated()) return Cosine ? __builtin_cosf(x) : __builtin_sinf(x);
  }
#endif
  V result = convert_lanes<T>(sin_of_double<T>(convert_lanes<double>(x), Cosine ? 1 : 0));
  const auto is_large = abs(x) >= V(static_cast<T>(sin_reduction_limit));
  if (any_lane(is_large)) [[unlikely]]
    result = select(is_large, sin_of_large<Cosine>(x), result);
  return result;
}

}  // namespace detail

/// The sine of an angle in radians. Within 1 ulp (float) or 3 ulp (double) for |x| < 2^20; from
/// there on the C library's. Keeps -0; NaN for infinities. float is computed in double.
///
/// On a GPU float is CUDA's sinf, as many GPUs compute doubles at a sixty-fourth of the rate, and |x| >= 2^20 is CUDA's
/// sin: both within 2 ulp by the CUDA programming guide.
template <class V>
CTGRAD_FUNCTION V sin(V x) {
  return detail::sin_or_cos<false>(x);
}

/// The cosine of an angle in radians; accuracy as sin.
template <class V>
CTGRAD_FUNCTION V cos(V x) {
  return detail::sin_or_cos<true>(x);
}

}  // namespace ctgrad::math
