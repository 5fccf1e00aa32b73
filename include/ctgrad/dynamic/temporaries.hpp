// SPDX-License-Identifier: BSL-1.0
/// \file
/// Refuses expressions that would outlive an unnamed tensor they read.
#pragma once

#include "ctgrad/dynamic/apply.hpp"

namespace ctgrad {

namespace detail {

/// True for the type of a Tensor (not of a reference to one): what a forwarding reference to an
/// unnamed tensor gives.
template <class X>
inline constexpr bool is_tensor = false;
template <class T, class S, class Device>
inline constexpr bool is_tensor<Tensor<T, S, Device>> = true;
template <class X>
inline constexpr bool is_tensor<const X> = is_tensor<X>;

template <class... X>
concept UnnamedTensor = (is_tensor<X> || ...);

template <class... X>
constexpr void refuse_unnamed_tensor() {
  static_assert(!(is_tensor<X> || ...),
                "ctgrad: this expression would read a temporary tensor after it is gone; give the "
                "tensor a name first: "
                "Tensor x = ...");
}

}  // namespace detail

// Each function or operator whose result reads its operands later gets an overload that an unnamed
// tensor prefers. (A sparse matrix is no operand: its product with a vector is computed at once.)
#define CTGRAD_REFUSE_OPERATOR(symbol)                             \
  template <class A, class B>                                      \
  requires detail::UnnamedTensor<A, B> && Operand<A> && Operand<B> \
  constexpr void operator symbol(A&&, B&&) { detail::refuse_unnamed_tensor<A, B>(); }
#define CTGRAD_REFUSE_FUNCTION(name)   \
  template <class... X>                \
  requires detail::UnnamedTensor<X...> \
  constexpr void name(X&&...) { detail::refuse_unnamed_tensor<X...>(); }
CTGRAD_REFUSE_OPERATOR(+)
CTGRAD_REFUSE_OPERATOR(-)
CTGRAD_REFUSE_OPERATOR(*)
CTGRAD_REFUSE_OPERATOR(/)
CTGRAD_REFUSE_OPERATOR(==)
CTGRAD_REFUSE_OPERATOR(!=)
CTGRAD_REFUSE_OPERATOR(<)
CTGRAD_REFUSE_OPERATOR(<=)
CTGRAD_REFUSE_OPERATOR(>)
CTGRAD_REFUSE_OPERATOR(>=)
CTGRAD_REFUSE_OPERATOR(&&)
CTGRAD_REFUSE_OPERATOR(||)
CTGRAD_REFUSE_FUNCTION(abs)
CTGRAD_REFUSE_FUNCTION(broadcast_to)
CTGRAD_REFUSE_FUNCTION(cos)
CTGRAD_REFUSE_FUNCTION(exp)
CTGRAD_REFUSE_FUNCTION(log)
CTGRAD_REFUSE_FUNCTION(log_softmax)
CTGRAD_REFUSE_FUNCTION(maximum)
CTGRAD_REFUSE_FUNCTION(minimum)
CTGRAD_REFUSE_FUNCTION(permute)
CTGRAD_REFUSE_FUNCTION(pow)
CTGRAD_REFUSE_FUNCTION(relu)
CTGRAD_REFUSE_FUNCTION(reshape)
CTGRAD_REFUSE_FUNCTION(sigmoid)
CTGRAD_REFUSE_FUNCTION(sin)
CTGRAD_REFUSE_FUNCTION(softmax)
CTGRAD_REFUSE_FUNCTION(sqrt)
CTGRAD_REFUSE_FUNCTION(square)
CTGRAD_REFUSE_FUNCTION(stop_gradient)
CTGRAD_REFUSE_FUNCTION(tanh)
CTGRAD_REFUSE_FUNCTION(transpose)
CTGRAD_REFUSE_FUNCTION(where)
#undef CTGRAD_REFUSE_OPERATOR
#undef CTGRAD_REFUSE_FUNCTION

template <class X>
requires detail::UnnamedTensor<X>
constexpr void operator-(X&&) { detail::refuse_unnamed_tensor<X>(); }
template <class X>
requires detail::UnnamedTensor<X>
constexpr void operator!(X&&) { detail::refuse_unnamed_tensor<X>(); }
template <Element T, class X>
requires detail::UnnamedTensor<X>
constexpr void cast(X&&) { detail::refuse_unnamed_tensor<X>(); }
template <int Start = 0, class X>
requires detail::UnnamedTensor<X>
constexpr void flatten(X&&) { detail::refuse_unnamed_tensor<X>(); }
template <int A, std::int64_t First, std::int64_t Last, std::int64_t Step = 1, class X>
requires detail::UnnamedTensor<X>
constexpr void slice(X&&) { detail::refuse_unnamed_tensor<X>(); }
template <int Classes, Element T = bool, class X>
requires detail::UnnamedTensor<X>
constexpr void one_hot(X&&) { detail::refuse_unnamed_tensor<X>(); }
template <class Op, class... X>
requires detail::UnnamedTensor<X...>
constexpr void elementwise(X&&...) { detail::refuse_unnamed_tensor<X...>(); }
template <class Rule, class... X>
requires detail::UnnamedTensor<X...>
constexpr void custom_derivative(X&&...) { detail::refuse_unnamed_tensor<X...>(); }
}  // namespace ctgrad
