// SPDX-License-Identifier: BSL-1.0
/// \file
/// Elementwise loops and reductions that do next to nothing but move memory: compiled, and by hand. Microseconds,
/// and GB/s of what is read and written.
#include <ctgrad/ctgrad.hpp>

#include <vector>

#include "contest.hpp"
#include "unrolled.hpp"

#if defined(__AVX__)
#include <immintrin.h>
#endif

namespace {

using namespace ctgrad;

constexpr int lanes = native_lanes<float>;
using V = Simd<float, lanes>;

void bandwidth(benchmark::State& state, double bytes) {
  for (const char* name : {"program", "by_hand", "by_hand_streaming"}) {
    const std::string best = std::string(name) + "_best";
    if (state.counters.find(best) != state.counters.end())
      state.counters[std::string(name) + "_GB/s"] = bytes / state.counters[best] * 1e-3;
  }
}

void axpy_by_hand(float a, const float* x, const float* y, float* z, std::int64_t size) {
  for (std::int64_t i = 0; i < size; i += lanes) (V(a) * V::load(x + i) + V::load(y + i)).store(z + i);
}

#if defined(__AVX__)
/// The same with stores that go past the caches, which saves reading what is about to be overwritten.
void axpy_streaming(float a, const float* x, const float* y, float* z, std::int64_t size) {
  std::int64_t i = 0;
  for (; i < size && reinterpret_cast<std::uintptr_t>(z + i) % 32 != 0; ++i) z[i] = a * x[i] + y[i];
  for (; i + 8 <= size; i += 8)
    _mm256_stream_ps(z + i,
                     _mm256_add_ps(_mm256_mul_ps(_mm256_set1_ps(a), _mm256_loadu_ps(x + i)), _mm256_loadu_ps(y + i)));
  for (; i < size; ++i) z[i] = a * x[i] + y[i];
  _mm_sfence();
}
#endif

/// z = a x + y.
template <std::int64_t N>
void axpy(benchmark::State& state) {
  const auto x = Tensor<float, Shape<N>>::uniform(1);
  const auto y = Tensor<float, Shape<N>>::uniform(2);
  const auto a = Tensor<float, Shape<>>::full(1.5F);
  std::vector<float> z(static_cast<std::size_t>(N));
  auto program = compile<Cpu>([](auto factor, auto u, auto v) { return factor * u + v; }, spec<float>, spec<float, N>,
                              spec<float, N>);
  axpy_by_hand(1.5F, x.data(), y.data(), z.data(), N);
  const auto result = program(a, x, y);
  for (std::int64_t i = 0; i < N; i += 997)
    if (!contest::agree(state, result.data()[i], z[static_cast<std::size_t>(i)])) return;
  contest::Contest contest;
  contest.add("program", [&] { benchmark::DoNotOptimize(program(a, x, y).data()); });
  contest.add("by_hand", [&] { axpy_by_hand(1.5F, x.data(), y.data(), z.data(), N); });
#if defined(__AVX__)
  if (N >= 1 << 20) contest.add("by_hand_streaming", [&] { axpy_streaming(1.5F, x.data(), y.data(), z.data(), N); });
#endif
  contest.hold(state);
  bandwidth(state, 12.0 * static_cast<double>(N));
}
BENCHMARK(axpy<1 << 10>)->UseRealTime();
BENCHMARK(axpy<1 << 14>)->UseRealTime();
BENCHMARK(axpy<1 << 17>)->UseRealTime();
BENCHMARK(axpy<1 << 20>)->UseRealTime();
BENCHMARK(axpy<1 << 24>)->UseRealTime();

float sum_by_hand(const float* x, std::int64_t size) {
  V sums[8] = {};
  for (std::int64_t i = 0; i < size; i += 8 * lanes) unrolled<8>([&](int k) { sums[k] += V::load(x + i + k * lanes); });
  return reduce_add(((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7])));
}

/// The sum of all elements.
template <std::int64_t N>
void full_sum(benchmark::State& state) {
  const auto x = Tensor<float, Shape<N>>::uniform(1);
  auto program = compile<Cpu>([](auto u) { return sum(u); }, spec<float, N>);
  if (!contest::agree(state, program(x).item(), sum_by_hand(x.data(), N), 1e-3)) return;
  contest::Contest contest;
  contest.add("program", [&] { benchmark::DoNotOptimize(program(x).item()); });
  contest.add("by_hand", [&] { benchmark::DoNotOptimize(sum_by_hand(x.data(), N)); });
  contest.hold(state);
  bandwidth(state, 4.0 * static_cast<double>(N));
}
BENCHMARK(full_sum<1 << 10>)->UseRealTime();
BENCHMARK(full_sum<1 << 14>)->UseRealTime();
BENCHMARK(full_sum<1 << 17>)->UseRealTime();
BENCHMARK(full_sum<1 << 20>)->UseRealTime();
BENCHMARK(full_sum<1 << 24>)->UseRealTime();

void column_sums_by_hand(const float* x, std::int64_t rows, std::int64_t columns, float* sums) {
  for (std::int64_t j = 0; j < columns; j += 4 * lanes) {
    V total[4] = {};
    for (std::int64_t i = 0; i < rows; ++i)
      unrolled<4>([&](int k) { total[k] += V::load(x + i * columns + j + k * lanes); });
    unrolled<4>([&](int k) { total[k].store(sums + j + k * lanes); });
  }
}

/// The sum of each column, as for the gradient of a bias.
template <std::int64_t Rows, std::int64_t Columns>
void column_sums(benchmark::State& state) {
  const auto x = Tensor<float, Shape<Rows, Columns>>::uniform(1);
  std::vector<float> sums(static_cast<std::size_t>(Columns));
  auto program = compile<Cpu>([](auto u) { return sum(u, axis<0>); }, spec<float, Rows, Columns>);
  column_sums_by_hand(x.data(), Rows, Columns, sums.data());
  if (!contest::agree(state, program(x).data()[Columns / 3], sums[Columns / 3], 1e-3)) return;
  contest::Contest contest;
  contest.add("program", [&] { benchmark::DoNotOptimize(program(x).data()); });
  contest.add("by_hand", [&] { column_sums_by_hand(x.data(), Rows, Columns, sums.data()); });
  contest.hold(state);
  bandwidth(state, 4.0 * static_cast<double>(Rows * Columns));
}
BENCHMARK(column_sums<64, 128>)->UseRealTime();
BENCHMARK(column_sums<4096, 512>)->UseRealTime();

void row_sums_by_hand(const float* x, std::int64_t rows, std::int64_t columns, float* sums) {
  for (std::int64_t i = 0; i < rows; ++i) {
    V total[4] = {};
    for (std::int64_t j = 0; j < columns; j += 4 * lanes)
      unrolled<4>([&](int k) { total[k] += V::load(x + i * columns + j + k * lanes); });
    sums[i] = reduce_add((total[0] + total[1]) + (total[2] + total[3]));
  }
}

/// The sum of each row, as in softmax.
template <std::int64_t Rows, std::int64_t Columns>
void row_sums(benchmark::State& state) {
  const auto x = Tensor<float, Shape<Rows, Columns>>::uniform(1);
  std::vector<float> sums(static_cast<std::size_t>(Rows));
  auto program = compile<Cpu>([](auto u) { return sum(u, axis<1>); }, spec<float, Rows, Columns>);
  row_sums_by_hand(x.data(), Rows, Columns, sums.data());
  if (!contest::agree(state, program(x).data()[Rows / 3], sums[Rows / 3], 1e-3)) return;
  contest::Contest contest;
  contest.add("program", [&] { benchmark::DoNotOptimize(program(x).data()); });
  contest.add("by_hand", [&] { row_sums_by_hand(x.data(), Rows, Columns, sums.data()); });
  contest.hold(state);
  bandwidth(state, 4.0 * static_cast<double>(Rows * Columns));
}
BENCHMARK(row_sums<1024, 64>)->UseRealTime();
BENCHMARK(row_sums<4096, 512>)->UseRealTime();

void broadcast_by_hand(const float* x, const float* bias, float* z, std::int64_t rows, std::int64_t columns) {
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; j += lanes) {
      const V v = V::load(x + i * columns + j) + V::load(bias + j);
      select(v > V(0.0F), v, V(0.0F)).store(z + i * columns + j);
    }
}

/// relu(x + bias) with one bias for each column.
template <std::int64_t Rows, std::int64_t Columns>
void bias_and_relu(benchmark::State& state) {
  const auto x = Tensor<float, Shape<Rows, Columns>>::uniform(1, -1, 1);
  const auto bias = Tensor<float, Shape<Columns>>::uniform(2, -1, 1);
  std::vector<float> z(static_cast<std::size_t>(Rows * Columns));
  auto program =
      compile<Cpu>([](auto u, auto v) { return relu(u + v); }, spec<float, Rows, Columns>, spec<float, Columns>);
  broadcast_by_hand(x.data(), bias.data(), z.data(), Rows, Columns);
  const auto result = program(x, bias);
  for (std::size_t i = 0; i < z.size(); i += 97)
    if (!contest::agree(state, result.data()[i], z[i])) return;
  contest::Contest contest;
  contest.add("program", [&] { benchmark::DoNotOptimize(program(x, bias).data()); });
  contest.add("by_hand", [&] { broadcast_by_hand(x.data(), bias.data(), z.data(), Rows, Columns); });
  contest.hold(state);
  bandwidth(state, 8.0 * static_cast<double>(Rows * Columns));
}
BENCHMARK(bias_and_relu<64, 128>)->UseRealTime();
BENCHMARK(bias_and_relu<4096, 512>)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
