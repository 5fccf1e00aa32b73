// SPDX-License-Identifier: BSL-1.0
/// \file
/// The gradient of a scalar function by reverse mode, alone or with the value.
///
/// Called with symbols, the callables append nodes to the graph being traced, so they nest: the gradient of a
/// function that takes a gradient is a second derivative. Called with tensors or numbers they compile the
/// function for those types and run it; in a constant expression they evaluate it.
#pragma once

#include "ctgrad/autodiff/evaluate.hpp"
#include "ctgrad/autodiff/options.hpp"
#include "ctgrad/passes/differentiate.hpp"

namespace ctgrad {

namespace detail {

/// Checks that a function to differentiate returned one scalar.
template <class Y>
constexpr void check_scalar_result() {
  static_assert(
      is_symbol<Y>,
      "ctgrad: the function to differentiate must return one scalar; for several results use jacobian or vjp");
  if constexpr (is_symbol<Y>) {
    static_assert(Y::shape_type::value.size() == 1,
                  "ctgrad: the function to differentiate must return a scalar; sum or average its result, or use vjp");
    static_assert(
        is_floating_element<typename Y::element_type>,
        "ctgrad: the function to differentiate must return a floating number; convert it with cast<float>(x)");
  }
}

/// The gradient of a scalar node by the leaves of `x`, in the structure of `x`.
template <class Y, class X>
constexpr X trace_gradient(const Y& value, const X& x) {
  GraphBuilder& builder = *value.builder;
  const Value one = record_constant(builder, dtype_of<typename Y::element_type>, 1);
  const int seed = broadcast_value(one, Y::shape_type::value).id;
  const Vector<int> ids = leaf_ids(x);
  Vector<int> adjoints(ids.size());
  reverse(builder, value.id, seed, ids.data(), ids.size(), adjoints.data());
  X result = x;
  set_leaves(result, &builder, adjoints.data());
  return result;
}

}  // namespace detail

/// The callable that `value_and_grad` returns.
template <class F, class Options>
struct ValueAndGrad : detail::Derivative<ValueAndGrad<F, Options>> {
  [[no_unique_address]] F function;

  constexpr ValueAndGrad() = default;
  constexpr explicit ValueAndGrad(const F& f) : function(f) {}

  template <class... X>
  constexpr auto trace(const X&... x) const {
    const auto call = detail::call_fresh<Options::aux>(function, typename Options::wrt{}, std::tuple<X...>{x...});
    detail::check_scalar_result<std::remove_cvref_t<decltype(call.value)>>();
    const auto gradient = detail::trace_gradient(call.value, call.arguments);
    return std::pair{detail::with_extras<Options::aux>(call.value, call), gradient};
  }
};

/// The callable that `gradient` returns.
template <class F, class Options>
struct Gradient : detail::Derivative<Gradient<F, Options>> {
  [[no_unique_address]] F function;

  constexpr Gradient() = default;
  constexpr explicit Gradient(const F& f) : function(f) {}

  template <class... X>
  constexpr auto trace(const X&... x) const {
    const auto call = detail::call_fresh<Options::aux>(function, typename Options::wrt{}, std::tuple<X...>{x...});
    detail::check_scalar_result<std::remove_cvref_t<decltype(call.value)>>();
    return detail::with_extras<Options::aux>(detail::trace_gradient(call.value, call.arguments), call);
  }
};

/// A callable that computes `f` and its gradient by reverse mode: `auto [value, grad] = value_and_grad(f)(x)`.
/// `f` returns a scalar. The gradient is by the first argument, or those of `wrt<...>` (then a tuple where it names
/// several), and has the structure and shapes of the argument. With `has_aux`, `f` returns a pair, and the result is
/// `{{value, extras}, grad}`.
template <class F, class... Options>
constexpr auto value_and_grad(const F& f, Options...) {
  return ValueAndGrad<F, detail::options<Options...>>(f);
}

/// The gradient alone; with `has_aux` the pair `{grad, extras}`.
template <class F, class... Options>
constexpr auto gradient(const F& f, Options...) {
  return Gradient<F, detail::options<Options...>>(f);
}

}  // namespace ctgrad
