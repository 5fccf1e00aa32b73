// SPDX-License-Identifier: BSL-1.0
/// \file
/// What a step is called in texts.
#pragma once

#include <string>

#include "ctgrad/passes/schedule.hpp"

namespace ctgrad {

namespace detail {

inline const char* name_of(StepKind kind) {
  switch (kind) {
    case StepKind::kernel:
      return "loop";
    case StepKind::matmul:
      return "matmul";
    case StepKind::concat:
      return "concat";
    case StepKind::pad:
      return "pad";
    case StepKind::gather:
      return "gather";
    case StepKind::scatter_add:
      return "scatter_add";
    case StepKind::take:
      return "take";
    case StepKind::take_adjoint:
      return "take_adjoint";
    case StepKind::argmax:
      return "argmax";
    case StepKind::argmin:
      return "argmin";
    case StepKind::random_uniform:
      return "random_uniform";
    case StepKind::conv2d:
      return "conv2d";
    case StepKind::conv2d_input_gradient:
      return "conv2d_input_gradient";
    case StepKind::conv2d_weight_gradient:
      return "conv2d_weight_gradient";
    case StepKind::max_pool2d:
      return "max_pool2d";
    case StepKind::max_pool2d_gradient:
      return "max_pool2d_gradient";
    case StepKind::avg_pool2d:
      return "avg_pool2d";
    case StepKind::avg_pool2d_gradient:
      return "avg_pool2d_gradient";
    case StepKind::batch_norm:
      return "batch_norm";
    case StepKind::batch_norm_gradient:
      return "batch_norm_gradient";
    case StepKind::user_kernel:
      return "user kernel";
  }
  return "?";
}

}  // namespace detail

/// A step in one line: "step 3, loop of add and relu over [64, 128]", "step 0, matmul of [64, 784] and [784, 128]".
CTGRAD_COLD inline std::string describe_step(const ScheduleView& schedule, int number, const Dimensions& dimensions) {
  const Step& step = schedule.steps[number];
  std::string text = "step " + std::to_string(number) + ", " + detail::name_of(step.kind);
  auto shape = [&](const Extent* extents, int rank) {
    std::string list;
    for (int axis = 0; axis < rank; ++axis) list += (axis == 0 ? "" : ", ") + std::to_string(dimensions(extents[axis]));
    return "[" + list + "]";
  };
  if (step.kind == StepKind::kernel) {
    const KernelDescription& kernel = schedule.kernels[step.kernel];
    for (int i = 0; i < kernel.instruction_count; ++i) {
      const KernelInstruction& instruction = schedule.instructions[kernel.first_instruction + i];
      text += (i == 0 ? " of " : i + 1 == kernel.instruction_count ? " and " : ", ");
      text += instruction.user != nullptr ? instruction.user->name : operation_info[instruction.op].name;
    }
    return text + " over " + shape(step.space.extent, step.space.rank);
  }
  if (step.user != nullptr) text += " " + std::string(step.user->name);
  for (int k = 0; k < step.input_count; ++k) {
    const StepOperand& operand = schedule.operands[step.first_operand + k];
    text += (k == 0 ? " of " : " and ") + shape(operand.stride, operand.rank);
  }
  return text;
}

}  // namespace ctgrad
