// SPDX-License-Identifier: BSL-1.0
/// \file
/// Sine of each element, in radians.
#pragma once

#include "ctgrad/core/math.hpp"
#include "ctgrad/ops/cos.hpp"
#include "ctgrad/ops/multiply.hpp"
#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

struct Sin : Elementwise<1> {
  static constexpr std::string_view name = "sin";
  static constexpr Takes takes = Takes::floating;
  static constexpr int flops = 16;
  static constexpr bool cheap = false;

  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    return math::sin(x);
  }
  template <class V>
  static constexpr auto derivative(V t, V x, V) {
    return partials(t * cos(x));
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// Sine of each element, in radians.
template <Handle X>
constexpr auto sin(const X& x) {
  return ctgrad_apply(OpCall<ops::Sin>{}, x);
}

}  // namespace ctgrad
