// SPDX-License-Identifier: BSL-1.0
/// \file
/// The same elements in the same order under another shape.
#pragma once

#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

struct Reshape : Structured {
  static constexpr std::string_view name = "reshape";
  static constexpr OpKind kind = OpKind::view;
  static constexpr unsigned linear = 1;

  template <class V>
  static constexpr V adjoint(int, V t, const V (&operand)[3], V) {
    return apply_shaped<Reshape>(t, operand[0].shape());
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

namespace detail {

template <class From, class To>
inline constexpr bool shapes_hold_as_many_elements = From::value.size() == To::value.size();

/// Replaces one -1 among the extents by what is left of the size.
template <class From, Extent... Extents>
struct InferredShape {
  static constexpr ShapeValue value = [] {
    Extent known = 1;
    ((known = Extents == -1 ? known : multiply(known, Extents)), ...);
    ShapeValue shape;
    const Extent rest = divides(known, From::value.size()) ? divide(From::value.size(), known) : 0;
    (shape.push_back(Extents == -1 ? rest : Extents), ...);
    return shape;
  }();
};

/// The shape with all axes from `Start` on joined.
template <class From, int Start>
struct FlatShape {
  static constexpr ShapeValue value = [] {
    ShapeValue result;
    for (int a = 0; a < Start; ++a) result.push_back(From::value[a]);
    Extent rest = 1;
    for (int a = Start; a < From::rank; ++a) rest = multiply(rest, From::value[a]);
    result.push_back(rest);
    return result;
  }();
};

}  // namespace detail

/// The elements of `x`, in row-major order, under another shape of as many elements:
/// `reshape(x, shape<2, 3>)`. One extent may be -1: it is then computed from the others.
template <Handle X, Extent... Extents>
constexpr auto reshape(const X& x, Shape<Extents...>) {
  using To = detail::shape_from<detail::InferredShape<typename X::shape_type, Extents...>>;
  static_assert(detail::shapes_hold_as_many_elements<typename X::shape_type, To>,
                "ctgrad: reshape needs a shape with as many elements as the operand has");
  return ctgrad_apply(OpCall<ops::Reshape, 0, To>{}, x);
}

/// All axes from `Start` on joined into one (PyTorch's flatten).
template <int Start = 0, Handle X>
constexpr auto flatten(const X& x) {
  using S = typename X::shape_type;
  static_assert(Start >= 0 && Start < (S::rank > 0 ? S::rank : 1),
                "ctgrad: flatten starts at an axis that does not exist");
  return reshape(x, detail::shape_from<detail::FlatShape<S, Start>>{});
}

}  // namespace ctgrad
