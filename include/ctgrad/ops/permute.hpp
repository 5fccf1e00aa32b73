// SPDX-License-Identifier: BSL-1.0
/// \file
/// The axes in another order.
#pragma once

#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

/// Attribute: four bits for each axis of the result, the axis of the operand it is.
struct Permute : Structured {
  static constexpr std::string_view name = "permute";
  static constexpr OpKind kind = OpKind::view;
  static constexpr unsigned linear = 1;

  static constexpr int source_axis(std::int64_t attribute, int result_axis) {
    return static_cast<int>(attribute >> (4 * result_axis) & 15);
  }
  /// The permutation that undoes another.
  static constexpr std::int64_t inverse(std::int64_t attribute, int rank) {
    std::int64_t result = 0;
    for (int i = 0; i < rank; ++i) result |= static_cast<std::int64_t>(i) << (4 * source_axis(attribute, i));
    return result;
  }
  static constexpr ShapeValue shape(const ShapeValue& x, std::int64_t attribute) {
    ShapeValue result;
    for (int i = 0; i < x.rank; ++i) result.push_back(x[source_axis(attribute, i)]);
    return result;
  }

  template <class V>
  static constexpr V adjoint(int, V t, const V (&operand)[3], V y) {
    return apply_shaped<Permute>(t, operand[0].shape(), inverse(y.node().attribute, operand[0].shape().rank));
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

namespace detail {

template <int Rank, int... Axes>
inline constexpr bool every_axis_stands_once = sizeof...(Axes) == Rank&& axes_exist<Rank, Axes...> &&
                                               (0U | ... | (1U << (normal_axis(Axes, Rank) & 31))) == (1U << Rank) - 1U;

template <int Rank, int... Axes>
inline constexpr std::int64_t permutation = [] {
  std::int64_t attribute = 0;
  int i = 0;
  ((attribute |= static_cast<std::int64_t>(normal_axis(Axes, Rank)) << (4 * i++)), ...);
  return attribute;
}();

template <class S, std::int64_t Attribute>
struct PermutedShape {
  static constexpr ShapeValue value = ops::Permute::shape(S::value, Attribute);
};

/// The order of axes with the last two exchanged.
constexpr std::int64_t swap_last_two(int rank) {
  std::int64_t attribute = 0;
  for (int i = 0; i < rank; ++i) {
    const int source = i == rank - 1 ? rank - 2 : i == rank - 2 ? rank - 1 : i;
    attribute |= static_cast<std::int64_t>(source) << (4 * i);
  }
  return attribute;
}

}  // namespace detail

/// The axes in the given order: axis i of the result is axis `Axes[i]` of `x` (PyTorch's permute).
template <Handle X, int... Axes>
constexpr auto permute(const X& x, Axis<Axes...>) {
  using S = typename X::shape_type;
  static_assert(detail::every_axis_stands_once<S::rank, Axes...>,
                "ctgrad: permute needs every axis of the operand exactly once");
  constexpr std::int64_t attribute = detail::permutation<S::rank, Axes...>;
  return ctgrad_apply(OpCall<ops::Permute, attribute, detail::shape_from<detail::PermutedShape<S, attribute>>>{}, x);
}

/// The last two axes exchanged: the transpose of a matrix, or of each matrix of a batch.
template <Handle X>
constexpr auto transpose(const X& x) {
  using S = typename X::shape_type;
  static_assert(S::rank >= 2, "ctgrad: transpose needs at least two axes; reshape the operand first");
  constexpr std::int64_t attribute = detail::swap_last_two(S::rank);
  return ctgrad_apply(OpCall<ops::Permute, attribute, detail::shape_from<detail::PermutedShape<S, attribute>>>{}, x);
}

}  // namespace ctgrad
