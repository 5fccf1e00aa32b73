// SPDX-License-Identifier: BSL-1.0
/// \file
/// What a library of convolutions needs to know of a convolution, and how many images it takes at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include "ctgrad/device/image_shapes.hpp"
#include "ctgrad/passes/step_name.hpp"

namespace ctgrad::cuda {

/// The numbers that tell one convolution from another: what a library decided for one holds for the other if they are
/// the same.
using ConvolutionKey = std::array<std::int64_t, 18>;

inline ConvolutionKey key_of(StepKind kind, DType dtype, const ConvolutionShape& s, bool allows_tf32) {
  const Window& w = s.window;
  return {static_cast<std::int64_t>(kind), static_cast<std::int64_t>(dtype), allows_tf32 ? 1 : 0, s.images, s.groups,
          s.in, s.out, s.height, s.width,
          // Two images with lengths that differ by less than a stride may have results of one length.
          s.out_height, s.out_width, w.kernel[0], w.kernel[1], w.stride[0] << 16 | w.stride[1], w.padding[0],
          w.padding[1], w.dilation[0], w.dilation[1]};
}

/// The most images that go into one call: no array may have more elements than an int counts. 0 where one image is too
/// large.
inline std::int64_t images_at_once(const ConvolutionShape& s) {
  constexpr std::int64_t most = std::numeric_limits<int>::max();
  if (s.weights() > most) return 0;
  const std::int64_t of_image = std::max(s.groups * s.in * s.pixels(), s.groups * s.out * s.positions());
  if (of_image == 0) return 0;
  return std::min(s.images, most / of_image);
}

/// A convolution, or one of its derivatives, of some of the images.
struct ConvolutionPart {
  ConvolutionShape shape;
  /// Where the part begins: elements from the start of each operand and of the result.
  std::int64_t a, b, result;
  /// True when the part is to be added to what the parts before it gave: the gradient of the weights is a sum over
  /// images.
  bool adds;
};

/// The part of `count` images from `first` on.
inline ConvolutionPart part_of(StepKind kind, const ConvolutionShape& s, std::int64_t first, std::int64_t count) {
  const std::int64_t images = first * s.groups * s.in * s.pixels();
  const std::int64_t outputs = first * s.groups * s.out * s.positions();
  ConvolutionPart part{s, images, 0, outputs, false};
  part.shape.images = count;
  if (kind == StepKind::conv2d_input_gradient) {
    part.a = outputs;
    part.result = images;
  } else if (kind == StepKind::conv2d_weight_gradient) {
    part.b = outputs;
    part.result = 0;
    part.adds = first > 0;
  }
  return part;
}

/// "conv2d_input_gradient of images [16, 3, 224, 224] and weights [64, 3, 7, 7], stride 2 2, ..., float32", for error
/// messages.
inline std::string to_text(StepKind kind, DType dtype, const ConvolutionShape& s) {
  auto list = [](auto... numbers) {
    std::string text = "[";
    ((text += (text.size() > 1 ? ", " : "") + std::to_string(numbers)), ...);
    return text + "]";
  };
  auto both = [](const char* name, const int(&x)[2]) {
    return std::string(", ") + name + " " + std::to_string(x[0]) + " " + std::to_string(x[1]);
  };
  const Window& w = s.window;
  return std::string(ctgrad::detail::name_of(kind)) + " of images " +
         list(s.images, s.groups * s.in, s.height, s.width) + " and weights " +
         list(s.groups * s.out, s.in, w.kernel[0], w.kernel[1]) + both("stride", w.stride) +
         both("padding", w.padding) + both("dilation", w.dilation) + ", groups " + std::to_string(s.groups) + ", " +
         std::string(name_of(dtype));
}

}  // namespace ctgrad::cuda
