// SPDX-License-Identifier: BSL-1.0
/// \file
/// Halves, joins, bit casts and conversions of Simds.
#pragma once

#include "ctgrad/core/simd/lanes.hpp"

namespace ctgrad {

namespace detail {

// nvcc's front end does not hand a pack inside __builtin_shufflevector on to the host compiler;
// there memory serves.
template <class T, int N, int Offset, int... I>
CTGRAD_SIMD_FUNCTION Simd<T, N / 2> take_half(Simd<T, N> a, std::integer_sequence<int, I...>) {
#if defined(__CUDACC__)
  Simd<T, N / 2> r;
  __builtin_memcpy(&r.v, reinterpret_cast<const char*>(&a.v) + Offset * sizeof(T), sizeof(r.v));
  return r;
#else
  return Simd<T, N / 2>(typename Simd<T, N / 2>::Data{__builtin_shufflevector(a.v, a.v, (I + Offset)...)});
#endif
}
template <class T, int N, int... I>
CTGRAD_SIMD_FUNCTION Simd<T, 2 * N> concatenate(Simd<T, N> a, Simd<T, N> b, std::integer_sequence<int, I...>) {
#if defined(__CUDACC__)
  Simd<T, 2 * N> r;
  __builtin_memcpy(&r.v, &a.v, sizeof(a.v));
  __builtin_memcpy(reinterpret_cast<char*>(&r.v) + sizeof(a.v), &b.v, sizeof(b.v));
  return r;
#else
  return Simd<T, 2 * N>(typename Simd<T, 2 * N>::Data{__builtin_shufflevector(a.v, b.v, I...)});
#endif
}

}  // namespace detail

/// The first N/2 lanes.
template <class T, int N>
CTGRAD_SIMD_FUNCTION Simd<T, N / 2> low_half(Simd<T, N> a) {
  if constexpr (Simd<T, N>::one_register) {
    return detail::take_half<T, N, 0>(a, std::make_integer_sequence<int, N / 2>{});
  } else {
    return a.lo;
  }
}

/// The last N/2 lanes.
template <class T, int N>
CTGRAD_SIMD_FUNCTION Simd<T, N / 2> high_half(Simd<T, N> a) {
  if constexpr (Simd<T, N>::one_register) {
    return detail::take_half<T, N, N / 2>(a, std::make_integer_sequence<int, N / 2>{});
  } else {
    return a.hi;
  }
}

/// The lanes of `a`, then those of `b`.
template <class T, int N>
CTGRAD_SIMD_FUNCTION Simd<T, 2 * N> join(Simd<T, N> a, Simd<T, N> b) {
  if constexpr (Simd<T, 2 * N>::one_register) {
    return detail::concatenate(a, b, std::make_integer_sequence<int, 2 * N>{});
  } else {
    return Simd<T, 2 * N>(typename Simd<T, 2 * N>::Data{a, b});
  }
}

/// The same bits read as lanes of `U`, which has the size of `T`.
template <class U, class T, int N>
CTGRAD_SIMD_FUNCTION Simd<U, N> bit_cast_lanes(Simd<T, N> a) {
  static_assert(sizeof(U) == sizeof(T), "ctgrad::bit_cast_lanes keeps the size of a lane.");
  if constexpr (Simd<T, N>::one_register) {
    return Simd<U, N>(typename Simd<U, N>::Data{(typename detail::VectorOf<U, N>::type)a.v});
  } else {
    return Simd<U, N>(typename Simd<U, N>::Data{bit_cast_lanes<U>(a.lo), bit_cast_lanes<U>(a.hi)});
  }
}

/// Every lane converted as static_cast<U> does: towards zero from floating point to integer.
template <class U, class T, int N>
CTGRAD_SIMD_FUNCTION Simd<U, N> convert(Simd<T, N> a) {
  if constexpr (std::is_same_v<U, T>) {
    return a;
  } else if constexpr (!Simd<T, N>::one_register || !Simd<U, N>::one_register) {
    return join(convert<U>(low_half(a)), convert<U>(high_half(a)));
  } else if constexpr (std::is_integral_v<T> && std::is_integral_v<U> &&
                       (sizeof(U) > 2 * sizeof(T) || sizeof(T) > 2 * sizeof(U))) {
    // In steps of a factor of two, each of which is one instruction; g++ takes a larger step lane
    // by lane.
    constexpr int middle = sizeof(U) > sizeof(T) ? 2 * static_cast<int>(sizeof(T)) : static_cast<int>(sizeof(T)) / 2;
    using Signed = detail::SignedOfSize<middle>;
    using Middle = std::conditional_t<std::is_signed_v<T>, Signed, std::make_unsigned_t<Signed>>;
    return convert<U>(convert<Middle>(a));
  } else if constexpr (std::is_integral_v<T> && std::is_floating_point_v<U> && sizeof(T) < 4) {
    return convert<U>(convert<std::int32_t>(a));
  } else if constexpr (std::is_floating_point_v<T> && std::is_integral_v<U> && sizeof(U) < 4) {
    return convert<U>(convert<std::int32_t>(a));
  } else {
    using Vector = typename detail::VectorOf<U, N>::type;
#if defined(__CUDA_ARCH__)
    return Simd<U, N>(typename Simd<U, N>::Data{static_cast<Vector>(a.v)});
#else
    return Simd<U, N>(typename Simd<U, N>::Data{__builtin_convertvector(a.v, Vector)});
#endif
  }
}

}  // namespace ctgrad
