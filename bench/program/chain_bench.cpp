// SPDX-License-Identifier: BSL-1.0
/// \file
/// The chain tanh(a x + b) exp(-x x) over 1,048,576 floats, its value and its gradient: compiled, and as hand-written
/// loops over the same vector functions. Microseconds.
#include <ctgrad/ctgrad.hpp>

#include <vector>

#include "contest.hpp"
#include "unrolled.hpp"

namespace {

using namespace ctgrad;

constexpr std::int64_t size = 1 << 20;
using Numbers = Shape<size>;

constexpr auto chain = [](auto x, auto a, auto b) { return tanh(a * x + b) * exp(-x * x); };
constexpr auto chain_sum = [](auto x, auto a, auto b) { return sum(tanh(a * x + b) * exp(-x * x)); };
/// The chain and its gradient by x for a given gradient of the result.
constexpr auto chain_both_ways = [](auto x, auto a, auto b, auto cotangent) {
  const auto t = tanh(a * x + b);
  const auto e = exp(-x * x);
  const auto y = t * e;
  return std::pair{y, gradient([](auto x1, auto a1, auto b1, auto c) { return sum(c * chain(x1, a1, b1)); }, wrt<0>)(
                          x, a, b, cotangent)};
};

constexpr int lanes = native_lanes<float>;
using V = Simd<float, lanes>;

void chain_by_hand(const float* x, float a, float b, float* y) {
  for (std::int64_t i = 0; i < size; i += lanes) {
    const V v = V::load(x + i);
    (math::tanh(V(a) * v + V(b)) * math::exp(-v * v)).store(y + i);
  }
}

struct ValueAndSlope {
  V value, slope;
};
CTGRAD_ALWAYS_INLINE ValueAndSlope value_and_slope(V v, V a, V b) {
  const V t = math::tanh(a * v + b);
  const V e = math::exp(-v * v);
  const V value = t * e;
  return {value, a * (e - value * t) - (v + v) * value};
}

float chain_sum_by_hand(const float* x, float a, float b, float* dx) {
  V sums[2] = {V(0.0F), V(0.0F)};
  for (std::int64_t i = 0; i < size; i += 2 * lanes)
    unrolled<2>([&](int k) {
      const ValueAndSlope both = value_and_slope(V::load(x + i + k * lanes), V(a), V(b));
      sums[k] += both.value;
      both.slope.store(dx + i + k * lanes);
    });
  return reduce_add(sums[0] + sums[1]);
}

void both_ways_by_hand(const float* x, float a, float b, const float* cotangent, float* y, float* dx) {
  for (std::int64_t i = 0; i < size; i += lanes) {
    const ValueAndSlope both = value_and_slope(V::load(x + i), V(a), V(b));
    both.value.store(y + i);
    (V::load(cotangent + i) * both.slope).store(dx + i);
  }
}

struct Data {
  Tensor<float, Numbers> x = Tensor<float, Numbers>::normal(1);
  Tensor<float, Numbers> cotangent = Tensor<float, Numbers>::full(1.0F);
  Tensor<float, Shape<>> a = Tensor<float, Shape<>>::full(1.5F);
  Tensor<float, Shape<>> b = Tensor<float, Shape<>>::full(0.5F);
  std::vector<float> y = std::vector<float>(size);
  std::vector<float> dx = std::vector<float>(size);
};

bool agree_everywhere(benchmark::State& state, const float* a, const float* b) {
  for (std::int64_t i = 0; i < size; i += 997)
    if (!contest::agree(state, a[i] + 10, b[i] + 10)) return false;
  return true;
}

void chain_forward(benchmark::State& state) {
  Data d;
  auto program = compile<Cpu>(chain, spec<float, size>, spec<float>, spec<float>);
  chain_by_hand(d.x.data(), 1.5F, 0.5F, d.y.data());
  if (!agree_everywhere(state, program(d.x, d.a, d.b).data(), d.y.data())) return;
  contest::Contest contest;
  contest.add("program", [&] { benchmark::DoNotOptimize(program(d.x, d.a, d.b).data()); });
  contest.add("by_hand", [&] { chain_by_hand(d.x.data(), 1.5F, 0.5F, d.y.data()); });
  contest.hold(state);
}
BENCHMARK(chain_forward)->UseRealTime();

void chain_gradient_of_sum(benchmark::State& state) {
  Data d;
  auto program = compile<Cpu>(value_and_grad(chain_sum), spec<float, size>, spec<float>, spec<float>);
  const float total = chain_sum_by_hand(d.x.data(), 1.5F, 0.5F, d.dx.data());
  const auto [value, slope] = program(d.x, d.a, d.b);
  if (!contest::agree(state, value.item(), total, 1e-3) || !agree_everywhere(state, slope.data(), d.dx.data())) return;
  contest::Contest contest;
  contest.add("program", [&] { benchmark::DoNotOptimize(std::get<1>(program(d.x, d.a, d.b)).data()); });
  contest.add("by_hand", [&] { benchmark::DoNotOptimize(chain_sum_by_hand(d.x.data(), 1.5F, 0.5F, d.dx.data())); });
  contest.hold(state);
}
BENCHMARK(chain_gradient_of_sum)->UseRealTime();

void chain_value_and_gradient(benchmark::State& state) {
  Data d;
  auto program = compile<Cpu>(chain_both_ways, spec<float, size>, spec<float>, spec<float>, spec<float, size>);
  both_ways_by_hand(d.x.data(), 1.5F, 0.5F, d.cotangent.data(), d.y.data(), d.dx.data());
  const auto [value, slope] = program(d.x, d.a, d.b, d.cotangent);
  if (!agree_everywhere(state, value.data(), d.y.data()) || !agree_everywhere(state, slope.data(), d.dx.data())) return;
  contest::Contest contest;
  contest.add("program", [&] { benchmark::DoNotOptimize(std::get<1>(program(d.x, d.a, d.b, d.cotangent)).data()); });
  contest.add("by_hand",
              [&] { both_ways_by_hand(d.x.data(), 1.5F, 0.5F, d.cotangent.data(), d.y.data(), d.dx.data()); });
  contest.hold(state);
}
BENCHMARK(chain_value_and_gradient)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
