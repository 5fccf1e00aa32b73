// SPDX-License-Identifier: BSL-1.0
/// \file
/// Each element times itself.
#pragma once

#include "ctgrad/ops/add.hpp"
#include "ctgrad/ops/multiply.hpp"
#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

struct Square : Elementwise<1> {
  static constexpr std::string_view name = "square";
  static constexpr int flops = 1;
  static constexpr bool cheap = true;

  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    return x * x;
  }
  template <class V>
  static constexpr auto derivative(V t, V x, V) {
    return partials((t + t) * x);  // t is often one number for all elements
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// Each element times itself.
template <Handle X>
constexpr auto square(const X& x) {
  return ctgrad_apply(OpCall<ops::Square>{}, x);
}

}  // namespace ctgrad
