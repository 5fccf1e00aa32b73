// SPDX-License-Identifier: BSL-1.0
/// \file
/// One training step of the two-layer net (64 samples, 1000-100-10, ReLU, no biases, sum of squared errors,
/// gradient descent): compiled, by hand, and its matrix products alone. Microseconds.
#include <ctgrad/ctgrad.hpp>

#include <vector>

#include "contest.hpp"
#include "products.hpp"

namespace {

using namespace ctgrad;

constexpr std::int64_t samples = 64;
constexpr std::int64_t inputs = 1000;
constexpr std::int64_t hidden = 100;
constexpr std::int64_t outputs = 10;
constexpr float learning_rate = 1e-6F;

struct TwoLayerNet {
  nn::Parameter w1;
  nn::Parameter w2;
  constexpr auto operator()(const auto& x) const {
    const auto h = relu(matmul(x, w1.template get<Shape<inputs, hidden>>(x, nn::init::normal(0, 1))));
    return matmul(h, w2.template get<Shape<hidden, outputs>>(x, nn::init::normal(0, 1)));
  }
};
constexpr auto squared_error = [](const auto& model, auto x, auto y) { return sum(square(model(x) - y)); };

/// The same step as one would write it: the gradients are those of the loss times the negative learning rate, so that
/// the products that make them add the update.
class ByHand {
public:
  explicit ByHand(const float* parameters) : parameters_(parameters, parameters + inputs * hidden + hidden * outputs) {}

  float step(const float* x, const float* y) {
    using V = Simd<float, native_lanes<float>>;
    constexpr std::int64_t lanes = V::size;
    static_assert(samples * hidden % lanes == 0 && samples * outputs % lanes == 0);
    float* w1 = parameters_.data();
    float* w2 = w1 + inputs * hidden;
    float* h = h_.data();
    float* d = d_.data();
    float* g = g_.data();
    multiply_({samples, hidden, inputs, false, false}, x, w1, h);
    for (std::int64_t i = 0; i < samples * hidden; i += lanes) {
      const V v = V::load(h + i);
      select(v > V(0.0F), v, V(0.0F)).store(h + i);
    }
    multiply_({samples, outputs, hidden, false, false}, h, w2, d);
    V loss(0.0F);
    for (std::int64_t i = 0; i < samples * outputs; i += lanes) {
      const V difference = V::load(d + i) - V::load(y + i);
      loss += difference * difference;
      (V(-2 * learning_rate) * difference).store(d + i);
    }
    multiply_({samples, hidden, outputs, false, true}, d, w2, g);
    multiply_({hidden, outputs, samples, true, false}, h, d, w2, true);
    for (std::int64_t i = 0; i < samples * hidden; i += lanes)
      select(V::load(h + i) > V(0.0F), V::load(g + i), V(0.0F)).store(g + i);
    multiply_({inputs, hidden, samples, true, false}, x, g, w1, true);
    return reduce_add(loss);
  }

private:
  std::vector<float> parameters_;
  std::vector<float> h_ = std::vector<float>(samples * hidden);
  std::vector<float> d_ = std::vector<float>(samples * outputs);
  std::vector<float> g_ = std::vector<float>(samples * hidden);
  Products multiply_;
};

void two_layer_step(benchmark::State& state) {
  const auto x = Tensor<float, Shape<samples, inputs>>::normal(1);
  const auto y = Tensor<float, Shape<samples, outputs>>::normal(2);
  auto trainer =
      make_trainer<Cpu>(TwoLayerNet{}, squared_error, optim::Sgd{.learning_rate = static_cast<double>(learning_rate)},
                        spec<float, samples, inputs>, spec<float, samples, outputs>);
  auto for_any_batch =
      make_trainer<Cpu>(TwoLayerNet{}, squared_error, optim::Sgd{.learning_rate = static_cast<double>(learning_rate)},
                        spec<float, batch, inputs>, spec<float, batch, outputs>);
  const TensorView<const float, Shape<batch, inputs>> any_x(x.data(), {samples, inputs});
  const TensorView<const float, Shape<batch, outputs>> any_y(y.data(), {samples, outputs});
  ByHand by_hand(trainer.parameters().data());
  for (int i = 0; i < 10; ++i) {
    const float loss = trainer.step(x, y);
    if (!contest::agree(state, loss, by_hand.step(x.data(), y.data()))) return;
    if (!contest::agree(state, loss, for_any_batch.step(any_x, any_y))) return;
  }

  Products multiply;
  std::vector<float> w1(inputs * hidden, 0.1F), w2(hidden * outputs, 0.1F), h(samples * hidden, 0.1F);
  std::vector<float> d(samples * outputs), g(samples * hidden), dw1(inputs * hidden), dw2(hidden * outputs);
  contest::Contest contest;
  contest.add("step", [&] { benchmark::DoNotOptimize(trainer.step(x, y)); });
  contest.add("any_batch", [&] { benchmark::DoNotOptimize(for_any_batch.step(any_x, any_y)); });
  contest.add("by_hand", [&] { benchmark::DoNotOptimize(by_hand.step(x.data(), y.data())); });
  contest.add("products", [&] {
    multiply({samples, hidden, inputs, false, false}, x.data(), w1.data(), h.data());
    multiply({samples, outputs, hidden, false, false}, h.data(), w2.data(), d.data());
    multiply({samples, hidden, outputs, false, true}, d.data(), w2.data(), g.data());
    multiply({hidden, outputs, samples, true, false}, h.data(), d.data(), dw2.data());
    multiply({inputs, hidden, samples, true, false}, x.data(), g.data(), dw1.data());
  });
  contest.hold(state);
}
BENCHMARK(two_layer_step)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
