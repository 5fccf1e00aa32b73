// SPDX-License-Identifier: BSL-1.0
/// \file
/// e to the power of each element.
#pragma once

#include "ctgrad/core/math.hpp"
#include "ctgrad/ops/multiply.hpp"
#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

struct Exp : Elementwise<1> {
  static constexpr std::string_view name = "exp";
  static constexpr Takes takes = Takes::floating;
  static constexpr int flops = 12;
  static constexpr bool cheap = false;

  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    return math::exp(x);
  }
  template <class V>
  static constexpr auto derivative(V t, V, V y) {
    return partials(t * y);
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// e to the power of each element.
template <Handle X>
constexpr auto exp(const X& x) {
  return ctgrad_apply(OpCall<ops::Exp>{}, x);
}

}  // namespace ctgrad
