// SPDX-License-Identifier: BSL-1.0
/// \file
/// Questions about graphs and schedules that tests ask while they compile.
#pragma once

#include <ctgrad/ctgrad.hpp>

namespace ctgrad_test {

using namespace ctgrad;

/// The number of nodes of one operation.
template <class Op>
constexpr int count(const GraphView& graph) {
  int found = 0;
  for (int i = 0; i < graph.size; ++i)
    if (graph[i].is<Op>()) ++found;
  return found;
}

/// The number of steps of one kind.
constexpr int count(const ScheduleView& schedule, StepKind kind) {
  int found = 0;
  for (int i = 0; i < schedule.step_count; ++i)
    if (schedule.steps[i].kind == kind) ++found;
  return found;
}

/// The number of loops that compute a node of one operation.
template <class Op>
constexpr int loops_with(const GraphView& graph, const FusionView& fusion) {
  int found = 0;
  for (int s = 0; s < fusion.step_count; ++s) {
    bool here = false;
    for (int m = 0; m < fusion.steps[s].member_count; ++m)
      here = here || graph[fusion.members[fusion.steps[s].first_member + m]].is<Op>();
    if (here) ++found;
  }
  return found;
}

/// How often a step reads a memory region.
constexpr int reads_of(const ScheduleView& schedule, int region) {
  int found = 0;
  for (int s = 0; s < schedule.step_count; ++s)
    for (int k = 0; k < schedule.steps[s].input_count; ++k)
      if (schedule.operands[schedule.steps[s].first_operand + k].region == region) ++found;
  return found;
}

/// The stages of a function of arguments with the given specs.
template <class F, class... Specs>
using StagesOf = Pipeline<FunctionSource<F, Specs...>>;

template <class F, class... Specs>
constexpr StagesOf<F, Specs...> stages_of(F, Specs...) {
  return {};
}

}  // namespace ctgrad_test
