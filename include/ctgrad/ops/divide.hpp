// SPDX-License-Identifier: BSL-1.0
/// \file
/// Quotient of two operands, element by element, with NumPy broadcasting.
#pragma once

#include "ctgrad/ops/multiply.hpp"
#include "ctgrad/ops/negate.hpp"
#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

struct Divide : Elementwise<2> {
  static constexpr std::string_view name = "divide";
  static constexpr int flops = 4;
  static constexpr bool commutative = false;
  static constexpr bool cheap = true;

  template <class T>
  CTGRAD_FUNCTION static T value(T a, T b) {
    return a / b;
  }
  template <class V>
  static constexpr auto derivative(V t, V, V b, V y) {
    return partials(t / b, -(t * y) / b);
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// Quotient of two operands, element by element, with NumPy broadcasting.
template <class A, class B>
  requires Operands<A, B>
constexpr auto operator/(const A& a, const B& b) {
  return ctgrad_apply(OpCall<ops::Divide>{}, a, b);
}

}  // namespace ctgrad
