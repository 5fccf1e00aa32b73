// SPDX-License-Identifier: BSL-1.0
/// \file
/// The position of the largest or smallest element along an axis.
#pragma once

#include "ctgrad/ops/operation.hpp"
#include "ctgrad/ops/reduce.hpp"

namespace ctgrad::ops {

/// Attribute: the axis.
struct ArgMax : Structured {
  static constexpr std::string_view name = "argmax";
  static constexpr int flops = 1;
  static constexpr DType result_type(DType) { return DType::int64; }
};

/// Attribute: the axis.
struct ArgMin : Structured {
  static constexpr std::string_view name = "argmin";
  static constexpr int flops = 1;
  static constexpr DType result_type(DType) { return DType::int64; }
};

}  // namespace ctgrad::ops

namespace ctgrad {

namespace detail {

template <class Op, class X, int A>
constexpr auto arg_reduce(const X& x, Axis<A>) {
  using S = typename X::shape_type;
  static_assert(axes_exist<S::rank, A>,
                "ctgrad: the axis of argmax or argmin does not exist; axes run from -rank to rank - 1");
  constexpr int number = normal_axis(A, S::rank);
  return ctgrad_apply(OpCall<Op, number, shape_from<ReducedShape<S, 1U << number, false>>>{}, x);
}

}  // namespace detail

/// Position of the largest element along one axis, as int64; the first one where several tie. A NaN
/// counts as the largest. The axis disappears from the shape.
template <Handle X, int A>
constexpr auto argmax(const X& x, Axis<A> along) {
  return detail::arg_reduce<ops::ArgMax>(x, along);
}

/// Position of the smallest element along one axis, as int64; the first one where several tie. A NaN
/// counts as the smallest. The axis disappears from the shape.
template <Handle X, int A>
constexpr auto argmin(const X& x, Axis<A> along) {
  return detail::arg_reduce<ops::ArgMin>(x, along);
}

}  // namespace ctgrad
