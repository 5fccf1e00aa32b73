// SPDX-License-Identifier: BSL-1.0
/// \file
/// What a pendulum is like, from what it was seen to do: the parameters of a differential equation fitted to data.
///
/// Somebody measured the angle of a swinging pendulum 40 times, not very precisely. We look for the length of its rod,
/// its friction, and the angle and speed it started with, so that the solution of
///     angle'' = -g / length sin(angle) - friction angle'
/// comes as close to the measurements as it can. Each step of the fit needs the derivative of the whole solution by the
/// four numbers; odeint and jacobian give it.
#include <ctgrad/ctgrad.hpp>

#include <array>
#include <cmath>
#include <cstdio>

using namespace ctgrad;

constexpr int samples = 40;
using Times = Tensor<double, Shape<samples + 1>>;
using Angles = Tensor<double, Shape<samples>>;

template <class T>
struct Pendulum {
  T length, friction, angle, speed;
};

constexpr auto motion = [](auto y, auto, auto length, auto friction) {
  return std::array{y[1], -9.81 / length * sin(y[0]) - friction * y[1]};
};

/// The angles at the times after the first.
constexpr auto angles = [](const auto& p, auto times) {
  const auto y = odeint(motion)(std::array{p.angle, p.speed}, times, p.length, p.friction);
  return slice<0, 1, samples + 1>(y[0]);
};
/// What the fit needs at one point: the differences from the measurements, and their derivatives by the parameters.
constexpr auto residuals = [](const auto& p, auto times, auto measured) { return angles(p, times) - measured; };

/// One step of Levenberg and Marquardt (1963): from the differences r and their Jacobian J to the change of the
/// parameters, -(J^T J + damping diag(J^T J))^-1 J^T r.
constexpr auto fit_step = [](auto r, auto jacobian, auto damping, auto identity) {
  const auto normal = matmul(transpose(jacobian), jacobian);
  return -linalg::solve(normal + damping * normal * identity, sum(transpose(jacobian) * r, axis<1>));
};

int main() {
  Times times;
  for (int i = 0; i <= samples; ++i) times(i) = 0.1 * i;

  // The measurements: a pendulum that we know, and noise of 0.02 radians.
  const Pendulum<double> truth{1.2, 0.25, 1.0, -0.5};
  const Angles noise = Angles::normal(7);
  const Angles exact = compiled(angles)(truth, times);
  const Angles measured = exact + 0.02 * noise;

  Pendulum<double> guess{2.0, 0.0, 0.7, 0.0};
  const Tensor<double, Shape<4, 4>> identity{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
  const auto half_square = [](const Angles& r) {
    double total = 0;
    for (const double x : r) total += x * x / 2;
    return total;
  };
  double damping = 1e-2;
  Angles r = compiled(residuals)(guess, times, measured);
  std::printf("step   sum of squares   length   friction   angle     speed\n");
  for (int step = 0; step < 30; ++step) {
    std::printf("%4d   %-14.6f   %.4f   %.4f     %.4f   %8.4f\n", step, 2 * half_square(r), guess.length,
                guess.friction, guess.angle, guess.speed);
    const Pendulum by = jacobian<Mode::forward>(residuals)(guess, times, measured);
    Tensor<double, Shape<samples, 4>> rows;
    for (int i = 0; i < samples; ++i) {
      rows(i, 0) = by.length(i);
      rows(i, 1) = by.friction(i);
      rows(i, 2) = by.angle(i);
      rows(i, 3) = by.speed(i);
    }
    // Smaller steps until one leads down.
    double gain = 0;
    for (; damping < 1e8; damping *= 10) {
      const auto change = compiled(fit_step)(r, rows, damping, identity);
      const Pendulum<double> next{guess.length + change(0), guess.friction + change(1), guess.angle + change(2),
                                  guess.speed + change(3)};
      if (next.length > 0) {
        const Angles after = compiled(residuals)(next, times, measured);
        gain = half_square(r) - half_square(after);
        if (gain > 0) {
          guess = next;
          r = after;
          damping /= 10;
          break;
        }
      }
    }
    if (gain < 1e-12) break;
  }
  std::printf("found: length %.3f, friction %.3f, angle %.3f, speed %.3f\n", guess.length, guess.friction, guess.angle,
              guess.speed);
  std::printf("truth: length %.3f, friction %.3f, angle %.3f, speed %.3f\n", truth.length, truth.friction, truth.angle,
              truth.speed);
  std::printf("left over: %.4f radians at a measurement; the noise was 0.02\n",
              std::sqrt(2 * half_square(r) / samples));
}
