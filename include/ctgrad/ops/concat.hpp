// SPDX-License-Identifier: BSL-1.0
/// \file
/// Several operands joined along one axis.
#pragma once

#include "ctgrad/ops/operation.hpp"
#include "ctgrad/ops/slice.hpp"

namespace ctgrad::ops {

/// Two operands joined. Attribute: the axis.
struct Concat : Structured {
  static constexpr std::string_view name = "concat";
  static constexpr unsigned linear = 3;

  template <class V>
  static constexpr V adjoint(int which, V t, const V (&operand)[3], V y) {
    const int axis = static_cast<int>(y.node().attribute);
    const std::int64_t first = which == 0 ? 0 : operand[0].shape()[axis];
    return apply_shaped<Slice>(t, operand[which].shape(), Slice::make(axis, first, 1));
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

namespace detail {

template <class A, class B, int Along>
inline constexpr bool shapes_agree_but_for_axis = [] {
  if (A::rank != B::rank || normal_axis(Along, A::rank) < 0) return false;
  for (int i = 0; i < A::rank; ++i)
    if (i != normal_axis(Along, A::rank) ? A::value[i] != B::value[i] : A::value[i] < 0 || B::value[i] < 0)
      return false;
  return true;
}();

template <class A, class B, int Along>
struct JoinedShape {
  static constexpr ShapeValue value = [] {
    ShapeValue shape = A::value;
    const int along = normal_axis(Along, A::rank);
    shape[along] = A::value[along] + B::value[along];
    return shape;
  }();
};

}  // namespace detail

/// The operands joined along one axis: `concat(axis<0>, a, b, c)`. Their other extents must agree; the
/// joined ones must be known at compile time.
template <int Along, Handle A>
constexpr auto concat(Axis<Along>, const A& a) {
  return a;
}
template <int Along, Handle A, Handle B, Handle... Rest>
constexpr auto concat(Axis<Along> along, const A& a, const B& b, const Rest&... rest) {
  using SA = typename A::shape_type;
  using SB = typename B::shape_type;
  static_assert(detail::shapes_agree_but_for_axis<SA, SB, Along>,
                "ctgrad: concat needs operands whose extents agree on all axes but the joined one, and "
                "that one known at compile time");
  static_assert(detail::element_types_agree<typename A::element_type, typename B::element_type>,
                "ctgrad: concat needs operands of one element type; convert one with cast<T>(x)");
  using S = detail::shape_from<detail::JoinedShape<SA, SB, Along>>;
  return concat(along, ctgrad_apply(OpCall<ops::Concat, detail::normal_axis(Along, SA::rank), S>{}, a, b), rest...);
}

}  // namespace ctgrad
