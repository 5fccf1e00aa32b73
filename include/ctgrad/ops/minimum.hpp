// SPDX-License-Identifier: BSL-1.0
/// \file
/// The smaller of two operands, element by element.
#pragma once

#include "ctgrad/core/math.hpp"
#include "ctgrad/ops/compare.hpp"
#include "ctgrad/ops/multiply.hpp"
#include "ctgrad/ops/operation.hpp"
#include "ctgrad/ops/where.hpp"

namespace ctgrad::ops {

struct Minimum : Elementwise<2> {
  static constexpr std::string_view name = "minimum";
  static constexpr int flops = 1;
  static constexpr bool commutative = true;
  static constexpr bool cheap = true;

  template <class T>
  CTGRAD_FUNCTION static T value(T a, T b) {
    return math::minimum(a, b);
  }
  template <class V>
  static constexpr auto derivative(V t, V a, V b, V) {
    return partials(where(a < b, t, where(a == b, t * 0.5, 0)), where(b < a, t, where(a == b, t * 0.5, 0)));
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// The smaller of two operands, element by element. NaN in either gives NaN. Where they are equal each gets half the
/// derivative.
template <class A, class B>
requires Operands<A, B>
constexpr auto minimum(const A& a, const B& b) { return ctgrad_apply(OpCall<ops::Minimum>{}, a, b); }

}  // namespace ctgrad
