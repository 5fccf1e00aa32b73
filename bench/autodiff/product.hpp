// SPDX-License-Identifier: BSL-1.0
/// \file
/// The value and gradient of a product. By hand, an element's partial derivative is the product divided by it, once no
/// element has turned out to be 0.
#pragma once

#include "derivative_contest.hpp"

namespace products {

using namespace derivatives;

constexpr auto product = [](auto x) { return prod(x); };

template <std::int64_t N>
[[gnu::noinline]] double plain(const double* x) {
  Total p(1);
  sweep<N>([&](std::int64_t i, auto t, int k) { p.multiply(k, load<decltype(t)>(x + i)); });
  return p.product();
}

template <std::int64_t N>
[[gnu::noinline]] double by_hand(const double* x, double* g) {
  Total p(1);
  sweep<N>([&](std::int64_t i, auto t, int k) { p.multiply(k, load<decltype(t)>(x + i)); });
  const double value = p.product();
  int zeros = 0;
  // A product of 0 may be one of small numbers.
  if (value == 0)
    for (std::int64_t i = 0; i < N; ++i) zeros += x[i] == 0 ? 1 : 0;
  if (zeros == 0) {
    sweep<N>([&](std::int64_t i, auto t, int) {
      using T = decltype(t);
      store(T(value) / load<T>(x + i), g + i);
    });
  } else {
    double others = 1;
    for (std::int64_t i = 0; i < N; ++i) others *= x[i] == 0 ? 1 : x[i];
    for (std::int64_t i = 0; i < N; ++i) g[i] = x[i] == 0 && zeros == 1 ? others : 0;
  }
  return value;
}

/// With the given number of zeros.
template <std::int64_t N>
bool agree_with_zeros(benchmark::State& state, Tensor<double, Shape<N>> x, int zeros) {
  Tensor<double, Shape<N>> g, h;
  double value = 0;
  for (int i = 0; i < zeros && i < N; ++i) x.data()[N / 2 - i] = 0;
  ours<product, N>(value, g, x);
  return agree(state, by_hand<N>(x.data(), h.data()), value) && agree(state, g.span(), h.span());
}

template <std::int64_t N>
void product_of(benchmark::State& state) {
  // Around 1, lest the product of many be 0.
  const auto x = uniform<N>(1, 0.8, 1.2);
  if (agree_with_zeros<N>(state, x, 1) && agree_with_zeros<N>(state, x, 2))
    check_and_hold<product, N>(state, x, plain<N>, by_hand<N>);
}

}  // namespace products
