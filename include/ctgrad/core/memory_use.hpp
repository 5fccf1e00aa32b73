// SPDX-License-Identifier: BSL-1.0
/// \file
/// How many bytes a program or a trainer holds, and for what.
#pragma once

#include <cstdint>

namespace ctgrad {

/// Bytes on the heap, by purpose. They are the bytes asked of `operator new`; what its implementation adds, and what
/// OpenMP and a BLAS keep for themselves, is not among them.
struct MemoryUse {
  /// The parameters and buffers.
  std::int64_t parameters = 0;
  /// What the optimizer keeps beside them.
  std::int64_t optimizer_state = 0;
  /// Temporary arrays and results, laid out at compile time.
  std::int64_t arenas = 0;
  /// Constants that loops read from memory.
  std::int64_t constants = 0;
  /// What matrix products and convolutions pack their operands into: a fixed size for each element type they have, and
  /// for convolutions and operands of 16 bits, more by their shapes and the number of threads. A plan has the fixed
  /// sizes only.
  std::int64_t workspace = 0;
  /// Names and shapes of the parameters.
  std::int64_t bookkeeping = 0;

  constexpr std::int64_t total() const {
    return parameters + optimizer_state + arenas + constants + workspace + bookkeeping;
  }
  friend constexpr bool operator==(const MemoryUse&, const MemoryUse&) = default;
};

}  // namespace ctgrad
