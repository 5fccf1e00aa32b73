// SPDX-License-Identifier: BSL-1.0
/// \file
/// Softmax and its logarithm.
#pragma once

#include "ctgrad/ops/cast.hpp"
#include "ctgrad/ops/divide.hpp"
#include "ctgrad/ops/exp.hpp"
#include "ctgrad/ops/log.hpp"
#include "ctgrad/ops/max.hpp"
#include "ctgrad/ops/operation.hpp"
#include "ctgrad/ops/subtract.hpp"
#include "ctgrad/ops/sum.hpp"

namespace ctgrad {

namespace detail {

template <class X, class Along>
constexpr auto log_softmax_of(const X& x, Along along) {
  const auto shifted = x - stop_gradient(max(x, along, keepdims));
  return shifted - log(sum(exp(shifted), along, keepdims));
}

template <class X, class Along>
constexpr auto softmax_of(const X& x, Along along) {
  const auto weight = exp(x - stop_gradient(max(x, along, keepdims)));
  return weight / sum(weight, along, keepdims);
}

}  // namespace detail

/// log(softmax(x)) along one axis, without overflow: x - max - log(sum(exp(x - max))). What has 16 bits is computed in
/// float and rounded.
template <Handle X, int A>
constexpr auto log_softmax(const X& x, Axis<A> along) {
  if constexpr (is_half<typename X::element_type>) {
    return cast<typename X::element_type>(detail::log_softmax_of(cast<float>(x), along));
  } else {
    return detail::log_softmax_of(x, along);
  }
}

/// exp(x) divided by its sum along one axis, without overflow. What has 16 bits is computed in float and rounded.
template <Handle X, int A>
constexpr auto softmax(const X& x, Axis<A> along) {
  if constexpr (is_half<typename X::element_type>) {
    return cast<typename X::element_type>(detail::softmax_of(cast<float>(x), along));
  } else {
    return detail::softmax_of(x, along);
  }
}

}  // namespace ctgrad
