// SPDX-License-Identifier: BSL-1.0
/// \file
/// Square root of each element; NaN below 0.
#pragma once

#include "ctgrad/core/math.hpp"
#include "ctgrad/ops/add.hpp"
#include "ctgrad/ops/divide.hpp"
#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

struct Sqrt : Elementwise<1> {
  static constexpr std::string_view name = "sqrt";
  static constexpr Takes takes = Takes::floating;
  static constexpr int flops = 4;
  static constexpr bool cheap = false;

  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    return math::sqrt(x);
  }
  template <class V>
  static constexpr auto derivative(V t, V, V y) {
    return partials(t / (y + y));
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// Square root of each element; NaN below 0.
template <Handle X>
constexpr auto sqrt(const X& x) {
  return ctgrad_apply(OpCall<ops::Sqrt>{}, x);
}

}  // namespace ctgrad
