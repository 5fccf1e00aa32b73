// SPDX-License-Identifier: BSL-1.0
/// \file
/// exp of floats with a table of the sixteenth powers of two, and the product with a power of two that exp ends in.
#pragma once

#include "ctgrad/core/math/lanes.hpp"

namespace ctgrad::math::detail {

/// p * 2^n for 1/2 < p <= 2 and a whole n within exp's bounds, rounded once. n stands in the low bits of `biased`.
template <class V>
CTGRAD_FUNCTION V times_power_of_two(V p, BitsOf<V> n) {
  using T = ValueOf<V>;
  using Bits = BitsOf<V>;
  // 2^n alone may be no normal number, so n goes in two halves: the first product is exact, the
  // second overflows to infinity or rounds to a subnormal as it should. Bits of n above the
  // exponent field fall off.
  constexpr int mantissa_bits = FloatFormat<T>::mantissa_bits;
  const Bits one = Bits(to_bits(T(1)));
  const Bits half = (n >> 1) << mantissa_bits;
  const Bits rest = (n << mantissa_bits) - half;
  return p * from_bits<V>(half + one) * from_bits<V>(rest + one);
}

#if defined(__AVX512F__) && !defined(__CUDA_ARCH__)
/// p * 2^floor(n), one instruction, with the same result as times_power_of_two.
template <class V>
CTGRAD_FUNCTION V scale_register(V p, V n) {
  if constexpr (is_single<V>) {
    return V(typename V::Data{__builtin_ia32_scalefps512_mask(p.v, n.v, p.v, ctgrad::detail::all_16_lanes, 4)});
  } else {
    return V(typename V::Data{__builtin_ia32_scalefpd512_mask(p.v, n.v, p.v, static_cast<unsigned char>(-1), 4)});
  }
}
template <class V>
inline constexpr bool has_scale_register = false;
template <class T, int N>
inline constexpr bool has_scale_register<Simd<T, N>> = N * sizeof(T) == 64;
#endif

#if defined(__FMA__) || defined(__AVX512F__) || defined(__CUDA_ARCH__)
/// Whether exp of floats looks powers of two up. Without fused products the last bits differ from those of other
/// targets anyway, and without wide permutations a table does not pay.
inline constexpr bool exp_by_table = true;
#else
inline constexpr bool exp_by_table = false;
#endif

struct SixteenthPowers {
  alignas(64) float at[16];
};
/// 2^(k/16), rounded.
CTGRAD_FUNCTION SixteenthPowers make_sixteenth_powers() {
  return {{0x1p+0f, 0x1.0b5586p+0f, 0x1.172b84p+0f, 0x1.2387a6p+0f, 0x1.306fep+0f, 0x1.3dea64p+0f, 0x1.4bfdaep+0f,
           0x1.5ab07ep+0f, 0x1.6a09e6p+0f, 0x1.7a1148p+0f, 0x1.8ace54p+0f, 0x1.9c4918p+0f, 0x1.ae89fap+0f,
           0x1.c199bep+0f, 0x1.d5818ep+0f, 0x1.ea4afap+0f}};
}
inline constexpr SixteenthPowers sixteenth_powers = make_sixteenth_powers();

/// 2^(k/16) for the k in the last four bits of `index`.
template <class V>
CTGRAD_FUNCTION V look_up_power(BitsOf<V> index) {
  if constexpr (std::is_arithmetic_v<V>) {
#if defined(__CUDA_ARCH__)
    constexpr SixteenthPowers powers = make_sixteenth_powers();
    return powers.at[index & 15];
#else
    return sixteenth_powers.at[index & 15];
#endif
  } else {
#if !defined(__CUDA_ARCH__)
    constexpr int lanes = static_cast<int>(sizeof(V) / sizeof(float));
#if defined(__AVX512F__)
    if constexpr (lanes == 16) {
      using Integers = typename ctgrad::detail::VectorOf<std::int32_t, 16>::type;
      const V powers = V::load(sixteenth_powers.at);
#if defined(__clang__) && !defined(__CUDACC__)
      return V(typename V::Data{__builtin_ia32_permvarsf512(powers.v, (Integers)index.v)});
#else
      return V(typename V::Data{__builtin_ia32_permvarsf512_mask(
          powers.v, (Integers)index.v, powers.v, static_cast<unsigned short>(ctgrad::detail::all_16_lanes))});
#endif
    }
#endif
#if defined(__AVX2__)
    if constexpr (lanes == 8) {
      using Integers = typename ctgrad::detail::VectorOf<std::int32_t, 8>::type;
      using Bits = BitsOf<V>;
      const V low = V::load(sixteenth_powers.at), high = V::load(sixteenth_powers.at + 8);
      const V from_low(typename V::Data{__builtin_ia32_permvarsf256(low.v, (Integers)index.v)});
      const V from_high(typename V::Data{__builtin_ia32_permvarsf256(high.v, (Integers)index.v)});
      return select((index & Bits(8)) == Bits(8), from_high, from_low);
    }
    if constexpr (lanes < 8) return low_half(look_up_power<decltype(join(V(), V()))>(join(index, index)));
#else
    if constexpr (lanes < 16) {
      std::uint32_t from[lanes];
      float to[lanes];
      index.store(from);
      for (int i = 0; i < lanes; ++i) to[i] = sixteenth_powers.at[from[i] & 15];
      return V::load(to);
    }
#endif
#else
    return V();
#endif
  }
}

/// exp_by_sixteenths for what fits a register.
template <class V>
CTGRAD_FUNCTION V exp_by_sixteenths_in_register(V x) {
  // n stands in the low bits of `biased`; n / 16 is that less the rounder.
  constexpr float rounder_of_sixteenths = 0x1.8p19f;
  const V biased = fma(x, V(0x1.715476p+0f), V(rounder_of_sixteenths));
  const V sixteenths = biased - V(rounder_of_sixteenths);
  const V r = fma(sixteenths, V(-0x1.7f7d1cp-20f), fma(sixteenths, V(-0x1.62e4p-1f), x));
  const V power = look_up_power<V>(to_bits(biased));
  // (exp(r) - 1) / r; its part in the relative error of exp(r) is 2e-9.
  const V quotient = polynomial(r, 1.0f, 0x1.000222p-1f, 0x1.555802p-3f);
  const V p = fma(power * r, quotient, power);
#if defined(__AVX512F__) && !defined(__CUDA_ARCH__)
  if constexpr (has_scale_register<V>)
    return scale_register(p, sixteenths);
  else
#endif
    return times_power_of_two(p, to_bits(biased) >> 4);
}

/// exp(x) for floats -104 <= x <= 89. With x = n ln 2 / 16 + r, |r| <= ln 2 / 32 leaves a polynomial of degree 3. The
/// method is that of P. T. P. Tang, Table-driven implementation of the exponential function in IEEE floating-point
/// arithmetic, 1989.
template <class V>
CTGRAD_FUNCTION V exp_by_sixteenths(V x) {
  if constexpr (!std::is_arithmetic_v<V>) {
    if constexpr (!V::one_register)
      return V(typename V::Data{exp_by_sixteenths(x.lo), exp_by_sixteenths(x.hi)});
    else
      return exp_by_sixteenths_in_register(x);
  } else {
    return exp_by_sixteenths_in_register(x);
  }
}

}  // namespace ctgrad::math::detail
