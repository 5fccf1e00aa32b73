// SPDX-License-Identifier: BSL-1.0
/// \file
/// A network that solves a differential equation: it is trained on the equation itself, and sees no solution.
///
/// The equation is Poisson's on the unit square, -(u_xx + u_yy) = 2 pi^2 sin(pi x) sin(pi y), with u = 0 on the border.
/// Its solution is sin(pi x) sin(pi y), which this program only uses to say how far off the network is. The loss is the
/// square of what is left of the equation at random points: it contains second derivatives of the network by its input,
/// and training differentiates these by the weights (Raissi, Perdikaris and Karniadakis 2019).
#include <ctgrad/ctgrad.hpp>

#include <chrono>
#include <cmath>
#include <cstdio>

using namespace ctgrad;

constexpr double pi = 3.14159265358979323846;

struct Network {
  nn::Linear<16> first;
  nn::Linear<16> second;
  nn::Linear<1> last;

  /// The network at one point [2]. The factor makes it 0 on the border, whatever the weights.
  constexpr auto operator()(const auto& point) const {
    const auto x = reshape(slice<0, 0, 1>(point), shape<>);
    const auto y = reshape(slice<0, 1, 2>(point), shape<>);
    const auto hidden = tanh(second(tanh(first(reshape(point, shape<1, 2>)))));
    return x * (1 - x) * y * (1 - y) * sum(last(hidden));
  }
};

/// The mean square of u_xx + u_yy + 2 pi^2 sin(pi x) sin(pi y) over many points.
constexpr auto residual = [](const auto& network, auto points) {
  const auto curvature = vmap([&](auto point) { return laplacian(network)(point); })(points);
  const auto source = 2 * pi * pi * sin(pi * slice<1, 0, 1>(points)) * sin(pi * slice<1, 1, 2>(points));
  return mean(square(curvature + sum(source, axis<1>)));
};

int main() {
  auto trainer = make_trainer<Cpu>(Network{}, residual, optim::Adam{.learning_rate = 3e-3F}, spec<float, batch, 2>);
  auto solution =
      trainer.inference([](const auto& network, auto points) { return vmap(network)(points); }, spec<float, batch, 2>);

  // 21 x 21 points at which the network is compared with the solution.
  constexpr int side = 21;
  Tensor<float, Shape<batch, 2>> grid({side * side, 2});
  for (int i = 0; i < side * side; ++i) {
    grid(i, 0) = static_cast<float>(i / side) / (side - 1);
    grid(i, 1) = static_cast<float>(i % side) / (side - 1);
  }
  const auto largest_error = [&] {
    const auto u = solution(grid);
    double worst = 0;
    for (int i = 0; i < side * side; ++i)
      worst = std::fmax(worst, std::fabs(u(i) - std::sin(pi * grid(i, 0)) * std::sin(pi * grid(i, 1))));
    return worst;
  };

  std::printf("step   mean square of the residual   largest error of u (u goes up to 1)\n");
  Tensor<float, Shape<batch, 2>> points({256, 2});
  const auto start = std::chrono::steady_clock::now();
  constexpr int steps = 3000;
  for (int step = 0; step <= steps; ++step) {
    RandomStream(1).fill_uniform(points.span(), static_cast<std::uint64_t>(step) * 512, 0.0F, 1.0F);
    const float loss = trainer.step(points);
    if (step % 500 == 0) std::printf("%4d   %-27.5f   %.5f\n", step, static_cast<double>(loss), largest_error());
  }
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  std::printf("%.2f s, %.0f us a step of 256 points\n", time.count(), time.count() / steps * 1e6);
}
