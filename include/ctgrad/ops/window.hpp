// SPDX-License-Identifier: BSL-1.0
/// \file
/// How a window moves over the last two axes of an image: what convolution and pooling share.
#pragma once

#include "ctgrad/ops/operation.hpp"

namespace ctgrad {

/// The arguments of convolution and pooling that are known while the program compiles: one number for both axes, or
/// one for the height and one for the width. `conv2d(x, w, stride<2>, padding<2, 1>)`.
template <int Height, int Width = Height>
struct KernelSize {};
template <int Height, int Width = Height>
struct Stride {};
template <int Height, int Width = Height>
struct Padding {};
template <int Height, int Width = Height>
struct Dilation {};
template <int Count>
struct Groups {};

/// Rows and columns of a pooling window.
template <int Height, int Width = Height>
inline constexpr KernelSize<Height, Width> kernel_size{};
/// Distance between neighbouring windows.
template <int Height, int Width = Height>
inline constexpr Stride<Height, Width> stride{};
/// Rows and columns added on each side of the image.
template <int Height, int Width = Height>
inline constexpr Padding<Height, Width> padding{};
/// Distance between neighbouring elements of a window.
template <int Height, int Width = Height>
inline constexpr Dilation<Height, Width> dilation{};
/// Number of groups of channels that are convolved by themselves.
template <int Count>
inline constexpr Groups<Count> groups{};

/// The arguments as numbers. Index 0 is the height, 1 the width.
struct Window {
  int kernel[2] = {0, 0};
  int stride[2] = {1, 1};
  int padding[2] = {0, 0};
  int dilation[2] = {1, 1};
  int groups = 1;

  /// Rows (columns) from the first to the last element of a window.
  constexpr std::int64_t span(int axis) const { return std::int64_t{dilation[axis]} * (kernel[axis] - 1) + 1; }
  /// Number of windows along an axis of `length` elements; 0 or less when it is too short.
  constexpr std::int64_t count(int axis, std::int64_t length) const {
    const std::int64_t room = length + 2 * std::int64_t{padding[axis]} - span(axis);
    return room < 0 ? 0 : room / stride[axis] + 1;
  }
};

namespace ops {

/// A Window as the attribute of a node. Convolution: stride, padding and dilation, eight bits for each axis, and the
/// groups from bit 48 on; the kernel's extents are those of the weight. Pooling has the kernel in place of the
/// dilation.
struct WindowAttribute {
  static constexpr int most = 255;
  static constexpr int most_groups = 32767;

  static constexpr std::int64_t make(const int (&stride)[2], const int (&padding)[2], const int (&third)[2],
                                     int groups) {
    const int bytes[] = {stride[0], stride[1], padding[0], padding[1], third[0], third[1]};
    std::int64_t attribute = static_cast<std::int64_t>(groups) << 48;
    for (int i = 0; i < 6; ++i) attribute |= static_cast<std::int64_t>(bytes[i]) << (8 * i);
    return attribute;
  }
  static constexpr int byte(std::int64_t attribute, int i) { return static_cast<int>(attribute >> (8 * i) & 255); }

  /// The window of a convolution with a kernel of the given extents.
  static constexpr Window convolution(std::int64_t attribute, std::int64_t kernel_height, std::int64_t kernel_width) {
    Window window = common(attribute);
    window.kernel[0] = static_cast<int>(kernel_height);
    window.kernel[1] = static_cast<int>(kernel_width);
    for (int axis = 0; axis < 2; ++axis) window.dilation[axis] = byte(attribute, 4 + axis);
    window.groups = static_cast<int>(attribute >> 48);
    return window;
  }
  static constexpr Window pooling(std::int64_t attribute) {
    Window window = common(attribute);
    for (int axis = 0; axis < 2; ++axis) window.kernel[axis] = byte(attribute, 4 + axis);
    return window;
  }

private:
  static constexpr Window common(std::int64_t attribute) {
    Window window;
    for (int axis = 0; axis < 2; ++axis) {
      window.stride[axis] = byte(attribute, axis);
      window.padding[axis] = byte(attribute, 2 + axis);
    }
    return window;
  }
};

}  // namespace ops

namespace detail {

template <int H, int W>
constexpr void set_window(Window& window, KernelSize<H, W>) {
  window.kernel[0] = H;
  window.kernel[1] = W;
}
template <int H, int W>
constexpr void set_window(Window& window, Stride<H, W>) {
  window.stride[0] = H;
  window.stride[1] = W;
}
template <int H, int W>
constexpr void set_window(Window& window, Padding<H, W>) {
  window.padding[0] = H;
  window.padding[1] = W;
}
template <int H, int W>
constexpr void set_window(Window& window, Dilation<H, W>) {
  window.dilation[0] = H;
  window.dilation[1] = W;
}
template <int Count>
constexpr void set_window(Window& window, Groups<Count>) {
  window.groups = Count;
}

// The kinds of arguments, each with the template it comes from.
template <class X>
inline constexpr int window_argument = 0;
template <int H, int W>
inline constexpr int window_argument<KernelSize<H, W>> = 1;
template <int H, int W>
inline constexpr int window_argument<Stride<H, W>> = 2;
template <int H, int W>
inline constexpr int window_argument<Padding<H, W>> = 3;
template <int H, int W>
inline constexpr int window_argument<Dilation<H, W>> = 4;
template <int Count>
inline constexpr int window_argument<Groups<Count>> = 5;

/// True when every argument is of a kind whose bit is in `Allowed`, and none is given twice.
template <unsigned Allowed, class... Arguments>
inline constexpr bool window_arguments_are_known_and_single = [] {
  unsigned seen = 0;
  bool good = true;
  for (const int kind : {window_argument<Arguments>..., 0}) {
    if (kind == 0) continue;
    good = good && (Allowed >> kind & 1U) != 0 && (seen >> kind & 1U) == 0;
    seen |= 1U << kind;
  }
  return good && ((window_argument<Arguments> != 0) && ...);
}();

template <class... Arguments>
constexpr Window window_of(Window window, Arguments... arguments) {
  (set_window(window, arguments), ...);
  return window;
}

/// Strides and dilations from 1 on, paddings from 0 on, all at most 255.
constexpr bool window_numbers_are_in_range(const Window& window) {
  const int most = ops::WindowAttribute::most;
  for (int axis = 0; axis < 2; ++axis)
    if (window.stride[axis] < 1 || window.stride[axis] > most || window.padding[axis] < 0 ||
        window.padding[axis] > most || window.dilation[axis] < 1 || window.dilation[axis] > most)
      return false;
  return true;
}

/// True when the last two axes have lengths known at compile time.
template <class S>
inline constexpr bool image_size_is_static = S::value[S::rank - 1] >= 0 && S::value[S::rank - 2] >= 0;

}  // namespace detail

}  // namespace ctgrad
