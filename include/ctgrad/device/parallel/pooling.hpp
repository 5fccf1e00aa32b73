// SPDX-License-Identifier: BSL-1.0
/// \file
/// Maximum and average of windows of images, and their adjoints, which gather so that no two threads add to one place;
/// or the same by a library where the system has one.
#pragma once

#include "ctgrad/device/image_shapes.hpp"

namespace ctgrad::parallel {

namespace detail {

/// The place of the largest element of window (i, j) of a plane: the first of equals; NaN is before all.
template <class T>
CTGRAD_HOST_DEVICE std::int64_t largest_of_window(const PoolingShape& s, const T* plane, std::int64_t i,
                                                  std::int64_t j) {
  const std::int64_t first_row = s.begin(0, i);
  const std::int64_t first_column = s.begin(1, j);
  const std::int64_t last_row = s.end(0, i, s.height);
  const std::int64_t last_column = s.end(1, j, s.width);
  std::int64_t place = first_row * s.width + first_column;
  T value = plane[place];
  for (std::int64_t row = first_row; row < last_row; ++row)
    for (std::int64_t column = first_column; column < last_column; ++column) {
      const T candidate = plane[row * s.width + column];
      if (value == value && !(candidate <= value)) {
        value = candidate;
        place = row * s.width + column;
      }
    }
  return place;
}

/// The windows along one axis that contain element `at`: [begin, end).
struct WindowsOfElement {
  std::int64_t begin, end;
  CTGRAD_HOST_DEVICE WindowsOfElement(const PoolingShape& s, int axis, std::int64_t at, std::int64_t count) {
    const std::int64_t stride = s.window.stride[axis];
    const std::int64_t last = at + s.window.padding[axis];
    const std::int64_t before = last - s.window.kernel[axis];
    begin = before < 0 ? 0 : before / stride + 1;
    end = last / stride + 1;
    if (end > count) end = count;
  }
};

/// The pooling of `from`, or the adjoint of one, by a library or by own().
template <StepKind Kind, class T, class System, class Own>
void pool(System& system, const PoolingShape& s, const T* from, T* to, const Own& own) {
  // Libraries take no empty arrays.
  if (s.operations() == 0 || !system.template pool<Kind, T>(s, from, to, own)) own();
}

}  // namespace detail

/// Window i: the element of v at the place of the largest of x.
template <class T>
struct MaxPoolBody {
  PoolingShape s;
  const T* v;
  const T* x;
  T* y;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t plane = i / s.positions();
    const std::int64_t at = i - plane * s.positions();
    const std::int64_t row = at / s.out_width;
    const std::int64_t place = detail::largest_of_window(s, x + plane * s.pixels(), row, at - row * s.out_width);
    y[i] = v[plane * s.pixels() + place];
  }
};

template <class T, class System>
void run_max_pool2d(System& system, const StepArguments& a, std::int64_t attribute) {
  const PoolingShape s(a.shape[1], a.result_shape(), attribute);
  const auto* v = static_cast<const T*>(a.pointer[0]);
  const auto* x = static_cast<const T*>(a.pointer[1]);
  auto* y = static_cast<T*>(a.result());
  auto own = [&] { system.for_each(a.result_shape().size(), MaxPoolBody<T>{s, v, x, y}); };
  // A derivative of pooling takes the elements of another array than the one it compares: no library has that.
  if (v == x) return detail::pool<StepKind::max_pool2d>(system, s, x, y, own);
  own();
}

/// Pixel i: the sum of t over the windows whose largest element it is.
template <class T>
struct MaxPoolGradientBody {
  PoolingShape s;
  const T* t;
  const T* x;
  T* y;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t plane = i / s.pixels();
    const std::int64_t at = i - plane * s.pixels();
    const std::int64_t row = at / s.width;
    const std::int64_t column = at - row * s.width;
    const detail::WindowsOfElement rows(s, 0, row, s.out_height);
    const detail::WindowsOfElement columns(s, 1, column, s.out_width);
    compute_t<T> sum = 0;
    for (std::int64_t k = rows.begin; k < rows.end; ++k)
      for (std::int64_t l = columns.begin; l < columns.end; ++l)
        if (detail::largest_of_window(s, x + plane * s.pixels(), k, l) == at)
          sum += static_cast<compute_t<T>>(t[plane * s.positions() + k * s.out_width + l]);
    y[i] = static_cast<T>(sum);
  }
};

template <class T, class System>
void run_max_pool2d_gradient(System& system, const StepArguments& a, std::int64_t attribute) {
  const PoolingShape s(a.shape[1], a.shape[0], attribute);
  system.for_each(a.result_shape().size(),
                  MaxPoolGradientBody<T>{s, static_cast<const T*>(a.pointer[0]), static_cast<const T*>(a.pointer[1]),
                                         static_cast<T*>(a.result())});
}

/// Window i: the mean of its elements; what lies outside of the image counts as zeros.
template <class T>
struct AvgPoolBody {
  PoolingShape s;
  const T* x;
  T* y;
  compute_t<T> scale;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t plane = i / s.positions();
    const std::int64_t at = i - plane * s.positions();
    const std::int64_t k = at / s.out_width;
    const std::int64_t l = at - k * s.out_width;
    compute_t<T> sum = 0;
    for (std::int64_t row = s.begin(0, k); row < s.end(0, k, s.height); ++row)
      for (std::int64_t column = s.begin(1, l); column < s.end(1, l, s.width); ++column)
        sum += static_cast<compute_t<T>>(x[plane * s.pixels() + row * s.width + column]);
    y[i] = static_cast<T>(sum * scale);
  }
};

template <class T>
compute_t<T> scale_of(const PoolingShape& s) {
  return compute_t<T>(1) / static_cast<compute_t<T>>(s.window.kernel[0] * s.window.kernel[1]);
}

template <class T, class System>
void run_avg_pool2d(System& system, const StepArguments& a, std::int64_t attribute) {
  const PoolingShape s(a.shape[0], a.result_shape(), attribute);
  const auto* x = static_cast<const T*>(a.pointer[0]);
  auto* y = static_cast<T*>(a.result());
  detail::pool<StepKind::avg_pool2d>(system, s, x, y, [&] {
    system.for_each(a.result_shape().size(), AvgPoolBody<T>{s, x, y, scale_of<T>(s)});
  });
}

/// Pixel i: the mean's share of each window that contains it.
template <class T>
struct AvgPoolGradientBody {
  PoolingShape s;
  const T* t;
  T* y;
  compute_t<T> scale;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t plane = i / s.pixels();
    const std::int64_t at = i - plane * s.pixels();
    const std::int64_t row = at / s.width;
    const detail::WindowsOfElement rows(s, 0, row, s.out_height);
    const detail::WindowsOfElement columns(s, 1, at - row * s.width, s.out_width);
    compute_t<T> sum = 0;
    for (std::int64_t k = rows.begin; k < rows.end; ++k)
      for (std::int64_t l = columns.begin; l < columns.end; ++l)
        sum += static_cast<compute_t<T>>(t[plane * s.positions() + k * s.out_width + l] * scale);
    y[i] = static_cast<T>(sum);
  }
};

template <class T, class System>
void run_avg_pool2d_gradient(System& system, const StepArguments& a, std::int64_t attribute) {
  const PoolingShape s(a.result_shape(), a.shape[0], attribute);
  const auto* t = static_cast<const T*>(a.pointer[0]);
  auto* y = static_cast<T*>(a.result());
  detail::pool<StepKind::avg_pool2d_gradient>(system, s, t, y, [&] {
    system.for_each(a.result_shape().size(), AvgPoolGradientBody<T>{s, t, y, scale_of<T>(s)});
  });
}

}  // namespace ctgrad::parallel
