// SPDX-License-Identifier: BSL-1.0
/// \file
/// The choice between two operands, element by element.
#pragma once

#include "ctgrad/core/math.hpp"
#include "ctgrad/ops/compare.hpp"
#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

struct Where : Elementwise<3> {
  static constexpr std::string_view name = "where";
  static constexpr Takes takes = Takes::any;
  static constexpr int flops = 1;

  template <class M, class A, class B>
  CTGRAD_FUNCTION static auto value(M condition, A a, B b) {
    if constexpr (detail::is_mask<A>) {
      return (condition && a) || (!condition && b);  // lanes of booleans
    } else {
      return math::select(condition, a, b);
    }
  }
  template <class V>
  static constexpr auto derivative(V t, V condition, V, V, V) {
    return partials(NoDerivative{}, where(condition, t, 0), where(condition, 0, t));
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// `a` where the boolean `condition` is true, else `b`; all three broadcast (NumPy's where).
template <Handle C, class A, class B>
requires Operands<C, A, B>
constexpr auto where(const C& condition, const A& a, const B& b) {
  return ctgrad_apply(OpCall<ops::Where>{}, condition, a, b);
}

}  // namespace ctgrad
