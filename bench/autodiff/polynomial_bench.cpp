// SPDX-License-Identifier: BSL-1.0
/// \file
/// From the speed tests of CppAD (B. M. Bell): the second derivative of a polynomial of degree 20.
#include "derivative_contest.hpp"

namespace {

using namespace derivatives;

constexpr std::size_t degree = 20;
using Coefficients = std::array<double, degree + 1>;

constexpr auto polynomial = [](auto z, auto a) {
  auto p = a[degree];
  for (std::size_t i = degree; i-- > 0;) p = p * z + a[i];
  return p;
};
constexpr auto second_derivative = [](auto z, auto a) { return 2 * taylor<2>(polynomial)(z, a, 1.0)[2]; };

[[gnu::noinline]] double plain_polynomial(double z, const Coefficients& a) { return polynomial(z, a); }
/// Horner's scheme for the polynomial and its derivatives at once.
[[gnu::noinline]] double second_by_hand(double z, const Coefficients& a) {
  double p = a[degree], first = 0, half_second = 0;
  for (std::size_t i = degree; i-- > 0;) {
    half_second = half_second * z + first;
    first = first * z + p;
    p = p * z + a[i];
  }
  return 2 * half_second;
}
[[gnu::noinline]] double our_second(double z, const Coefficients& a) { return compiled(second_derivative)(z, a); }

void second_derivative_of_polynomial(benchmark::State& state) {
  Coefficients a{};
  for (std::size_t i = 0; i <= degree; ++i) a[i] = 1 + 0.1 * static_cast<double>(i % 7);
  double z = 0.7;
  if (!agree(state, our_second(z, a), second_by_hand(z, a))) return;
  hold(
      state, [&] { benchmark::DoNotOptimize(our_second(z, a)); },
      [&] { benchmark::DoNotOptimize(plain_polynomial(z, a)); },
      [&] { benchmark::DoNotOptimize(second_by_hand(z, a)); });
}
BENCHMARK(second_derivative_of_polynomial);

}  // namespace

BENCHMARK_MAIN();
