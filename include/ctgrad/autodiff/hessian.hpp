// SPDX-License-Identifier: BSL-1.0
/// \file
/// Second derivatives of a scalar function: the whole matrix, or its product with a vector.
#pragma once

#include "ctgrad/autodiff/gradient.hpp"
#include "ctgrad/autodiff/jacobian.hpp"
#include "ctgrad/autodiff/jvp.hpp"

namespace ctgrad {

/// The callable that `hessian` returns.
template <class F, class Options>
struct Hessian : detail::Derivative<Hessian<F, Options>> {
  [[no_unique_address]] F function;

  constexpr Hessian() = default;
  constexpr explicit Hessian(const F& f) : function(f) {}

  template <class... X>
  constexpr auto trace(const X&... x) const {
    const auto call = detail::call_fresh<Options::aux>(function, typename Options::wrt{}, std::tuple<X...>{x...});
    detail::check_scalar_result<std::remove_cvref_t<decltype(call.value)>>();
    const auto gradient = detail::trace_gradient(call.value, call.arguments);
    return detail::with_extras<Options::aux>(detail::trace_jacobian(gradient, call.arguments, Mode::forward, true),
                                             call);
  }
};

/// The callable that `hvp` returns.
template <class F, class Options>
struct Hvp : detail::Derivative<Hvp<F, Options>> {
  [[no_unique_address]] F function;

  constexpr Hvp() = default;
  constexpr explicit Hvp(const F& f) : function(f) {}

  template <class... A>
  constexpr auto trace(const A&... a) const {
    using Split = detail::PointAndTangents<typename Options::wrt, A...>;
    const std::tuple<A...> all{a...};
    const auto call = detail::call_fresh<Options::aux>(function, typename Options::wrt{}, Split::point(all));
    detail::check_scalar_result<std::remove_cvref_t<decltype(call.value)>>();
    const auto gradient = detail::trace_gradient(call.value, call.arguments);
    return detail::with_extras<Options::aux>(detail::trace_tangent(gradient, call.arguments, Split::direction(all)),
                                             call);
  }
};

/// A callable that computes the matrix of second derivatives of the scalar function `f`, forward mode over reverse: for
/// an argument of shape [a...] an array of shape [a..., a...]; for a structure the structure of the argument twice, one
/// in the other: for a `std::array<double, 3>` three arrays of three. By the first argument, or those of `wrt<...>`
/// (then a tuple of tuples where it names several). With `has_aux` the pair `{hessian, extras}`.
template <class F, class... Options>
constexpr auto hessian(const F& f, Options...) {
  return Hessian<F, detail::options<Options...>>(f);
}

/// A callable `(x, v)` that gives the product of the Hessian of the scalar function `f` at x with v, without forming
/// the matrix: forward mode over reverse, a few times the work of f. `v` has the structure and shapes of x. With
/// `wrt<...>`: `hvp(f, wrt<0, 1>)(x, y, vx, vy)` gives a tuple. With `has_aux` the pair `{product, extras}`.
template <class F, class... Options>
constexpr auto hvp(const F& f, Options...) {
  return Hvp<F, detail::options<Options...>>(f);
}

}  // namespace ctgrad
