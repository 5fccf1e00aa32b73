// SPDX-License-Identifier: BSL-1.0
/// \file
/// One small network, trained in five ways: from gradients by hand to a compiled training step. All five compute the
/// same thing, and the program checks it.
///
/// A ReLU network with one hidden layer and no biases: 64 samples of 1000 numbers in, 100 hidden units, 10 numbers
/// out. Random data, the squared error as loss, plain gradient descent.
#include <ctgrad/ctgrad.hpp>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <vector>

using namespace ctgrad;

using X = Tensor<float, Shape<64, 1000>>;
using Y = Tensor<float, Shape<64, 10>>;
using W1 = Tensor<float, Shape<1000, 100>>;
using W2 = Tensor<float, Shape<100, 10>>;

constexpr float learning_rate = 1e-6F;
constexpr int steps = 250;

/// What every way starts from. The same seeds give the same numbers everywhere.
struct Problem {
  X x = X::normal(1);
  Y y = Y::normal(2);
  W1 w1 = W1::normal(3);
  W2 w2 = W2::normal(4);
};

/// The losses of all steps, and the time they took.
struct Record {
  std::vector<double> losses;
  double microseconds_per_step = 0;
};

/// Calls `step`, which returns the loss before its update, again and again.
Record record_training(const auto& step) {
  Record record;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < steps; ++i) record.losses.push_back(step());
  const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - start;
  record.microseconds_per_step = time.count() / steps;
  return record;
}

// Step 1: gradients by hand. A Tensor is an array with operators. Every statement runs at once, as one loop or one
// matrix product. The chain rule is ours to write down, line by line, from the loss back to the weights.

Record by_hand() {
  auto [x, y, w1, w2] = Problem();
  return record_training([&] {
    const Tensor h = matmul(x, w1);
    const Tensor h_relu = relu(h);
    const Tensor y_pred = matmul(h_relu, w2);
    const float loss = sum(square(y_pred - y));

    const Tensor grad_y_pred = 2 * (y_pred - y);
    const Tensor grad_w2 = matmul(transpose(h_relu), grad_y_pred);
    const Tensor grad_h = where(h > 0, matmul(grad_y_pred, transpose(w2)), 0);
    const Tensor grad_w1 = matmul(transpose(x), grad_h);

    w1 = w1 - learning_rate * grad_w1;
    w2 = w2 - learning_rate * grad_w2;
    return loss;
  });
}

// Step 2: automatic gradients. The loss is a function; value_and_grad makes another function that computes the loss
// and its gradients by arguments 2 and 3. `compile` has the C++ compiler turn it into a program.

constexpr auto squared_error = [](auto x, auto y, auto w1, auto w2) {
  return sum(square(matmul(relu(matmul(x, w1)), w2) - y));
};

Record automatic() {
  auto [x, y, w1, w2] = Problem();
  auto program = compile<Cpu>(value_and_grad(squared_error, wrt<2, 3>), spec<float, 64, 1000>, spec<float, 64, 10>,
                              spec<float, 1000, 100>, spec<float, 100, 10>);
  return record_training([&] {
    const auto [loss, gradients] = program(x, y, w1, w2);
    const auto& [grad_w1, grad_w2] = gradients;
    w1 = w1 - learning_rate * grad_w1;
    w2 = w2 - learning_rate * grad_w2;
    return loss.item();
  });
}

// Step 3: an optimizer. optim::Sgd knows the update. A Trainer compiles forward pass, gradients and update into one
// program, which changes the parameters in place. The weights are now members of a model.

struct Weights {
  nn::Parameter w1;
  nn::Parameter w2;
  constexpr auto operator()(const auto& x) const {
    const auto h = relu(matmul(x, w1.template get<Shape<1000, 100>>(x, nn::init::normal(0, 1))));
    return matmul(h, w2.template get<Shape<100, 10>>(x, nn::init::normal(0, 1)));
  }
};

// The loss of a model on a minibatch; the models of steps 3 to 5 share it.
constexpr auto model_loss = [](const auto& model, auto x, auto y) { return sum(square(model(x) - y)); };

Record with_optimizer() {
  const auto [x, y, w1, w2] = Problem();
  auto trainer = make_trainer<Cpu>(Weights{}, model_loss, optim::Sgd{.learning_rate = learning_rate},
                                   spec<float, 64, 1000>, spec<float, 64, 10>);
  // Parameters have names. Here they get the values of the other ways.
  trainer.parameters().view<W1::shape_type>("w1").assign(w1);
  trainer.parameters().view<W2::shape_type>("w2").assign(w2);
  return record_training([&] { return trainer.step(x, y); });
}

// Step 4: modules. A layer brings its parameters and works out their shapes from its input. A model is a plain struct
// of layers; its parameters are named after its members. nn::Linear keeps its weight as [out, in].

struct TwoLayerNet {
  nn::LinearNoBias<100> hidden;
  nn::LinearNoBias<10> output;
  constexpr auto operator()(const auto& x) const { return output(relu(hidden(x))); }
};

Record with_modules() {
  const auto [x, y, w1, w2] = Problem();
  auto trainer = make_trainer<Cpu>(TwoLayerNet{}, model_loss, optim::Sgd{.learning_rate = learning_rate},
                                   spec<float, 64, 1000>, spec<float, 64, 10>);
  trainer.parameters().view<Shape<100, 1000>>("hidden.weight").assign(transpose(w1));
  trainer.parameters().view<Shape<10, 100>>("output.weight").assign(transpose(w2));
  return record_training([&] { return trainer.step(x, y); });
}

// Step 5: the compiled step for any minibatch. `batch` is a length known at run time: the same program trains on 64
// samples, on a smaller last batch, and on one. What the compiler made of it is a value to look at.

Record compiled_step() {
  const auto [x, y, w1, w2] = Problem();
  auto trainer =
      make_trainer<Cpu>(nn::Sequential<nn::LinearNoBias<100>, nn::Relu, nn::LinearNoBias<10>>{}, model_loss,
                        optim::Sgd{.learning_rate = learning_rate}, spec<float, batch, 1000>, spec<float, batch, 10>);
  trainer.parameters().view<Shape<100, 1000>>("0.weight").assign(transpose(w1));
  trainer.parameters().view<Shape<10, 100>>("2.weight").assign(transpose(w2));

  using Stages = typename decltype(trainer)::Stages;
  constexpr ScheduleView program = Stages::view();
  std::printf("the compiled step: %d nodes written, %d after simplification, %d steps, %d kernels, %lld parameters\n\n",
              Stages::traced().size, Stages::simplified().size, program.step_count, program.kernel_count,
              static_cast<long long>(trainer.parameters().size()));

  const TensorView<const float, Shape<batch, 1000>> samples(x.data(), {64, 1000});
  const TensorView<const float, Shape<batch, 10>> targets(y.data(), {64, 10});
  return record_training([&] { return trainer.step(samples, targets); });
}

int main() {
  const Record records[] = {by_hand(), automatic(), with_optimizer(), with_modules(), compiled_step()};

  std::printf("step     by hand   automatic   optimizer     modules    compiled\n");
  for (int i = 0; i < steps; i += 50) {
    std::printf("%4d", i);
    for (const Record& record : records) std::printf("%12.5g", record.losses[static_cast<std::size_t>(i)]);
    std::printf("\n");
  }
  std::printf("  us");
  for (const Record& record : records) std::printf("%12.0f", record.microseconds_per_step);
  std::printf("   per step\n\n");

  double largest = 0;
  for (const Record& record : records)
    for (std::size_t i = 0; i < record.losses.size(); ++i)
      largest = std::max(largest, std::abs(record.losses[i] / records[0].losses[i] - 1));
  std::printf("largest relative difference to the first way: %.1e\n", largest);
  // The ways add in different orders, and rounding differs with them.
  return largest < 1e-3 ? 0 : 1;
}
