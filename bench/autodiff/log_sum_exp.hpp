// SPDX-License-Identifier: BSL-1.0
/// \file
/// log(sum(exp(x))) and its gradient, which shares the exponentials.
#pragma once

#include "derivative_contest.hpp"

namespace log_sum_exps {

using namespace derivatives;

constexpr auto log_sum_exp = [](auto x) { return log(sum(exp(x))); };

template <std::int64_t N>
[[gnu::noinline]] double plain(const double* x) {
  Total s;
  sweep<N>([&](std::int64_t i, auto t, int k) { s.add(k, math::exp(load<decltype(t)>(x + i))); });
  return math::log(s.sum());
}

template <std::int64_t N>
[[gnu::noinline]] double by_hand(const double* x, double* g) {
  Total s;
  sweep<N>([&](std::int64_t i, auto t, int k) {
    const auto e = math::exp(load<decltype(t)>(x + i));
    s.add(k, e);
    store(e, g + i);
  });
  const double total = s.sum();
  sweep<N>([&](std::int64_t i, auto t, int) {
    using T = decltype(t);
    store(load<T>(g + i) * T(1 / total), g + i);
  });
  return math::log(total);
}

template <std::int64_t N>
void log_sum_exp_of(benchmark::State& state) {
  check_and_hold<log_sum_exp, N>(state, uniform<N>(1, -1, 1), plain<N>, by_hand<N>);
}

}  // namespace log_sum_exps
