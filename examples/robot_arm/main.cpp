// SPDX-License-Identifier: BSL-1.0
/// \file
/// Inverse kinematics: the angles of an arm with three joints in space whose hand is to follow a circle.
///
/// The hand's position is a formula of the angles. Its Jacobian says where the hand goes when an angle turns, and the
/// other way round, by damped least squares (Wampler 1986), which angles to turn so that the hand goes where it should.
#include <ctgrad/ctgrad.hpp>

#include <cmath>
#include <cstdio>

using namespace ctgrad;

using Angles = Tensor<double, Shape<4>>;
using Position = Tensor<double, Shape<3>>;

/// Where the hand is: the arm turns about the vertical axis by q[0], then bends at shoulder, elbow and wrist. The links
/// are 0.5, 0.4 and 0.2 long, the shoulder 0.3 above the ground.
constexpr auto hand = [](auto q) {
  const auto angle = [&]<int I>(std::integral_constant<int, I>) { return slice<0, I, I + 1>(q); };
  const auto turn = angle(std::integral_constant<int, 0>{});
  const auto first = angle(std::integral_constant<int, 1>{});
  const auto second = first + angle(std::integral_constant<int, 2>{});
  const auto third = second + angle(std::integral_constant<int, 3>{});
  const auto reach = 0.5 * cos(first) + 0.4 * cos(second) + 0.2 * cos(third);
  const auto height = 0.3 + 0.5 * sin(first) + 0.4 * sin(second) + 0.2 * sin(third);
  return concat(axis<0>, reach * cos(turn), reach * sin(turn), height);
};

/// How far the hand is off, and the change of the angles J^T (J J^T + damping I)^-1 (target - hand): there are more
/// angles than coordinates, and of all changes this is nearly the smallest that does it.
constexpr auto reach_step = [](auto q, auto target, auto damping, auto identity) {
  const auto miss = target - hand(q);
  const auto j = jacobian(hand)(q);
  const auto force = linalg::solve(matmul(j, transpose(j)) + damping * identity, miss);
  return std::pair{sqrt(sum(square(miss))), sum(transpose(j) * force, axis<1>)};
};

int main() {
  const Tensor<double, Shape<3, 3>> identity{1, 0, 0, 0, 1, 0, 0, 0, 1};
  Angles q{0.1, 0.8, -0.6, 0.3};
  constexpr int points = 12;
  constexpr double pi = 3.14159265358979323846;
  std::printf("%5s  %-26s %-36s %5s %9s\n", "point", "target", "angles", "steps", "off by");
  double worst = 0;
  for (int i = 0; i <= points; ++i) {
    const double t = 2 * pi * i / points;
    const Position target{0.5, 0.3 * std::cos(t), 0.5 + 0.3 * std::sin(t)};
    int steps = 0;
    double miss = 0;
    for (;; ++steps) {
      const auto [off, change] = compiled(reach_step)(q, target, 1e-6, identity);
      miss = off;
      if (off < 1e-12 || steps == 50) break;
      // No joint turns by more than half a radian at once.
      double largest = 0;
      for (const double x : change) largest = std::fmax(largest, std::fabs(x));
      const double share = std::fmin(1, 0.5 / largest);
      q += share * change;
    }
    worst = std::fmax(worst, miss);
    std::printf("%5d  (%.3f, %6.3f, %.3f)     %8.4f %8.4f %8.4f %8.4f  %5d %9.1e\n", i, target(0), target(1), target(2),
                q(0), q(1), q(2), q(3), steps, miss);
  }
  std::printf("the hand was never further off than %.0e\n", worst);
  return worst < 1e-11 ? 0 : 1;
}
