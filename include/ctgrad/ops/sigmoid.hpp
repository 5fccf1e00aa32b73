// SPDX-License-Identifier: BSL-1.0
/// \file
/// Logistic function 1 / (1 + exp(-x)) of each element.
#pragma once

#include "ctgrad/core/math.hpp"
#include "ctgrad/ops/multiply.hpp"
#include "ctgrad/ops/operation.hpp"
#include "ctgrad/ops/subtract.hpp"

namespace ctgrad::ops {

struct Sigmoid : Elementwise<1> {
  static constexpr std::string_view name = "sigmoid";
  static constexpr Takes takes = Takes::floating;
  static constexpr int flops = 16;
  static constexpr bool cheap = false;

  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    return math::sigmoid(x);
  }
  template <class V>
  static constexpr auto derivative(V t, V, V y) {
    return partials(t * (y * (1 - y)));
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// Logistic function 1 / (1 + exp(-x)) of each element.
template <Handle X>
constexpr auto sigmoid(const X& x) {
  return ctgrad_apply(OpCall<ops::Sigmoid>{}, x);
}

}  // namespace ctgrad
