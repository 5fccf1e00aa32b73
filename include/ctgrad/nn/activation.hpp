// SPDX-License-Identifier: BSL-1.0
/// \file
/// Activations, dropout and flattening as layers.
#pragma once

#include "ctgrad/nn/module.hpp"

namespace ctgrad::nn {

struct Relu {
  constexpr auto operator()(const auto& x) const { return relu(x); }
};
struct Tanh {
  constexpr auto operator()(const auto& x) const { return tanh(x); }
};
struct Sigmoid {
  constexpr auto operator()(const auto& x) const { return sigmoid(x); }
};
/// All axes but the first joined into one.
struct Flatten {
  constexpr auto operator()(const auto& x) const { return flatten<1>(x); }
};
/// Zeroes each element with the given probability while training and scales the others by 1 / (1 - probability);
/// does nothing at inference.
struct Dropout {
  double probability = 0.5;
  constexpr auto operator()(const auto& x) const { return ctgrad_is_training(x) ? dropout(x, probability) : x; }
};

}  // namespace ctgrad::nn
