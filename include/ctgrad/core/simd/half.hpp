// SPDX-License-Identifier: BSL-1.0
/// \file
/// Lanes of float from 16-bit numbers and back, with the bits that single numbers give.
#pragma once

#include "ctgrad/core/half.hpp"
#include "ctgrad/core/simd/mask.hpp"

namespace ctgrad {

namespace detail {

/// The patterns of N 16-bit numbers.
template <int N>
using HalfBits = Simd<std::uint16_t, N>;

#if defined(__F16C__) && !defined(__CUDA_ARCH__)
/// True where the target has an instruction for N lanes at least: fewer fill a part of four.
template <int N>
inline constexpr bool has_float16_instruction = Simd<float, N>::one_register;

template <int N>
CTGRAD_SIMD_FUNCTION Simd<float, N> float16_to_floats(HalfBits<N> bits) {
  using Data = typename Simd<float, N>::Data;
  using Eight = typename VectorOf<short, 8>::type;
  if constexpr (N < 4) {
    return low_half(float16_to_floats<2 * N>(join(bits, bits)));
  } else if constexpr (N == 4) {
    const HalfBits<8> both = join(bits, bits);
    return Simd<float, 4>(Data{__builtin_ia32_vcvtph2ps((Eight)both.v)});
  } else if constexpr (N == 8) {
    return Simd<float, 8>(Data{__builtin_ia32_vcvtph2ps256((Eight)bits.v)});
  } else {
#if defined(__AVX512F__)
    using Sixteen = typename VectorOf<short, 16>::type;
    return Simd<float, N>(
        Data{__builtin_ia32_vcvtph2ps512_mask((Sixteen)bits.v, Simd<float, N>(0.0F).v, all_16_lanes, 4)});
#endif
  }
}

template <int N>
CTGRAD_SIMD_FUNCTION HalfBits<N> floats_to_float16(Simd<float, N> x) {
  using Words = typename VectorOf<std::uint16_t, N>::type;
  if constexpr (N < 4) {
    return low_half(floats_to_float16<2 * N>(join(x, x)));
  } else if constexpr (N == 4) {
    using Eight = typename VectorOf<std::uint16_t, 8>::type;
    return low_half(HalfBits<8>(typename HalfBits<8>::Data{(Eight)__builtin_ia32_vcvtps2ph(x.v, 0)}));
  } else if constexpr (N == 8) {
    return HalfBits<8>(typename HalfBits<8>::Data{(Words)__builtin_ia32_vcvtps2ph256(x.v, 0)});
  } else {
#if defined(__AVX512F__)
    using Sixteen = typename VectorOf<short, 16>::type;
    return HalfBits<N>(typename HalfBits<N>::Data{
        (Words)__builtin_ia32_vcvtps2ph512_mask(x.v, 0, Sixteen{}, static_cast<unsigned short>(0xffff))});
#endif
  }
}

#else
template <int N>
inline constexpr bool has_float16_instruction = false;
template <int N>
CTGRAD_SIMD_FUNCTION Simd<float, N> float16_to_floats(HalfBits<N> bits);
template <int N>
CTGRAD_SIMD_FUNCTION HalfBits<N> floats_to_float16(Simd<float, N> x);
#endif

/// 16-bit words as 32-bit ones, of at most one register. g++ 12 takes its own conversion in two halves.
template <int N>
CTGRAD_SIMD_FUNCTION Simd<std::uint32_t, N> widen_words(HalfBits<N> words) {
#if defined(__AVX2__) && defined(__GNUC__) && !defined(__clang__) && !defined(__CUDACC__)
  using Data = typename Simd<std::uint32_t, N>::Data;
  using Result = typename VectorOf<std::uint32_t, N>::type;
  if constexpr (N == 8) {
    return Simd<std::uint32_t, N>(Data{(Result)__builtin_ia32_pmovzxwd256((VectorOf<short, 8>::type)words.v)});
  }
#if defined(__AVX512F__)
  if constexpr (N == 16) {
    return Simd<std::uint32_t, N>(Data{(Result)__builtin_ia32_pmovzxwd512_mask(
        (VectorOf<short, 16>::type)words.v, VectorOf<int, 16>::type{}, all_16_lanes)});
  }
#endif
#endif
  return convert<std::uint32_t>(words);
}

}  // namespace detail

/// The floats that N 16-bit numbers of type H are.
template <class H, int N>
CTGRAD_SIMD_FUNCTION Simd<float, N> widen_lanes(Simd<std::uint16_t, N> bits) {
  static_assert(is_half<H>);
  using Words = Simd<std::uint32_t, N>;
  if constexpr (!Simd<float, N>::one_register) {
    return Simd<float, N>(
        typename Simd<float, N>::Data{widen_lanes<H>(low_half(bits)), widen_lanes<H>(high_half(bits))});
  } else if constexpr (std::is_same_v<H, bfloat16>) {
    return bit_cast_lanes<float>(detail::widen_words(bits) << 16);
  } else if constexpr (detail::has_float16_instruction<N>) {
    return detail::float16_to_floats<N>(bits);
  } else {
    const Words words = detail::widen_words(bits);
    const Words magnitude = (words & Words(0x7fffU)) << 13;
    // The bits of a number with too small an exponent; a product with a power of two puts it right, and does so for
    // subnormals too.
    const Words finite = bit_cast_lanes<std::uint32_t>(bit_cast_lanes<float>(magnitude) * Simd<float, N>(0x1p112F));
    const Words special = magnitude | Words(0x7f800000U) | select(magnitude > Words(0x0f800000U), Words(0x400000U), 0U);
    const Words result = select(magnitude >= Words(0x0f800000U), special, finite);
    return bit_cast_lanes<float>(result | (words & Words(0x8000U)) << 16);
  }
}

/// The nearest 16-bit numbers of type H, as patterns.
template <class H, int N>
CTGRAD_SIMD_FUNCTION Simd<std::uint16_t, N> narrow_lanes(Simd<float, N> x) {
  static_assert(is_half<H>);
  using Words = Simd<std::uint32_t, N>;
  if constexpr (!Simd<float, N>::one_register) {
    return join(narrow_lanes<H>(low_half(x)), narrow_lanes<H>(high_half(x)));
  } else if constexpr (std::is_same_v<H, bfloat16>) {
    const Words bits = bit_cast_lanes<std::uint32_t>(x);
    const Words rounded = (bits + Words(0x7fffU) + ((bits >> 16) & Words(1U))) >> 16;
    const Words quiet = (bits >> 16) | Words(0x40U);
    return convert<std::uint16_t>(select(x != x, quiet, rounded));
  } else if constexpr (detail::has_float16_instruction<N>) {
    return detail::floats_to_float16<N>(x);
  } else {
    const Words bits = bit_cast_lanes<std::uint32_t>(x);
    const Words magnitude = bits & Words(0x7fffffffU);
    const Words normal = (magnitude - Words(0x38000000U) + Words(0xfffU) + ((magnitude >> 13) & Words(1U))) >> 13;
    // Added to 1/2, a number below 2^-14 is rounded to units of 2^-24.
    const Words subnormal =
        bit_cast_lanes<std::uint32_t>(bit_cast_lanes<float>(magnitude) + Simd<float, N>(0.5F)) - Words(0x3f000000U);
    const Words quiet = Words(0x7e00U) | ((magnitude >> 13) & Words(0x1ffU));
    Words result = select(magnitude < Words(0x38800000U), subnormal, normal);
    result = select(magnitude >= Words(0x477ff000U), Words(0x7c00U), result);
    result = select(x != x, quiet, result);
    return convert<std::uint16_t>(result | ((bits >> 16) & Words(0x8000U)));
  }
}

/// Every lane rounded to the nearest number that H holds.
template <class H, int N>
CTGRAD_SIMD_FUNCTION Simd<float, N> round_lanes(Simd<float, N> x) {
  return widen_lanes<H>(narrow_lanes<H>(x));
}

}  // namespace ctgrad
