// SPDX-License-Identifier: BSL-1.0
/// \file
/// Derivatives of a callable as callables: gradient, value_and_grad, jvp, vjp.
///
/// Called with symbols they append nodes to the graph being traced, so they nest: the gradient of a
/// function that takes a gradient is a second derivative. Called with tensors or numbers they compile the
/// function for those types and run it.
#pragma once

#include <optional>

#include "ctgrad/passes/differentiate.hpp"
#include "ctgrad/program/program.hpp"

namespace ctgrad {

/// Which arguments to differentiate by, counted from 0: `value_and_grad(f, wrt<0, 2>)`.
template <int... Arguments>
struct Wrt {};
template <int... Arguments>
inline constexpr Wrt<Arguments...> wrt{};

namespace detail {

template <class T>
inline constexpr bool is_floating_symbol = false;
template <class T, class S>
inline constexpr bool is_floating_symbol<Symbol<T, S>> = is_floating_element<T>;

/// The same value as a node of its own. Differentiating by it follows what a function does with this argument, and
/// not what else in the graph came from the same node: in f(x, tanh(x)) the second argument is a constant to the
/// derivative by the first.
template <class T, class S>
constexpr Symbol<T, S> fresh_argument(const Symbol<T, S>& x) {
  return {x.builder, apply_shaped<ops::Reshape>(x.value(), S::value).id};
}

/// Value and gradient inside a trace.
template <class F, int... A, class... X>
constexpr auto trace_value_and_grad(const F& f, Wrt<A...>, const X&... x) {
  static_assert((is_floating_symbol<std::tuple_element_t<A, std::tuple<X...>>> && ...),
                "ctgrad: an argument to differentiate by is not of a floating type; select others with wrt<...>");
  auto arguments = std::tuple<X...>{x...};
  ((std::get<A>(arguments) = fresh_argument(std::get<A>(arguments))), ...);
  const auto value = std::apply(f, arguments);
  using Y = std::remove_const_t<decltype(value)>;
  static_assert(
      is_symbol<Y>,
      "ctgrad: the function to differentiate must return one scalar; for several results use jacobian or vjp");
  static_assert(Y::shape_type::value.size() == 1,
                "ctgrad: the function to differentiate must return a scalar; sum or average its result, or use vjp");
  GraphBuilder& builder = *value.builder;
  const Value one = record_constant(builder, dtype_of<typename Y::element_type>, 1);
  const int seed = broadcast_value(one, Y::shape_type::value).id;
  const int ids[] = {std::get<A>(arguments).id...};
  int adjoints[sizeof...(A)] = {};
  reverse(builder, value.id, seed, ids, sizeof...(A), adjoints);
  int next = 0;
  std::tuple gradients{std::tuple_element_t<A, std::tuple<X...>>{&builder, adjoints[next++]}...};
  if constexpr (sizeof...(A) == 1) {
    return std::pair{value, std::get<0>(gradients)};
  } else {
    return std::pair{value, gradients};
  }
}

template <class X>
struct ArgumentSpec;
template <class T, class S, class D>
struct ArgumentSpec<Tensor<T, S, D>> {
  using type = Spec<T, S>;
};
template <class T, class S>
struct ArgumentSpec<TensorView<T, S>> {
  using type = Spec<std::remove_const_t<T>, S>;
};
template <class T>
requires is_floating_element<T>
struct ArgumentSpec<T> {
  using type = Spec<T, Shape<>>;
};

template <class X>
auto argument_view(const X& x) {
  if constexpr (Element<X>) {
    return TensorView<const X, Shape<>>(&x);
  } else {
    return TensorView<const typename X::element_type, typename X::shape_type>(x);
  }
}

/// A copy of a program's result that outlives the program: views become tensors, scalars numbers.
template <class T, class S>
auto own(const TensorView<const T, S>& view) {
  if constexpr (S::rank == 0) {
    return view.item();
  } else {
    return Tensor<T, S>(view);
  }
}
template <class... Parts>
auto own(const std::tuple<Parts...>& parts) {
  return std::apply([](const auto&... part) { return std::tuple{own(part)...}; }, parts);
}
template <class T, std::size_t N>
auto own(const std::array<T, N>& parts) {
  return std::apply([](const auto&... part) { return std::array{own(part)...}; }, parts);
}
template <class A, class B>
auto own(const std::pair<A, B>& parts) {
  return std::pair{own(parts.first), own(parts.second)};
}

template <class... X>
inline constexpr bool any_symbol = (is_symbol<X> || ...);

/// Compiles `F` for the types of the arguments, runs it once, and gives results of its own.
template <class F, class... X>
auto evaluate(const F&, const X&... x) {
  static_assert(std::is_default_constructible_v<F>,
                "ctgrad: the function must not capture anything: pass values as arguments, or keep them in a struct "
                "with a constexpr call operator and default member values");
  Program<Cpu, F, typename ArgumentSpec<X>::type...> program;
  return own(program(argument_view(x)...));
}

}  // namespace detail

/// The callable that `value_and_grad` returns.
template <class F, int... A>
struct ValueAndGrad {
  [[no_unique_address]] F function;

  /// With symbols: a pair of the value and the gradient (a tuple of gradients for several arguments). With
  /// tensors or floating numbers: the same as owning tensors and numbers.
  template <class... X>
  constexpr auto operator()(const X&... x) const {
    if constexpr (detail::any_symbol<X...>) {
      return detail::trace_value_and_grad(function, Wrt<A...>{}, x...);
    } else {
      return detail::evaluate(*this, x...);
    }
  }
};

/// The callable that `gradient` returns.
template <class F, int... A>
struct Gradient {
  [[no_unique_address]] F function;

  template <class... X>
  constexpr auto operator()(const X&... x) const {
    if constexpr (detail::any_symbol<X...>) {
      return detail::trace_value_and_grad(function, Wrt<A...>{}, x...).second;
    } else {
      return detail::evaluate(*this, x...);
    }
  }
};

/// A callable that computes `f` and its gradient by reverse mode: `auto [value, grad] = value_and_grad(f)(x)`.
/// `f` returns a scalar; the gradient is by its first argument, or those of `wrt<...>`, and has their shapes.
template <class F>
constexpr ValueAndGrad<F, 0> value_and_grad(const F& f) {
  return {f};
}
template <class F, int... A>
constexpr ValueAndGrad<F, A...> value_and_grad(const F& f, Wrt<A...>) {
  return {f};
}

/// The gradient alone.
template <class F>
constexpr Gradient<F, 0> gradient(const F& f) {
  return {f};
}
template <class F, int... A>
constexpr Gradient<F, A...> gradient(const F& f, Wrt<A...>) {
  return {f};
}

/// The callable that `jvp` returns.
template <class F>
struct Jvp {
  [[no_unique_address]] F function;

  template <class X, class V>
  constexpr auto operator()(const X& x, const V& tangent) const {
    if constexpr (detail::any_symbol<X>) {
      static_assert(std::is_same_v<X, V>, "ctgrad: the tangent must have the argument's element type and shape");
      const auto argument = detail::fresh_argument(x);
      const auto value = function(argument);
      using Y = std::remove_const_t<decltype(value)>;
      static_assert(detail::is_symbol<Y>, "ctgrad: jvp takes a function that returns one tensor");
      int result = -1;
      forward(*x.builder, &argument.id, &tangent.id, 1, &value.id, 1, &result);
      return std::pair{value, Y{value.builder, result}};
    } else {
      return detail::evaluate(*this, x, tangent);
    }
  }
};

/// A callable (x, v) that gives f(x) and the product of the Jacobian of f at x with v, by forward mode.
template <class F>
constexpr Jvp<F> jvp(const F& f) {
  return {f};
}

/// The callable that `vjp` returns.
template <class F>
struct Vjp {
  [[no_unique_address]] F function;

  template <class X, class V>
  constexpr auto operator()(const X& x, const V& cotangent) const {
    if constexpr (detail::any_symbol<X>) {
      const auto argument = detail::fresh_argument(x);
      const auto value = function(argument);
      using Y = std::remove_const_t<decltype(value)>;
      static_assert(detail::is_symbol<Y>, "ctgrad: vjp takes a function that returns one tensor");
      static_assert(std::is_same_v<Y, V>, "ctgrad: the cotangent must have the result's element type and shape");
      int result = -1;
      reverse(*x.builder, value.id, cotangent.id, &argument.id, 1, &result);
      return std::pair{value, X{x.builder, result}};
    } else {
      return detail::evaluate(*this, x, cotangent);
    }
  }
};

/// A callable (x, v) that gives f(x) and the product of v with the Jacobian of f at x, by reverse mode.
template <class F>
constexpr Vjp<F> vjp(const F& f) {
  return {f};
}

}  // namespace ctgrad
