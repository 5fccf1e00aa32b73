// SPDX-License-Identifier: BSL-1.0
/// \file
/// Adam.
#pragma once

#include <cmath>

#include "ctgrad/optim/sgd.hpp"
#include "ctgrad/optim/subnormal.hpp"

namespace ctgrad::optim {

/// Adam (Kingma and Ba 2015) with bias correction, as PyTorch computes it; `weight_decay` is added to the gradient.
/// m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
/// p = p - learning_rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon).
/// m becomes zero where it would be subnormal; v does where it would be and m is zero. `epsilon` must not be 0: a
/// parameter whose gradient is always zero would become NaN, in PyTorch as well.
struct Adam {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;

  static constexpr int state_count = 2;
  constexpr std::array<double, 5> settings() const { return {learning_rate, beta1, beta2, epsilon, weight_decay}; }
  std::array<double, 8> scalars(std::int64_t step) const { return numbers(settings(), static_cast<double>(step)); }
  template <class N>
  static constexpr std::array<N, 8> numbers(const std::array<N, 5>& setting, const N& step) {
    using std::pow;
    using std::sqrt;
    const auto& [rate, first, second, smallest, decay] = setting;
    return {rate / (1 - pow(first, step)),
            1 / sqrt(1 - pow(second, step)),
            first,
            1 - first,
            second,
            1 - second,
            smallest,
            decay};
  }
  template <class P, class S>
  static constexpr auto update(const P& p, const P& gradient, const std::array<P, 2>& state,
                               const std::array<S, 8>& s) {
    const P g = gradient + s[7] * p;
    const P m = without_subnormals(s[2] * state[0] + s[3] * g);
    const P v = without_subnormals(s[4] * state[1] + s[5] * square(g), m);
    return std::pair{p - s[0] * m / (sqrt(v) * s[1] + s[6]), std::array<P, 2>{m, v}};
  }
};

}  // namespace ctgrad::optim
