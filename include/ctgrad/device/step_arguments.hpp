// SPDX-License-Identifier: BSL-1.0
/// \file
/// One run of a schedule as its steps see it: where memory lies, how long named dimensions are, and the arrays of a
/// step that is not a fused loop.
#pragma once

#include <cstdint>

#include "ctgrad/core/message.hpp"
#include "ctgrad/passes/schedule.hpp"

namespace ctgrad {

/// What a run needs to know besides the schedule.
template <class Device>
struct RunContext {
  /// Start of each memory region, in the device's memory.
  void* const* region = nullptr;
  /// The run-time factor of each region's offsets.
  const std::int64_t* factor = nullptr;
  const Dimensions* dimensions = nullptr;
  /// The seed of the run's random numbers, in memory that the device's steps read: a recorded run is replayed with
  /// another seed.
  const std::uint64_t* seed = nullptr;
  Device* device = nullptr;

  /// Where an operand begins.
  void* address(const StepOperand& operand) const {
    return static_cast<char*>(region[operand.region]) + operand.byte_offset * factor[operand.region] +
           (*dimensions)(operand.offset) * static_cast<std::int64_t>(size_of(operand.dtype));
  }
};

/// The arrays of one step, evaluated for one run: operands, then the result, then the side result where there is one.
/// All are contiguous.
struct StepArguments {
  void* pointer[5] = {};
  KernelShape shape[5];
  DType dtype[5] = {};
  int input_count = 0;

  void* result() const { return pointer[input_count]; }
  /// Null where nobody wants it.
  void* side_result() const { return pointer[input_count + 1]; }
  const KernelShape& result_shape() const { return shape[input_count]; }
  DType result_type() const { return dtype[input_count]; }
};

/// The arrays of a step that is not a fused loop.
template <class Device>
StepArguments bind_step(const Step& step, const StepOperand* operands, const RunContext<Device>& context) {
  StepArguments x;
  x.input_count = step.input_count;
  for (int k = 0; k < step.operand_count; ++k) {
    x.pointer[k] = context.address(operands[k]);
    x.dtype[k] = operands[k].dtype;
    x.shape[k].rank = operands[k].rank;
    for (int axis = 0; axis < operands[k].rank; ++axis)
      x.shape[k].extent[axis] = (*context.dimensions)(operands[k].stride[axis]);
  }
  return x;
}

/// The product of the extents before, at and after an axis.
struct AxisSplit {
  std::int64_t outer = 1, length = 1, inner = 1;
  AxisSplit(const KernelShape& shape, int axis) {
    for (int i = 0; i < shape.rank; ++i) (i < axis ? outer : i == axis ? length : inner) *= shape[i];
  }
};

namespace detail {

[[noreturn]] CTGRAD_COLD inline void throw_index(const char* operation, std::int64_t index, std::int64_t length) {
  throw_error(Message()
                  .text("ctgrad: ")
                  .text(operation)
                  .text(" was given the index ")
                  .number(index)
                  .text(", but the axis has the length ")
                  .number(length)
                  .text("; indices run from 0 to the length minus 1"));
}

}  // namespace detail

}  // namespace ctgrad
