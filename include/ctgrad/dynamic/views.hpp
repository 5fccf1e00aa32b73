// SPDX-License-Identifier: BSL-1.0
/// \file
/// reshape, permute, slice and broadcast_to of tensors: other strides on the same elements.
#pragma once

#include "ctgrad/dynamic/evaluate.hpp"
#include "ctgrad/dynamic/known_lengths.hpp"

namespace ctgrad {

namespace detail {

template <class Op, std::int64_t Attribute>
constexpr Node view_node() {
  Node node;
  node.op = opcode<Op>;
  node.attribute = Attribute;
  return node;
}

/// The access of a view of shape To to an array X.
template <class Op, std::int64_t Attribute, class X, class To>
struct ViewAccess {
  static constexpr Access value =
      view_access(view_node<Op, Attribute>(), access_of<typename X::strides_type>(), X::shape_type::value, To::value);
};

/// The run-time strides D of the view, and the elements it skips.
template <class Op, std::int64_t Attribute, class To, class D, class X>
Lengths<D> view_strides(const X& x, const Lengths<To>& extents) {
  if constexpr (std::is_same_v<D, RowMajor<To>>) {
    return row_major(extents);
  } else if constexpr (D::value.is_static()) {
    return {};
  } else {
    Extents<To::rank> strides{};
    for (int axis = 0; axis < To::rank; ++axis) {
      std::int64_t& stride = strides[static_cast<std::size_t>(axis)];
      if constexpr (std::is_same_v<Op, ops::Permute>) {
        stride = x.distances()[ops::Permute::source_axis(Attribute, axis)];
      } else if constexpr (std::is_same_v<Op, ops::Slice>) {
        stride = x.distances()[axis] * (axis == ops::Slice::axis(Attribute) ? ops::Slice::step(Attribute) : 1);
      } else {
        static_assert(std::is_same_v<Op, ops::BroadcastTo>);
        const int own = stretched_axis<typename X::shape_type, To>(axis);
        stride = own < 0 ? 0 : x.distances()[own];
      }
    }
    return Lengths<D>(strides);
  }
}

/// The elements of an array under another shape.
template <class Op, std::int64_t Attribute, class To, class X>
auto view_array(const X& x) {
  using D = typename NormalStrides<To, ViewAccess<Op, Attribute, X, To>>::type;
  const Lengths<To> extents = result_lengths<To>(x.lengths());
  auto storage = x.storage();
  if constexpr (std::is_same_v<Op, ops::Slice>)
    storage.advance(ops::Slice::first(Attribute) * x.distances()[ops::Slice::axis(Attribute)]);
  return Array<typename X::element_type, To, D, decltype(storage)>(std::move(storage), extents,
                                                                   view_strides<Op, Attribute, To, D>(x, extents));
}

}  // namespace detail

/// A view of a tensor or array without copying; an expression is computed first, and what a reshape
/// cannot walk through in one stride is copied.
template <class Op, std::int64_t Attribute, class S, EagerHandle X>
requires(detail::is_shape<S>&& Op::kind == OpKind::view) auto ctgrad_apply(OpCall<Op, Attribute, S>, const X& x) {
  const auto array = detail::materialize(x);
  if constexpr (std::is_same_v<Op, ops::Reshape>) {
    return detail::view_array<Op, Attribute, S>(detail::compact(array));
  } else {
    return detail::view_array<Op, Attribute, S>(array);
  }
}

}  // namespace ctgrad
