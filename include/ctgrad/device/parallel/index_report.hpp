// SPDX-License-Identifier: BSL-1.0
/// \file
/// How a thread of a device says that an index is out of range: it cannot throw.
#pragma once

#include <cstdint>

#include "ctgrad/device/step_arguments.hpp"

#if !defined(__CUDA_ARCH__)
#include <atomic>
#endif

namespace ctgrad::parallel {

/// The first index found out of range. It lies in memory that the threads write and the host reads.
struct IndexReport {
  /// 0 for none, 1 while it is written, 2 when the rest is valid.
  std::int32_t state = 0;
  std::int32_t operation = 0;
  std::int64_t index = 0;
  std::int64_t length = 0;
};

/// The operations that report.
enum class Indexed : std::int32_t { gather, scatter_add, take, take_adjoint };

/// True for an index of an axis of `length` elements; otherwise reports it, unless another was reported before.
CTGRAD_HOST_DEVICE inline bool check_index(IndexReport* report, Indexed operation, std::int64_t index,
                                           std::int64_t length) {
  if (index >= 0 && index < length) return true;
#if defined(__CUDA_ARCH__)
  const bool first = atomicCAS(&report->state, 0, 1) == 0;
#else
  std::int32_t none = 0;
  const bool first = std::atomic_ref<std::int32_t>(report->state).compare_exchange_strong(none, 1);
#endif
  if (first) {
    report->operation = static_cast<std::int32_t>(operation);
    report->index = index;
    report->length = length;
    report->state = 2;
  }
  return false;
}

/// Throws what was reported, and forgets it.
inline void throw_reported(IndexReport& report) {
  if (report.state == 0) return;
  const IndexReport found = report;
  report = {};
  constexpr const char* names[] = {"gather", "scatter_add", "take", "take (adjoint)"};
  ctgrad::detail::throw_index(names[found.operation], found.index, found.length);
}

}  // namespace ctgrad::parallel
