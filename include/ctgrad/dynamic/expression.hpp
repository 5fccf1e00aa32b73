// SPDX-License-Identifier: BSL-1.0
/// \file
/// Elementwise operations on tensors that have not been computed yet, as a type.
#pragma once

#include "ctgrad/dynamic/array.hpp"
#include "ctgrad/kernels/kernel.hpp"

namespace ctgrad {

/// A tensor, a view, an array or an expression of them.
template <class X>
concept EagerHandle = requires {
  typename X::ctgrad_eager;
};

namespace detail {

template <class Indices, class... X>
struct OperandBank;
template <std::size_t... I, class... X>
struct OperandBank<std::index_sequence<I...>, X...> {
  using type = kernels::Bank<kernels::Slot<static_cast<int>(I), X>...>;
};

}  // namespace detail

/// An elementwise operation waiting to be computed: operands by value, tensors among them as views.
/// Assigning it to a tensor runs the whole expression as one loop; until then the tensors it reads
/// must live, and it sees what they hold then. A part that is read again and again is computed
/// again: give it a name, `Tensor h = ...`.
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
  T item() const requires(S::value.size() == 1) {
    T number;
    detail::evaluate_into(*this, TensorView<T, S>(&number, extents()));
    return number;
  }
  operator T() const requires(S::rank == 0) { return item(); }
  operator float() const requires(S::rank == 0 && is_half<T>) { return item(); }

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

template <class X>
inline constexpr bool is_expression = false;
template <class Op, class T, class S, class... X>
inline constexpr bool is_expression<Expression<Op, T, S, X...>> = true;

template <class Op, class T, class S, class... X>
Expression<Op, T, S, X...> make_expression(const Lengths<S>& extents, X... operands) {
  return Expression<Op, T, S, X...>(extents, std::move(operands)...);
}

/// The run-time extents of a tensor, array or expression.
template <class X>
Lengths<typename X::shape_type> lengths_of(const X& x) {
  if constexpr (requires { x.lengths(); }) {
    return x.lengths();
  } else {
    return Lengths<typename X::shape_type>(x.extents());
  }
}

}  // namespace detail

}  // namespace ctgrad
