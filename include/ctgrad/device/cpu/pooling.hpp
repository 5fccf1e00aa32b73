// SPDX-License-Identifier: BSL-1.0
/// \file
/// Maximum and average of windows of images on the CPU.
#pragma once

#include "ctgrad/device/cpu/pool_pairs.hpp"

namespace ctgrad::cpu {

namespace detail {

/// Moves `place` to element `at` of a plane where that is larger: the first of equals stays, NaN is before all. Which
/// it is changes from window to window, so there is no branch for the processor to guess.
template <class T>
CTGRAD_ALWAYS_INLINE void see(const T* plane, std::int64_t& place, std::int64_t at) {
  const T value = plane[place];
  // A NaN that leads is not equal to itself; a NaN that comes is not at most the value.
  const bool better = !(plane[at] <= value) & (value == value);
  place += static_cast<std::int64_t>(better) * (at - place);
}

/// Calls visit(position, place of the largest element) for every window of a plane. The windows have the extents KH and
/// KW and lie inside, or, where KH is 0, the extents of `s`, and are cut off at the border.
template <int KH, int KW, class T, class Visit>
void visit_windows(const PoolingShape& s, const T* plane, const Visit& visit) {
  for (std::int64_t i = 0; i < s.out_height; ++i)
    for (std::int64_t j = 0; j < s.out_width; ++j) {
      if constexpr (KH > 0) {
        const std::int64_t corner = i * s.window.stride[0] * s.width + j * s.window.stride[1];
        std::int64_t place = corner;
        CTGRAD_UNROLL
        for (int k = 0; k < KH; ++k) {
          CTGRAD_UNROLL
          for (int l = 0; l < KW; ++l)
            if (k + l > 0) see(plane, place, corner + k * s.width + l);
        }
        visit(i * s.out_width + j, place);
      } else {
        const std::int64_t last_row = s.end(0, i, s.height);
        const std::int64_t column = s.begin(1, j);
        const std::int64_t last_column = s.end(1, j, s.width);
        const std::int64_t corner = s.begin(0, i) * s.width + column;
        std::int64_t place = corner;
        for (std::int64_t row = s.begin(0, i); row < last_row; ++row)
          for (std::int64_t l = column; l < last_column; ++l) see(plane, place, row * s.width + l);
        visit(i * s.out_width + j, place);
      }
    }
}

template <class T, class Visit>
void for_each_largest(const PoolingShape& s, const T* plane, const Visit& visit) {
  const auto& kernel = s.window.kernel;
  const bool inside = s.window.padding[0] == 0 && s.window.padding[1] == 0;
  if (inside && kernel[0] == 2 && kernel[1] == 2) return visit_windows<2, 2>(s, plane, visit);
  if (inside && kernel[0] == 3 && kernel[1] == 3) return visit_windows<3, 3>(s, plane, visit);
  visit_windows<0, 0>(s, plane, visit);
}

}  // namespace detail

/// Operands: v and x; the elements of v at the places of the largest of x. The gradient's operands: t and x; the
/// elements of t added at those places.
template <class T>
void run_max_pool2d(const StepArguments& a, std::int64_t attribute, bool gradient) {
  const KernelShape& wide = a.shape[1];
  const PoolingShape s(wide, gradient ? a.shape[0] : a.result_shape(), attribute);
  const auto* v = static_cast<const T*>(a.pointer[0]);
  const auto* x = static_cast<const T*>(a.pointer[1]);
  auto* y = static_cast<T*>(a.result());
  const bool is_pairs = detail::pools_pairs<T>(s);
  detail::for_each_part(s.planes, detail::threads_for(s.planes, s.operations()), [&](std::int64_t p, std::int64_t) {
    const T* plane = x + p * s.pixels();
    if (gradient) {
      T* to = y + p * s.pixels();
      const T* from = v + p * s.positions();
      if (is_pairs) return detail::max_pool_pairs_gradient(s, plane, from, to);
      std::fill_n(to, s.pixels(), T(0));
      detail::for_each_largest(s, plane, [&](std::int64_t at, std::int64_t place) { to[place] += from[at]; });
    } else {
      T* to = y + p * s.positions();
      const T* from = v + p * s.pixels();
      if (is_pairs && v == x) return detail::max_pool_pairs(s, plane, to);
      detail::for_each_largest(s, plane, [&](std::int64_t at, std::int64_t place) { to[at] = from[place]; });
    }
  });
}

/// The mean of each window, or its adjoint.
template <class T>
void run_avg_pool2d(const StepArguments& a, std::int64_t attribute, bool gradient) {
  const KernelShape& wide = gradient ? a.result_shape() : a.shape[0];
  const PoolingShape s(wide, gradient ? a.shape[0] : a.result_shape(), attribute);
  const auto* x = static_cast<const T*>(a.pointer[0]);
  auto* y = static_cast<T*>(a.result());
  const T scale = T(1) / static_cast<T>(s.window.kernel[0] * s.window.kernel[1]);
  detail::for_each_part(s.planes, detail::threads_for(s.planes, s.operations()), [&](std::int64_t p, std::int64_t) {
    const T* from = x + p * (gradient ? s.positions() : s.pixels());
    T* to = y + p * (gradient ? s.pixels() : s.positions());
    if (gradient) std::fill_n(to, s.pixels(), T(0));
    for (std::int64_t i = 0; i < s.out_height; ++i)
      for (std::int64_t j = 0; j < s.out_width; ++j) {
        const std::int64_t at = i * s.out_width + j;
        T sum = T(0);
        for (std::int64_t row = s.begin(0, i); row < s.end(0, i, s.height); ++row)
          for (std::int64_t column = s.begin(1, j); column < s.end(1, j, s.width); ++column) {
            if (gradient) {
              to[row * s.width + column] += from[at] * scale;
            } else {
              sum += from[row * s.width + column];
            }
          }
        if (!gradient) to[at] = sum * scale;
      }
  });
}

}  // namespace ctgrad::cpu
