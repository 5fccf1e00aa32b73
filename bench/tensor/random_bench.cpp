// SPDX-License-Identifier: BSL-1.0
/// \file
/// Filling an array that stays in the caches with random numbers.
#include <ctgrad/tensor/random.hpp>

#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

namespace {

template <class T, bool Normal>
void fill(benchmark::State& state) {
  std::vector<T> numbers(8192);
  std::uint64_t stream = 0;
  for (auto _ : state) {
    const ctgrad::RandomStream random(1, ++stream);
    if constexpr (Normal) {
      random.fill_normal(numbers);
    } else {
      random.fill_uniform(numbers);
    }
    benchmark::DoNotOptimize(numbers.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(numbers.size()));
}
BENCHMARK(fill<float, false>)->Name("uniform<float>");
BENCHMARK(fill<double, false>)->Name("uniform<double>");
BENCHMARK(fill<float, true>)->Name("normal<float>");
BENCHMARK(fill<double, true>)->Name("normal<double>");

}  // namespace
