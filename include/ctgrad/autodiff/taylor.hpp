// SPDX-License-Identifier: BSL-1.0
/// \file
/// All derivatives along a line up to an order.
#pragma once

#include "ctgrad/autodiff/jvp.hpp"
#include "ctgrad/passes/taylor.hpp"

namespace ctgrad {

namespace detail {

/// The coefficients 0 .. Order of the power series of `y` along `direction`, each with the structure of `y`.
template <int Order, class Y, class X, class V>
constexpr std::array<Y, Order + 1> trace_series(const Y& y, const X& x, const V& direction) {
  static_assert(all_floating<leaf_types<Y>>,
                "ctgrad: the function to differentiate must return floating numbers, or a structure of them; return "
                "the rest with has_aux");
  GraphBuilder* builder = builder_of_leaves(x);
  const Vector<int> arguments = leaf_ids(x);
  const Vector<int> tangents = direction_ids(*builder, x, direction);
  const Vector<int> results = leaf_ids(y);
  Vector<int> out(results.size() * (Order + 1));
  taylor_series(*builder, arguments.data(), tangents.data(), arguments.size(), results.data(), results.size(), Order,
                out.data());
  std::array<Y, Order + 1> series{};
  Vector<int> ids(results.size());
  for (int j = 0; j <= Order; ++j) {
    for (int r = 0; r < results.size(); ++r) ids[r] = out[r * (Order + 1) + j];
    set_leaves(series[static_cast<std::size_t>(j)], builder, ids.data());
  }
  return series;
}

}  // namespace detail

/// The callable that `taylor` returns.
template <int Order, class F, class Options>
struct Taylor : detail::Derivative<Taylor<Order, F, Options>> {
  [[no_unique_address]] F function;

  constexpr Taylor() = default;
  constexpr explicit Taylor(const F& f) : function(f) {}

  template <class... A>
  constexpr auto trace(const A&... a) const {
    using Split = detail::PointAndTangents<typename Options::wrt, A...>;
    const std::tuple<A...> all{a...};
    const auto call = detail::call_fresh<Options::aux>(function, typename Options::wrt{}, Split::point(all));
    return detail::with_extras<Options::aux>(
        detail::trace_series<Order>(call.value, call.arguments, Split::direction(all)), call);
  }
};

/// A callable `(x, v)` that gives the first `Order` + 1 coefficients of f(x + t v) as a power series in t: an array of
/// f(x), the derivative along v, half the second derivative, ... Coefficient j times j! is the derivative of order j.
/// By propagation of truncated series, so that the work grows with the square of the order. Arguments, `wrt<...>` and
/// `has_aux` as for `jvp`.
template <int Order, class F, class... Options>
constexpr auto taylor(const F& f, Options...) {
  static_assert(Order >= 0, "ctgrad: taylor<Order> needs an order of at least 0");
  return Taylor<Order, F, detail::options<Options...>>(f);
}

}  // namespace ctgrad
