// SPDX-License-Identifier: BSL-1.0
/// \file
/// Assigning to tensors in place (+=, -=, *=, /=), and computing what a function or expression says
/// right away.
#pragma once

#include <tuple>

#include "ctgrad/dynamic/apply.hpp"

namespace ctgrad {

namespace detail {

template <class X>
inline constexpr bool is_eager_operand = EagerHandle<X> || std::is_arithmetic_v<X>;

}  // namespace detail

/// `z += x` computes z + x into z, in one loop; x stretches to the shape of z. So do -=, *= and /=.
template <class T, class S, class Device, class X>
requires detail::is_eager_operand<X> Tensor<T, S, Device>
&operator+=(Tensor<T, S, Device>& z, const X& x) {
  (z + x).ctgrad_evaluate(z.view());
  return z;
}
template <class T, class S, class Device, class X>
requires detail::is_eager_operand<X> Tensor<T, S, Device>
&operator-=(Tensor<T, S, Device>& z, const X& x) {
  (z - x).ctgrad_evaluate(z.view());
  return z;
}
template <class T, class S, class Device, class X>
requires detail::is_eager_operand<X> Tensor<T, S, Device>
&operator*=(Tensor<T, S, Device>& z, const X& x) {
  (z * x).ctgrad_evaluate(z.view());
  return z;
}
template <class T, class S, class Device, class X>
requires detail::is_eager_operand<X> Tensor<T, S, Device>
&operator/=(Tensor<T, S, Device>& z, const X& x) {
  (z / x).ctgrad_evaluate(z.view());
  return z;
}

/// The same for the elements a view looks at.
template <class T, class S, class X>
requires(!std::is_const_v<T> && detail::is_eager_operand<X>) TensorView<T, S>
operator+=(TensorView<T, S> z, const X& x) {
  (z + x).ctgrad_evaluate(z);
  return z;
}
template <class T, class S, class X>
requires(!std::is_const_v<T> && detail::is_eager_operand<X>) TensorView<T, S>
operator-=(TensorView<T, S> z, const X& x) {
  (z - x).ctgrad_evaluate(z);
  return z;
}
template <class T, class S, class X>
requires(!std::is_const_v<T> && detail::is_eager_operand<X>) TensorView<T, S>
operator*=(TensorView<T, S> z, const X& x) {
  (z * x).ctgrad_evaluate(z);
  return z;
}
template <class T, class S, class X>
requires(!std::is_const_v<T> && detail::is_eager_operand<X>) TensorView<T, S>
operator/=(TensorView<T, S> z, const X& x) {
  (z / x).ctgrad_evaluate(z);
  return z;
}

namespace detail {

template <class X>
auto to_view(const X& x) {
  if constexpr (requires { x.view(); }) {
    return x.view();
  } else {
    return x;
  }
}

template <class R>
auto to_tensor(const R& result) {
  if constexpr (EagerHandle<R>) {
    Tensor<typename R::element_type, typename R::shape_type> tensor(lengths_of(result).array());
    if constexpr (requires { result.ctgrad_evaluate(tensor.view()); }) {
      result.ctgrad_evaluate(tensor.view());
    } else {
      materialize(result).ctgrad_evaluate(tensor.view());
    }
    return tensor;
  } else if constexpr (requires { std::tuple_size<R>::value; }) {
    return std::apply([](const auto&... part) { return std::tuple{to_tensor(part)...}; }, result);
  } else {
    return result;
  }
}

}  // namespace detail

/// The elements of an expression, computed now, as a tensor of its own.
template <TensorExpression E>
auto evaluate(const E& expression) {
  return detail::to_tensor(expression);
}

/// Calls a function written for any handle, `[](auto x, auto w) { return tanh(matmul(x, w)); }`,
/// with views of the tensors and computes what it returns: a tensor, or a tuple of tensors for a
/// tuple, pair or array. Calling such a function directly copies each tensor it takes by value, and
/// an expression it returns would read the copies after they are gone.
template <class F, EagerHandle... X>
requires std::invocable<const F&, decltype(detail::to_view(std::declval<const X&>()))...>
auto evaluate(const F& function, const X&... x) { return detail::to_tensor(function(detail::to_view(x)...)); }

}  // namespace ctgrad
