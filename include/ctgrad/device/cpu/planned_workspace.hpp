// SPDX-License-Identifier: BSL-1.0
/// \file
/// How much scratch memory a program's matrix products will ask the device for.
#pragma once

#include "ctgrad/device/cpu/inline.hpp"

namespace ctgrad::cpu {

/// Bytes of scratch memory of the program, known at compile time: products of one element type share theirs, whatever
/// their shapes. Straight-line code multiplies single matrices without any.
template <class Source>
constexpr std::int64_t planned_workspace_bytes() {
  const ScheduleView schedule = Source::view();
  bool used[4] = {};
  constexpr DType dtypes[4] = {DType::float32, DType::float64, DType::int32, DType::int64};
  for (int i = 0; i < schedule.step_count; ++i) {
    const Step& step = schedule.steps[i];
    if (step.kind != StepKind::matmul || (runs_inline<Source> && step.space.rank == 2)) continue;
    for (int k = 0; k < 4; ++k) used[k] = used[k] || schedule.routines[step.kernel].dtype == dtypes[k];
  }
  const std::size_t bytes[4] = {matmul_workspace_bytes<float>(), matmul_workspace_bytes<double>(),
                                matmul_workspace_bytes<std::int32_t>(), matmul_workspace_bytes<std::int64_t>()};
  std::int64_t total = 0;
  for (int k = 0; k < 4; ++k) total += used[k] ? static_cast<std::int64_t>(bytes[k]) : 0;
  return total;
}

}  // namespace ctgrad::cpu
