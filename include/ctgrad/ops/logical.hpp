// SPDX-License-Identifier: BSL-1.0
/// \file
/// And, or, not of booleans, element by element.
#pragma once

#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

struct LogicalAnd : Elementwise<2> {
  static constexpr std::string_view name = "logical_and";
  static constexpr Takes takes = Takes::booleans;
  static constexpr int flops = 1;
  static constexpr bool commutative = true;
  // Lanes of booleans may have different widths.
  template <class A, class B>
  CTGRAD_FUNCTION static auto value(A a, B b) {
    return a && b;
  }
};

struct LogicalOr : Elementwise<2> {
  static constexpr std::string_view name = "logical_or";
  static constexpr Takes takes = Takes::booleans;
  static constexpr int flops = 1;
  static constexpr bool commutative = true;
  // Lanes of booleans may have different widths.
  template <class A, class B>
  CTGRAD_FUNCTION static auto value(A a, B b) {
    return a || b;
  }
};

struct LogicalNot : Elementwise<1> {
  static constexpr std::string_view name = "logical_not";
  static constexpr Takes takes = Takes::booleans;
  static constexpr int flops = 1;
  template <class T>
  CTGRAD_FUNCTION static T value(T a) {
    return !a;
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// True where both operands are true.
template <class A, class B>
requires Operands<A, B>
constexpr auto operator&&(const A& a, const B& b) { return ctgrad_apply(OpCall<ops::LogicalAnd>{}, a, b); }

/// True where at least one operand is true.
template <class A, class B>
requires Operands<A, B>
constexpr auto operator||(const A& a, const B& b) { return ctgrad_apply(OpCall<ops::LogicalOr>{}, a, b); }

/// True where the operand is false.
template <Handle A>
constexpr auto operator!(const A& a) {
  return ctgrad_apply(OpCall<ops::LogicalNot>{}, a);
}

}  // namespace ctgrad
