// SPDX-License-Identifier: BSL-1.0
/// \file
/// A range of one axis, and its opposite, padding with zeros.
#pragma once

#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

/// Attribute: the axis in bits 0..3, the step in bits 4..23, the first index in bits 24..63.
struct SliceAttribute {
  static constexpr std::int64_t make(int axis, std::int64_t first, std::int64_t step) {
    return first << 24 | step << 4 | axis;
  }
  static constexpr int axis(std::int64_t attribute) { return static_cast<int>(attribute & 15); }
  static constexpr std::int64_t step(std::int64_t attribute) { return attribute >> 4 & 0xfffff; }
  static constexpr std::int64_t first(std::int64_t attribute) { return attribute >> 24; }
};

/// Zeros, with the operand at every `step`-th place of one axis from `first` on.
struct Pad : Structured, SliceAttribute {
  static constexpr std::string_view name = "pad";
  static constexpr unsigned linear = 1;

  template <class V>
  static constexpr V adjoint(int, V t, const V (&operand)[3], V y);
};

struct Slice : Structured, SliceAttribute {
  static constexpr std::string_view name = "slice";
  static constexpr OpKind kind = OpKind::view;
  static constexpr unsigned linear = 1;

  template <class V>
  static constexpr V adjoint(int, V t, const V (&operand)[3], V y) {
    return apply_shaped<Pad>(t, operand[0].shape(), y.node().attribute);
  }
};

template <class V>
constexpr V Pad::adjoint(int, V t, const V (&operand)[3], V y) {
  return apply_shaped<Slice>(t, operand[0].shape(), y.node().attribute);
}

}  // namespace ctgrad::ops

namespace ctgrad {

namespace detail {

template <class S, int A, std::int64_t First, std::int64_t Last, std::int64_t Step>
struct SlicedShape {
  static constexpr ShapeValue value = [] {
    ShapeValue shape = S::value;
    shape[normal_axis(A, S::rank)] = (Last - First + Step - 1) / Step;
    return shape;
  }();
};

template <class S, int A, std::int64_t First, std::int64_t Last, std::int64_t Step>
inline constexpr bool range_lies_in_axis = [] {
  const Extent extent = S::value[normal_axis(A, S::rank)];
  return extent >= 0 && First >= 0 && First <= Last && Last <= extent && Step >= 1 && Step < (1 << 20);
}();

}  // namespace detail

/// The elements First, First + Step, ... before Last along axis A: `slice<1, 0, 10>(x)` is NumPy's
/// `x[:, 0:10]`. The axis must have a length known at compile time.
template <int A, std::int64_t First, std::int64_t Last, std::int64_t Step = 1, Handle X>
constexpr auto slice(const X& x) {
  using S = typename X::shape_type;
  static_assert(detail::axes_exist<S::rank, A>, "ctgrad: slice names an axis that does not exist");
  static_assert(detail::range_lies_in_axis<S, A, First, Last, Step>,
                "ctgrad: slice needs 0 <= First <= Last <= extent and a step >= 1, on an axis whose "
                "length is known at compile time");
  return ctgrad_apply(OpCall<ops::Slice, ops::Slice::make(detail::normal_axis(A, S::rank), First, Step),
                             detail::shape_from<detail::SlicedShape<S, A, First, Last, Step>>>{},
                      x);
}

}  // namespace ctgrad
