// SPDX-License-Identifier: BSL-1.0
/// \file
/// Batch normalisation as a layer.
#pragma once

#include "ctgrad/nn/module.hpp"

namespace ctgrad::nn {

namespace detail {

/// A running statistic after a minibatch with `count` values for each channel. One value says nothing of the variance,
/// and none says nothing at all: then the statistics stay.
template <class Count, class S>
constexpr S moved_statistic(const Count& count, const S& running, const S& of_batch, double momentum) {
  const S moved = (1 - momentum) * running + momentum * of_batch;
  if constexpr (std::is_arithmetic_v<Count>) {
    return count > 1 ? moved : running;
  } else {
    return where(count > 1, moved, running);
  }
}

}  // namespace detail

/// Batch normalisation of the channels, the second axis (Ioffe and Szegedy 2015): PyTorch's BatchNorm1d, 2d and 3d in
/// one. Training normalises with the mean and variance of the minibatch and moves the running ones towards them,
///
///     running = (1 - momentum) * running + momentum * minibatch's,
///
/// the variance with the divisor n - 1; inference normalises with the running ones. A minibatch with less than two
/// values for each channel, of which PyTorch makes an error, leaves them as they are. `weight` and `bias` have the
/// shape [C] and start as 1 and 0, `running_mean` and `running_var` are buffers and start as 0 and 1.
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
    static_assert(S::rank >= 2, "ctgrad: BatchNorm needs at least two axes, [N, C] or images [N, C, H, W]");
    static_assert(S::value[1] >= 0, "ctgrad: BatchNorm needs a number of channels known at compile time");
    if constexpr (is_half<typename X::element_type>) {
      // Statistics and normalisation are float.
      return cast<typename X::element_type>((*this)(cast<float>(x)));
    } else {
      return normalize(x);
    }
  }

private:
  template <class X>
  constexpr auto normalize(const X& x) const {
    using S = typename X::shape_type;
    using Channels = Shape<S::value[1]>;
    const auto w = weight.template get<Channels>(x, init::ones());
    const auto b = bias.template get<Channels>(x, init::zeros());
    auto mean = running_mean.template get<Channels>(x, init::zeros());
    auto variance = running_var.template get<Channels>(x, init::ones());
    if (ctgrad_is_training(x)) {
      const auto batch = batch_statistics(x);
      const auto n = ctgrad::detail::channel_count(x);
      running_mean.set(detail::moved_statistic(n, mean, batch.first, momentum));
      running_var.set(detail::moved_statistic(n, variance, batch.second * n / (n - 1), momentum));
      mean = batch.first;
      variance = batch.second;
    }
    return batch_norm(x, mean, variance, w, b, epsilon);
  }
};

/// The names that PyTorch has for it.
using BatchNorm1d = BatchNorm;
using BatchNorm2d = BatchNorm;

}  // namespace ctgrad::nn
