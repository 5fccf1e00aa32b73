// SPDX-License-Identifier: BSL-1.0
/// \file
/// The value and gradient of a sum.
#include "derivative_contest.hpp"

namespace {

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
  check_and_hold<total, N>(state, Tensor<double, Shape<N>>::uniform(1, -1, 1), plain<N>, by_hand<N>);
}
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
  const auto x = Tensor<double, Shape<16>>::uniform(1, -1, 1);
  Sixteen elements{}, g{}, h{};
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
BENCHMARK(sum_of<256>);
BENCHMARK(sum_of<4096>);
BENCHMARK(sum_of<16384>);

}  // namespace

BENCHMARK_MAIN();
