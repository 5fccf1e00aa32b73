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

/// log(softmax(x)) along one axis, without overflow: x - max - log(sum(exp(x - max))).
template <Handle X, int A>
constexpr auto log_softmax(const X& x, Axis<A> along) {
  const auto shifted = x - stop_gradient(max(x, along, keepdims));
  return shifted - log(sum(exp(shifted), along, keepdims));
}

/// exp(x) divided by its sum along one axis, without overflow.
template <Handle X, int A>
constexpr auto softmax(const X& x, Axis<A> along) {
  const auto weight = exp(x - stop_gradient(max(x, along, keepdims)));
  return weight / sum(weight, along, keepdims);
}

}  // namespace ctgrad
