// SPDX-License-Identifier: BSL-1.0
/// \file
/// The steps of a convolution on the CPU, and which way each is computed.
#pragma once

#include "ctgrad/device/cpu/direct_convolution.hpp"
#include "ctgrad/device/cpu/finite.hpp"
#include "ctgrad/device/cpu/im2col.hpp"

namespace ctgrad::cpu {

namespace detail {

template <class T>
bool any_nan(const T* numbers, std::int64_t count) {
  return !std::all_of(numbers, numbers + count, [](T x) { return x == x; });
}

}  // namespace detail

/// Operands: images and weights.
template <class T>
void run_conv2d(const StepArguments& a, std::int64_t attribute, MatmulWorkspace<T>& workspace) {
  const ConvolutionShape s(a.shape[0], a.shape[1], a.result_shape(), attribute);
  const auto* x = static_cast<const T*>(a.pointer[0]);
  const auto* w = static_cast<const T*>(a.pointer[1]);
  auto* y = static_cast<T*>(a.result());
  if (detail::forward_is_direct<T>(s)) {
    detail::convolve_directly(s, x, w, y, workspace);
  } else {
    detail::convolve_columns(s, x, w, y, workspace);
  }
}

/// Operands: the adjoint of the result, and weights.
template <class T>
void run_conv2d_input_gradient(const StepArguments& a, std::int64_t attribute, MatmulWorkspace<T>& workspace) {
  const ConvolutionShape s(a.result_shape(), a.shape[1], a.shape[0], attribute);
  const auto* t = static_cast<const T*>(a.pointer[0]);
  const auto* w = static_cast<const T*>(a.pointer[1]);
  auto* dx = static_cast<T*>(a.result());
  // Lines multiply weights that reach beyond the adjoint by zeros, which no infinite weight may meet.
  if (detail::input_gradient_is_direct<T>(s) && detail::all_finite(w, s.weights())) {
    detail::input_gradient_directly(s, t, w, dx, workspace);
  } else {
    detail::input_gradient_columns(s, t, w, dx, workspace);
  }
}

/// Operands: images, and the adjoint of the result.
template <class T>
void run_conv2d_weight_gradient(const StepArguments& a, std::int64_t attribute, MatmulWorkspace<T>& workspace) {
  const ConvolutionShape s(a.shape[0], a.result_shape(), a.shape[1], attribute);
  const auto* x = static_cast<const T*>(a.pointer[0]);
  const auto* t = static_cast<const T*>(a.pointer[1]);
  auto* dw = static_cast<T*>(a.result());
  if (detail::weight_gradient_is_direct<T>(s)) {
    detail::weight_gradient_directly(s, x, t, dw, workspace);
    // Lines multiply the pixels at the ends of rows by zeros too. Where one of those pixels is infinite, that shows
    // here.
    if (!detail::any_nan(dw, s.weights())) return;
  }
  detail::weight_gradient_columns(s, x, t, dw, workspace);
}

}  // namespace ctgrad::cpu
