// SPDX-License-Identifier: BSL-1.0
/// \file
/// Arithmetic mean along axes.
#pragma once

#include "ctgrad/ops/cast.hpp"
#include "ctgrad/ops/divide.hpp"
#include "ctgrad/ops/operation.hpp"
#include "ctgrad/ops/sum.hpp"

namespace ctgrad {

namespace detail {

template <class X>
constexpr void check_mean() {
  static_assert(is_floating_element<typename X::element_type>,
                "ctgrad: a mean needs float or double elements; convert them with cast<float>(x)");
}

/// The sum over the axes of Mask divided by their length. What has 16 bits is rounded once, at the end.
template <unsigned Mask, class X, class... How>
constexpr auto mean_of(const X& x, How... how) {
  using T = typename X::element_type;
  if constexpr (is_half<T>) {
    return cast<T>(mean_of<Mask>(cast<float>(x), how...));
  } else {
    return sum(x, how...) / ctgrad_count<Mask, T>(x);
  }
}

}  // namespace detail

/// Arithmetic mean of the elements along axes: `mean(x)`, `mean(x, axis<0>)`, `mean(x, axis<0>, keepdims)`.
/// The mean of no elements is NaN.
template <Handle X>
constexpr auto mean(const X& x) {
  detail::check_mean<X>();
  return detail::mean_of<detail::axes_mask<X::shape_type::rank>>(x);
}
template <Handle X, int... Axes>
constexpr auto mean(const X& x, Axis<Axes...> axes) {
  detail::check_mean<X>();
  return detail::mean_of<detail::axes_mask<X::shape_type::rank, Axes...>>(x, axes);
}
template <Handle X, int... Axes>
constexpr auto mean(const X& x, Axis<Axes...> axes, KeepDims keep) {
  detail::check_mean<X>();
  return detail::mean_of<detail::axes_mask<X::shape_type::rank, Axes...>>(x, axes, keep);
}

}  // namespace ctgrad
