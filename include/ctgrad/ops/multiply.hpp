// SPDX-License-Identifier: BSL-1.0
/// \file
/// Product of two operands, element by element, with NumPy broadcasting.
#pragma once

#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

struct Multiply : Elementwise<2> {
  static constexpr std::string_view name = "multiply";
  static constexpr int flops = 1;
  static constexpr bool commutative = true;
  static constexpr bool cheap = true;

  template <class T>
  CTGRAD_FUNCTION static T value(T a, T b) {
    return a * b;
  }
  template <class V>
  static constexpr auto derivative(V t, V a, V b, V) {
    return partials(t * b, t * a);
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// Product of two operands, element by element, with NumPy broadcasting.
template <class A, class B>
requires Operands<A, B>
constexpr auto operator*(const A& a, const B& b) { return ctgrad_apply(OpCall<ops::Multiply>{}, a, b); }

}  // namespace ctgrad
