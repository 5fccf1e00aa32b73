// SPDX-License-Identifier: BSL-1.0
/// \file
/// One training step of the digit classifier 784-128-10 (batch 64, ReLU, biases, softmax cross-entropy, gradient
/// descent): compiled, by hand, and its matrix products alone. Microseconds.
#include <ctgrad/ctgrad.hpp>

#include <cmath>
#include <vector>

#include "contest.hpp"
#include "products.hpp"
#include "unrolled.hpp"

namespace {

using namespace ctgrad;

constexpr std::int64_t samples = 64;
constexpr std::int64_t inputs = 784;
constexpr std::int64_t hidden = 128;
constexpr std::int64_t classes = 10;
constexpr float learning_rate = 1e-6F;

struct Mlp {
  nn::Linear<hidden> first;
  nn::Linear<classes> second;
  constexpr auto operator()(const auto& x) const { return second(relu(first(x))); }
};
constexpr auto loss_of = [](const auto& model, auto x, auto y) { return cross_entropy(model(x), y); };

/// The same step as one would write it: the gradients are those of the loss times the negative learning rate, so that
/// the products that make them add the update, and the loss with its gradient is one pass over the logits.
class ByHand {
public:
  explicit ByHand(const float* parameters) : parameters_(parameters, parameters + b2 + classes) {}

  float step(const float* x, const std::int64_t* y) {
    float* p = parameters_.data();
    float* h = h_.data();
    float* d = d_.data();
    float* g = g_.data();
    multiply_({samples, hidden, inputs, false, true}, x, p + w1, h);
    for (std::int64_t i = 0; i < samples; ++i)
      for (std::int64_t j = 0; j < hidden; j += lanes) {
        const V v = V::load(h + i * hidden + j) + V::load(p + b1 + j);
        select(v > V(0.0F), v, V(0.0F)).store(h + i * hidden + j);
      }
    multiply_({samples, classes, hidden, false, true}, h, p + w2, d);
    const float loss = loss_and_gradient(d, y, p + b2);
    multiply_({samples, hidden, classes, false, false}, d, p + w2, g);
    multiply_({classes, hidden, samples, true, false}, d, h, p + w2, true);
    V sums[hidden / lanes] = {};
    for (std::int64_t i = 0; i < samples; ++i)
      unrolled<hidden / lanes>([&](int part) {
        const std::int64_t at = i * hidden + part * lanes;
        const V v = select(V::load(h + at) > V(0.0F), V::load(g + at), V(0.0F));
        v.store(g + at);
        sums[part] += v;
      });
    for (std::int64_t j = 0; j < hidden; j += lanes) (V::load(p + b1 + j) + sums[j / lanes]).store(p + b1 + j);
    multiply_({hidden, inputs, samples, true, false}, g, x, p + w1, true);
    return loss;
  }

private:
  using V = Simd<float, native_lanes<float>>;
  static constexpr std::int64_t lanes = V::size;
  static constexpr std::int64_t w1 = 0, b1 = w1 + hidden * inputs, w2 = b1 + hidden, b2 = w2 + classes * hidden;

  /// Logits without bias in, their gradient times the negative learning rate out; updates the bias.
  static float loss_and_gradient(float* d, const std::int64_t* y, float* bias) {
    using R = Simd<float, 16>;
    constexpr float lowest = -1e30F;  // exp of it is 0: the lanes beyond the classes count for nothing
    const R b = R::load_partial(bias, classes, 0.0F);
    R bias_update(0.0F);
    constexpr float rate = -learning_rate / static_cast<float>(samples);
    float loss = 0;
    for (std::int64_t i = 0; i < samples; ++i, d += classes) {
      const R logits = R::load_partial(d, classes, lowest) + b;
      const float largest = reduce_max(logits);
      const R weight = math::exp(logits - R(largest));
      const float total = reduce_add(weight);
      float logit[16];
      logits.store(logit);
      loss += math::log(total) + largest - logit[y[i]];
      (weight * R(rate / total)).store_partial(d, classes);
      d[y[i]] -= rate;
      bias_update += R::load_partial(d, classes, 0.0F);
    }
    (b + bias_update).store_partial(bias, classes);
    return loss / static_cast<float>(samples);
  }

  std::vector<float> parameters_;
  std::vector<float> h_ = std::vector<float>(samples * hidden);
  std::vector<float> d_ = std::vector<float>(samples * classes);
  std::vector<float> g_ = std::vector<float>(samples * hidden);
  Products multiply_;
};

void mlp_step(benchmark::State& state) {
  const auto x = Tensor<float, Shape<samples, inputs>>::uniform(1, 0, 1);
  Tensor<std::int64_t, Shape<samples>> y;
  for (std::int64_t i = 0; i < samples; ++i) y(i) = i * 7 % classes;
  const optim::Sgd sgd{.learning_rate = static_cast<double>(learning_rate)};
  auto trainer = make_trainer<Cpu>(Mlp{}, loss_of, sgd, spec<float, samples, inputs>, spec<std::int64_t, samples>);
  auto for_any_batch = make_trainer<Cpu>(Mlp{}, loss_of, sgd, spec<float, batch, inputs>, spec<std::int64_t, batch>);
  const TensorView<const float, Shape<batch, inputs>> any_x(x.data(), {samples, inputs});
  const TensorView<const std::int64_t, Shape<batch>> any_y(y.data(), {samples});
  ByHand by_hand(trainer.parameters().data());
  for (int i = 0; i < 10; ++i) {
    const float loss = trainer.step(x, y);
    if (!contest::agree(state, loss, by_hand.step(x.data(), y.data()))) return;
    if (!contest::agree(state, loss, for_any_batch.step(any_x, any_y))) return;
  }

  Products multiply;
  std::vector<float> w1(inputs * hidden, 0.1F), w2(hidden * classes, 0.1F), h(samples * hidden, 0.1F);
  std::vector<float> d(samples * classes), g(samples * hidden), dw1(inputs * hidden), dw2(hidden * classes);
  contest::Contest contest;
  contest.add("step", [&] { benchmark::DoNotOptimize(trainer.step(x, y)); });
  contest.add("any_batch", [&] { benchmark::DoNotOptimize(for_any_batch.step(any_x, any_y)); });
  contest.add("by_hand", [&] { benchmark::DoNotOptimize(by_hand.step(x.data(), y.data())); });
  contest.add("products", [&] {
    multiply({samples, hidden, inputs, false, true}, x.data(), w1.data(), h.data());
    multiply({samples, classes, hidden, false, true}, h.data(), w2.data(), d.data());
    multiply({samples, hidden, classes, false, false}, d.data(), w2.data(), g.data());
    multiply({classes, hidden, samples, true, false}, d.data(), h.data(), dw2.data());
    multiply({hidden, inputs, samples, true, false}, g.data(), x.data(), dw1.data());
  });
  contest.hold(state);
}
BENCHMARK(mlp_step)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
