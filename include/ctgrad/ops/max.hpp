// SPDX-License-Identifier: BSL-1.0
/// \file
/// The largest element along axes; NaN wins.
#pragma once

#include <limits>
#include "ctgrad/core/math.hpp"
#include "ctgrad/ops/cast.hpp"
#include "ctgrad/ops/compare.hpp"
#include "ctgrad/ops/divide.hpp"
#include "ctgrad/ops/operation.hpp"
#include "ctgrad/ops/reduce.hpp"
#include "ctgrad/ops/sum.hpp"

namespace ctgrad::ops {

/// Attribute: bit i is set when axis i is reduced.
struct Max : Structured {
  static constexpr std::string_view name = "max";
  static constexpr OpKind kind = OpKind::reduction;
  static constexpr int flops = 1;
  static constexpr bool picks_an_element = true;

  /// The result for no elements.
  template <class T>
  CTGRAD_FUNCTION static T identity() {
    return lowest<T>;
  }
  /// A constant: the functions of std::numeric_limits are the host's.
  template <class T>
  static constexpr T lowest = std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                                   : std::numeric_limits<T>::lowest();
  template <class T>
  CTGRAD_FUNCTION static T combine(T a, T b) {
    return math::maximum(a, b);
  }

  /// Elements that tie for the result share the derivative evenly, as PyTorch's amax does.
  template <class V>
  static constexpr V derivative(V t, V x, V y, unsigned mask) {
    const V hit = cast_like(x == y, x);
    const V count = apply_shaped<Sum>(hit, detail::reduce_shape(hit.shape(), mask, false), mask);
    return hit * (t / apply_shaped<Reshape>(count, detail::reduce_shape(hit.shape(), mask, true)));
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// The largest element along axes; NaN wins.
/// `max(x)` reduces all axes, `max(x, axis<0, -1>)` the named ones, which disappear from the
/// shape; with `keepdims` as last argument they stay as 1.
template <Handle X>
constexpr auto max(const X& x) {
  return detail::reduce<ops::Max>(x, axis<>);
}
template <Handle X, int... Axes>
constexpr auto max(const X& x, Axis<Axes...> axes) {
  return detail::reduce<ops::Max>(x, axes);
}
template <Handle X, int... Axes>
constexpr auto max(const X& x, Axis<Axes...> axes, KeepDims) {
  return detail::reduce_keep<ops::Max>(x, axes);
}

}  // namespace ctgrad
