// SPDX-License-Identifier: BSL-1.0
/// \file
/// The adjoint of stretching: sums, with the factors that all of their elements share multiplied afterwards.
#pragma once

#include "ctgrad/graph/shared_factors.hpp"

namespace ctgrad {

/// `x` summed over the axes along which `shape` was broadcast to it: the adjoint of broadcasting.
constexpr Value sum_to(const Value& x, ShapeValue shape) {
  if (x.shape() == shape) return x;
  const unsigned mask = detail::broadcast_axes(shape, x.shape());
  const auto shaped = [&](const Value& y) { return y.shape() == shape ? y : apply_shaped<ops::Reshape>(y, shape); };
  if (mask == 0) return shaped(x);
  const detail::SharedFactors factors(x, shape, mask, x.builder->adjoints_begin);
  const Value rest = broadcast_value(factors.rest, x.shape());
  return factors.apply(shaped(apply_shaped<ops::Sum>(rest, detail::reduce_shape(x.shape(), mask, false), mask)));
}

}  // namespace ctgrad
