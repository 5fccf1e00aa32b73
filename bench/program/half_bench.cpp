// SPDX-License-Identifier: BSL-1.0
/// \file
/// 16-bit types against float on the CPU: an elementwise loop, a sum, a matrix product, and the training step of the
/// digit classifier 784-128-10 (batch 64, Adam). Microseconds.
#include <ctgrad/ctgrad.hpp>

#include <memory>

#include "contest.hpp"

namespace {

using namespace ctgrad;

struct Mlp {
  nn::Linear<128> first;
  nn::Linear<10> second;
  constexpr auto operator()(const auto& x) const { return second(relu(first(x))); }
};
constexpr auto loss_of = [](const auto& model, auto x, auto y) { return cross_entropy(model(x), y); };

/// Calls visit(name, T) for float and the 16-bit types.
template <class Visit>
void for_each_type(const Visit& visit) {
  visit("float", float());
  visit("bfloat16", bfloat16());
  visit("float16", float16());
}

/// Something made once, to be called again and again; the contest copies what it calls.
template <class Make, class Use>
auto runner(const Make& make, const Use& use) {
  return [made = std::make_shared<decltype(make())>(make()), use] { use(*made); };
}

template <std::int64_t N>
void multiply_add(benchmark::State& state) {
  contest::Contest contest;
  for_each_type([&]<class T>(const char* name, T) {
    const auto make = [] { return compile<Cpu>([](auto a, auto b) { return a * b + a; }, spec<T, N>, spec<T, N>); };
    contest.add(name, runner(make, [a = Tensor<T, Shape<N>>::full(0.5F), b = Tensor<T, Shape<N>>::full(0.25F)](
                                       auto& program) { benchmark::DoNotOptimize(program(a, b)); }));
  });
  contest.hold(state);
}
BENCHMARK_TEMPLATE(multiply_add, 10000)->UseRealTime();
BENCHMARK_TEMPLATE(multiply_add, 1000000)->UseRealTime();

template <std::int64_t N>
void sum_of_all(benchmark::State& state) {
  contest::Contest contest;
  for_each_type([&]<class T>(const char* name, T) {
    const auto make = [] { return compile<Cpu>([](auto a) { return sum(a); }, spec<T, N>); };
    contest.add(name, runner(make, [a = Tensor<T, Shape<N>>::full(0.5F)](auto& program) {
                  benchmark::DoNotOptimize(program(a));
                }));
  });
  contest.hold(state);
}
BENCHMARK_TEMPLATE(sum_of_all, 1000000)->UseRealTime();

void product(benchmark::State& state) {
  constexpr std::int64_t n = 512;
  contest::Contest contest;
  for_each_type([&]<class T>(const char* name, T) {
    const auto make = [] {
      return compile<Cpu>([](auto a, auto b) { return matmul(a, b); }, spec<T, n, n>, spec<T, n, n>);
    };
    contest.add(name, runner(make, [a = Tensor<T, Shape<n, n>>::full(0.5F)](auto& program) {
                  benchmark::DoNotOptimize(program(a, a));
                }));
  });
  contest.hold(state);
}
BENCHMARK(product)->UseRealTime();

void mlp_step(benchmark::State& state) {
  const auto x = Tensor<float, Shape<64, 784>>::uniform(1, 0, 1);
  Tensor<std::int64_t, Shape<64>> y;
  for (std::int64_t i = 0; i < 64; ++i) y(i) = i * 7 % 10;
  contest::Contest contest;
  const auto add = [&](const char* name, auto... policy) {
    const auto make = [=] {
      return make_trainer<Cpu>(Mlp{}, loss_of, optim::Adam{}, policy..., spec<float, 64, 784>, spec<std::int64_t, 64>);
    };
    contest.add(name, runner(make, [&](auto& trainer) { benchmark::DoNotOptimize(trainer.step(x, y)); }));
  };
  add("float");
  add("bfloat16", autocast<bfloat16>);
  add("float16_scaled", autocast<float16>, GradScaler{});
  contest.hold(state);
}
BENCHMARK(mlp_step)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
