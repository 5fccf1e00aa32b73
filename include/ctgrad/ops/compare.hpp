// SPDX-License-Identifier: BSL-1.0
/// \file
/// The six comparisons, element by element.
#pragma once

#include "ctgrad/ops/operation.hpp"

namespace ctgrad::detail {

/// True for lanes of booleans, which have && || ! but no comparisons.
template <class T>
inline constexpr bool is_mask = !std::is_arithmetic_v<T> && requires(T a) {
  a && !a;
};

}  // namespace ctgrad::detail

namespace ctgrad::ops {

/// Base of the comparisons: the result is boolean and has no derivative.
struct Comparison : Elementwise<2> {
  static constexpr int flops = 1;
  static constexpr DType result_type(DType) { return DType::boolean; }
};

struct Equal : Comparison {
  static constexpr std::string_view name = "equal";
  static constexpr Takes takes = Takes::any;
  template <class A, class B>
  CTGRAD_FUNCTION static auto value(A a, B b) {
    if constexpr (detail::is_mask<A>) {
      return (a && b) || (!a && !b);
    } else {
      return a == b;
    }
  }
};

struct NotEqual : Comparison {
  static constexpr std::string_view name = "not_equal";
  static constexpr Takes takes = Takes::any;
  template <class A, class B>
  CTGRAD_FUNCTION static auto value(A a, B b) {
    if constexpr (detail::is_mask<A>) {
      return (a && !b) || (!a && b);
    } else {
      return a != b;
    }
  }
};

struct Less : Comparison {
  static constexpr std::string_view name = "less";
  template <class T>
  CTGRAD_FUNCTION static auto value(T a, T b) {
    return a < b;
  }
};

struct LessEqual : Comparison {
  static constexpr std::string_view name = "less_equal";
  template <class T>
  CTGRAD_FUNCTION static auto value(T a, T b) {
    return a <= b;
  }
};

struct Greater : Comparison {
  static constexpr std::string_view name = "greater";
  template <class T>
  CTGRAD_FUNCTION static auto value(T a, T b) {
    return a > b;
  }
};

struct GreaterEqual : Comparison {
  static constexpr std::string_view name = "greater_equal";
  template <class T>
  CTGRAD_FUNCTION static auto value(T a, T b) {
    return a >= b;
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// True where `a == b`, element by element, with NumPy broadcasting.
template <class A, class B>
requires Operands<A, B>
constexpr auto operator==(const A& a, const B& b) { return ctgrad_apply(OpCall<ops::Equal>{}, a, b); }

/// True where `a != b`, element by element, with NumPy broadcasting.
template <class A, class B>
requires Operands<A, B>
constexpr auto operator!=(const A& a, const B& b) { return ctgrad_apply(OpCall<ops::NotEqual>{}, a, b); }

/// True where `a < b`, element by element, with NumPy broadcasting.
template <class A, class B>
requires Operands<A, B>
constexpr auto operator<(const A& a, const B& b) { return ctgrad_apply(OpCall<ops::Less>{}, a, b); }

/// True where `a <= b`, element by element, with NumPy broadcasting.
template <class A, class B>
requires Operands<A, B>
constexpr auto operator<=(const A& a, const B& b) { return ctgrad_apply(OpCall<ops::LessEqual>{}, a, b); }

/// True where `a > b`, element by element, with NumPy broadcasting.
template <class A, class B>
requires Operands<A, B>
constexpr auto operator>(const A& a, const B& b) { return ctgrad_apply(OpCall<ops::Greater>{}, a, b); }

/// True where `a >= b`, element by element, with NumPy broadcasting.
template <class A, class B>
requires Operands<A, B>
constexpr auto operator>=(const A& a, const B& b) { return ctgrad_apply(OpCall<ops::GreaterEqual>{}, a, b); }

}  // namespace ctgrad
