// SPDX-License-Identifier: BSL-1.0
/// \file
/// What the operators of a Simd do not say: fused products, minimum, maximum, abs.
#pragma once

#include "ctgrad/core/simd/mask.hpp"

namespace ctgrad {

namespace detail {

#if (defined(__FMA__) || defined(__AVX512F__)) && !defined(__CUDA_ARCH__)
/// The fused instruction by name. Left to itself, g++ joins a product with a sum wherever it sees
/// one, and where both operands of a sum are products it chooses one, not always the same for lanes
/// as for numbers.
template <class T, int N>
CTGRAD_SIMD_FUNCTION Simd<T, N> multiply_add_register(Simd<T, N> a, Simd<T, N> b, Simd<T, N> c) {
  constexpr int bytes = N * static_cast<int>(sizeof(T));
  [[maybe_unused]] constexpr bool single = std::is_same_v<T, float>;
  using Data = typename Simd<T, N>::Data;
#if defined(__AVX512F__)
  if constexpr (bytes == 64 && single) {
    return Simd<T, N>(Data{__builtin_ia32_vfmaddps512_mask(a.v, b.v, c.v, all_16_lanes, 4)});
  }
  if constexpr (bytes == 64 && !single) {
    return Simd<T, N>(Data{__builtin_ia32_vfmaddpd512_mask(a.v, b.v, c.v, static_cast<unsigned char>(-1), 4)});
  }
#endif
#if defined(__FMA__)
  if constexpr (bytes == 32 && single) return Simd<T, N>(Data{__builtin_ia32_vfmaddps256(a.v, b.v, c.v)});
  if constexpr (bytes == 32 && !single) return Simd<T, N>(Data{__builtin_ia32_vfmaddpd256(a.v, b.v, c.v)});
  if constexpr (bytes == 16 && single) return Simd<T, N>(Data{__builtin_ia32_vfmaddps(a.v, b.v, c.v)});
  if constexpr (bytes == 16 && !single) return Simd<T, N>(Data{__builtin_ia32_vfmaddpd(a.v, b.v, c.v)});
#else
  if constexpr (bytes == 32 || bytes == 16) return a * b + c;
#endif
  if constexpr (bytes < 16) return low_half(multiply_add_register(join(a, a), join(b, b), join(c, c)));
}
#else
template <class T, int N>
CTGRAD_SIMD_FUNCTION Simd<T, N> multiply_add_register(Simd<T, N> a, Simd<T, N> b, Simd<T, N> c) {
  return Simd<T, N>(typename Simd<T, N>::Data{a.v * b.v + c.v});
}
#endif

}  // namespace detail

/// a * b + c lane by lane, with one rounding where the target has such an instruction and two
/// elsewhere.
template <class T, int N>
CTGRAD_SIMD_FUNCTION Simd<T, N> multiply_add(Simd<T, N> a, Simd<T, N> b, Simd<T, N> c) {
  if constexpr (!Simd<T, N>::one_register) {
    return Simd<T, N>(typename Simd<T, N>::Data{multiply_add(a.lo, b.lo, c.lo), multiply_add(a.hi, b.hi, c.hi)});
  } else if constexpr (std::is_floating_point_v<T>) {
    return detail::multiply_add_register(a, b, c);
  } else {
    return a * b + c;
  }
}

namespace detail {

#if defined(__x86_64__) && !defined(__clang__) && !defined(__CUDA_ARCH__)
/// The minimum and maximum instructions by name: the second operand where the comparison fails, NaN
/// included. clang finds them by itself; g++ 12 does not, as it may not assume away NaN and -0.
template <bool Less, class T, int N>
CTGRAD_SIMD_FUNCTION Simd<T, N> pick_register(Simd<T, N> a, Simd<T, N> b) {
  constexpr int bytes = N * static_cast<int>(sizeof(T));
  [[maybe_unused]] constexpr bool single = std::is_same_v<T, float>;
  using Data = typename Simd<T, N>::Data;
#define CTGRAD_SIMD_PICK(function, ...) return Simd<T, N>(Data{function(a.v, b.v __VA_OPT__(, ) __VA_ARGS__)})
#if defined(__AVX512F__)
  if constexpr (bytes == 64) {
    if constexpr (single && Less) CTGRAD_SIMD_PICK(__builtin_ia32_minps512_mask, a.v, all_16_lanes, 4);
    if constexpr (single && !Less) CTGRAD_SIMD_PICK(__builtin_ia32_maxps512_mask, a.v, all_16_lanes, 4);
    if constexpr (!single && Less)
      CTGRAD_SIMD_PICK(__builtin_ia32_minpd512_mask, a.v, static_cast<unsigned char>(-1), 4);
    if constexpr (!single && !Less)
      CTGRAD_SIMD_PICK(__builtin_ia32_maxpd512_mask, a.v, static_cast<unsigned char>(-1), 4);
  }
#endif
#if defined(__AVX__)
  if constexpr (bytes == 32) {
    if constexpr (single && Less) CTGRAD_SIMD_PICK(__builtin_ia32_minps256);
    if constexpr (single && !Less) CTGRAD_SIMD_PICK(__builtin_ia32_maxps256);
    if constexpr (!single && Less) CTGRAD_SIMD_PICK(__builtin_ia32_minpd256);
    if constexpr (!single && !Less) CTGRAD_SIMD_PICK(__builtin_ia32_maxpd256);
  }
#endif
  if constexpr (bytes == 16) {
    if constexpr (single && Less) CTGRAD_SIMD_PICK(__builtin_ia32_minps);
    if constexpr (single && !Less) CTGRAD_SIMD_PICK(__builtin_ia32_maxps);
    if constexpr (!single && Less) CTGRAD_SIMD_PICK(__builtin_ia32_minpd);
    if constexpr (!single && !Less) CTGRAD_SIMD_PICK(__builtin_ia32_maxpd);
  }
#undef CTGRAD_SIMD_PICK
  if constexpr (bytes < 16) return low_half(pick_register<Less>(join(a, a), join(b, b)));
}
#else
template <bool Less, class T, int N>
CTGRAD_SIMD_FUNCTION Simd<T, N> pick_register(Simd<T, N> a, Simd<T, N> b) {
  return Less ? select(a < b, a, b) : select(a > b, a, b);
}
#endif

/// a < b ? a : b, or a > b ? a : b, for every lane.
template <bool Less, class T, int N>
CTGRAD_SIMD_FUNCTION Simd<T, N> pick(Simd<T, N> a, Simd<T, N> b) {
  if constexpr (!Simd<T, N>::one_register) {
    return Simd<T, N>(typename Simd<T, N>::Data{pick<Less>(a.lo, b.lo), pick<Less>(a.hi, b.hi)});
  } else if constexpr (std::is_floating_point_v<T>) {
    return pick_register<Less>(a, b);
  } else {
    return Less ? select(a < b, a, b) : select(a > b, a, b);
  }
}

}  // namespace detail

/// The smaller of each pair; a NaN in either operand is the result, as in PyTorch. Cheapest with a
/// constant as the second operand.
template <class T, int N>
CTGRAD_SIMD_FUNCTION Simd<T, N> minimum(Simd<T, N> a, Simd<T, N> b) {
  // `pick` gives its second operand where either is NaN: right for a, put right for b.
  const Simd<T, N> smaller = detail::pick<true>(b, a);
  if constexpr (std::is_floating_point_v<T>) {
    return select(b != b, b, smaller);
  } else {
    return smaller;
  }
}

/// The larger of each pair; a NaN in either operand is the result, as in PyTorch. Cheapest with a
/// constant as the second operand.
template <class T, int N>
CTGRAD_SIMD_FUNCTION Simd<T, N> maximum(Simd<T, N> a, Simd<T, N> b) {
  const Simd<T, N> larger = detail::pick<false>(b, a);
  if constexpr (std::is_floating_point_v<T>) {
    return select(b != b, b, larger);
  } else {
    return larger;
  }
}

/// The magnitude of every lane; -0 gives 0, the smallest signed integer itself.
template <class T, int N>
CTGRAD_SIMD_FUNCTION Simd<T, N> abs(Simd<T, N> a) {
  if constexpr (std::is_floating_point_v<T>) {
    using Bits = typename Simd<T, N>::Bits;
    using Integer = typename Bits::value_type;
    const Integer all_but_sign = static_cast<Integer>(~std::make_unsigned_t<Integer>{0} >> 1);
    return bit_cast_lanes<T>(bit_cast_lanes<Integer>(a) & Bits(all_but_sign));
  } else if constexpr (std::is_signed_v<T>) {
    return select(a < Simd<T, N>(0), Simd<T, N>(0) - a, a);
  } else {
    return a;
  }
}

}  // namespace ctgrad
