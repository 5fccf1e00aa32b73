// SPDX-License-Identifier: BSL-1.0
/// \file
/// One training step of LeNet-5 on 28 x 28 digits (batch 64, ReLU, max pooling, softmax cross-entropy, gradient
/// descent): compiled, and the matrix products it amounts to, alone. Microseconds.
#include <ctgrad/ctgrad.hpp>

#include <vector>

#include "contest.hpp"
#include "products.hpp"

namespace {

using namespace ctgrad;

constexpr std::int64_t samples = 64;

struct LeNet {
  nn::Conv2d<6, KernelSize<5>, Padding<2>> conv1;
  nn::Conv2d<16, KernelSize<5>> conv2;
  nn::MaxPool2d<KernelSize<2>> pool;
  nn::Linear<120> fc1;
  nn::Linear<84> fc2;
  nn::Linear<10> fc3;

  constexpr auto operator()(const auto& x) const {
    const auto features = pool(relu(conv2(pool(relu(conv1(x))))));
    return fc3(relu(fc2(relu(fc1(flatten<1>(features))))));
  }
};
constexpr auto loss_of = [](const auto& model, auto x, auto y) { return cross_entropy(model(x), y); };

void lenet_step(benchmark::State& state) {
  const auto x = Tensor<float, Shape<samples, 1, 28, 28>>::uniform(1, 0, 1);
  Tensor<std::int64_t, Shape<samples>> y;
  for (std::int64_t i = 0; i < samples; ++i) y(i) = i * 7 % 10;
  const optim::Sgd sgd{.learning_rate = 1e-6};
  auto trainer = make_trainer<Cpu>(LeNet{}, loss_of, sgd, spec<float, batch, 1, 28, 28>, spec<std::int64_t, batch>);
  const TensorView<const float, Shape<batch, 1, 28, 28>> images(x.data(), {samples, 1, 28, 28});
  const TensorView<const std::int64_t, Shape<batch>> labels(y.data(), {samples});

  // The windows of an image as columns, laid out beforehand: what a convolution by matrix products multiplies.
  Products multiply;
  std::vector<float> a(1 << 17, 0.1F), b(1 << 17, 0.1F), c(1 << 17);
  const auto convolution = [&](std::int64_t out, std::int64_t depth, std::int64_t positions, bool input_gradient) {
    for (std::int64_t n = 0; n < samples; ++n) {
      multiply({out, positions, depth, false, false}, a.data(), b.data(), c.data());
      multiply({out, depth, positions, false, true}, a.data(), b.data(), c.data());
      if (input_gradient) multiply({depth, positions, out, true, false}, a.data(), b.data(), c.data());
    }
  };
  const auto linear = [&](std::int64_t out, std::int64_t in) {
    multiply({samples, out, in, false, true}, a.data(), b.data(), c.data());
    multiply({samples, in, out, false, false}, a.data(), b.data(), c.data());
    multiply({out, in, samples, true, false}, a.data(), b.data(), c.data());
  };
  contest::Contest contest;
  contest.add("step", [&] { benchmark::DoNotOptimize(trainer.step(images, labels)); });
  contest.add("products", [&] {
    convolution(6, 25, 784, false);
    convolution(16, 150, 100, true);
    linear(120, 400);
    linear(84, 120);
    linear(10, 84);
  });
  contest.hold(state);
}
BENCHMARK(lenet_step)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
