// SPDX-License-Identifier: BSL-1.0
/// \file
/// Stochastic gradient descent, with and without momentum.
#pragma once

#include <array>
#include <utility>

#include "ctgrad/graph/symbol.hpp"
#include "ctgrad/optim/subnormal.hpp"

namespace ctgrad::optim {

/// True for an optimizer whose numbers depend on the number of the step. It gives its settings apart from that number,
/// so that the compiled step can count, and leave out what it skips.
template <class Optimizer>
concept CountsSteps = requires(const Optimizer& optimizer) {
  Optimizer::numbers(optimizer.settings(), 1.0);
};

/// An optimizer is a plain struct of settings with
/// - `state_count`: blocks of the parameters' size it keeps (zero at the start);
/// - `scalars(step)`: the run-time numbers of one step, the first step being 1. Where they depend on it, the optimizer
///   also gives `settings()`, numbers that do not, and a static template `numbers(settings, step)` that makes the
///   scalars of them, in doubles or in symbols: a GradScaler counts the steps in the compiled step, as it skips some;
/// - `update(parameters, gradient, state, scalars)`: the new parameters and states, as graph operations.
/// The update is traced once and becomes one pass over all parameters, part of the compiled step; the settings
/// may change between steps.
///
/// p = p - learning_rate * (g + weight_decay * p).
struct Sgd {
  double learning_rate = 0.01;
  double weight_decay = 0;

  static constexpr int state_count = 0;
  constexpr std::array<double, 2> scalars(std::int64_t) const { return {learning_rate, weight_decay}; }
  template <class P, class S>
  static constexpr auto update(const P& p, const P& g, const std::array<P, 0>& state, const std::array<S, 2>& s) {
    return std::pair{p - s[0] * (g + s[1] * p), state};
  }
};

/// v = momentum * v + g + weight_decay * p; p = p - learning_rate * v: PyTorch's SGD with momentum. v becomes
/// zero where it would become subnormal.
struct Momentum {
  double learning_rate = 0.01;
  double momentum = 0.9;
  double weight_decay = 0;

  static constexpr int state_count = 1;
  constexpr std::array<double, 3> scalars(std::int64_t) const { return {learning_rate, momentum, weight_decay}; }
  template <class P, class S>
  static constexpr auto update(const P& p, const P& g, const std::array<P, 1>& state, const std::array<S, 3>& s) {
    const P v = without_subnormals(s[1] * state[0] + (g + s[2] * p));
    return std::pair{p - s[0] * v, std::array<P, 1>{v}};
  }
};

}  // namespace ctgrad::optim
