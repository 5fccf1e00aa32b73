// SPDX-License-Identifier: BSL-1.0
/// \file
/// Convolution of images, and its two derivatives, each an operation of its own.
#pragma once

#include "ctgrad/ops/window.hpp"

namespace ctgrad::ops {

// y = conv2d(x, w) is linear in x and in w, and so are both derivatives in both of their operands. The three form a
// closed family: the derivative of each is written with the other two, to any order. Attribute of all three: see
// WindowAttribute.

/// Operands: the adjoint of y and w. The adjoint of x.
struct Conv2dInputGradient : Structured, WindowAttribute {
  static constexpr std::string_view name = "conv2d_input_gradient";
  static constexpr unsigned linear = 3;

  template <class V>
  static constexpr V adjoint(int which, V t, const V (&operand)[3], V y);
};

/// Operands: x and the adjoint of y. The adjoint of w.
struct Conv2dWeightGradient : Structured, WindowAttribute {
  static constexpr std::string_view name = "conv2d_weight_gradient";
  static constexpr unsigned linear = 3;

  template <class V>
  static constexpr V adjoint(int which, V t, const V (&operand)[3], V y);
};

/// Operands: x [N, C, H, W] and w [O, C / groups, KH, KW].
struct Conv2d : Structured, WindowAttribute {
  static constexpr std::string_view name = "conv2d";
  static constexpr unsigned linear = 3;

  /// [N, O, OH, OW], with OH = (H + 2 padding - dilation (KH - 1) - 1) / stride + 1 rounded down; OW likewise.
  static constexpr ShapeValue shape(const ShapeValue& x, const ShapeValue& w, const Window& window) {
    ShapeValue result;
    result.push_back(x[0]);
    result.push_back(w[0]);
    result.push_back(window.count(0, x[2]));
    result.push_back(window.count(1, x[3]));
    return result;
  }

  template <class V>
  static constexpr V adjoint(int which, V t, const V (&operand)[3], V y) {
    const std::int64_t attribute = y.node().attribute;
    return which == 0 ? apply_shaped<Conv2dInputGradient>(t, operand[0].shape(), attribute, operand[1])
                      : apply_shaped<Conv2dWeightGradient>(operand[0], operand[1].shape(), attribute, t);
  }
};

template <class V>
constexpr V Conv2dInputGradient::adjoint(int which, V t, const V (&operand)[3], V y) {
  const std::int64_t attribute = y.node().attribute;
  return which == 0 ? apply_shaped<Conv2d>(t, operand[0].shape(), attribute, operand[1])
                    : apply_shaped<Conv2dWeightGradient>(t, operand[1].shape(), attribute, operand[0]);
}

template <class V>
constexpr V Conv2dWeightGradient::adjoint(int which, V t, const V (&operand)[3], V y) {
  const std::int64_t attribute = y.node().attribute;
  return which == 0 ? apply_shaped<Conv2dInputGradient>(operand[1], operand[0].shape(), attribute, t)
                    : apply_shaped<Conv2d>(operand[0], operand[1].shape(), attribute, t);
}

}  // namespace ctgrad::ops

namespace ctgrad {

namespace detail {

template <class X, class W, int GroupCount>
inline constexpr bool conv2d_channels_agree = X::value[1] == W::value[1] * GroupCount;
template <class W, int GroupCount>
inline constexpr bool conv2d_outputs_divide_into_groups =
    GroupCount >= 1 &&
    GroupCount <= ops::WindowAttribute::most_groups&& W::value[0] % (GroupCount > 0 ? GroupCount : 1) == 0;
template <class X, class W, class Arguments>
inline constexpr bool conv2d_kernel_fits_image = false;
template <class X, class W, class... Arguments>
inline constexpr bool conv2d_kernel_fits_image<X, W, void(Arguments...)> = [] {
  constexpr Window window = window_of(ops::WindowAttribute::convolution(0, W::value[2], W::value[3]), Stride<1>{},
                                      Dilation<1>{}, Arguments{}...);
  return W::value[2] >= 1 && W::value[3] >= 1 && window.count(0, X::value[2]) >= 1 && window.count(1, X::value[3]) >= 1;
}();

template <class X, class W, std::int64_t Attribute>
struct Conv2dShape {
  static constexpr ShapeValue value =
      ops::Conv2d::shape(X::value, W::value, ops::WindowAttribute::convolution(Attribute, W::value[2], W::value[3]));
};

}  // namespace detail

/// The convolution of images with kernels, as PyTorch defines it (the kernels are not turned over):
///
///     y[n, o, i, j] = sum over c, k, l of
///         w[o, c, k, l] * x[n, first + c, i * stride - padding + k * dilation, j * stride - padding + l * dilation],
///
/// with zeros outside of the image, and so NaN where an infinite weight meets one of those. x has the shape [N, C, H,
/// W], w the shape [O, C / groups, KH, KW]; the result has the shape [N, O, OH, OW]. The channels are cut into as many
/// groups as `groups` says, and group g of the outputs sees group g of the inputs only: `first` is g * C / groups. Any
/// of `stride<...>`, `padding<...>`, `dilation<...>` and `groups<...>` may follow, in any order; they start as 1, 0, 1
/// and 1. All extents but N must be known at compile time. float or double.
template <Handle X, Handle W, class... Arguments>
constexpr auto conv2d(const X& x, const W& w, Arguments...) {
  using SX = typename X::shape_type;
  using SW = typename W::shape_type;
  static_assert(
      SX::rank == 4 && SW::rank == 4,
      "ctgrad: conv2d needs images [N, C, H, W] and weights [O, C / groups, KH, KW]; reshape what has another "
      "number of axes");
  static_assert(
      detail::window_arguments_are_known_and_single<0b111100, Arguments...>,
      "ctgrad: conv2d takes stride<...>, padding<...>, dilation<...> and groups<...> after its operands, each "
      "at most once");
  static_assert(detail::element_types_agree<typename X::element_type, typename W::element_type>,
                "ctgrad: conv2d needs images and weights of one element type; convert one with cast<T>(x)");
  static_assert(is_floating_element<typename X::element_type>,
                "ctgrad: conv2d needs float or double elements; convert them with cast<float>(x)");
  static_assert(detail::image_size_is_static<SX> && SX::value[1] >= 0 && SW::value.is_static(),
                "ctgrad: conv2d needs channels, height and width known at compile time; only the number of images may "
                "be named");
  constexpr Window window = detail::window_of(Window{}, Arguments{}...);
  static_assert(detail::window_numbers_are_in_range(window),
                "ctgrad: conv2d needs strides and dilations from 1 to 255 and paddings from 0 to 255");
  static_assert(detail::conv2d_outputs_divide_into_groups<SW, window.groups>,
                "ctgrad: conv2d needs a number of groups from 1 to 32767 that divides the number of output channels");
  static_assert(detail::conv2d_channels_agree<SX, SW, window.groups>,
                "ctgrad: conv2d needs weights [O, C / groups, KH, KW] for images of C channels; check the number of "
                "channels and the groups");
  static_assert(detail::conv2d_kernel_fits_image<SX, SW, void(Arguments...)>,
                "ctgrad: the kernel of conv2d is larger than the padded image; use a smaller kernel or more padding");
  constexpr std::int64_t attribute = ops::Conv2d::make(window.stride, window.padding, window.dilation, window.groups);
  using S = detail::shape_from<detail::Conv2dShape<SX, SW, attribute>>;
  return ctgrad_apply(OpCall<ops::Conv2d, attribute, S>{}, x, w);
}

}  // namespace ctgrad
