// SPDX-License-Identifier: BSL-1.0
/// \file
/// Product of the elements along axes.
#pragma once

#include "ctgrad/ops/cast.hpp"
#include "ctgrad/ops/compare.hpp"
#include "ctgrad/ops/divide.hpp"
#include "ctgrad/ops/multiply.hpp"
#include "ctgrad/ops/operation.hpp"
#include "ctgrad/ops/reduce.hpp"
#include "ctgrad/ops/sum.hpp"
#include "ctgrad/ops/where.hpp"

namespace ctgrad::ops {

/// Attribute: bit i is set when axis i is reduced.
struct Prod : Structured {
  static constexpr std::string_view name = "prod";
  static constexpr OpKind kind = OpKind::reduction;
  static constexpr int flops = 1;

  /// The result for no elements.
  template <class T>
  CTGRAD_FUNCTION static T identity() {
    return T(1);
  }
  template <class T>
  CTGRAD_FUNCTION static T combine(T a, T b) {
    return a * b;
  }

  /// The product of the other elements is y / x_i, but where x_i is 0. There it is the product of what is not 0, if
  /// that is all the others, else 0.
  template <class V>
  static constexpr V derivative(V t, V x, V y, unsigned mask) {
    const ShapeValue kept = detail::reduce_shape(x.shape(), mask, true);
    const auto reduced = [&]<class Op>(OpCall<Op>, V operand) {
      return apply_shaped<Reshape>(apply_shaped<Op>(operand, detail::reduce_shape(operand.shape(), mask, false), mask),
                                   kept);
    };
    const V zero = x == 0;
    const V zeros = reduced(OpCall<Sum>{}, cast_like(zero, x));
    const V others = reduced(OpCall<Prod>{}, V(where(zero, 1, x)));
    return where(zero, t * where(zeros == 1, others, 0), t * y / x);
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// Product of the elements along axes.
/// `prod(x)` reduces all axes, `prod(x, axis<0, -1>)` the named ones, which disappear from the
/// shape; with `keepdims` as last argument they stay as 1. The derivative holds also where elements are 0. The second
/// one does where at most one of them is: it takes that by two zeros for 0. Neither does where the product overflows.
template <Handle X>
constexpr auto prod(const X& x) {
  return detail::reduce<ops::Prod>(x, axis<>);
}
template <Handle X, int... Axes>
constexpr auto prod(const X& x, Axis<Axes...> axes) {
  return detail::reduce<ops::Prod>(x, axes);
}
template <Handle X, int... Axes>
constexpr auto prod(const X& x, Axis<Axes...> axes, KeepDims) {
  return detail::reduce_keep<ops::Prod>(x, axes);
}

}  // namespace ctgrad
