// SPDX-License-Identifier: BSL-1.0
/// \file
/// The windows of images as the columns of a matrix, and the sums of such columns as images.
#pragma once

#include "ctgrad/device/image_shapes.hpp"

namespace ctgrad::parallel {

/// Element i of the columns of some images: what tap (channel, k, l) of the window sees at each position; zero outside
/// of the image. The columns are [images, groups * depth, positions] or, with `TapsFirst`, [groups * depth, images,
/// positions].
template <class T, bool TapsFirst>
struct Im2ColBody {
  ConvolutionShape s;
  std::int64_t images;
  const T* x;
  T* columns;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t positions = s.positions();
    std::int64_t row = i / positions;
    const std::int64_t position = i - row * positions;
    std::int64_t image = 0;
    if constexpr (TapsFirst) {
      const std::int64_t tap = row / images;
      image = row - tap * images;
      row = tap;
    }
    const std::int64_t l = row % s.window.kernel[1];
    row /= s.window.kernel[1];
    const std::int64_t k = row % s.window.kernel[0];
    const std::int64_t channel = row / s.window.kernel[0] + image * s.groups * s.in;  // of all images
    const std::int64_t at_row = position / s.out_width;
    const std::int64_t from_row = at_row * s.window.stride[0] - s.window.padding[0] + k * s.window.dilation[0];
    const std::int64_t from_column =
        (position - at_row * s.out_width) * s.window.stride[1] - s.window.padding[1] + l * s.window.dilation[1];
    const bool is_inside = from_row >= 0 && from_row < s.height && from_column >= 0 && from_column < s.width;
    columns[i] = is_inside ? x[channel * s.pixels() + from_row * s.width + from_column] : T(0);
  }
};

/// Element i of [channels, images, positions] from [images, channels, positions].
template <class T>
struct ChannelsFirstBody {
  const T* from;
  T* to;
  std::int64_t images, channels, positions;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t row = i / positions;
    const std::int64_t channel = row / images;
    const std::int64_t image = row - channel * images;
    to[i] = from[(image * channels + channel) * positions + i - row * positions];
  }
};

/// Pixel i of some images: the sum of the columns' elements that stand for it.
template <class T>
struct Col2ImBody {
  ConvolutionShape s;
  const T* columns;
  T* x;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t channel = i / s.pixels();
    const std::int64_t at = i - channel * s.pixels();
    const std::int64_t row = at / s.width;
    const std::int64_t column = at - row * s.width;
    compute_t<T> sum = 0;
    for (int k = 0; k < s.window.kernel[0]; ++k) {
      const std::int64_t above = row + s.window.padding[0] - std::int64_t{k} * s.window.dilation[0];
      const std::int64_t out_row = above / s.window.stride[0];
      if (above < 0 || out_row * s.window.stride[0] != above || out_row >= s.out_height) continue;
      for (int l = 0; l < s.window.kernel[1]; ++l) {
        const std::int64_t left = column + s.window.padding[1] - std::int64_t{l} * s.window.dilation[1];
        const std::int64_t out_column = left / s.window.stride[1];
        if (left < 0 || out_column * s.window.stride[1] != left || out_column >= s.out_width) continue;
        const std::int64_t tap = (channel * s.window.kernel[0] + k) * s.window.kernel[1] + l;
        sum += static_cast<compute_t<T>>(columns[tap * s.positions() + out_row * s.out_width + out_column]);
      }
    }
    x[i] = static_cast<T>(sum);
  }
};

template <class T>
struct ZeroBody {
  T* to;
  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const { to[i] = T(0); }
};

}  // namespace ctgrad::parallel
