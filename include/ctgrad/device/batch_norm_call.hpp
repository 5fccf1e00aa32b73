// SPDX-License-Identifier: BSL-1.0
/// \file
/// A batch normalisation, or its reverse pass, as one call.
#pragma once

#include "ctgrad/device/step_arguments.hpp"

namespace ctgrad {

/// The lengths of a batch normalisation: each of `images` has `channels` of `pixels` elements.
struct BatchNormShape {
  std::int64_t images = 0, channels = 0, pixels = 1;

  explicit BatchNormShape(const KernelShape& x) : images(x[0]), channels(x[1]) {
    for (int axis = 2; axis < x.rank; ++axis) pixels *= x[axis];
  }

  CTGRAD_HOST_DEVICE std::int64_t size() const { return images * channels * pixels; }
  /// Elements that a channel has.
  CTGRAD_HOST_DEVICE std::int64_t count() const { return images * pixels; }
  /// The channel of element i of all.
  CTGRAD_HOST_DEVICE std::int64_t channel_of(std::int64_t i) const { return i / pixels % channels; }
  /// The place among all elements of element i of a channel.
  CTGRAD_HOST_DEVICE std::int64_t place(std::int64_t channel, std::int64_t i) const {
    const std::int64_t image = i / pixels;
    return (image * channels + channel) * pixels + (i - image * pixels);
  }
};

/// A normalisation by the minibatch's own mean and variance (ops::BatchNorm). `statistics` has the rows of
/// ops::BatchNormStatistics, each of them `channels` long.
template <class T>
struct BatchNormCall {
  BatchNormShape shape;
  double epsilon;
  const T* x;
  const T* weight;
  const T* bias;
  T* y;
  T* statistics;

  CTGRAD_HOST_DEVICE T* row(ops::BatchNormStatistics::Row row) const { return statistics + row * shape.channels; }
};

/// Its reverse pass (ops::BatchNormGradient): `t` is the adjoint of y; those of x, weight and bias are written.
template <class T>
struct BatchNormGradientCall {
  BatchNormShape shape;
  double epsilon;
  const T* x;
  const T* t;
  const T* statistics;
  T* by_x;
  T* by_weight;
  T* by_bias;

  CTGRAD_HOST_DEVICE const T* row(ops::BatchNormStatistics::Row row) const { return statistics + row * shape.channels; }
};

}  // namespace ctgrad
