// SPDX-License-Identifier: BSL-1.0
/// \file
/// Whole programs on the CPU: how they run, and how much scratch memory their matrix products and convolutions ask for.
#pragma once

#include "ctgrad/device/cpu/inline.hpp"

namespace ctgrad::cpu {

/// True for steps that have the workspace of their element type.
template <class Source>
constexpr bool uses_workspace(const Step& step) {
  switch (step.kind) {
    case StepKind::matmul:
      // Straight-line code multiplies single matrices without it.
      return !(runs_inline<Source> && step.space.rank == 2) || is_half_type(Source::view().routines[step.kernel].dtype);
    case StepKind::conv2d:
    case StepKind::conv2d_input_gradient:
    case StepKind::conv2d_weight_gradient:
      return true;
    default:
      return false;
  }
}

/// Bytes of scratch memory of the program, as far as they are known at compile time: steps of one element type share
/// theirs, whatever their shapes. What convolutions take beyond it depends on the number of threads, and the float
/// copies of 16-bit operands are not in it.
template <class Source>
constexpr std::int64_t planned_workspace_bytes() {
  const ScheduleView schedule = Source::view();
  bool used[4] = {};
  constexpr DType dtypes[4] = {DType::float32, DType::float64, DType::int32, DType::int64};
  for (int i = 0; i < schedule.step_count; ++i) {
    const Step& step = schedule.steps[i];
    if (!uses_workspace<Source>(step)) continue;
    for (int k = 0; k < 4; ++k) used[k] = used[k] || compute_type(schedule.routines[step.kernel].dtype) == dtypes[k];
  }
  const std::size_t bytes[4] = {matmul_workspace_bytes<float>(), matmul_workspace_bytes<double>(),
                                matmul_workspace_bytes<std::int32_t>(), matmul_workspace_bytes<std::int64_t>()};
  std::int64_t total = 0;
  for (int k = 0; k < 4; ++k) total += used[k] ? static_cast<std::int64_t>(bytes[k]) : 0;
  return total;
}

}  // namespace ctgrad::cpu

namespace ctgrad {

template <class Source>
constexpr std::int64_t Cpu::planned_workspace_bytes() {
  return cpu::planned_workspace_bytes<Source>();
}

/// Runs the schedule of `Source` on the CPU.
template <class Source>
void run_program(const RunContext<Cpu>& context) {
  if constexpr (cpu::runs_inline<Source>) {
    cpu::run_inline<Source>(context);
  } else {
    cpu::run<Source>(context);
  }
}

}  // namespace ctgrad
