// SPDX-License-Identifier: BSL-1.0
/// \file
/// The steps that move elements: joining arrays, and spreading one out among zeros.
#pragma once

#include "ctgrad/device/step_arguments.hpp"

namespace ctgrad::parallel {

/// Element i of [outer, a + b, inner] from [outer, a, inner] and [outer, b, inner].
template <class T>
struct ConcatBody {
  const T* a;
  const T* b;
  T* result;
  std::int64_t row_a;  // elements for each outer index
  std::int64_t row_b;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t outer = i / (row_a + row_b);
    const std::int64_t at = i - outer * (row_a + row_b);
    result[i] = at < row_a ? a[outer * row_a + at] : b[outer * row_b + at - row_a];
  }
};

template <class T, class System>
void run_concat(System& system, const StepArguments& x, int axis) {
  const AxisSplit result(x.result_shape(), axis);
  system.for_each(
      x.result_shape().size(),
      ConcatBody<T>{static_cast<const T*>(x.pointer[0]), static_cast<const T*>(x.pointer[1]),
                    static_cast<T*>(x.result()), x.shape[0][axis] * result.inner, x.shape[1][axis] * result.inner});
}

/// Element i of the result: the operand's where it lies at `first`, `first + step`, ... of the axis, else zero.
template <class T>
struct PadBody {
  const T* from;
  T* result;
  std::int64_t inner, length, source_length, first, step;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t row = i / inner;
    const std::int64_t outer = row / length;
    const std::int64_t distance = row - outer * length - first;
    const std::int64_t place = distance / step;
    const bool is_element = distance >= 0 && place * step == distance && place < source_length;
    result[i] = is_element ? from[(outer * source_length + place) * inner + i - row * inner] : T(0);
  }
};

template <class T, class System>
void run_pad(System& system, const StepArguments& x, std::int64_t attribute) {
  const int axis = ops::Pad::axis(attribute);
  const AxisSplit result(x.result_shape(), axis);
  system.for_each(x.result_shape().size(),
                  PadBody<T>{static_cast<const T*>(x.pointer[0]), static_cast<T*>(x.result()), result.inner,
                             result.length, x.shape[0][axis], ops::Pad::first(attribute), ops::Pad::step(attribute)});
}

}  // namespace ctgrad::parallel
