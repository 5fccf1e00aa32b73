// SPDX-License-Identifier: BSL-1.0
/// \file
/// Natural logarithm of each element; -inf at 0, NaN below.
#pragma once

#include "ctgrad/core/math.hpp"
#include "ctgrad/ops/divide.hpp"
#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

struct Log : Elementwise<1> {
  static constexpr std::string_view name = "log";
  static constexpr Takes takes = Takes::floating;
  static constexpr int flops = 14;
  static constexpr bool cheap = false;

  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    return math::log(x);
  }
  template <class V>
  static constexpr auto derivative(V t, V x, V) {
    return partials(t / x);
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// Natural logarithm of each element; -inf at 0, NaN below.
template <Handle X>
constexpr auto log(const X& x) {
  return ctgrad_apply(OpCall<ops::Log>{}, x);
}

}  // namespace ctgrad
