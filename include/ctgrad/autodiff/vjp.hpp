// SPDX-License-Identifier: BSL-1.0
/// \file
/// Products of a vector with a Jacobian by reverse mode.
#pragma once

#include "ctgrad/autodiff/jvp.hpp"

namespace ctgrad {

namespace detail {

/// The product of the leaves `cotangent` with the Jacobian of the leaves of `y` by those of `x`, in the structure of
/// `x`.
template <class Y, class X, class V>
constexpr X trace_cotangent(const Y& y, const X& x, const V& cotangent) {
  static_assert(std::is_same_v<leaf_types<Y>, leaf_types<V>>,
                "ctgrad: the cotangent must have the result's element type and shape");
  static_assert(all_floating<leaf_types<Y>>,
                "ctgrad: the function to differentiate must return floating numbers, or a structure of them; return "
                "the rest with has_aux");
  GraphBuilder* builder = builder_of_leaves(x);
  const Vector<int> results = leaf_ids(y);
  const Vector<int> seeds = leaf_ids(cotangent);
  const Vector<int> arguments = leaf_ids(x);
  Vector<int> total(arguments.size());
  reverse(*builder, results.data(), seeds.data(), results.size(), arguments.data(), arguments.size(), total.data());
  X result = x;
  set_leaves(result, builder, total.data());
  return result;
}

}  // namespace detail

/// The callable that `vjp` returns.
template <class F, class Options>
struct Vjp : detail::Derivative<Vjp<F, Options>> {
  [[no_unique_address]] F function;

  constexpr Vjp() = default;
  constexpr explicit Vjp(const F& f) : function(f) {}

  template <class... A>
  constexpr auto trace(const A&... a) const {
    static_assert(sizeof...(A) > 1, "ctgrad: pass the function's arguments and then one cotangent of its result");
    const std::tuple<A...> all{a...};
    const auto call =
        detail::call_fresh<Options::aux>(function, typename Options::wrt{}, detail::tuple_front<sizeof...(A) - 1>(all));
    const auto product = detail::trace_cotangent(call.value, call.arguments, std::get<sizeof...(A) - 1>(all));
    if constexpr (Options::aux) {
      return std::tuple{call.value, product, call.extras};
    } else {
      return std::pair{call.value, product};
    }
  }
};

/// A callable `(x, v)` that gives the pair of f(x) and the product of v with the Jacobian of f at x, by reverse mode.
/// `v` has the structure and shapes of f(x). With `wrt<...>` the product is a tuple: `vjp(f, wrt<0, 1>)(x, y, v)`. With
/// `has_aux`, `f` returns a pair and the result is `{value, product, extras}`.
template <class F, class... Options>
constexpr auto vjp(const F& f, Options...) {
  return Vjp<F, detail::options<Options...>>(f);
}

}  // namespace ctgrad
