// SPDX-License-Identifier: BSL-1.0
/// \file
/// The logarithm of the density of independent normal numbers, without constants, and its gradient.
#pragma once

#include "derivative_contest.hpp"

namespace normal_log_pdfs {

using namespace derivatives;

constexpr double mean = -0.56, deviation = 1.37;

template <std::int64_t N>
struct NormalLogPdf {
  constexpr auto operator()(auto x) const {
    return -0.5 * sum(square((x - mean) * (1 / deviation))) - N * 0.31481073984003344;
  }
};

template <std::int64_t N>
[[gnu::noinline]] double plain(const double* x) {
  Total s;
  sweep<N>([&](std::int64_t i, auto t, int k) {
    using T = decltype(t);
    const T d = load<T>(x + i) - T(mean);
    s.add(k, d * d);
  });
  return s.sum() * (-0.5 / (deviation * deviation)) - N * math::log(deviation);
}

template <std::int64_t N>
[[gnu::noinline]] double by_hand(const double* x, double* g) {
  Total s;
  sweep<N>([&](std::int64_t i, auto t, int k) {
    using T = decltype(t);
    const T d = load<T>(x + i) - T(mean);
    s.add(k, d * d);
    store(d * T(-1 / (deviation * deviation)), g + i);
  });
  return s.sum() * (-0.5 / (deviation * deviation)) - N * math::log(deviation);
}

template <std::int64_t N>
void normal_log_pdf_of(benchmark::State& state) {
  check_and_hold<NormalLogPdf<N>{}, N>(state, uniform<N>(1, -1, 1), plain<N>, by_hand<N>);
}

}  // namespace normal_log_pdfs
