// SPDX-License-Identifier: BSL-1.0
/// \file
/// The logarithm of the posterior density of a linear regression of 1000 samples, and its gradient by weights, offset
/// and deviation.
#pragma once

#include "derivative_contest.hpp"

namespace regressions {

using namespace derivatives;

constexpr int samples = 1000;

/// The logarithm of the density of normal numbers, constants left out.
constexpr auto normal = [](auto z, auto deviation, int count) {
  return -0.5 * sum(square(z)) / square(deviation) - count * log(deviation);
};

constexpr auto posterior = [](auto w, auto b, auto u, auto x, auto y) {
  const auto s = abs(u) + 0.1;
  const auto residual =
      y - reshape(matmul(x, reshape(w, shape<decltype(w)::shape_type::value[0], 1>)), shape<samples>) - b;
  return normal(residual, s, samples) - 0.5 * sum(square(w)) - 0.5 * square(b) - 2.2925347571405443;
};

template <int P>
[[gnu::noinline]] double plain(const double* w, double b, double u, const double* x, const double* y) {
  const double s = std::abs(u) + 0.1;
  double total = 0, squares = 0;
  for (int i = 0; i < samples; ++i) {
    Total dot;
    sweep<P>([&](std::int64_t j, auto t, int k) {
      using T = decltype(t);
      dot.add(k, load<T>(x + i * P + j) * load<T>(w + j));
    });
    const double residual = y[i] - dot.sum() - b;
    total += residual * residual;
  }
  for (int j = 0; j < P; ++j) squares += w[j] * w[j];
  return -0.5 * total / (s * s) - samples * math::log(s) - 0.5 * squares - 0.5 * b * b - 2.2925347571405443;
}

/// Calls body(j, count) for the registers of a row, the last of which may be filled in part.
template <int P, class Body>
CTGRAD_ALWAYS_INLINE void registers(const Body& body) {
  for (int j = 0; j + lanes <= P; j += lanes) body(j, lanes);
  if constexpr (P % lanes != 0) body(P / lanes * lanes, P % lanes);
}
CTGRAD_ALWAYS_INLINE V part(const double* from, int count) {
  return count == lanes ? V::load(from) : V::load_partial(from, count);
}

/// One pass through x: the products of a row with w and, while the row is at hand, its share in the gradient.
template <int P>
[[gnu::noinline]] double by_hand(const double* w, double b, double u, const double* x, const double* y, double* by_w,
                                 double& by_b, double& by_u) {
  constexpr int rows = 4;
  static_assert(samples % rows == 0);
  const double s = std::abs(u) + 0.1;
  double total = 0, sum_of_residuals = 0, squares = 0;
  for (int j = 0; j < P; ++j) by_w[j] = 0;
  for (int i = 0; i < samples; i += rows) {
    V dot[rows] = {};
    registers<P>([&](int j, int count) {
      const V weight = part(w + j, count);
      unrolled<rows>([&](int r) { dot[r] += part(x + (i + r) * P + j, count) * weight; });
    });
    double residual[rows];
    unrolled<rows>([&](int r) {
      residual[r] = y[i + r] - reduce_add(dot[r]) - b;
      total += residual[r] * residual[r];
      sum_of_residuals += residual[r];
    });
    registers<P>([&](int j, int count) {
      V slope = part(by_w + j, count);
      unrolled<rows>([&](int r) { slope += V(residual[r]) * part(x + (i + r) * P + j, count); });
      slope.store_partial(by_w + j, count);
    });
  }
  const double scale = 1 / (s * s);
  for (int j = 0; j < P; ++j) {
    squares += w[j] * w[j];
    by_w[j] = by_w[j] * scale - w[j];
  }
  by_b = sum_of_residuals * scale - b;
  by_u = (total * scale - samples) / s * (u < 0 ? -1 : 1);
  return -0.5 * total * scale - samples * math::log(s) - 0.5 * squares - 0.5 * b * b - 2.2925347571405443;
}

template <int P>
void regression(benchmark::State& state) {
  const auto x = uniform<samples, P>(1, -1, 1);
  const auto y = uniform<samples>(2, -1, 1);
  const auto w = uniform<P>(3, -1, 1);
  const double b = 0.3, u = -0.7;
  Tensor<double, Shape<P>> by_w, w_by_hand;
  double value = 0, by_b = 0, by_u = 0, b_by_hand = 0, u_by_hand = 0;
  auto slopes = std::tie(by_w, by_b, by_u);
  const auto ours = [&] { value_and_grad(posterior, wrt<0, 1, 2>).into(std::tie(value, slopes), w, b, u, x, y); };
  ours();
  const auto hand = [&] {
    return by_hand<P>(w.data(), b, u, x.data(), y.data(), w_by_hand.data(), b_by_hand, u_by_hand);
  };
  if (!agree(state, hand(), value) || !agree(state, plain<P>(w.data(), b, u, x.data(), y.data()), value)) return;
  if (!agree(state, by_w.span(), w_by_hand.span()) || !agree(state, by_b, b_by_hand) || !agree(state, by_u, u_by_hand))
    return;
  hold(
      state, ours, [&] { benchmark::DoNotOptimize(plain<P>(w.data(), b, u, x.data(), y.data())); },
      [&] { benchmark::DoNotOptimize(hand()); });
}

}  // namespace regressions
