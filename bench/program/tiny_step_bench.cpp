// SPDX-License-Identifier: BSL-1.0
/// \file
/// One training step of a tiny net (4-16-16-2, tanh, softmax cross-entropy, gradient descent) at batch 1 and 32:
/// compiled as straight-line code, and by hand. Microseconds.
#include <ctgrad/ctgrad.hpp>

#include <cstdint>

#include "contest.hpp"
#include "tiny_by_hand.hpp"

namespace {

using namespace ctgrad;

struct TinyNet {
  nn::Linear<16> first;
  nn::Linear<16> second;
  nn::Linear<2> third;
  constexpr auto operator()(const auto& x) const { return third(tanh(second(tanh(first(x))))); }
};
constexpr auto loss_of = [](const auto& model, auto x, auto y) { return cross_entropy(model(x), y); };

template <int Samples>
void tiny_step(benchmark::State& state) {
  const auto x = Tensor<float, Shape<Samples, 4>>::normal(1);
  Tensor<std::int64_t, Shape<Samples>> y;
  for (std::int64_t i = 0; i < Samples; ++i) y(i) = i * 7 % 3 == 0 ? 1 : 0;
  const optim::Sgd sgd{.learning_rate = 1e-3};
  auto trainer = make_trainer<Cpu>(TinyNet{}, loss_of, sgd, spec<float, Samples, 4>, spec<std::int64_t, Samples>);
  auto for_any_batch = make_trainer<Cpu>(TinyNet{}, loss_of, sgd, spec<float, batch, 4>, spec<std::int64_t, batch>);
  const TensorView<const float, Shape<batch, 4>> any_x(x.data(), {Samples, 4});
  const TensorView<const std::int64_t, Shape<batch>> any_y(y.data(), {Samples});
  TinyByHand<Samples> by_hand(trainer.parameters().data(), 1e-3F);
  for (int i = 0; i < 100; ++i) {
    const float loss = trainer.step(x, y);
    if (!contest::agree(state, loss, by_hand.step(x.data(), y.data()))) return;
    if (!contest::agree(state, loss, for_any_batch.step(any_x, any_y))) return;
  }
  contest::Contest contest;
  contest.add("step", [&] { benchmark::DoNotOptimize(trainer.step(x, y)); });
  contest.add("any_batch", [&] { benchmark::DoNotOptimize(for_any_batch.step(any_x, any_y)); });
  contest.add("by_hand", [&] { benchmark::DoNotOptimize(by_hand.step(x.data(), y.data())); });
  contest.hold(state);
}
BENCHMARK(tiny_step<1>)->UseRealTime();
BENCHMARK(tiny_step<32>)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
