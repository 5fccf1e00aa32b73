// SPDX-License-Identifier: BSL-1.0
/// \file
/// The smallest element along axes; NaN wins.
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
struct Min : Structured {
  static constexpr std::string_view name = "min";
  static constexpr OpKind kind = OpKind::reduction;
  static constexpr int flops = 1;
  static constexpr bool picks_an_element = true;

  /// The result for no elements.
  template <class T>
  CTGRAD_FUNCTION static T identity() {
    return highest<T>;
  }
  /// A constant: the functions of std::numeric_limits are the host's.
  template <class T>
  static constexpr T highest = std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity()
                                                                    : std::numeric_limits<T>::max();
  template <class T>
  CTGRAD_FUNCTION static T combine(T a, T b) {
    return math::minimum(a, b);
  }

  /// Elements that tie for the result share the derivative evenly, as PyTorch's amin does.
  template <class V>
  static constexpr V derivative(V t, V x, V y, unsigned mask) {
    const V hit = cast_like(x == y, x);
    const V count = apply_shaped<Sum>(hit, detail::reduce_shape(hit.shape(), mask, false), mask);
    return hit * (t / apply_shaped<Reshape>(count, detail::reduce_shape(hit.shape(), mask, true)));
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// The smallest element along axes; NaN wins.
/// `min(x)` reduces all axes, `min(x, axis<0, -1>)` the named ones, which disappear from the
/// shape; with `keepdims` as last argument they stay as 1.
template <Handle X>
constexpr auto min(const X& x) {
  return detail::reduce<ops::Min>(x, axis<>);
}
template <Handle X, int... Axes>
constexpr auto min(const X& x, Axis<Axes...> axes) {
  return detail::reduce<ops::Min>(x, axes);
}
template <Handle X, int... Axes>
constexpr auto min(const X& x, Axis<Axes...> axes, KeepDims) {
  return detail::reduce_keep<ops::Min>(x, axes);
}

}  // namespace ctgrad
