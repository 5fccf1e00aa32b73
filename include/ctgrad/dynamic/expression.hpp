// SPDX-License-Identifier: BSL-1.0
/// \file
/// Elementwise operations on tensors that have not been computed yet, and the operators that make them.
#pragma once

#include "ctgrad/dynamic/array.hpp"
#include "ctgrad/graph/symbol.hpp"
#include "ctgrad/kernels/kernel.hpp"

namespace ctgrad {

/// A tensor, a view, an array or an expression of them.
template <class X>
concept EagerHandle = requires { typename X::ctgrad_eager; };

namespace detail {

template <class Indices, class... X>
struct OperandBank;
template <std::size_t... I, class... X>
struct OperandBank<std::index_sequence<I...>, X...> {
  using type = kernels::Bank<kernels::Slot<static_cast<int>(I), X>...>;
};

}  // namespace detail

/// An elementwise operation waiting to be computed: operands by value, tensors among them as views. Assigning it to a
/// tensor runs the whole expression as one loop; until then the tensors it reads must live, and it sees what they
/// hold then. A part that is read again and again is computed again: give it a name, `Tensor h = ...`.
template <class Op, class T, class S, class... X>
class Expression {
  using Bank = typename detail::OperandBank<std::index_sequence_for<X...>, X...>::type;

public:
  using ctgrad_handle = Expression;
  using ctgrad_eager = void;
  using ctgrad_expression = void;
  using element_type = T;
  using shape_type = S;
  static constexpr int rank = S::rank;

  explicit Expression(const detail::Lengths<S>& extents, X... operands)
      : operands_{{std::move(operands)}...}, extents_(extents) {}

  Extents<rank> extents() const { return extents_.array(); }
  std::int64_t extent(int axis) const { return extents_[axis]; }
  std::int64_t size() const { return detail::size_of(extents_); }

  /// Computes the number, for an expression of one element.
  T item() const
    requires(S::value.size() == 1)
  {
    T number;
    detail::evaluate_into(*this, TensorView<T, Shape<1>>(&number));
    return number;
  }
  operator T() const
    requires(S::rank == 0)
  {
    return item();
  }

  /// Computes the elements into `to`, whose shape this one stretches to.
  template <class U, class To>
  void ctgrad_evaluate(TensorView<U, To> to) const {
    detail::evaluate_into(*this, to);
  }

  template <int I>
  const auto& operand() const {
    return kernels::get<I>(operands_);
  }
  const detail::Lengths<S>& lengths() const { return extents_; }

private:
  Bank operands_;
  [[no_unique_address]] detail::Lengths<S> extents_;
};

namespace detail {

// Written in evaluate.hpp: the elements of a handle, computed now if they are not in memory yet.
template <class X>
auto materialize(const X& x);

template <class X>
inline constexpr bool is_expression = false;
template <class Op, class T, class S, class... X>
inline constexpr bool is_expression<Expression<Op, T, S, X...>> = true;

/// The run-time extents of a tensor or view.
template <class X>
Lengths<typename X::shape_type> lengths_of(const X& x) {
  if constexpr (requires { x.lengths(); }) {
    return x.lengths();
  } else {
    return Lengths<typename X::shape_type>(x.extents());
  }
}

/// The operand of an expression of shape S: a view, a number of type N, or an expression by value. An expression that
/// S repeats is computed first, once.
template <class S, class N, class X>
auto to_operand(const X& x) {
  if constexpr (std::is_arithmetic_v<X>) {
    return Number<N>{static_cast<N>(x)};
  } else if constexpr (is_expression<X> && X::shape_type::value.size() != S::value.size()) {
    return materialize(x);
  } else if constexpr (is_expression<X> || is_array<X>) {
    return x;
  } else {
    using Extent = typename X::shape_type;
    using T = typename X::element_type;
    const Lengths<Extent> extents = lengths_of(x);
    return BorrowedArray<T, Extent>(Borrowed<T>(x.data()), extents, row_major(extents));
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
inline constexpr bool eager_operands = ((EagerHandle<X> || std::is_arithmetic_v<X>) && ...) && (EagerHandle<X> || ...);

template <class Op, class T, class S, class... X>
Expression<Op, T, S, X...> make_expression(const Lengths<S>& extents, X... operands) {
  return Expression<Op, T, S, X...>(extents, std::move(operands)...);
}

}  // namespace detail

/// An elementwise operation on tensors and numbers, to be computed when it is assigned.
template <class Op, std::int64_t Attribute, class... X>
  requires(Op::kind == OpKind::elementwise && detail::eager_operands<X...>)
auto ctgrad_apply(OpCall<Op, Attribute>, const X&... x) {
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
