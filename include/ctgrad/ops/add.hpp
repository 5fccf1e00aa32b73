// SPDX-License-Identifier: BSL-1.0
/// \file
/// Sum of two operands, element by element, with NumPy broadcasting.
#pragma once

#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

struct Add : Elementwise<2> {
  static constexpr std::string_view name = "add";
  static constexpr int flops = 1;
  static constexpr bool commutative = true;
  static constexpr bool cheap = true;

  template <class T>
  CTGRAD_FUNCTION static T value(T a, T b) {
    return a + b;
  }
  template <class V>
  static constexpr auto derivative(V t, V, V, V) {
    return partials(t, t);
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// Sum of two operands, element by element, with NumPy broadcasting.
template <class A, class B>
requires Operands<A, B>
constexpr auto operator+(const A& a, const B& b) { return ctgrad_apply(OpCall<ops::Add>{}, a, b); }

}  // namespace ctgrad
