// SPDX-License-Identifier: BSL-1.0
/// \file
/// Hyperbolic tangent of each element.
#pragma once

#include "ctgrad/core/math.hpp"
#include "ctgrad/ops/multiply.hpp"
#include "ctgrad/ops/operation.hpp"
#include "ctgrad/ops/subtract.hpp"

namespace ctgrad::ops {

struct Tanh : Elementwise<1> {
  static constexpr std::string_view name = "tanh";
  static constexpr Takes takes = Takes::floating;
  static constexpr int flops = 16;
  static constexpr bool cheap = false;

  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    return math::tanh(x);
  }
  template <class V>
  static constexpr auto derivative(V t, V, V y) {
    return partials(t * (1 - y * y));
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// Hyperbolic tangent of each element.
template <Handle X>
constexpr auto tanh(const X& x) {
  return ctgrad_apply(OpCall<ops::Tanh>{}, x);
}

}  // namespace ctgrad
