// SPDX-License-Identifier: BSL-1.0
/// \file
/// The stages from a traced function to a schedule, each a constexpr value of its own.
#pragma once

#include "ctgrad/graph/trace.hpp"
#include "ctgrad/passes/plan.hpp"
#include "ctgrad/passes/simplify.hpp"

namespace ctgrad {

/// The pipeline of one program. `Source::run()` records the graph, derivatives included; `Source::blocks` is
/// its number of blocks (parameters, optimizer state). Every stage is a constexpr variable: it has the
/// compiler's budget of operations for itself, and it can be looked at: `to_string(Pipeline<...>::traced())`.
template <class Source>
struct Pipeline {
  /// Room for a graph a little larger than `graph`.
  static constexpr detail::GraphSize room_for(const GraphView& graph) {
    return {graph.size + graph.size / 32 + 16, graph.shape_count + 16, graph.list_count + 16, graph.output_count + 1,
            graph.parameter_count + 1};
  }

  struct Simplify {
    static constexpr detail::GraphSize expected() { return room_for(Frozen<Source>::graph.view()); }
    static constexpr GraphBuilder run() { return simplify(Frozen<Source>::graph.view()); }
  };
  struct Legalize {
    static constexpr detail::GraphSize expected() { return room_for(Frozen<Simplify>::graph.view()); }
    static constexpr GraphBuilder run() { return legalize(Frozen<Simplify>::graph.view()); }
  };
  struct Fuse {
    static constexpr int nodes() { return Frozen<Legalize>::graph.view().size; }
    static constexpr detail::FusionBuilder run() { return fuse(Frozen<Legalize>::graph.view()); }
  };
  struct Plan {
    static constexpr detail::ScheduleSize expected() {
      const GraphView graph = Frozen<Legalize>::graph.view();
      const FusionView fusion = FrozenFusion<Fuse>::fusion_view();
      return {fusion.step_count, 5 * fusion.step_count + 32, 64, 256, 512, 128, 64, 8, graph.output_count, 16};
    }
    static constexpr detail::ScheduleBuilder run() {
      const GraphView graph = Frozen<Legalize>::graph.view();
      constexpr bool asked = requires { Source::results_apart; };
      // A run that fails leaves the caller's memory as it was.
      return plan(graph, FrozenFusion<Fuse>::fusion_view(), Source::blocks, asked && !may_fail(graph));
    }
  };

  /// The graph as it was written.
  static constexpr GraphView traced() { return Frozen<Source>::graph.view(); }
  /// The graph after simplification.
  static constexpr GraphView simplified() { return Frozen<Simplify>::graph.view(); }
  /// The graph the schedule was made from.
  static constexpr GraphView legal() { return Frozen<Legalize>::graph.view(); }
  /// Which nodes share a loop.
  static constexpr FusionView fusion() { return FrozenFusion<Fuse>::fusion_view(); }
  /// The finished program.
  static constexpr ScheduleView view() { return FrozenSchedule<Plan>::schedule.view(); }
};

/// The pipeline source of a plain function: its arguments are inputs, its results are outputs. A source with a member
/// `results_apart` leaves it to the caller of each run where the results go, unless a run may fail.
template <class F, class... Specs>
struct FunctionSource {
  static_assert(std::is_default_constructible_v<F>,
                "ctgrad: the function must not capture anything: pass values as arguments, or keep them in a struct "
                "with a constexpr call operator and default member values");
  static constexpr int blocks = 0;
  static constexpr GraphBuilder run() { return trace<Specs...>(F{}); }
};

}  // namespace ctgrad
