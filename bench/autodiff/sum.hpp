// SPDX-License-Identifier: BSL-1.0
/// \file
/// The value and gradient of a sum.
#pragma once

#include "derivative_contest.hpp"

namespace sums {

using namespace derivatives;

constexpr auto total = [](auto x) { return sum(x); };

template <std::int64_t N>
[[gnu::noinline]] double plain(const double* x) {
  Total s;
  sweep<N>([&](std::int64_t i, auto t, int k) { s.add(k, load<decltype(t)>(x + i)); });
  return s.sum();
}

template <std::int64_t N>
[[gnu::noinline]] double by_hand(const double* x, double* g) {
  Total s;
  sweep<N>([&](std::int64_t i, auto t, int k) {
    using T = decltype(t);
    s.add(k, load<T>(x + i));
    store(T(1), g + i);
  });
  return s.sum();
}

template <std::int64_t N>
void sum_of(benchmark::State& state) {
  check_and_hold<total, N>(state, uniform<N>(1, -1, 1), plain<N>, by_hand<N>);
}

}  // namespace sums
