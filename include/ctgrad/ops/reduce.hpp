// SPDX-License-Identifier: BSL-1.0
/// \file
/// What the reductions share: the check of the axes and the shape rule.
#pragma once

#include "ctgrad/ops/cast.hpp"
#include "ctgrad/ops/operation.hpp"
#include "ctgrad/ops/reshape.hpp"

namespace ctgrad::detail {

template <class Shape, unsigned Mask, bool Keep>
struct ReducedShape {
  static constexpr ShapeValue value = reduce_shape(Shape::value, Mask, Keep);
};

template <class Op, class X, int... Axes>
constexpr auto reduce(const X& x, Axis<Axes...>) {
  using S = typename X::shape_type;
  static_assert(axes_exist<S::rank, Axes...>, "ctgrad: a reduced axis does not exist; axes run from -rank to rank - 1");
  static_assert(elements_are_numbers<typename X::element_type>,
                "ctgrad: booleans have no sum, max or min; count them with sum(cast<std::int64_t>(x))");
  constexpr unsigned mask = axes_mask<S::rank, Axes...>;
  using Result = shape_from<ReducedShape<S, mask, false>>;
  using Call = OpCall<Op, mask, Result>;
  constexpr bool one_element_each = Result::value.is_static() && S::value.is_static() &&
                                    Result::value.size() == S::value.size() && S::value.size() > 0;
  if constexpr (one_element_each && requires { x.builder; }) {
    return reshape(x, Result{});  // in a graph; an array's result must have memory of its own
  } else if constexpr (is_half<typename X::element_type> && requires { Op::picks_an_element; }) {
    // The operand as it would be stored: the derivative looks for elements equal to the result.
    return ctgrad_apply(Call{}, cast<typename X::element_type>(x));
  } else {
    return ctgrad_apply(Call{}, x);
  }
}

template <class Op, class X, int... Axes>
constexpr auto reduce_keep(const X& x, Axis<Axes...> axes) {
  using S = typename X::shape_type;
  constexpr unsigned mask = axes_mask<S::rank, Axes...>;
  return reshape(reduce<Op>(x, axes), shape_from<ReducedShape<S, mask, true>>{});
}

}  // namespace ctgrad::detail
