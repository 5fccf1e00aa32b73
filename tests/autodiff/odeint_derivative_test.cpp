// SPDX-License-Identifier: BSL-1.0
/// \file
/// What solutions of differential equations owe to their start, times and parameters, against closed forms and
/// differences, to second order.
#include "ctgrad/autodiff/odeint.hpp"

#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_odeint_derivative)

using namespace ctgrad;

constexpr OdeOptions tight{.rtol = 1e-13, .atol = 1e-13};

template <class T>
struct Oscillator {
  T position, speed;
};
template <class T>
Oscillator(T, T) -> Oscillator<T>;
/// x'' = -w^2 x - 2 c x' + sin(t), as two equations of first order.
constexpr auto oscillation = [](auto y, auto t, auto w, auto damping) {
  return Oscillator{y.speed, -w * w * y.position - 2 * damping * y.speed + sin(t)};
};
constexpr auto decay = [](auto y, auto, auto k) { return -k * y; };

/// A number that depends on the solution at each time.
constexpr auto loss = [](auto position, auto speed, auto times, auto w, auto damping) {
  const auto y = odeint<tight>(oscillation)(Oscillator{position, speed}, times, w, damping);
  return sum(y.position * y.position + sin(3 * y.speed));
};

BOOST_AUTO_TEST_CASE(derivatives_match_differences_and_forward_mode) {
  const Tensor<double, Shape<3>> times{0.25, 1, 1.5};
  const auto report = check_gradients(CheckSettings{.tolerance = 1e-7}, loss, 0.8, -0.3, times, 1.7, 0.2);
  BOOST_TEST(report.passed(), report);
}

/// The gradient by the start and the frequency, along a direction.
constexpr auto slope_of_loss = [](auto position, auto speed, auto times, auto w, auto damping) {
  const auto [by_position, by_times, by_w] = gradient(loss, wrt<0, 2, 3>)(position, speed, times, w, damping);
  return 0.3 * by_position + 0.7 * by_w + sum(by_times * by_times);
};

BOOST_AUTO_TEST_CASE(second_derivatives_match_differences_and_forward_mode) {
  const Tensor<double, Shape<3>> times{0.25, 1, 1.5};
  const auto report = check_gradients(CheckSettings{.tolerance = 1e-6}, slope_of_loss, 0.8, -0.3, times, 1.7, 0.2);
  BOOST_TEST(report.passed(), report);
}

constexpr auto last_decay = [](auto k, auto times) {
  return slice<0, 1, 2>(odeint<tight>(decay)(k * 0 + 2, times, k));
};
constexpr auto decay_by_rate = [](auto k, auto times) {
  return directional_derivative(last_decay)(k, times, k * 0 + 1);
};

BOOST_AUTO_TEST_CASE(forward_over_forward) {
  // y = y0 exp(-k t): d^2 y / dk^2 = y0 t^2 exp(-k t).
  const std::array<double, 2> times{0, 1.5};
  const auto second = directional_derivative(decay_by_rate)(0.7, times, 1.0);
  BOOST_TEST(std::abs(second(0) - 2 * 1.5 * 1.5 * std::exp(-0.7 * 1.5)) < 1e-10);
}

constexpr auto end_of_decay = [](auto y0, auto k) {
  return slice<0, 1, 2>(odeint(decay)(y0, std::array{k * 0, k * 0 + 2}, k));
};
constexpr auto total_of_ends = [](auto y0, auto k) { return sum(square(vmap(end_of_decay, mapped<0>)(y0, k))); };

BOOST_AUTO_TEST_CASE(jacobians_and_many_starts) {
  const auto by_k = jacobian(end_of_decay, wrt<1>)(1.0, 0.7);
  BOOST_TEST(std::abs(by_k(0) + 2 * std::exp(-1.4)) < 1e-7);
  const Tensor<double, Shape<3>> starts{1, 2, 3};
  const auto ends = vmap(end_of_decay, mapped<0>)(starts, 0.7);
  for (int i = 0; i < 3; ++i) BOOST_TEST(std::abs(ends(i, 0) - starts(i) * std::exp(-1.4)) < 1e-7);
  // The gradient of what was mapped.
  const auto [by_start, by_rate] = gradient(total_of_ends, wrt<0, 1>)(starts, 0.7);
  for (int i = 0; i < 3; ++i) BOOST_TEST(std::abs(by_start(i) - 2 * starts(i) * std::exp(-2.8)) < 1e-6);
  BOOST_TEST(std::abs(by_rate - 14 * -4 * std::exp(-2.8)) < 1e-6);
}

constexpr auto at_once = [](auto y0, auto times, auto k) { return sum(odeint(decay)(3 * y0, times, k)); };

BOOST_AUTO_TEST_CASE(one_time_is_the_start) {
  const auto [by_start, by_time, by_rate] = gradient(at_once, wrt<0, 1, 2>)(2.0, Tensor<double, Shape<1>>{4}, 0.7);
  BOOST_TEST(by_start == 3);
  BOOST_TEST(by_time(0) == 0);
  BOOST_TEST(by_rate == 0);
}

BOOST_AUTO_TEST_SUITE_END()
