// SPDX-License-Identifier: BSL-1.0
/// \file
/// SimdMask: the truth values of a comparison, and the selection by one.
#pragma once

#include "ctgrad/core/simd/convert.hpp"

namespace ctgrad {

/// N truth values, each a signed integer of `Bytes` bytes that is 0 or -1. It converts by itself to
/// the lane width that a selection needs.
template <int N, int Bytes>
struct SimdMask {
  using Bits = Simd<detail::SignedOfSize<Bytes>, N>;
  static constexpr int size = N;

  Bits bits;

  SimdMask() = default;
  CTGRAD_SIMD_FUNCTION SimdMask(bool value) : bits(static_cast<typename Bits::value_type>(value ? -1 : 0)) {}
  CTGRAD_SIMD_FUNCTION explicit SimdMask(Bits b) : bits(b) {}
  template <class Half>
  CTGRAD_SIMD_FUNCTION SimdMask(Half lo, Half hi) : bits(typename Bits::Data{lo, hi}) {}
  template <int Other>
  requires(Other != Bytes) CTGRAD_SIMD_FUNCTION SimdMask(SimdMask<N, Other> mask)
      : bits(convert<typename Bits::value_type>(mask.bits)) {}

  /// Reads N bytes that are 0 (false) or not (true), as bool arrays are stored.
  CTGRAD_SIMD_FUNCTION static SimdMask load(const std::uint8_t* from) {
    return Simd<std::uint8_t, N>::load(from) != Simd<std::uint8_t, N>(0);
  }
  CTGRAD_SIMD_FUNCTION static SimdMask load(const bool* from) {
    return load(reinterpret_cast<const std::uint8_t*>(from));
  }
  CTGRAD_SIMD_FUNCTION static SimdMask load_partial(const std::uint8_t* from, std::int64_t count, bool fill = false) {
    return Simd<std::uint8_t, N>::load_partial(from, count, fill) != Simd<std::uint8_t, N>(0);
  }
  CTGRAD_SIMD_FUNCTION static SimdMask load_partial(const bool* from, std::int64_t count, bool fill = false) {
    return load_partial(reinterpret_cast<const std::uint8_t*>(from), count, fill);
  }

  /// One byte a lane: 0 or 1.
  CTGRAD_SIMD_FUNCTION Simd<std::uint8_t, N> to_bytes() const {
    return bit_cast_lanes<std::uint8_t>(convert<std::int8_t>(bits)) & Simd<std::uint8_t, N>(1);
  }
  CTGRAD_SIMD_FUNCTION void store(std::uint8_t* to) const { to_bytes().store(to); }
  CTGRAD_SIMD_FUNCTION void store(bool* to) const { store(reinterpret_cast<std::uint8_t*>(to)); }
  CTGRAD_SIMD_FUNCTION void store_partial(std::uint8_t* to, std::int64_t count) const {
    to_bytes().store_partial(to, count);
  }
  CTGRAD_SIMD_FUNCTION void store_partial(bool* to, std::int64_t count) const {
    store_partial(reinterpret_cast<std::uint8_t*>(to), count);
  }

  CTGRAD_SIMD_FUNCTION bool operator[](int i) const { return bits[i] != 0; }
};

/// Both sides are always evaluated. The result has the narrower lanes of the two.
template <int N, int A, int B>
CTGRAD_SIMD_FUNCTION SimdMask<N, (A < B ? A : B)> operator&&(SimdMask<N, A> a, SimdMask<N, B> b) {
  using Result = SimdMask<N, (A < B ? A : B)>;
  return Result(Result(a).bits & Result(b).bits);
}
template <int N, int A, int B>
CTGRAD_SIMD_FUNCTION SimdMask<N, (A < B ? A : B)> operator||(SimdMask<N, A> a, SimdMask<N, B> b) {
  using Result = SimdMask<N, (A < B ? A : B)>;
  return Result(Result(a).bits | Result(b).bits);
}
template <int N, int A>
CTGRAD_SIMD_FUNCTION SimdMask<N, A> operator!(SimdMask<N, A> a) {
  return SimdMask<N, A>(~a.bits);
}

/// Whether any lane is true.
template <int N, int A>
CTGRAD_SIMD_FUNCTION bool any(SimdMask<N, A> a) {
  if constexpr (N * A > 16) {
    using Half = SimdMask<N / 2, A>;
    return any(Half(low_half(a.bits) | high_half(a.bits)));
  } else if constexpr (N * A >= 8) {
    std::uint64_t words[N * A / 8];
    __builtin_memcpy(words, &a.bits.v, sizeof(words));
    std::uint64_t all = 0;
    for (const std::uint64_t word : words) all |= word;
    return all != 0;
  } else {
    bool found = false;
    for (int i = 0; i < N; ++i) found = found || a[i];
    return found;
  }
}

/// Whether every lane is true.
template <int N, int A>
CTGRAD_SIMD_FUNCTION bool all(SimdMask<N, A> a) {
  return !any(!a);
}

/// Lane by lane: where the mask is true the lane of `a`, else that of `b`.
template <int N, int Bytes, class T>
CTGRAD_SIMD_FUNCTION Simd<T, N> select(SimdMask<N, Bytes> mask, Simd<T, N> a, Simd<T, N> b) {
  if constexpr (Bytes != static_cast<int>(sizeof(T))) {
    return select(typename Simd<T, N>::Mask(mask), a, b);
  } else if constexpr (Simd<T, N>::one_register) {
    return Simd<T, N>(typename Simd<T, N>::Data{mask.bits.v ? a.v : b.v});
  } else {
    using Half = SimdMask<N / 2, Bytes>;
    return Simd<T, N>(
        typename Simd<T, N>::Data{select(Half(mask.bits.lo), a.lo, b.lo), select(Half(mask.bits.hi), a.hi, b.hi)});
  }
}
template <int N, int Bytes, class T>
CTGRAD_SIMD_FUNCTION Simd<T, N> select(SimdMask<N, Bytes> mask, Simd<T, N> a, std::type_identity_t<T> b) {
  return select(mask, a, Simd<T, N>(b));
}
template <int N, int Bytes, class T>
CTGRAD_SIMD_FUNCTION Simd<T, N> select(SimdMask<N, Bytes> mask, std::type_identity_t<T> a, Simd<T, N> b) {
  return select(mask, Simd<T, N>(a), b);
}

}  // namespace ctgrad
