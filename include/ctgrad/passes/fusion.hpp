// SPDX-License-Identifier: BSL-1.0
/// \file
/// What fusion makes: steps with their members; and what it works with: loops that grow, within limits.
#pragma once

#include <cstdint>

#include "ctgrad/core/vector.hpp"

namespace ctgrad {

/// One step of the program: a fused loop, or an operation with a step of its own.
struct FusedStep {
  /// The node of an operation with a step of its own; -1 for a fused loop.
  int node = -1;
  /// Position of the loop's iteration space in the table of shapes.
  std::int32_t space = -1;
  /// The loop's nodes, in the fusion's list of members.
  int first_member = 0;
  int member_count = 0;
  /// True for a loop that runs as the epilogue of the step before it.
  bool is_epilogue = false;
};

/// The result of fusion.
struct FusionView {
  const FusedStep* steps = nullptr;
  int step_count = 0;
  const std::int32_t* members = nullptr;
  int member_count = 0;
  /// For each node, the step that writes its array; -1 when it has none.
  const std::int32_t* producer = nullptr;
};

namespace detail {

/// Bounds on the size of one loop. They keep kernels cheap to compile, and the compiler's recursion shallow
/// however long a chain of elementwise operations is.
struct FusionLimits {
  /// Arrays that a loop reads and writes. Of an epilogue, operations and arrays together.
  int operands = 48;
  /// Operations of a loop.
  int operations = 96;
  int loads = 24;
  /// Operations that one root may pull into a loop.
  int demand = 24;
  /// Operations in a row that may wait to be pulled into a loop.
  int chain = 24;
  int recompute_depth = 3;
};

struct FusionBuilder {
  Vector<FusedStep> steps;
  Vector<std::int32_t> members;
  Vector<std::int32_t> producer;
};

/// A loop while fusion adds to it.
struct GrowingLoop {
  std::int32_t space = -1;
  unsigned reduced_axes = 0;
  /// A reduction of the loop; -1 when it has none.
  std::int32_t reduction = -1;
  /// The loop that is its epilogue; -1 when it has none.
  std::int32_t epilogue = -1;
  /// Arrays that it writes, those of its epilogue included.
  int written = 0;
  Vector<std::int32_t> members;
  Vector<std::int32_t> loads;

  /// Members stay sorted, for an operand's number is smaller than its user's. False for one that is there already.
  constexpr bool add_member(int x) {
    int at = members.count;
    while (at > 0 && members.at[at - 1] > x) --at;
    if (at > 0 && members.at[at - 1] == x) return false;
    members.insert(at, x);
    return true;
  }
};

}  // namespace detail

}  // namespace ctgrad
