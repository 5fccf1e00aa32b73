// SPDX-License-Identifier: BSL-1.0
/// \file
/// The fully connected layer.
#pragma once

#include "ctgrad/nn/module.hpp"

namespace ctgrad::nn {

/// Draws the weights of a layer as PyTorch does.
struct DefaultInit {
  static constexpr Initial weight(std::int64_t fan_in, std::int64_t) { return init::pytorch_default(fan_in); }
  static constexpr Initial bias(std::int64_t fan_in) { return init::pytorch_default(fan_in); }
};
/// Normal weights for ReLU networks (He et al. 2015), zero biases.
struct KaimingInit {
  static constexpr Initial weight(std::int64_t fan_in, std::int64_t) { return init::kaiming_normal(fan_in); }
  static constexpr Initial bias(std::int64_t) { return init::zeros(); }
};
/// Uniform weights for tanh and sigmoid networks (Glorot and Bengio 2010), zero biases.
struct XavierInit {
  static constexpr Initial weight(std::int64_t fan_in, std::int64_t fan_out) {
    return init::xavier_uniform(fan_in, fan_out);
  }
  static constexpr Initial bias(std::int64_t) { return init::zeros(); }
};

/// y = x W^T + b over the last axis. `weight` has the shape [out, in] and `bias` [out], as in PyTorch; the input
/// size is taken from x, which has at least two axes.
template <Extent Out, class Init = DefaultInit>
struct Linear {
  Parameter weight;
  Parameter bias;

  template <Handle X>
  constexpr auto operator()(const X& x) const {
    using S = typename X::shape_type;
    static_assert(S::rank >= 2, "ctgrad: Linear needs an input of at least two axes, [batch, features]");
    constexpr Extent in = S::value[S::rank - 1];
    static_assert(in >= 0, "ctgrad: Linear needs a number of input features known at compile time");
    const auto w = weight.template get<Shape<Out, in>>(x, Init::weight(in, Out));
    return matmul(x, transpose(w)) + bias.template get<Shape<Out>>(x, Init::bias(in));
  }
};

/// y = x W^T over the last axis.
template <Extent Out, class Init = DefaultInit>
struct LinearNoBias {
  Parameter weight;

  template <Handle X>
  constexpr auto operator()(const X& x) const {
    using S = typename X::shape_type;
    static_assert(S::rank >= 2, "ctgrad: LinearNoBias needs an input of at least two axes, [batch, features]");
    constexpr Extent in = S::value[S::rank - 1];
    static_assert(in >= 0, "ctgrad: LinearNoBias needs a number of input features known at compile time");
    return matmul(x, transpose(weight.template get<Shape<Out, in>>(x, Init::weight(in, Out))));
  }
};

}  // namespace ctgrad::nn
