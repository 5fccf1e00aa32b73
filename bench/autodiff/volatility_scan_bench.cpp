// SPDX-License-Identifier: BSL-1.0
/// \file
/// The same model as in volatility_bench.cpp with the recurrence as a loop of the library: one function, one call.
#include <ctgrad/autodiff/scan.hpp>

#include "volatility_by_hand.hpp"

namespace {

using namespace volatility;

constexpr auto next = [](auto before, auto innovation, auto scale, auto persistence) {
  const auto v = scale * innovation + persistence * before;
  return std::pair{v, v};
};

constexpr auto model = [](auto innovations, auto persistence, auto scale, auto mean, auto y) {
  constexpr std::int64_t n = decltype(y)::shape_type::value[0];
  const auto start = scale * reshape(slice<0, 0, 1>(innovations), shape<>) / sqrt(1 - persistence * persistence);
  const auto rest = scan(next, start, slice<0, 1, n>(innovations), scale, persistence).second;
  return density(concat(axis<0>, reshape(start, shape<1>), rest), innovations, scale, mean, y);
};

template <std::int64_t N>
[[gnu::noinline]] void ours(const Model<N>& m, Result<N>& r) {
  auto slopes = std::tie(r.by_innovations, r.by_persistence, r.by_scale, r.by_mean);
  value_and_grad(model, wrt<0, 1, 2, 3>)
      .into(std::tie(r.value, slopes), m.innovations, m.persistence, m.scale, m.mean, m.y);
}

template <std::int64_t N>
void volatility_by_scan(benchmark::State& state) {
  hold_against<N>(state, ours<N>);
}
BENCHMARK(volatility_by_scan<8192>);

}  // namespace

BENCHMARK_MAIN();
