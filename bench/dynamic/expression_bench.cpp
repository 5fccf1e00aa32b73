// SPDX-License-Identifier: BSL-1.0
/// \file
/// Statements on tensors beside hand-written loops over the same vector functions: what the
/// expression costs.
#include <benchmark/benchmark.h>

#include <cstdint>

#include "ctgrad/ctgrad.hpp"

namespace {

using namespace ctgrad;

/// z = a * x + tanh(y) * b by hand: the best loop we know, one pass with full registers.
void fused_by_hand(float a, const float* x, const float* y, const float* b, float* z, std::int64_t size) {
  constexpr int lanes = native_lanes<float>;
  using V = Simd<float, lanes>;
  const V factor(a);
  std::int64_t i = 0;
  for (; i + lanes <= size; i += lanes)
    (factor * V::load(x + i) + math::tanh(V::load(y + i)) * V::load(b + i)).store(z + i);
  for (; i < size; ++i) z[i] = a * x[i] + math::tanh(y[i]) * b[i];
}

/// The sum of x * x by hand, in four chains of additions.
float square_sum_by_hand(const float* x, std::int64_t size) {
  constexpr int lanes = native_lanes<float>;
  using V = Simd<float, lanes>;
  V sums[4] = {V(0.0F), V(0.0F), V(0.0F), V(0.0F)};
  std::int64_t i = 0;
  for (; i + 4 * lanes <= size; i += 4 * lanes)
    for (int chain = 0; chain < 4; ++chain) {
      const V value = V::load(x + i + chain * lanes);
      sums[chain] = sums[chain] + value * value;
    }
  float total = 0;
  const float* rest = x + i;
  for (std::int64_t left = size - i; left > 0; --left, ++rest) total += *rest * *rest;
  float parts[lanes];
  (sums[0] + sums[1] + sums[2] + sums[3]).store(parts);
  for (const float part : parts) total += part;
  return total;
}

template <std::int64_t N>
struct Data {
  Tensor<float, Shape<N>> x = Tensor<float, Shape<N>>::uniform(1, -2, 2);
  Tensor<float, Shape<N>> y = Tensor<float, Shape<N>>::uniform(2, -2, 2);
  Tensor<float, Shape<N>> b = Tensor<float, Shape<N>>::uniform(3, -2, 2);
  Tensor<float, Shape<N>> z;
};

template <std::int64_t N>
void fused_statement(benchmark::State& state) {
  Data<N> d;
  const float a = 1.5F;
  for (auto _ : state) {
    d.z = a * d.x + tanh(d.y) * d.b;
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * N);
}

template <std::int64_t N>
void fused_loop_by_hand(benchmark::State& state) {
  Data<N> d;
  for (auto _ : state) {
    fused_by_hand(1.5F, d.x.data(), d.y.data(), d.b.data(), d.z.data(), N);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * N);
}

template <std::int64_t N>
void square_sum_statement(benchmark::State& state) {
  Data<N> d;
  for (auto _ : state) {
    const float total = sum(square(d.x));
    benchmark::DoNotOptimize(total);
  }
  state.SetItemsProcessed(state.iterations() * N);
}

template <std::int64_t N>
void square_sum_loop_by_hand(benchmark::State& state) {
  Data<N> d;
  for (auto _ : state) {
    const float total = square_sum_by_hand(d.x.data(), N);
    benchmark::DoNotOptimize(total);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * N);
}

// 1M floats, and eight: what a statement costs beyond its elements.
BENCHMARK(fused_statement<1 << 20>);
BENCHMARK(fused_loop_by_hand<1 << 20>);
BENCHMARK(square_sum_statement<1 << 20>);
BENCHMARK(square_sum_loop_by_hand<1 << 20>);
BENCHMARK(fused_statement<8>);
BENCHMARK(fused_loop_by_hand<8>);
BENCHMARK(square_sum_statement<8>);
BENCHMARK(square_sum_loop_by_hand<8>);

}  // namespace

BENCHMARK_MAIN();
