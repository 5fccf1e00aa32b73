// SPDX-License-Identifier: BSL-1.0
/// \file
/// Products of a Jacobian with a vector by forward mode: jvp, directional_derivative.
#pragma once

#include "ctgrad/autodiff/evaluate.hpp"
#include "ctgrad/autodiff/options.hpp"
#include "ctgrad/passes/differentiate.hpp"

namespace ctgrad {

namespace detail {

template <class T, class Indices>
struct TupleFront;
template <class... T, std::size_t... I>
struct TupleFront<std::tuple<T...>, std::index_sequence<I...>> {
  static constexpr auto get(const std::tuple<T...>& all) {
    return std::tuple<std::tuple_element_t<I, std::tuple<T...>>...>{std::get<I>(all)...};
  }
};
/// The first N elements of a tuple.
template <std::size_t N, class... T>
constexpr auto tuple_front(const std::tuple<T...>& all) {
  return TupleFront<std::tuple<T...>, std::make_index_sequence<N>>::get(all);
}

/// The arguments of a call that ends with one tangent for each argument to differentiate by.
template <class W, class... A>
struct PointAndTangents {
  static constexpr std::size_t tangents = static_cast<std::size_t>(W::count);
  static_assert(sizeof...(A) > tangents,
                "ctgrad: pass the function's arguments and then one tangent for each argument to differentiate by");
  using Point = decltype(tuple_front<sizeof...(A) - tangents>(std::declval<const std::tuple<A...>&>()));

  template <std::size_t... I>
  static constexpr auto last(const std::tuple<A...>& all, std::index_sequence<I...>) {
    return std::tuple{std::get<sizeof...(A) - tangents + I>(all)...};
  }
  static constexpr auto point(const std::tuple<A...>& all) { return tuple_front<sizeof...(A) - tangents>(all); }
  static constexpr auto direction(const std::tuple<A...>& all) {
    return last(all, std::make_index_sequence<tangents>{});
  }
};

template <class List, class Tangents>
inline constexpr bool are_tangents = false;
template <class... L, class... V>
requires(sizeof...(L) == sizeof...(V))  //
    inline constexpr bool are_tangents<TypeList<L...>, TypeList<V...>> = ((std::is_same_v<L, V> || is_number<V>)&&...);

/// The nodes of a direction from `x`, in which a number stands for an array of it.
template <class X, class V>
constexpr Vector<int> direction_ids(GraphBuilder& builder, const X& x, const V& direction) {
  static_assert(are_tangents<leaf_types<X>, leaf_types<V>>,
                "ctgrad: the tangent must have the argument's element type and shape");
  const Vector<int> arguments = leaf_ids(x);
  Vector<int> ids;
  for_each_leaf(direction, [&](const auto& leaf) {
    if constexpr (is_number<std::remove_cvref_t<decltype(leaf)>>) {
      const int x_id = arguments[ids.size()];
      const Value number = record_constant(builder, builder.nodes.at[x_id].dtype, static_cast<double>(leaf));
      ids.push_back(broadcast_value(number, builder.shape(x_id)).id);
    } else {
      ids.push_back(leaf.id);
    }
  });
  return ids;
}

/// The derivative of the leaves of `y` along the leaves `direction` of the leaves `x`, in the structure of `y`.
template <class Y, class X, class V>
constexpr Y trace_tangent(const Y& y, const X& x, const V& direction) {
  static_assert(all_floating<leaf_types<Y>>,
                "ctgrad: the function to differentiate must return floating numbers, or a structure of them; return "
                "the rest with has_aux");
  GraphBuilder* builder = builder_of_leaves(x);
  const Vector<int> arguments = leaf_ids(x);
  const Vector<int> tangents = direction_ids(*builder, x, direction);
  const Vector<int> results = leaf_ids(y);
  Vector<int> out(results.size());
  forward(*builder, arguments.data(), tangents.data(), arguments.size(), results.data(), results.size(), out.data());
  Y tangent = y;
  set_leaves(tangent, builder, out.data());
  return tangent;
}

}  // namespace detail

/// The callable that `jvp` returns.
template <class F, class Options>
struct Jvp : detail::Derivative<Jvp<F, Options>> {
  [[no_unique_address]] F function;

  constexpr Jvp() = default;
  constexpr explicit Jvp(const F& f) : function(f) {}

  template <class... A>
  constexpr auto trace(const A&... a) const {
    using Split = detail::PointAndTangents<typename Options::wrt, A...>;
    const std::tuple<A...> all{a...};
    const auto call = detail::call_fresh<Options::aux>(function, typename Options::wrt{}, Split::point(all));
    const auto tangent = detail::trace_tangent(call.value, call.arguments, Split::direction(all));
    if constexpr (Options::aux) {
      return std::tuple{call.value, tangent, call.extras};
    } else {
      return std::pair{call.value, tangent};
    }
  }
};

/// The callable that `directional_derivative` returns.
template <class F, class Options>
struct DirectionalDerivative : detail::Derivative<DirectionalDerivative<F, Options>> {
  [[no_unique_address]] F function;

  constexpr DirectionalDerivative() = default;
  constexpr explicit DirectionalDerivative(const F& f) : function(f) {}

  template <class... A>
  constexpr auto trace(const A&... a) const {
    using Split = detail::PointAndTangents<typename Options::wrt, A...>;
    const std::tuple<A...> all{a...};
    const auto call = detail::call_fresh<Options::aux>(function, typename Options::wrt{}, Split::point(all));
    return detail::with_extras<Options::aux>(detail::trace_tangent(call.value, call.arguments, Split::direction(all)),
                                             call);
  }
};

/// A callable `(x, v)` that gives the pair of f(x) and the product of the Jacobian of f at x with v, by forward mode.
/// `v` has the structure and shapes of `x`; inside a function of symbols a plain number may stand for a whole array of
/// it, and costs nothing where it is 1. With `wrt<...>`: `jvp(f, wrt<0, 1>)(x, y, vx, vy)`. With `has_aux`, `f` returns
/// a pair and the result is `{value, product, extras}`.
template <class F, class... Options>
constexpr auto jvp(const F& f, Options...) {
  return Jvp<F, detail::options<Options...>>(f);
}

/// A callable `(x, v)` that gives the derivative of f at x along v, that of f(x + t v) by t at 0: the product of `jvp`
/// without the value. `v` is not normalised. With `has_aux` the result is `{derivative, extras}`.
template <class F, class... Options>
constexpr auto directional_derivative(const F& f, Options...) {
  return DirectionalDerivative<F, detail::options<Options...>>(f);
}

}  // namespace ctgrad
