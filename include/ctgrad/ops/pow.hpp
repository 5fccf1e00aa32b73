// SPDX-License-Identifier: BSL-1.0
/// \file
/// The first operand to the power of the second, element by element.
#pragma once

#include "ctgrad/core/math.hpp"
#include "ctgrad/ops/compare.hpp"
#include "ctgrad/ops/log.hpp"
#include "ctgrad/ops/multiply.hpp"
#include "ctgrad/ops/operation.hpp"
#include "ctgrad/ops/subtract.hpp"
#include "ctgrad/ops/where.hpp"

namespace ctgrad::ops {

struct Pow : Elementwise<2> {
  static constexpr std::string_view name = "pow";
  static constexpr Takes takes = Takes::floating;
  static constexpr int flops = 40;
  static constexpr bool commutative = false;
  static constexpr bool cheap = false;

  template <class T>
  CTGRAD_FUNCTION static T value(T a, T b) {
    return math::pow(a, b);
  }
  template <class V>
  static constexpr auto derivative(V t, V a, V b, V y) {
    // 0 to the power -1 and log(0) would spoil the zeros that b = 0 and a = 0 give.
    return partials(where(b == 0, 0, t * b * pow(a, b - 1)), where(a == 0, 0, t * y * log(a)));
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// The first operand to the power of the second, element by element.
template <class A, class B>
requires Operands<A, B>
constexpr auto pow(const A& a, const B& b) { return ctgrad_apply(OpCall<ops::Pow>{}, a, b); }

}  // namespace ctgrad
