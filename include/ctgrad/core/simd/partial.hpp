// SPDX-License-Identifier: BSL-1.0
/// \file
/// Loads and stores of fewer elements than a Simd has lanes.
#pragma once

#include "ctgrad/core/simd/convert.hpp"
#include "ctgrad/core/simd/mask.hpp"

namespace ctgrad {

namespace detail {

/// Whether the target has a masked load and store for one register of N elements of `T`.
template <class T, int N>
inline constexpr bool has_masked_access =
#if defined(__AVX512F__) && !defined(__CUDA_ARCH__)
    (sizeof(T) == 4 || sizeof(T) == 8) && N * sizeof(T) == 64;
#elif defined(__AVX2__) && !defined(__AVX512F__) && !defined(__CUDA_ARCH__)
    (sizeof(T) == 4 || sizeof(T) == 8) && N * sizeof(T) == 32;
#else
    false;
#endif

#if defined(__AVX512F__) && !defined(__CUDA_ARCH__)

/// The first `count` of 16 or 8 bits. The instructions below are the ones for float and double:
/// they move bits.
template <class Word>
CTGRAD_SIMD_FUNCTION Word first_bits(std::int64_t count) {
  return static_cast<Word>((1u << count) - 1);
}
using Floats = VectorOf<float, 16>::type;
using Doubles = VectorOf<double, 8>::type;

template <class T, int N>
CTGRAD_SIMD_FUNCTION Simd<T, N> masked_load(const T* from, std::int64_t count, Simd<T, N> fill) {
  if constexpr (sizeof(T) == 4) {
    const auto bits = first_bits<unsigned short>(count);
    fill.v =
        (decltype(fill.v))__builtin_ia32_loadups512_mask(reinterpret_cast<const float*>(from), (Floats)fill.v, bits);
  } else {
    const auto bits = first_bits<unsigned char>(count);
    fill.v =
        (decltype(fill.v))__builtin_ia32_loadupd512_mask(reinterpret_cast<const double*>(from), (Doubles)fill.v, bits);
  }
  return fill;
}

template <class T, int N>
CTGRAD_SIMD_FUNCTION void masked_store(T* to, std::int64_t count, Simd<T, N> lanes) {
  if constexpr (sizeof(T) == 4) {
    __builtin_ia32_storeups512_mask(reinterpret_cast<float*>(to), (Floats)lanes.v, first_bits<unsigned short>(count));
  } else {
    __builtin_ia32_storeupd512_mask(reinterpret_cast<double*>(to), (Doubles)lanes.v, first_bits<unsigned char>(count));
  }
}

#elif defined(__AVX2__) && !defined(__CUDA_ARCH__)

using Floats = VectorOf<float, 8>::type;
using Doubles = VectorOf<double, 4>::type;
using FloatMask = VectorOf<int, 8>::type;
using DoubleMask = VectorOf<long long, 4>::type;

template <class T, int N>
CTGRAD_SIMD_FUNCTION Simd<T, N> masked_load(const T* from, std::int64_t count, Simd<T, N> fill) {
  using Bits = typename Simd<T, N>::Bits;
  const auto mask = Bits::iota() < Bits(static_cast<typename Bits::value_type>(count));
  Simd<T, N> loaded;
  if constexpr (sizeof(T) == 4) {
    loaded.v =
        (decltype(fill.v))__builtin_ia32_maskloadps256(reinterpret_cast<const Floats*>(from), (FloatMask)mask.bits.v);
  } else {
    loaded.v =
        (decltype(fill.v))__builtin_ia32_maskloadpd256(reinterpret_cast<const Doubles*>(from), (DoubleMask)mask.bits.v);
  }
  return select(mask, loaded, fill);
}

template <class T, int N>
CTGRAD_SIMD_FUNCTION void masked_store(T* to, std::int64_t count, Simd<T, N> lanes) {
  using Bits = typename Simd<T, N>::Bits;
  const auto mask = Bits::iota() < Bits(static_cast<typename Bits::value_type>(count));
  if constexpr (sizeof(T) == 4) {
    __builtin_ia32_maskstoreps256(reinterpret_cast<Floats*>(to), (FloatMask)mask.bits.v, (Floats)lanes.v);
  } else {
    __builtin_ia32_maskstorepd256(reinterpret_cast<Doubles*>(to), (DoubleMask)mask.bits.v, (Doubles)lanes.v);
  }
}

#else

template <class T, int N>
Simd<T, N> masked_load(const T* from, std::int64_t count, Simd<T, N> fill);
template <class T, int N>
void masked_store(T* to, std::int64_t count, Simd<T, N> lanes);

#endif

/// `count` less `offset`, but from 0 to `most`.
CTGRAD_SIMD_FUNCTION std::int64_t clamped_count(std::int64_t count, std::int64_t offset, std::int64_t most) {
  const std::int64_t left = count - offset;
  return left < 0 ? 0 : (left > most ? most : left);
}

}  // namespace detail

template <class T, int N>
CTGRAD_SIMD_FUNCTION Simd<T, N> Simd<T, N>::load_partial(const T* from, std::int64_t count, T fill) {
  if constexpr (detail::has_masked_access<T, N>) {
    return detail::masked_load(from, count, Simd(fill));
  } else if constexpr (one_register) {
    T lanes[N];
    Simd(fill).store(lanes);
    for (std::int64_t i = 0; i < count; ++i) lanes[i] = from[i];
    return load(lanes);
  } else {
    using Half = Simd<T, N / 2>;
    const std::int64_t high = detail::clamped_count(count, N / 2, N / 2);
    return Simd(Data{Half::load_partial(from, detail::clamped_count(count, 0, N / 2), fill),
                     Half::load_partial(high > 0 ? from + N / 2 : from, high, fill)});
  }
}

template <class T, int N>
CTGRAD_SIMD_FUNCTION void Simd<T, N>::store_partial(T* to, std::int64_t count) const {
  if constexpr (detail::has_masked_access<T, N>) {
    detail::masked_store(to, count, *this);
  } else if constexpr (one_register) {
    T lanes[N];
    store(lanes);
    for (std::int64_t i = 0; i < count; ++i) to[i] = lanes[i];
  } else {
    const std::int64_t high = detail::clamped_count(count, N / 2, N / 2);
    this->lo.store_partial(to, detail::clamped_count(count, 0, N / 2));
    this->hi.store_partial(high > 0 ? to + N / 2 : to, high);
  }
}

/// Writes the first `count` lanes (0 to N) and nothing beyond them, in pieces of N/2, N/4, ... lanes. A masked store
/// makes loads of what it leaves out wait for it, as if it wrote that too: those of the next row of a loop in place,
/// say. Loads of the same part, on the other hand, get it from a masked store sooner.
template <class T, int N>
CTGRAD_SIMD_FUNCTION void store_pieces(Simd<T, N> lanes, T* to, std::int64_t count) {
  if (count == N) return lanes.store(to);
  if constexpr (N > 1) {
    constexpr int half = N / 2;
    const bool whole = count >= half;
    if (whole) low_half(lanes).store(to);
    store_pieces(whole ? high_half(lanes) : low_half(lanes), whole ? to + half : to, whole ? count - half : count);
  }
}

}  // namespace ctgrad
