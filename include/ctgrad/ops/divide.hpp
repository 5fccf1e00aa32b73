// SPDX-License-Identifier: BSL-1.0
/// \file
/// Quotient of two operands, element by element, with NumPy broadcasting.
#pragma once

#include "ctgrad/core/math.hpp"
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
    if constexpr (std::is_integral_v<math::detail::ValueOf<T>>) {
      // A processor stops at x / 0 and at the smallest integer / -1.
      const auto zero = b == T(0);
      const auto minus_one = b == T(-1);
      const T quotient = a / math::select(zero || minus_one, T(1), b);
      return math::select(zero, T(0), math::select(minus_one, opposite(a), quotient));
    } else {
      return a / b;
    }
  }
  /// The smallest integer is its own opposite; in signed arithmetic it would overflow.
  template <class T>
  CTGRAD_FUNCTION static T opposite(T a) {
    using Unsigned = math::detail::BitsOf<T>;
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(Unsigned(0) - static_cast<Unsigned>(a));
    } else {
      using Word = math::detail::ValueOf<Unsigned>;
      return bit_cast_lanes<math::detail::ValueOf<T>>(Unsigned(Word(0)) - bit_cast_lanes<Word>(a));
    }
  }

  template <class V>
  static constexpr auto derivative(V t, V, V b, V y) {
    // One division serves both; where the same divisor serves many elements, it is one for all of them.
    const V share = b.shape() == y.shape() ? t / b : t * (1 / b);
    return partials(share, -(share * y));
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// Quotient of two operands, element by element, with NumPy broadcasting. Integers are divided as in C++, towards
/// zero; an integer divided by zero gives 0.
template <class A, class B>
requires Operands<A, B>
constexpr auto operator/(const A& a, const B& b) { return ctgrad_apply(OpCall<ops::Divide>{}, a, b); }

}  // namespace ctgrad
