// SPDX-License-Identifier: BSL-1.0
/// \file
/// Sum of the elements along axes.
#pragma once

#include "ctgrad/ops/operation.hpp"
#include "ctgrad/ops/reduce.hpp"

namespace ctgrad::ops {

/// Attribute: bit i is set when axis i is reduced.
struct Sum : Structured {
  static constexpr std::string_view name = "sum";
  static constexpr OpKind kind = OpKind::reduction;
  static constexpr int flops = 1;

  /// The result for no elements.
  template <class T>
  CTGRAD_FUNCTION static T identity() {
    return T(0);
  }
  template <class T>
  CTGRAD_FUNCTION static T combine(T a, T b) {
    return a + b;
  }

  template <class V>
  static constexpr V derivative(V t, V, V, unsigned) {
    return t;
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// Sum of the elements along axes.
/// `sum(x)` reduces all axes, `sum(x, axis<0, -1>)` the named ones, which disappear from the
/// shape; with `keepdims` as last argument they stay as 1.
template <Handle X>
constexpr auto sum(const X& x) {
  return detail::reduce<ops::Sum>(x, axis<>);
}
template <Handle X, int... Axes>
constexpr auto sum(const X& x, Axis<Axes...> axes) {
  return detail::reduce<ops::Sum>(x, axes);
}
template <Handle X, int... Axes>
constexpr auto sum(const X& x, Axis<Axes...> axes, KeepDims) {
  return detail::reduce_keep<ops::Sum>(x, axes);
}

}  // namespace ctgrad
