// SPDX-License-Identifier: BSL-1.0
/// \file
/// The smooth relative of relu, log(1 + exp(x)), of each element.
#pragma once

#include "ctgrad/core/math.hpp"
#include "ctgrad/ops/multiply.hpp"
#include "ctgrad/ops/operation.hpp"
#include "ctgrad/ops/sigmoid.hpp"

namespace ctgrad::ops {

struct Softplus : Elementwise<1> {
  static constexpr std::string_view name = "softplus";
  static constexpr Takes takes = Takes::floating;
  static constexpr int flops = 35;
  static constexpr bool cheap = false;

  /// log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)): the exponent is never positive, so nothing overflows.
  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    return math::maximum(x, T(0)) + math::log1p(math::exp(-math::abs(x)));
  }
  template <class V>
  static constexpr auto derivative(V t, V x, V) {
    return partials(t * sigmoid(x));
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// log(1 + exp(x)) of each element, without overflow. The derivative is sigmoid(x).
template <Handle X>
constexpr auto softplus(const X& x) {
  return ctgrad_apply(OpCall<ops::Softplus>{}, x);
}

}  // namespace ctgrad
