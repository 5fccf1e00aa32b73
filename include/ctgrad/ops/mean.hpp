// SPDX-License-Identifier: BSL-1.0
/// \file
/// Arithmetic mean along axes.
#pragma once

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

}  // namespace detail

/// Arithmetic mean of the elements along axes: `mean(x)`, `mean(x, axis<0>)`, `mean(x, axis<0>, keepdims)`.
/// The mean of no elements is NaN.
template <Handle X>
constexpr auto mean(const X& x) {
  detail::check_mean<X>();
  return sum(x) / ctgrad_count<detail::axes_mask<X::shape_type::rank>, typename X::element_type>(x);
}
template <Handle X, int... Axes>
constexpr auto mean(const X& x, Axis<Axes...> axes) {
  detail::check_mean<X>();
  return sum(x, axes) / ctgrad_count<detail::axes_mask<X::shape_type::rank, Axes...>, typename X::element_type>(x);
}
template <Handle X, int... Axes>
constexpr auto mean(const X& x, Axis<Axes...> axes, KeepDims) {
  detail::check_mean<X>();
  return sum(x, axes, keepdims) /
         ctgrad_count<detail::axes_mask<X::shape_type::rank, Axes...>, typename X::element_type>(x);
}

}  // namespace ctgrad
