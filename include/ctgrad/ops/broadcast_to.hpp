// SPDX-License-Identifier: BSL-1.0
/// \file
/// Stretching of unit and missing axes to a larger shape.
#pragma once

#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

struct BroadcastTo : Structured {
  static constexpr std::string_view name = "broadcast_to";
  static constexpr OpKind kind = OpKind::view;
  static constexpr unsigned linear = 1;

  template <class V>
  static constexpr V adjoint(int, V t, const V (&operand)[3], V) {
    return sum_to(t, operand[0].shape());
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

namespace detail {

template <class From, class To>
inline constexpr bool shape_stretches_to = From::rank <= To::rank&& can_broadcast(From::value, To::value) &&
                                           broadcast(From::value, To::value) == To::value;

}  // namespace detail

/// `x` repeated along unit and missing axes until it has the given shape (NumPy's broadcast_to).
template <Handle X, Extent... Extents>
constexpr auto broadcast_to(const X& x, Shape<Extents...>) {
  static_assert(detail::shape_stretches_to<typename X::shape_type, Shape<Extents...>>,
                "ctgrad: broadcast_to needs a target shape that the operand's shape stretches to");
  return ctgrad_apply(OpCall<ops::BroadcastTo, 0, Shape<Extents...>>{}, x);
}

}  // namespace ctgrad
