// SPDX-License-Identifier: BSL-1.0
/// \file
/// Maximum and average of windows of an image.
#pragma once

#include "ctgrad/ops/window.hpp"

namespace ctgrad::ops {

/// Operands: t and x. Each element of t added at the place of its window's largest element of x, the first of equals.
struct MaxPool2dGradient : Structured, WindowAttribute {
  static constexpr std::string_view name = "max_pool2d_gradient";
  static constexpr unsigned linear = 1;

  template <class V>
  static constexpr V adjoint(int, V t, const V (&operand)[3], V y);
};

/// Operands: v and x. The element of v at the place of each window's largest element of x, the first of equals; NaN
/// counts as largest. Pooling has v = x. So it is linear in v, and which place is the largest has no derivative.
struct MaxPool2d : Structured, WindowAttribute {
  static constexpr std::string_view name = "max_pool2d";
  static constexpr unsigned linear = 1;

  template <class V>
  static constexpr V adjoint(int, V t, const V (&operand)[3], V y) {
    return apply_shaped<MaxPool2dGradient>(t, operand[0].shape(), y.node().attribute, operand[1]);
  }
};

template <class V>
constexpr V MaxPool2dGradient::adjoint(int, V t, const V (&operand)[3], V y) {
  return apply_shaped<MaxPool2d>(t, operand[0].shape(), y.node().attribute, operand[1]);
}

/// Each element of the operand, divided by the size of its window, added to all elements of its window.
struct AvgPool2dGradient : Structured, WindowAttribute {
  static constexpr std::string_view name = "avg_pool2d_gradient";
  static constexpr unsigned linear = 1;

  template <class V>
  static constexpr V adjoint(int, V t, const V (&operand)[3], V y);
};

/// The mean of each window; what lies outside of the image counts as zeros.
struct AvgPool2d : Structured, WindowAttribute {
  static constexpr std::string_view name = "avg_pool2d";
  static constexpr unsigned linear = 1;

  template <class V>
  static constexpr V adjoint(int, V t, const V (&operand)[3], V y) {
    return apply_shaped<AvgPool2dGradient>(t, operand[0].shape(), y.node().attribute);
  }
};

template <class V>
constexpr V AvgPool2dGradient::adjoint(int, V t, const V (&operand)[3], V y) {
  return apply_shaped<AvgPool2d>(t, operand[0].shape(), y.node().attribute);
}

}  // namespace ctgrad::ops

namespace ctgrad {

namespace detail {

/// The window of a pooling call: neighbouring windows touch unless a stride is given.
template <class... Arguments>
constexpr Window pooling_window(Arguments... arguments) {
  Window window = window_of(Window{}, arguments...);
  if (((window_argument<Arguments> != window_argument<Stride<1>>)&&...))
    for (int axis = 0; axis < 2; ++axis) window.stride[axis] = window.kernel[axis];
  return window;
}

constexpr bool pooling_kernel_is_in_range(const Window& window) {
  for (const int extent : window.kernel)
    if (extent < 1 || extent > ops::WindowAttribute::most) return false;
  return true;
}

template <class X, int KH, int KW, int PH, int PW>
inline constexpr bool pooling_window_fits_image =
    X::value[X::rank - 2] + 2 * PH >= KH&& X::value[X::rank - 1] + 2 * PW >= KW;

template <class X, std::int64_t Attribute>
struct Pool2dShape {
  static constexpr ShapeValue value = [] {
    constexpr Window window = ops::WindowAttribute::pooling(Attribute);
    ShapeValue shape = X::value;
    for (int axis = 0; axis < 2; ++axis) shape[X::rank - 2 + axis] = window.count(axis, X::value[X::rank - 2 + axis]);
    return shape;
  }();
};

/// Checks the arguments of a pooling call and gives its attribute.
template <class X, class... Arguments>
constexpr std::int64_t pooling_attribute() {
  using S = typename X::shape_type;
  static_assert(S::rank >= 2, "ctgrad: pooling needs images: at least the two axes height and width");
  static_assert(window_arguments_are_known_and_single<0b1110, Arguments...>,
                "ctgrad: pooling takes kernel_size<...>, stride<...> and padding<...> after its operand, each at most "
                "once");
  static_assert(is_floating_element<typename X::element_type>,
                "ctgrad: pooling needs float or double elements; convert them with cast<float>(x)");
  static_assert(image_size_is_static<S>, "ctgrad: pooling needs a height and a width known at compile time");
  constexpr Window window = pooling_window(Arguments{}...);
  static_assert(pooling_kernel_is_in_range(window), "ctgrad: pooling needs a kernel_size<...> from 1 to 255");
  static_assert(window_numbers_are_in_range(window),
                "ctgrad: pooling needs strides from 1 to 255 and paddings from 0 to 255");
  static_assert(2 * window.padding[0] <= window.kernel[0] && 2 * window.padding[1] <= window.kernel[1],
                "ctgrad: the padding of a pooling may be at most half of its kernel_size, so that no window is empty");
  static_assert(
      pooling_window_fits_image<S, window.kernel[0], window.kernel[1], window.padding[0], window.padding[1]>,
      "ctgrad: the window of a pooling is larger than the padded image; use a smaller kernel_size or more padding");
  return ops::WindowAttribute::make(window.stride, window.padding, window.kernel, 0);
}

}  // namespace detail

/// The largest element of each window of the last two axes (PyTorch's max_pool2d): `max_pool2d(x, kernel_size<2>)`.
/// `stride<...>` is the kernel_size where it is not given, `padding<...>` 0; what lies outside of the image does not
/// take part. NaN counts as largest. The derivative goes to the first of equal elements, row by row.
template <Handle X, class... Arguments>
constexpr auto max_pool2d(const X& x, Arguments...) {
  constexpr std::int64_t attribute = detail::pooling_attribute<X, Arguments...>();
  using S = detail::shape_from<detail::Pool2dShape<typename X::shape_type, attribute>>;
  return ctgrad_apply(OpCall<ops::MaxPool2d, attribute, S>{}, x, x);
}

/// The mean of each window of the last two axes (PyTorch's avg_pool2d): `avg_pool2d(x, kernel_size<2>)`. `stride<...>`
/// is the kernel_size where it is not given, `padding<...>` 0; what lies outside of the image counts as zeros, and the
/// divisor is always the size of the window.
template <Handle X, class... Arguments>
constexpr auto avg_pool2d(const X& x, Arguments...) {
  constexpr std::int64_t attribute = detail::pooling_attribute<X, Arguments...>();
  using S = detail::shape_from<detail::Pool2dShape<typename X::shape_type, attribute>>;
  return ctgrad_apply(OpCall<ops::AvgPool2d, attribute, S>{}, x);
}

}  // namespace ctgrad
