// SPDX-License-Identifier: BSL-1.0
/// \file
/// Value and gradient of products of few numbers.
#include "product.hpp"

namespace {

using namespace products;

/// Sixteen numbers, by a loop over the elements.
constexpr auto by_elements = [](auto x) {
  auto p = x[0];
  for (std::size_t i = 1; i < x.size(); ++i) p = p * x[i];
  return p;
};
using Sixteen = std::array<double, 16>;
template <class F>
[[gnu::noinline]] void our_elements(F f, const Sixteen& x, double& value, Sixteen& g) {
  value_and_grad(f).into(std::tie(value, g), x);
}

template <class F>
void hold_elements(benchmark::State& state, F f) {
  const auto x = uniform<16>(1, 0.8, 1.2);
  // At lines of the cache: else it is chance how many an access crosses.
  alignas(64) Sixteen elements{}, g{}, h{};
  std::copy(x.begin(), x.end(), elements.begin());
  double value = 0;
  our_elements(f, elements, value, g);
  if (!agree(state, by_hand<16>(x.data(), h.data()), value) || !agree(state, g, h)) return;
  hold(
      state, [&] { our_elements(f, elements, value, g); },
      [&] { benchmark::DoNotOptimize(plain<16>(elements.data())); },
      [&] { benchmark::DoNotOptimize(by_hand<16>(elements.data(), h.data())); });
}
void product_by_elements(benchmark::State& state) { hold_elements(state, by_elements); }
BENCHMARK(product_by_elements);
void product_by_elements_reassociated(benchmark::State& state) { hold_elements(state, reassociate(by_elements)); }
BENCHMARK(product_by_elements_reassociated);

BENCHMARK(product_of<1>);
BENCHMARK(product_of<16>);

}  // namespace

BENCHMARK_MAIN();
