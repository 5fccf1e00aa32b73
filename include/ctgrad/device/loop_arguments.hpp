// SPDX-License-Identifier: BSL-1.0
/// \file
/// A fused loop's extents, pointers and strides, evaluated for one run.
#pragma once

#include <cstdint>

#include "ctgrad/device/step_arguments.hpp"

namespace ctgrad {

/// The largest number of arrays one loop works on.
inline constexpr int max_loop_operands = 48;
static_assert(ctgrad::detail::FusionLimits{}.operands <= max_loop_operands,
              "ctgrad: fusion makes loops of more arrays than a loop has room for");

/// A loop's extents, pointers and strides, evaluated for one run.
struct LoopArguments {
  int rank = 1;
  // Not cleared: that would take longer than many a loop. Whoever fills it sets what rank and operands use.
  std::int64_t extent[max_rank];
  void* pointer[max_loop_operands];
  std::int64_t stride[max_loop_operands][max_rank];

  std::int64_t size() const {
    std::int64_t count = 1;
    for (int axis = 0; axis < rank; ++axis) count *= extent[axis];
    return count;
  }
};

/// Evaluates the extents, addresses and strides of a fused loop for one run.
template <class Device>
void bind_loop(const Step& step, const StepOperand* operands, const RunContext<Device>& context,
               LoopArguments& arguments) {
  const Dimensions& dimensions = *context.dimensions;
  arguments.rank = step.space.rank;
  for (int axis = 0; axis < step.space.rank; ++axis) arguments.extent[axis] = dimensions(step.space[axis]);
  for (int k = 0; k < step.operand_count; ++k) {
    arguments.pointer[k] = context.address(operands[k]);
    for (int axis = 0; axis < step.space.rank; ++axis) arguments.stride[k][axis] = dimensions(operands[k].stride[axis]);
  }
}

}  // namespace ctgrad
