// SPDX-License-Identifier: BSL-1.0
/// \file
/// Cosine of each element, in radians.
#pragma once

#include "ctgrad/core/math.hpp"
#include "ctgrad/ops/multiply.hpp"
#include "ctgrad/ops/negate.hpp"
#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

struct Cos : Elementwise<1> {
  static constexpr std::string_view name = "cos";
  static constexpr Takes takes = Takes::floating;
  static constexpr int flops = 16;
  static constexpr bool cheap = false;

  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    return math::cos(x);
  }
  template <class V>
  static constexpr auto derivative(V t, V x, V) {
    // sin(x) is found when the rule is used: its file includes this one.
    return partials(t * -sin(x));
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// Cosine of each element, in radians.
template <Handle X>
constexpr auto cos(const X& x) {
  return ctgrad_apply(OpCall<ops::Cos>{}, x);
}

}  // namespace ctgrad
