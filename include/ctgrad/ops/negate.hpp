// SPDX-License-Identifier: BSL-1.0
/// \file
/// Each element with the opposite sign.
#pragma once

#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

struct Negate : Elementwise<1> {
  static constexpr std::string_view name = "negate";
  static constexpr int flops = 1;

  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    return -x;
  }
  template <class V>
  static constexpr auto derivative(V t, V, V) {
    return partials(-t);
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// Each element with the opposite sign.
template <Handle X>
constexpr auto operator-(const X& x) {
  return ctgrad_apply(OpCall<ops::Negate>{}, x);
}

}  // namespace ctgrad
