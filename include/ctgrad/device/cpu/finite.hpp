// SPDX-License-Identifier: BSL-1.0
/// \file
/// Whether arrays have infinities or NaN: zero times such a number is NaN, so zeros may be left out only where there
/// are none.
#pragma once

#include <cstdint>

#include "ctgrad/core/simd.hpp"

namespace ctgrad::cpu::detail {

/// Whether no number of them is infinite or NaN. With -ffast-math, which promises that there are none, always true.
template <class T>
bool all_finite(const T* numbers, std::int64_t count) {
  using V = Simd<T, native_lanes<T>>;
  constexpr std::int64_t step = V::size;
  // Sums of zeros. Four of them do not wait for each other.
  V a(T(0)), b(T(0)), c(T(0)), d(T(0));
  std::int64_t i = 0;
  for (; i + 4 * step <= count; i += 4 * step) {
    a += V::load(numbers + i) * V(T(0));
    b += V::load(numbers + i + step) * V(T(0));
    c += V::load(numbers + i + 2 * step) * V(T(0));
    d += V::load(numbers + i + 3 * step) * V(T(0));
  }
  for (; i + step <= count; i += step) a += V::load(numbers + i) * V(T(0));
  T rest = reduce_add(a + b + c + d);
  for (; i < count; ++i) rest += numbers[i] * T(0);
  return rest == T(0);
}

}  // namespace ctgrad::cpu::detail
