// SPDX-License-Identifier: BSL-1.0
/// \file
/// The stochastic volatility model of the benchmarks, and its gradient by hand.
#pragma once

#include "derivative_contest.hpp"

namespace volatility {

using namespace derivatives;

/// The logarithm of the density of Cauchy's distribution around 0, for the square of a number.
constexpr auto cauchy = [](auto x, double width) { return -log(width * (1 + x * x * (1 / (width * width)))); };

constexpr auto density = [](auto v, auto innovations, auto scale, auto mean, auto y) {
  const auto h = v + mean;
  return -0.5 * sum(y * y * exp(-h)) - 0.5 * sum(h) - 0.5 * sum(square(innovations)) + cauchy(scale, 5) +
         cauchy(mean, 10) - 0.69314718055994531;
};

template <std::int64_t N>
struct Model {
  using Array = Tensor<double, Shape<N>>;
  Array innovations = Array::uniform(1, -1, 1), y = Array::uniform(2, -1, 1);
  double persistence = 0.6, scale = 0.4, mean = -0.3;
};

template <std::int64_t N>
struct Result {
  double value = 0, by_persistence = 0, by_scale = 0, by_mean = 0;
  Tensor<double, Shape<N>> v, by_v, by_innovations;
};

template <class T>
CTGRAD_ALWAYS_INLINE void density_terms(const double* v, const double* x, const double* y, double mean, T& weight,
                                        T& terms) {
  const T h = load<T>(v) + T(mean), data = load<T>(y), innovation = load<T>(x);
  weight = data * data * math::exp(T(0) - h);
  terms = weight + h + innovation * innovation;
}
inline double prior(double scale, double mean) {
  return -math::log(5 * (1 + scale * scale / 25)) - math::log(10 * (1 + mean * mean / 100)) - 0.69314718055994531;
}

template <std::int64_t N>
void recurrence(const Model<N>& m, double* v) {
  v[0] = m.scale * m.innovations(0) / std::sqrt(1 - m.persistence * m.persistence);
  for (std::int64_t i = 1; i < N; ++i) v[i] = m.scale * m.innovations.data()[i] + m.persistence * v[i - 1];
}

template <std::int64_t N>
[[gnu::noinline]] double plain(const Model<N>& m, Result<N>& r) {
  recurrence(m, r.v.data());
  Total total;
  sweep<N>([&](std::int64_t i, auto t, int k) {
    decltype(t) weight, terms;
    density_terms(r.v.data() + i, m.innovations.data() + i, m.y.data() + i, m.mean, weight, terms);
    total.add(k, terms);
  });
  return -0.5 * total.sum() + prior(m.scale, m.mean);
}

template <std::int64_t N>
[[gnu::noinline]] void by_hand(const Model<N>& m, Result<N>& r) {
  double* v = r.v.data();
  const double* x = m.innovations.data();
  double* g = r.by_innovations.data();
  double* by_v = r.by_v.data();
  recurrence(m, v);
  Total total, slopes;
  sweep<N>([&](std::int64_t i, auto t, int k) {
    using T = decltype(t);
    T weight, terms;
    density_terms(v + i, x + i, m.y.data() + i, m.mean, weight, terms);
    total.add(k, terms);
    const T slope = (weight - T(1)) * T(0.5);
    slopes.add(k, slope);
    store(slope, by_v + i);
  });
  r.value = -0.5 * total.sum() + prior(m.scale, m.mean);
  r.by_mean = slopes.sum() - 2 * m.mean / (100 + m.mean * m.mean);
  double u = by_v[N - 1], by_scale = -2 * m.scale / (25 + m.scale * m.scale), by_persistence = 0;
  for (std::int64_t i = N - 1; i > 0; --i) {
    g[i] = u * m.scale - x[i];
    by_scale += u * x[i];
    by_persistence += u * v[i - 1];
    u = by_v[i - 1] + u * m.persistence;
  }
  const double rest = 1 - m.persistence * m.persistence, root = 1 / std::sqrt(rest);
  g[0] = u * m.scale * root - x[0];
  r.by_scale = by_scale + u * x[0] * root;
  r.by_persistence = by_persistence + u * v[0] * m.persistence / rest;
}

/// The contest of the gradient by hand with another.
template <std::int64_t N>
void hold_against(benchmark::State& state, void (*ours)(const Model<N>&, Result<N>&)) {
  const Model<N> m;
  Result<N> r, h;
  ours(m, r);
  by_hand(m, h);
  if (!agree(state, h.value, r.value) || !agree(state, plain(m, h), r.value)) return;
  if (!agree(state, r.by_innovations.span(), h.by_innovations.span()) || !agree(state, r.by_mean, h.by_mean)) return;
  if (!agree(state, r.by_scale, h.by_scale) || !agree(state, r.by_persistence, h.by_persistence)) return;
  hold(
      state, [&] { ours(m, r); }, [&] { benchmark::DoNotOptimize(plain(m, h)); }, [&] { by_hand(m, h); });
}

}  // namespace volatility
