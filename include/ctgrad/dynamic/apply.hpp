// SPDX-License-Identifier: BSL-1.0
/// \file
/// What the operators and elementwise functions do with tensors: they make expressions.
#pragma once

#include "ctgrad/dynamic/evaluate.hpp"
#include "ctgrad/graph/symbol.hpp"

namespace ctgrad {

namespace detail {

/// The operand of an expression of shape S: a view, a number of type N, or an expression by value.
/// An expression that S repeats is computed first, once.
template <class S, class N, class X>
auto to_operand(const X& x) {
  if constexpr (std::is_arithmetic_v<X>) {
    // A number beside 16-bit elements is a float, as they are in the loop.
    return Number<compute_t<N>>{static_cast<compute_t<N>>(x)};
  } else if constexpr (is_expression<X> && X::shape_type::value.size() == S::value.size()) {
    return x;
  } else {
    return materialize(x);
  }
}

/// Takes the lengths of the axes of S that come from the operand, and checks those that are known.
template <class S, class X>
void gather_lengths(Extents<S::rank>& lengths, const X& x) {
  if constexpr (!std::is_arithmetic_v<X>) {
    using From = typename X::shape_type;
    const Lengths<From> own = lengths_of(x);
    for (int axis = 0; axis < S::rank; ++axis) {
      const int from = stretched_axis<From, S>(axis);
      if (from >= 0) lengths[static_cast<std::size_t>(axis)] = own[from];
    }
  }
}

/// The run-time extents of a result of shape S that its operands stretch to.
template <class S, class... X>
Lengths<S> common_lengths(const X&... x) {
  if constexpr (S::value.is_static()) {
    return {};
  } else {
    Extents<S::rank> numbers{};
    (gather_lengths<S>(numbers, x), ...);
    const Lengths<S> lengths(numbers);
    auto check = [&](const auto& operand) {
      if constexpr (!std::is_arithmetic_v<std::remove_cvref_t<decltype(operand)>>)
        check_stretch(lengths_of(operand), lengths);
    };
    (check(x), ...);
    return lengths;
  }
}

template <class... X>
inline constexpr bool eager_operands = ((EagerHandle<X> || std::is_arithmetic_v<X>)&&...) && (EagerHandle<X> || ...);

}  // namespace detail

/// An elementwise operation on tensors and numbers, to be computed when it is assigned.
template <class Op, std::int64_t Attribute, class... X>
requires(Op::kind == OpKind::elementwise && detail::eager_operands<X...>) auto ctgrad_apply(OpCall<Op, Attribute>,
                                                                                            const X&... x) {
  using S = typename detail::BroadcastAll<detail::operand_shape<X>...>::type;
  detail::check_elementwise<Op, X...>();
  using N = typename detail::ElementwiseNumber<Op, X...>::type;
  if constexpr (std::is_same_v<Op, ops::StopGradient>) {
    // Tensors have no derivatives to stop.
    return detail::to_operand<S, N>(x...);
  } else {
    using T = element_t<detail::elementwise_result<Op, Attribute, N>()>;
    return detail::make_expression<Op, T, S>(detail::common_lengths<S>(x...), detail::to_operand<S, N>(x)...);
  }
}

/// The number of elements along the axes of `Mask`.
template <unsigned Mask, class T, EagerHandle X>
double ctgrad_count(const X& x) {
  double count = 1;
  for (int axis = 0; axis < X::shape_type::rank; ++axis)
    if ((Mask >> axis & 1U) != 0) count *= static_cast<double>(x.extent(axis));
  return count;
}

/// 0, 1, ..., N - 1.
template <class T, int N, EagerHandle X>
auto ctgrad_arange(const X&) {
  auto result = detail::make_owned<T, Shape<N>>({});
  for (int i = 0; i < N; ++i) result.storage().data()[i] = static_cast<T>(i);
  return result;
}

}  // namespace ctgrad
