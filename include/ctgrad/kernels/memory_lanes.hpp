// SPDX-License-Identifier: BSL-1.0
/// \file
/// How W elements in memory become the lanes that a kernel computes with, and back.
#pragma once

#include "ctgrad/core/simd.hpp"
#include "ctgrad/tensor/dtype.hpp"

namespace ctgrad::kernels {

/// W elements of a dtype as a kernel computes with them: a number for W = 1, otherwise a register. Elements of 16 bits
/// are floats.
template <DType D, int W>
struct LanesOf {
  using type = Simd<compute_t<element_t<D>>, W>;
};
template <DType D>
struct LanesOf<D, 1> {
  using type = compute_t<element_t<D>>;
};
template <int W>
struct LanesOf<DType::boolean, W> {
  using type = SimdMask<W, 4>;
};
template <>
struct LanesOf<DType::boolean, 1> {
  using type = bool;
};
template <DType D, int W>
using lanes_t = typename LanesOf<D, W>::type;

/// Loads and stores of W > 1 neighbours. The 16-bit types are converted on the way: exactly when they are loaded, to
/// the nearest number when they are stored.
template <DType D, int W, bool = is_half<element_t<D>>>
struct MemoryLanes {
  using T = element_t<D>;
  using Lanes = lanes_t<D, W>;
  CTGRAD_SIMD_FUNCTION static Lanes load(const T* from) { return Lanes::load(from); }
  CTGRAD_SIMD_FUNCTION static Lanes load_partial(const T* from, std::int64_t count) {
    return Lanes::load_partial(from, count);
  }
  CTGRAD_SIMD_FUNCTION static void store(const Lanes& value, T* to) { value.store(to); }
  CTGRAD_SIMD_FUNCTION static void store_partial(const Lanes& value, T* to, std::int64_t count) {
    if constexpr (D == DType::boolean) {
      value.store_partial(to, count);
    } else {
      store_pieces(value, to, count);
    }
  }
  CTGRAD_SIMD_FUNCTION static void stream(const Lanes& value, T* to) { value.stream(to); }
};
template <DType D, int W>
struct MemoryLanes<D, W, true> {
  using T = element_t<D>;
  using Lanes = lanes_t<D, W>;
  using Bits = Simd<std::uint16_t, W>;
  CTGRAD_SIMD_FUNCTION static Lanes load(const T* from) {
    return widen_lanes<T>(Bits::load(reinterpret_cast<const std::uint16_t*>(from)));
  }
  CTGRAD_SIMD_FUNCTION static Lanes load_partial(const T* from, std::int64_t count) {
    return widen_lanes<T>(Bits::load_partial(reinterpret_cast<const std::uint16_t*>(from), count));
  }
  CTGRAD_SIMD_FUNCTION static void store(const Lanes& value, T* to) {
    narrow_lanes<T>(value).store(reinterpret_cast<std::uint16_t*>(to));
  }
  CTGRAD_SIMD_FUNCTION static void store_partial(const Lanes& value, T* to, std::int64_t count) {
    store_pieces(narrow_lanes<T>(value), reinterpret_cast<std::uint16_t*>(to), count);
  }
  CTGRAD_SIMD_FUNCTION static void stream(const Lanes& value, T* to) {
    narrow_lanes<T>(value).stream(reinterpret_cast<std::uint16_t*>(to));
  }
};

}  // namespace ctgrad::kernels
