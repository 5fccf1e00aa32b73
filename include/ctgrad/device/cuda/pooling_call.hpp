// SPDX-License-Identifier: BSL-1.0
/// \file
/// What a library of poolings needs to know of a pooling, and how many images it takes at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include "ctgrad/device/image_shapes.hpp"
#include "ctgrad/passes/step_name.hpp"

namespace ctgrad::cuda {

/// The numbers that tell one pooling from another: what was decided for one holds for the other if they are the same.
using PoolingKey = std::array<std::int64_t, 14>;

inline PoolingKey key_of(StepKind kind, DType dtype, const PoolingShape& s) {
  const Window& w = s.window;
  return {static_cast<std::int64_t>(kind), static_cast<std::int64_t>(dtype), s.planes, s.channels, s.height, s.width,
          // Two images with lengths that differ by less than a stride may have results of one length.
          s.out_height, s.out_width, w.kernel[0], w.kernel[1], w.stride[0], w.stride[1], w.padding[0], w.padding[1]};
}

/// The most that an axis of a kernel's grid holds: images and channels of one call.
inline constexpr std::int64_t most_images_or_channels = 65535;

/// The most planes that go into one call, whole images if one fits; 0 where one plane is too large. No array may have
/// more elements than an int counts, and results no more than 2^23: with more of them and a large window, cuDNN (as
/// of 9.2) has been reported to give wrong ones (github.com/FluxML/NNlib.jl, issue 508).
inline std::int64_t planes_at_once(const PoolingShape& s) {
  constexpr std::int64_t most = std::numeric_limits<int>::max();
  constexpr std::int64_t most_results = std::int64_t{1} << 23;
  if (s.planes == 0 || s.pixels() == 0 || s.positions() == 0) return 0;
  const std::int64_t planes = std::min({s.planes, most / s.pixels(), most_results / s.positions()});
  if (planes < s.channels || s.channels > most_images_or_channels) return std::min(planes, most_images_or_channels);
  return std::min(planes / s.channels, most_images_or_channels) * s.channels;
}

/// Planes as libraries count them.
struct PlaneCounts {
  int images, channels;
};

/// The planes of a pooling, or of a part of one. Where a part cuts an image, all its planes are channels of one image:
/// to a pooling that is the same.
inline PlaneCounts plane_counts(const PoolingShape& s) {
  const bool whole = s.channels <= most_images_or_channels && s.planes % s.channels == 0;
  return {static_cast<int>(whole ? s.planes / s.channels : 1), static_cast<int>(whole ? s.channels : s.planes)};
}

/// "avg_pool2d_gradient of images [16, 64, 112, 112], kernel 3 3, stride 2 2, padding 1 1, float32", for error
/// messages.
inline std::string to_text(StepKind kind, DType dtype, const PoolingShape& s) {
  auto both = [](const char* name, const int(&x)[2]) {
    return std::string(", ") + name + " " + std::to_string(x[0]) + " " + std::to_string(x[1]);
  };
  const std::int64_t images = s.channels > 0 ? s.planes / s.channels : 0;
  return std::string(ctgrad::detail::name_of(kind)) + " of images [" + std::to_string(images) + ", " +
         std::to_string(s.channels) + ", " + std::to_string(s.height) + ", " + std::to_string(s.width) + "]" +
         both("kernel", s.window.kernel) + both("stride", s.window.stride) + both("padding", s.window.padding) + ", " +
         std::string(name_of(dtype));
}

}  // namespace ctgrad::cuda
