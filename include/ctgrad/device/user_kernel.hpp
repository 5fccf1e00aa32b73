// SPDX-License-Identifier: BSL-1.0
/// \file
/// Runs a user's kernel as a step, once for each point that `vectorize` gave it.
#pragma once

#include "ctgrad/device/step_arguments.hpp"

namespace ctgrad::detail {

/// Calls run(result, operands, shapes) for each point of the step, with the shapes of a point; shapes[0] is the
/// result's.
template <class Run>
void for_each_point(const Step& step, const StepArguments& x, const Run& run) {
  KernelShape shapes[4];
  shapes[0] = x.result_shape();
  for (int k = 0; k < x.input_count; ++k) shapes[k + 1] = x.shape[k];
  const int levels = ops::PointAttribute::levels(step.attribute);
  if (levels == 0) return run(x.result(), static_cast<const void* const*>(x.pointer), shapes);
  std::int64_t points = 1;
  for (int axis = 0; axis < levels; ++axis) points *= shapes[0].extent[axis];
  const auto element = static_cast<std::int64_t>(size_of(x.result_type()));
  std::int64_t bytes[4];
  for (int k = 0; k <= x.input_count; ++k) {
    KernelShape& shape = shapes[k];
    shape.rank -= levels;
    for (int axis = 0; axis < shape.rank; ++axis) shape.extent[axis] = shape.extent[axis + levels];
    bytes[k] = shape.size() * element;
  }
  for (std::int64_t point = 0; point < points; ++point) {
    const void* operands[3] = {};
    for (int k = 0; k < x.input_count; ++k)
      operands[k] = static_cast<const std::byte*>(x.pointer[k]) + point * bytes[k + 1];
    run(static_cast<std::byte*>(x.result()) + point * bytes[0], static_cast<const void* const*>(operands), shapes);
  }
}

}  // namespace ctgrad::detail
