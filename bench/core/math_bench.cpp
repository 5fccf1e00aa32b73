// SPDX-License-Identifier: BSL-1.0
/// \file
/// Nanoseconds an element for each vector function of core/math.hpp beside a loop over the one in
/// <cmath>, from L1.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "ctgrad/core/math.hpp"

namespace {

constexpr std::int64_t count = 1024;

struct Range {
  double low, high;
};

#define CTGRAD_BENCH_FUNCTION(name, range_low, range_high, reference) \
  struct name {                                                       \
    static constexpr Range range{range_low, range_high};              \
    template <class V>                                                \
    CTGRAD_ALWAYS_INLINE static V ours(V x) {                         \
      return ctgrad::math::name(x);                                   \
    }                                                                 \
    template <class T>                                                \
    CTGRAD_ALWAYS_INLINE static T standard(T x) {                     \
      return static_cast<T>(reference);                               \
    }                                                                 \
  };
CTGRAD_BENCH_FUNCTION(exp, -20, 20, std::exp(x))
CTGRAD_BENCH_FUNCTION(log, 1e-3, 1e3, std::log(x))
CTGRAD_BENCH_FUNCTION(tanh, -5, 5, std::tanh(x))
CTGRAD_BENCH_FUNCTION(sigmoid, -10, 10, T(1) / (T(1) + std::exp(-x)))
CTGRAD_BENCH_FUNCTION(sqrt, 0, 100, std::sqrt(x))
CTGRAD_BENCH_FUNCTION(expm1, -2, 2, std::expm1(x))
CTGRAD_BENCH_FUNCTION(log1p, -0.9, 3, std::log1p(x))
CTGRAD_BENCH_FUNCTION(sin, -10, 10, std::sin(x))
CTGRAD_BENCH_FUNCTION(cos, -10, 10, std::cos(x))
CTGRAD_BENCH_FUNCTION(erf, -3, 3, std::erf(x))
#undef CTGRAD_BENCH_FUNCTION

template <class T>
std::vector<T> inputs(Range range) {
  std::vector<T> values;
  for (std::int64_t i = 0; i < count; ++i) {
    // The golden ratio's multiples spread evenly and in no order a branch predictor could learn.
    const double position = std::fmod(static_cast<double>(i) * 0.6180339887498949, 1.0);
    values.push_back(static_cast<T>(range.low + (range.high - range.low) * position));
  }
  return values;
}

void report(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * count);
  state.counters["per_element"] = benchmark::Counter(static_cast<double>(state.iterations() * count),
                                                     benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

template <class F, class T>
void ours(benchmark::State& state) {
  constexpr int lanes = ctgrad::native_lanes<T>;
  using V = ctgrad::Simd<T, lanes>;
  const std::vector<T> x = inputs<T>(F::range);
  std::vector<T> y(count);
  benchmark::DoNotOptimize(y.data());
  for (auto _ : state) {
    const T* from = x.data();
    T* to = y.data();
    for (std::int64_t i = 0; i < count; i += lanes) F::ours(V::load(from + i)).store(to + i);
    benchmark::ClobberMemory();
  }
  report(state);
}

template <class F, class T>
void standard(benchmark::State& state) {
  const std::vector<T> x = inputs<T>(F::range);
  std::vector<T> y(count);
  benchmark::DoNotOptimize(y.data());
  for (auto _ : state) {
    const T* from = x.data();
    T* to = y.data();
    for (std::int64_t i = 0; i < count; ++i) to[i] = F::standard(from[i]);
    benchmark::ClobberMemory();
  }
  report(state);
}

#define CTGRAD_BENCH(name)          \
  BENCHMARK(ours<name, float>);     \
  BENCHMARK(standard<name, float>); \
  BENCHMARK(ours<name, double>);    \
  BENCHMARK(standard<name, double>);
CTGRAD_BENCH(exp)
CTGRAD_BENCH(log)
CTGRAD_BENCH(tanh)
CTGRAD_BENCH(sigmoid)
CTGRAD_BENCH(sqrt)
CTGRAD_BENCH(expm1)
CTGRAD_BENCH(log1p)
CTGRAD_BENCH(sin)
CTGRAD_BENCH(cos)
CTGRAD_BENCH(erf)
#undef CTGRAD_BENCH

}  // namespace

BENCHMARK_MAIN();
