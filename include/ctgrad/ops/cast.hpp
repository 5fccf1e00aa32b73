// SPDX-License-Identifier: BSL-1.0
/// \file
/// Conversion of each element to another element type.
#pragma once

#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

/// Attribute: the target DType.
struct Cast : Elementwise<1> {
  static constexpr std::string_view name = "cast";
  static constexpr Takes takes = Takes::any;
  static constexpr int flops = 0;
  template <std::int64_t Attribute>
  static constexpr DType cast_type = static_cast<DType>(Attribute);
};

/// The operand itself; its derivative is zero.
struct StopGradient : Elementwise<1> {
  static constexpr std::string_view name = "stop_gradient";
  static constexpr Takes takes = Takes::any;
  static constexpr int flops = 0;
  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    return x;
  }
};

/// The operand itself, as an array of its own: how a view becomes contiguous.
struct Copy : Elementwise<1> {
  static constexpr std::string_view name = "copy";
  static constexpr Takes takes = Takes::any;
  static constexpr int flops = 0;
  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    return x;
  }
  template <class V>
  static constexpr auto derivative(V t, V, V) {
    return partials(t);
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

/// Each element converted to T as C++ converts it (floating to integer truncates; to bool means
/// "is not zero"). Between floating types it is differentiable.
template <Element T, Handle X>
constexpr auto cast(const X& x) {
  return ctgrad_apply(OpCall<ops::Cast, static_cast<std::int64_t>(dtype_of<T>)>{}, x);
}

/// The same elements, which derivatives treat as constants (JAX's stop_gradient, PyTorch's detach).
template <Handle X>
constexpr auto stop_gradient(const X& x) {
  return ctgrad_apply(OpCall<ops::StopGradient>{}, x);
}

}  // namespace ctgrad
