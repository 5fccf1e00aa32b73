// SPDX-License-Identifier: BSL-1.0
/// \file
/// The logarithm of the posterior density of a stochastic volatility model and its gradient by all innovations, the
/// persistence, the scale and the mean. The recurrence of the log-volatilities is a C++ loop over a step, which ctgrad
/// differentiates; what follows it is one program over arrays.
#pragma once

#include "volatility_by_hand.hpp"

namespace volatility {

/// A log-volatility, less its mean, from the one before it and an innovation.
inline constexpr auto next = [](auto before, auto innovation, auto scale, auto persistence) {
  return scale * innovation + persistence * before;
};
inline constexpr auto first = [](auto innovation, auto scale, auto persistence) {
  return scale * innovation / sqrt(1 - persistence * persistence);
};
inline constexpr auto adjoint_of_next = [](auto before, auto innovation, auto scale, auto persistence, auto u) {
  return std::get<1>(vjp(next, wrt<0, 1, 2, 3>)(before, innovation, scale, persistence, u));
};
inline constexpr auto adjoint_of_first = [](auto innovation, auto scale, auto persistence, auto u) {
  return std::get<1>(vjp(first, wrt<0, 1, 2>)(innovation, scale, persistence, u));
};

template <std::int64_t N>
[[gnu::noinline]] void ours_in_steps(const Model<N>& m, Result<N>& r) {
  double* v = r.v.data();
  const double* x = m.innovations.data();
  v[0] = compiled(first)(x[0], m.scale, m.persistence);
  for (std::int64_t i = 1; i < N; ++i) v[i] = compiled(next)(v[i - 1], x[i], m.scale, m.persistence);
  auto slopes = std::tie(r.by_v, r.by_innovations, r.by_scale, r.by_mean);
  value_and_grad(density, wrt<0, 1, 2, 3>).into(std::tie(r.value, slopes), r.v, m.innovations, m.scale, m.mean, m.y);
  double u = r.by_v(N - 1), by_scale = r.by_scale, by_persistence = 0;
  for (std::int64_t i = N - 1; i > 0; --i) {
    const auto [by_before, by_innovation, scale, persistence] =
        compiled(adjoint_of_next)(v[i - 1], x[i], m.scale, m.persistence, u);
    r.by_innovations.data()[i] += by_innovation;
    by_scale += scale;
    by_persistence += persistence;
    u = r.by_v.data()[i - 1] + by_before;
  }
  const auto [by_innovation, scale, persistence] = compiled(adjoint_of_first)(x[0], m.scale, m.persistence, u);
  r.by_innovations.data()[0] += by_innovation;
  r.by_scale = by_scale + scale;
  r.by_persistence = by_persistence + persistence;
}

template <std::int64_t N>
void volatility_in_steps(benchmark::State& state) {
  hold_against<N>(state, ours_in_steps<N>);
}

}  // namespace volatility
