// SPDX-License-Identifier: BSL-1.0
/// \file
/// Batch normalisation as a layer.
#pragma once

#include "ctgrad/nn/module.hpp"

namespace ctgrad::nn {

/// Batch normalisation of the channels, the second axis (Ioffe and Szegedy 2015): PyTorch's BatchNorm1d, 2d and 3d in
/// one. Training normalises with the mean and variance of the minibatch and moves the running ones towards them,
///
///     running = (1 - momentum) * running + momentum * minibatch's,
///
/// the variance with the divisor n - 1 (1 where a channel has a single element, of which PyTorch makes an error);
/// inference normalises with the running ones. `weight` and `bias` have the shape [C] and start as 1 and 0,
/// `running_mean` and `running_var` are buffers and start as 0 and 1.
struct BatchNorm {
  Parameter weight;
  Parameter bias;
  Buffer running_mean;
  Buffer running_var;
  double momentum = 0.1;
  double epsilon = 1e-5;

  template <Handle X>
  constexpr auto operator()(const X& x) const {
    using S = typename X::shape_type;
    using T = typename X::element_type;
    static_assert(S::rank >= 2, "ctgrad: BatchNorm needs at least two axes, [N, C] or images [N, C, H, W]");
    static_assert(S::value[1] >= 0, "ctgrad: BatchNorm needs a number of channels known at compile time");
    using Channels = Shape<S::value[1]>;
    const auto w = weight.template get<Channels>(x, init::ones());
    const auto b = bias.template get<Channels>(x, init::zeros());
    auto mean = running_mean.template get<Channels>(x, init::zeros());
    auto variance = running_var.template get<Channels>(x, init::ones());
    if (ctgrad_is_training(x)) {
      const auto batch = batch_statistics(x);
      const auto n = ctgrad_count<all_but_channel<S>, T>(x);
      const auto unbiased = batch.second * (n / maximum_of(n - 1));
      running_mean.set((1 - momentum) * mean + momentum * batch.first);
      running_var.set((1 - momentum) * variance + momentum * unbiased);
      mean = batch.first;
      variance = batch.second;
    }
    return batch_norm(x, mean, variance, w, b, epsilon);
  }

private:
  template <class S>
  static constexpr unsigned all_but_channel = (1U << S::rank) - 1U - 2U;

  /// At least 1: a count is a number or a symbol.
  static constexpr double maximum_of(double count) { return count > 1 ? count : 1; }
  template <class T>
  static constexpr auto maximum_of(const Symbol<T, Shape<>>& count) {
    return maximum(count, 1);
  }
};

/// The names that PyTorch has for it.
using BatchNorm1d = BatchNorm;
using BatchNorm2d = BatchNorm;

}  // namespace ctgrad::nn
