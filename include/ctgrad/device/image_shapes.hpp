// SPDX-License-Identifier: BSL-1.0
/// \file
/// The lengths of the steps on images: one convolution, one pooling.
#pragma once

#include <cstdint>

#include "ctgrad/device/step_arguments.hpp"

namespace ctgrad {

/// The lengths of one convolution. Channels are counted within a group.
struct ConvolutionShape {
  std::int64_t images, groups, in, out, height, width, out_height, out_width;
  Window window;

  ConvolutionShape(const KernelShape& x, const KernelShape& w, const KernelShape& y, std::int64_t attribute)
      : images(x[0]),
        height(x[2]),
        width(x[3]),
        out_height(y[2]),
        out_width(y[3]),
        window(ops::WindowAttribute::convolution(attribute, w[2], w[3])) {
    groups = window.groups;
    in = w[1];
    out = w[0] / groups;
  }

  CTGRAD_HOST_DEVICE std::int64_t pixels() const { return height * width; }
  CTGRAD_HOST_DEVICE std::int64_t positions() const { return out_height * out_width; }
  CTGRAD_HOST_DEVICE std::int64_t taps() const { return std::int64_t{window.kernel[0]} * window.kernel[1]; }
  /// Products in one element of the result.
  CTGRAD_HOST_DEVICE std::int64_t depth() const { return in * taps(); }
  CTGRAD_HOST_DEVICE std::int64_t weights() const { return groups * out * depth(); }
  /// Products in all.
  CTGRAD_HOST_DEVICE std::int64_t operations() const { return images * positions() * weights(); }
  bool is_pointwise() const {
    return taps() == 1 && window.stride[0] == 1 && window.stride[1] == 1 && window.padding[0] == 0 &&
           window.padding[1] == 0;
  }
};

/// The lengths of one pooling: `planes` images of one channel, `channels` of which make up an image.
struct PoolingShape {
  std::int64_t planes = 1, channels = 1, height, width, out_height, out_width;
  Window window;

  PoolingShape(const KernelShape& x, const KernelShape& y, std::int64_t attribute)
      : height(x[x.rank - 2]),
        width(x[x.rank - 1]),
        out_height(y[y.rank - 2]),
        out_width(y[y.rank - 1]),
        window(ops::WindowAttribute::pooling(attribute)) {
    for (int axis = 0; axis + 2 < x.rank; ++axis) planes *= x[axis];
    if (x.rank > 2) channels = x[x.rank - 3];
  }

  CTGRAD_HOST_DEVICE std::int64_t pixels() const { return height * width; }
  CTGRAD_HOST_DEVICE std::int64_t positions() const { return out_height * out_width; }
  CTGRAD_HOST_DEVICE std::int64_t operations() const {
    return planes * positions() * window.kernel[0] * window.kernel[1];
  }

  /// The part of window number `i` along an axis that lies inside.
  CTGRAD_HOST_DEVICE std::int64_t begin(int axis, std::int64_t i) const {
    const std::int64_t first = i * window.stride[axis] - window.padding[axis];
    return first > 0 ? first : 0;
  }
  CTGRAD_HOST_DEVICE std::int64_t end(int axis, std::int64_t i, std::int64_t length) const {
    const std::int64_t past = i * window.stride[axis] - window.padding[axis] + window.kernel[axis];
    return past < length ? past : length;
  }
};

}  // namespace ctgrad
