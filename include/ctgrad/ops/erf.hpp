// SPDX-License-Identifier: BSL-1.0
/// \file
/// Error function of each element.
#pragma once

#include "ctgrad/core/math.hpp"
#include "ctgrad/ops/exp.hpp"
#include "ctgrad/ops/multiply.hpp"
#include "ctgrad/ops/negate.hpp"
#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

struct Erf : Elementwise<1> {
  static constexpr std::string_view name = "erf";
  static constexpr Takes takes = Takes::floating;
  static constexpr int flops = 45;
  static constexpr bool cheap = false;

  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    return math::erf(x);
  }
  /// 2 / sqrt(pi) exp(-x^2).
  template <class V>
  static constexpr auto derivative(V t, V x, V) {
    return partials(t * exp(-(x * x)) * 1.12837916709551257390);
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// Error function of each element: 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x. The distribution function
/// of the normal distribution is (1 + erf(x / sqrt(2))) / 2.
template <Handle X>
constexpr auto erf(const X& x) {
  return ctgrad_apply(OpCall<ops::Erf>{}, x);
}

}  // namespace ctgrad
