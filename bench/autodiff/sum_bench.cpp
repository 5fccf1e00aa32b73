// SPDX-License-Identifier: BSL-1.0
/// \file
/// Value and gradient of sums of few numbers.
#include "sum.hpp"

namespace {

using namespace sums;

/// Sixteen numbers, by a loop over the elements.
constexpr auto by_elements = [](auto x) {
  auto s = x[0];
  for (std::size_t i = 1; i < x.size(); ++i) s = s + x[i];
  return s;
};
using Sixteen = std::array<double, 16>;
[[gnu::noinline]] void our_elements(const Sixteen& x, double& value, Sixteen& g) {
  value_and_grad(by_elements).into(std::tie(value, g), x);
}

void sum_by_elements(benchmark::State& state) {
  const auto x = uniform<16>(1, -1, 1);
  // At lines of the cache: else it is chance how many an access crosses.
  alignas(64) Sixteen elements{}, g{}, h{};
  std::copy(x.begin(), x.end(), elements.begin());
  double value = 0;
  our_elements(elements, value, g);
  if (!agree(state, by_hand<16>(x.data(), h.data()), value) || !agree(state, g, h)) return;
  hold(
      state, [&] { our_elements(elements, value, g); }, [&] { benchmark::DoNotOptimize(plain<16>(elements.data())); },
      [&] { benchmark::DoNotOptimize(by_hand<16>(elements.data(), h.data())); });
}

BENCHMARK(sum_by_elements);
BENCHMARK(sum_of<1>);
BENCHMARK(sum_of<16>);

}  // namespace

BENCHMARK_MAIN();
