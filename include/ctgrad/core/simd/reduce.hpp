// SPDX-License-Identifier: BSL-1.0
/// \file
/// Sum, minimum and maximum over the lanes of a Simd.
#pragma once

#include "ctgrad/core/simd/arithmetic.hpp"

namespace ctgrad {

namespace detail {

// Functions of the host alone, as `combine` may be one.

/// Folds the lanes with `combine`: lane i with lane i + N/2, then i with i + N/4, and so on. The
/// order is part of the contract: a sum has the same bits on every machine.
template <class T, int N, class Combine>
CTGRAD_ALWAYS_INLINE T reduce_lanes(Simd<T, N> a, Combine combine) {
  if constexpr (N == 1) {
    return a[0];
  } else if constexpr (N * sizeof(T) > 16) {
    return reduce_lanes(combine(low_half(a), high_half(a)), combine);
  } else {
    T lanes[N];
    a.store(lanes);
    for (int width = N / 2; width > 0; width /= 2) {
      for (int i = 0; i < width; ++i) lanes[i] = combine(lanes[i], lanes[i + width]);
    }
    return lanes[0];
  }
}

struct AddLanes {
  template <class V>
  CTGRAD_SIMD_FUNCTION V operator()(V a, V b) const {
    return static_cast<V>(a + b);
  }
};
struct MinimumLanes {
  template <class T, int N>
  CTGRAD_SIMD_FUNCTION Simd<T, N> operator()(Simd<T, N> a, Simd<T, N> b) const {
    return minimum(a, b);
  }
  template <class T>
  CTGRAD_SIMD_FUNCTION T operator()(T a, T b) const {
    return a != a ? a : (a < b ? a : b);
  }
};
struct MaximumLanes {
  template <class T, int N>
  CTGRAD_SIMD_FUNCTION Simd<T, N> operator()(Simd<T, N> a, Simd<T, N> b) const {
    return maximum(a, b);
  }
  template <class T>
  CTGRAD_SIMD_FUNCTION T operator()(T a, T b) const {
    return a != a ? a : (a > b ? a : b);
  }
};

}  // namespace detail

/// The sum of all lanes, added as a tree: lane i with lane i + N/2, then i with i + N/4, and so on.
template <class T, int N>
CTGRAD_ALWAYS_INLINE T reduce_add(Simd<T, N> a) {
  return detail::reduce_lanes(a, detail::AddLanes{});
}

/// The smallest lane; NaN if any lane is NaN.
template <class T, int N>
CTGRAD_ALWAYS_INLINE T reduce_min(Simd<T, N> a) {
  return detail::reduce_lanes(a, detail::MinimumLanes{});
}

/// The largest lane; NaN if any lane is NaN.
template <class T, int N>
CTGRAD_ALWAYS_INLINE T reduce_max(Simd<T, N> a) {
  return detail::reduce_lanes(a, detail::MaximumLanes{});
}

}  // namespace ctgrad
