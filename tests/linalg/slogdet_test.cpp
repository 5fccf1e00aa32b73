// SPDX-License-Identifier: BSL-1.0
/// \file
/// Logarithms of determinants: known ones, derivatives against differences, and singular matrices.
#include "ctgrad/linalg/slogdet.hpp"

#include "../ops/check_gradient.hpp"
#include "ctgrad/linalg/solve.hpp"
#include "matrices.hpp"

BOOST_AUTO_TEST_SUITE(linalg_slogdet)

using namespace ctgrad;

template <Extent N>
std::pair<double, double> sign_and_logarithm(const Tensor<double, Shape<N, N>>& a) {
  return compiled([](auto m) { return linalg::slogdet(m); })(a);
}

BOOST_AUTO_TEST_CASE(known_determinants) {
  const auto [one, log_5] = sign_and_logarithm(Tensor<double, Shape<1, 1>>{5});
  BOOST_TEST(one == 1);
  BOOST_TEST(log_5 == std::log(5));
  // Two rows change places: -2 * 3.
  const auto [minus, log_6] = sign_and_logarithm(Tensor<double, Shape<2, 2>>{0, 2, 3, 1});
  BOOST_TEST(minus == -1);
  BOOST_TEST(log_6 == std::log(6), boost::test_tools::tolerance(1e-15));
  // Three rows in a circle: two exchanges.
  const auto [circle, log_24] = sign_and_logarithm(Tensor<double, Shape<3, 3>>{0, 2, 0, 0, 0, 3, 4, 0, 0});
  BOOST_TEST(circle == 1);
  BOOST_TEST(log_24 == std::log(24), boost::test_tools::tolerance(1e-15));
  // A circle of four and of two, and a negative element: (-1)^3 (-1)^1 (-1).
  auto p = Tensor<double, Shape<6, 6>>::full(0);
  p(0, 1) = p(1, 2) = p(2, 3) = p(3, 0) = p(4, 5) = 1;
  p(5, 4) = -2;
  const auto [sign, log_2] = sign_and_logarithm(p);
  BOOST_TEST(sign == -1);
  BOOST_TEST(log_2 == std::log(2));
}

BOOST_AUTO_TEST_CASE(logarithms_of_determinants_beyond_the_range_of_numbers) {
  auto a = Tensor<double, Shape<200, 200>>::full(0);
  for (int i = 0; i < 200; ++i) a(i, i) = 1e-3 * (i % 2 == 0 ? 1 : -1);
  const auto [sign, logarithm] = sign_and_logarithm(a);
  BOOST_TEST(sign == 1);
  BOOST_TEST(logarithm == 200 * std::log(1e-3), boost::test_tools::tolerance(1e-13));
}

BOOST_AUTO_TEST_CASE(singular_matrices) {
  const auto [zero, low] = sign_and_logarithm(Tensor<double, Shape<2, 2>>{1, 2, 2, 4});
  BOOST_TEST(zero == 0);
  BOOST_TEST(low == -std::numeric_limits<double>::infinity());
  const auto [unknown, nothing] = sign_and_logarithm(Tensor<double, Shape<2, 2>>{1, std::nan(""), 0, 1});
  BOOST_TEST(std::isnan(unknown));
  BOOST_TEST(std::isnan(nothing));
}

constexpr auto logarithm = [](auto x) {
  const auto [sign, value] = linalg::slogdet(ctgrad_test::near_identity(x));
  return std::tuple{sign * value * value};
};

BOOST_AUTO_TEST_CASE(derivatives) { ctgrad_test::check_gradient<Shape<3, 3>>(logarithm, {-1, 1, 3}); }

// Twice the logarithm of a normal density, without its constant; two operations on one matrix.
constexpr auto density = [](auto x, auto covariance) {
  return -sum(x * linalg::solve(covariance, x)) - linalg::slogdet(covariance).second;
};

constexpr auto gradients_of_density = [](auto x, auto c) { return gradient(density, wrt<0, 1>)(x, c); };

BOOST_AUTO_TEST_CASE(a_matrix_is_factored_once) {
  using Program = decltype(compile<Cpu>(gradients_of_density, spec<double, 4>, spec<double, 4, 4>));
  int factorizations = 0;
  const ScheduleView schedule = Program::Stages::view();
  for (int i = 0; i < schedule.step_count; ++i)
    if (schedule.steps[i].user != nullptr && schedule.steps[i].user->name == "lu") ++factorizations;
  BOOST_TEST(factorizations == 1);
}

BOOST_AUTO_TEST_CASE(the_gradient_of_a_density) {
  // For C = diag(2, 4) and x = (2, 4): x_i^2 / c_i^2 - 1 / c_i on the diagonal, x_i x_j / (c_i c_j) beside it.
  const Tensor<double, Shape<2>> x{2, 4};
  const Tensor<double, Shape<2, 2>> c{2, 0, 0, 4};
  const auto [value, slopes] = value_and_grad(density, wrt<0, 1>)(x, c);
  BOOST_TEST(value == -(2 + 4 + std::log(8)), boost::test_tools::tolerance(1e-15));
  const auto& [by_x, by_c] = slopes;
  BOOST_TEST(by_x(0) == -2);
  BOOST_TEST(by_x(1) == -2);
  BOOST_TEST(by_c(0, 0) == 0.5);
  BOOST_TEST(by_c(0, 1) == 1);
  BOOST_TEST(by_c(1, 0) == 1);
  BOOST_TEST(by_c(1, 1) == 0.75);
}

BOOST_AUTO_TEST_SUITE_END()
