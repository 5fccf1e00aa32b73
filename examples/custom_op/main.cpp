// SPDX-License-Identifier: BSL-1.0
/// \file
/// Trains a network whose activation, loss and last layer are operations that ctgrad does not have; see
/// my_operations.hpp. First their derivatives are checked against differences.
#include <cmath>
#include <cstdio>

#include "my_operations.hpp"

using namespace ctgrad;

/// The largest error of the gradient of `f`, a scalar function of a [2, 5] array, against central differences.
template <class F>
double gradient_error(const F& f) {
  auto program = compile<Cpu>(value_and_grad(f), spec<double, 2, 5>);
  auto x = Tensor<double, Shape<2, 5>>::uniform(1, -2, 2);
  auto value = [&] { return std::get<0>(program(x)).item(); };
  const Tensor gradient(std::get<1>(program(x)));
  const double h = 1e-5;
  double largest = 0;
  for (int i = 0; i < 10; ++i) {
    double& element = x.span()[static_cast<std::size_t>(i)];
    const double middle = element;
    element = middle + h;
    const double above = value();
    element = middle - h;
    const double below = value();
    element = middle;
    const double difference = (above - below) / (2 * h);
    largest = std::max(largest, std::abs(gradient.span()[static_cast<std::size_t>(i)] - difference));
  }
  return largest;
}

bool gradients_are_right() {
  const double errors[] = {
      gradient_error([](auto x) { return sum(square(mine::snake(x))); }),
      gradient_error([](auto x) { return mine::norm(x) * mine::norm(x - 1); }),
      gradient_error([](auto x) { return sum(square(mine::running_sum(x))); }),
      // Derivatives of derivatives need no rule more.
      gradient_error([](auto x) {
        return sum(square(gradient([](auto a) { return mine::norm(mine::running_sum(mine::snake(a))); })(x)));
      }),
  };
  const char* names[] = {"snake", "norm", "running_sum", "second derivative of all three"};
  bool right = true;
  for (int i = 0; i < 4; ++i) {
    std::printf("gradient of %s: differs from differences by %.1e\n", names[i], errors[i]);
    right = right && errors[i] < 1e-6;
  }
  return right;
}

// A cart on a rail: its speed is a periodic function of the angle of a lever. We see the angle at 20 moments, and where
// the cart is, but not its speed. The network maps an angle to a speed; the running sum of the speeds is the place.
constexpr int moments = 20;

struct Cart {
  nn::Linear<24> hidden;
  nn::Linear<1> output;
  constexpr auto operator()(const auto& angles) const {
    const auto each = reshape(angles, shape<-1, 1>);
    const auto speed = output(mine::snake(hidden(each)));
    return mine::running_sum(reshape(speed, shape<batch, moments>));
  }
};

constexpr auto distance = [](const auto& model, auto angles, auto places) {
  return mine::norm(model(angles) - places);
};

int main() {
  if (!gradients_are_right()) {
    std::fprintf(stderr, "custom_op: a gradient is wrong\n");
    return 1;
  }

  auto trainer = make_trainer<Cpu>(Cart{}, distance, optim::Adam{.learning_rate = 3e-3}, spec<float, batch, moments>,
                                   spec<float, batch, moments>);
  constexpr std::int64_t rides = 64;
  const Extents<2> extents{rides, moments};
  Tensor<float, Shape<batch, moments>> angles(extents);
  Tensor<float, Shape<batch, moments>> places(extents);
  float first = 0;
  float last = 0;
  for (std::uint64_t step = 0; step < 2000; ++step) {
    RandomStream(step).fill_uniform(angles.span(), 0, -6, 6);
    places = mine::running_sum(sin(angles) + 0.5 * cos(2 * angles));
    const float root_mean_square = trainer.step(angles, places) / std::sqrt(static_cast<float>(angles.size()));
    if (step == 0) first = root_mean_square;
    last = root_mean_square;
    if (step % 400 == 0) std::printf("step %4d: the cart is off by %.4f\n", static_cast<int>(step), root_mean_square);
  }
  std::printf("step 2000: the cart is off by %.4f\n", last);
  return last < first / 10 ? 0 : 1;
}
