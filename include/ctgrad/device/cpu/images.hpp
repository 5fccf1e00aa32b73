// SPDX-License-Identifier: BSL-1.0
/// \file
/// What the steps on images share: the arrays of one run, and work cut into parts for threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#if defined(_OPENMP)
#include <omp.h>
#endif

#include "ctgrad/device/cpu/steps.hpp"
#include "ctgrad/device/image_shapes.hpp"

namespace ctgrad::cpu::detail {

/// How many threads to use for `parts` pieces of work of `operations` simple operations in all.
inline int threads_for([[maybe_unused]] std::int64_t parts, [[maybe_unused]] std::int64_t operations) {
#if defined(_OPENMP)
  constexpr std::int64_t worth_threads = 1 << 19;
  if (parts > 1 && operations >= worth_threads && !omp_in_parallel())
    return static_cast<int>(std::min<std::int64_t>(parts, omp_get_max_threads()));
#endif
  return 1;
}

/// Calls body(part, thread) for each part, the parts shared evenly between the threads.
template <class Body>
void for_each_part(std::int64_t parts, [[maybe_unused]] int threads, const Body& body) {
#if defined(_OPENMP)
  if (threads > 1) {
#pragma omp parallel num_threads(threads)
    {
      const std::int64_t count = omp_get_num_threads();
      const std::int64_t thread = omp_get_thread_num();
      for (std::int64_t part = parts * thread / count; part < parts * (thread + 1) / count; ++part) body(part, thread);
    }
    return;
  }
#endif
  for (std::int64_t part = 0; part < parts; ++part) body(part, std::int64_t{0});
}

/// Calls body(number) for 0 to Count - 1, each number a type of its own: only constant indices let the compiler keep an
/// array in registers.
template <int Count, class Body>
CTGRAD_ALWAYS_INLINE void for_each_number(const Body& body) {
  [&]<int... I>(std::integer_sequence<int, I...>) __attribute__((always_inline)) {
    (body(std::integral_constant<int, I>{}), ...);
  }
  (std::make_integer_sequence<int, Count>{});
}

/// The first of part `part` of `count` things cut into `parts`.
constexpr std::int64_t first_of_part(std::int64_t count, std::int64_t part, std::int64_t parts) {
  return count * part / parts;
}

/// The places along one axis at which element `tap` of the window lies inside an axis of `length` elements: a range
/// of windows, and the element that the first window would see.
struct InsideRange {
  std::int64_t begin, end, first;

  InsideRange(const Window& window, int axis, std::int64_t tap, std::int64_t length, std::int64_t count) {
    const std::int64_t step = window.stride[axis];
    first = tap * window.dilation[axis] - window.padding[axis];
    begin = std::min(first >= 0 ? 0 : (-first + step - 1) / step, count);
    end = std::max(begin, std::min(first >= length ? 0 : (length - first + step - 1) / step, count));
  }
};

}  // namespace ctgrad::cpu::detail
