// SPDX-License-Identifier: BSL-1.0
/// \file
/// The larger of each element and 0.
#pragma once

#include "ctgrad/core/math.hpp"
#include "ctgrad/ops/compare.hpp"
#include "ctgrad/ops/operation.hpp"
#include "ctgrad/ops/where.hpp"

namespace ctgrad::ops {

struct Relu : Elementwise<1> {
  static constexpr std::string_view name = "relu";
  static constexpr int flops = 1;
  static constexpr bool cheap = true;

  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    return math::maximum(x, T(0));
  }
  template <class V>
  static constexpr auto derivative(V t, V, V y) {
    return partials(where(y > 0, t, 0));
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// The larger of each element and 0. The derivative at 0 is 0; NaN stays NaN.
template <Handle X>
constexpr auto relu(const X& x) {
  return ctgrad_apply(OpCall<ops::Relu>{}, x);
}

}  // namespace ctgrad
