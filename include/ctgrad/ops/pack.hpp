// SPDX-License-Identifier: BSL-1.0
/// \file
/// Many results side by side in one block.
#pragma once

#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

/// The operands flattened and joined: each is computed where it belongs. So the gradients of all parameters become one
/// block that the optimizer passes over once, and `legalize` makes it of concats along the first axis. Attribute:
/// position in the graph's lists in the high 32 bits, count in the low 32 bits.
struct Pack : Structured {
  static constexpr std::string_view name = "pack";

  static constexpr std::int64_t make(int first, int count) { return static_cast<std::int64_t>(first) << 32 | count; }
  static constexpr int first(std::int64_t attribute) { return static_cast<int>(attribute >> 32); }
  static constexpr int count(std::int64_t attribute) { return static_cast<int>(attribute & 0xffffffff); }
};

}  // namespace ctgrad::ops
