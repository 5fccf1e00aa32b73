// SPDX-License-Identifier: BSL-1.0
/// \file
/// Absolute value of each element.
#pragma once

#include "ctgrad/core/math.hpp"
#include "ctgrad/ops/compare.hpp"
#include "ctgrad/ops/negate.hpp"
#include "ctgrad/ops/operation.hpp"
#include "ctgrad/ops/where.hpp"

namespace ctgrad::ops {

struct Abs : Elementwise<1> {
  static constexpr std::string_view name = "abs";
  static constexpr int flops = 1;
  static constexpr bool cheap = true;

  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    return math::abs(x);
  }
  template <class V>
  static constexpr auto derivative(V t, V x, V) {
    return partials(where(x > 0, t, where(x < 0, -t, 0)));
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// Absolute value of each element. The derivative at 0 is 0.
template <Handle X>
constexpr auto abs(const X& x) {
  return ctgrad_apply(OpCall<ops::Abs>{}, x);
}

}  // namespace ctgrad
