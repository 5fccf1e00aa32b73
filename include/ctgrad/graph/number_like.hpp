// SPDX-License-Identifier: BSL-1.0
/// \file
/// What templates written for numbers ask of symbols besides operators: `x += y` and its kin, after which x names the
/// new value, and the names of <cmath> and <algorithm> that ctgrad spells otherwise.
#pragma once

#include "ctgrad/graph/symbol.hpp"
#include "ctgrad/ops/abs.hpp"
#include "ctgrad/ops/add.hpp"
#include "ctgrad/ops/divide.hpp"
#include "ctgrad/ops/maximum.hpp"
#include "ctgrad/ops/minimum.hpp"
#include "ctgrad/ops/multiply.hpp"
#include "ctgrad/ops/subtract.hpp"

namespace ctgrad {

namespace detail {

/// Assigns a result that must have the type of what it replaces.
template <class T, class S, class Result>
constexpr Symbol<T, S>& replace(Symbol<T, S>& x, const Result& result) {
  static_assert(std::is_same_v<Symbol<T, S>, Result>,
                "ctgrad: +=, -=, *= and /= keep the shape and element type of what they change, and the result has "
                "others; give it a name of its own, const auto z = x + y");
  if constexpr (std::is_same_v<Symbol<T, S>, Result>) x = result;
  return x;
}

}  // namespace detail

template <class T, class S, class X>
requires Operands<Symbol<T, S>, X>
constexpr Symbol<T, S>& operator+=(Symbol<T, S>& x, const X& y) { return detail::replace(x, x + y); }
template <class T, class S, class X>
requires Operands<Symbol<T, S>, X>
constexpr Symbol<T, S>& operator-=(Symbol<T, S>& x, const X& y) { return detail::replace(x, x - y); }
template <class T, class S, class X>
requires Operands<Symbol<T, S>, X>
constexpr Symbol<T, S>& operator*=(Symbol<T, S>& x, const X& y) { return detail::replace(x, x * y); }
template <class T, class S, class X>
requires Operands<Symbol<T, S>, X>
constexpr Symbol<T, S>& operator/=(Symbol<T, S>& x, const X& y) { return detail::replace(x, x / y); }

// A call of max(x, y) with `using std::max` finds these first: std::max would compare while the function is traced.
// Where a number is NaN, so is the result, whichever operand it is.

template <class T>
constexpr Symbol<T, Shape<>> max(const Symbol<T, Shape<>>& a, const Symbol<T, Shape<>>& b) {
  return maximum(a, b);
}
template <class T>
constexpr Symbol<T, Shape<>> min(const Symbol<T, Shape<>>& a, const Symbol<T, Shape<>>& b) {
  return minimum(a, b);
}
template <class T>
constexpr Symbol<T, Shape<>> fabs(const Symbol<T, Shape<>>& x) {
  return abs(x);
}

}  // namespace ctgrad
