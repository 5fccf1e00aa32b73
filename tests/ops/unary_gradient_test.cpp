// SPDX-License-Identifier: BSL-1.0
/// \file
/// Derivatives of the elementwise operations of one operand.
#include "check_gradient.hpp"

BOOST_AUTO_TEST_SUITE(unary_gradient)

using namespace ctgrad;
using ctgrad_test::check_gradient;

constexpr auto everywhere = [](auto x) {
  return std::tuple{-x,
                    abs(x),
                    cos(x),
                    exp(x),
                    relu(x),
                    sigmoid(x),
                    sin(x),
                    square(x),
                    tanh(x),
                    erf(x),
                    cast<double>(cast<float>(x)) * 0 + x};
};

constexpr auto positive = [](auto x) { return std::tuple{log(x), sqrt(x), pow(x, 3.5), pow(x, -2.0), 1 / x}; };

BOOST_AUTO_TEST_CASE(operations_defined_everywhere) { check_gradient<Shape<3, 5>>(everywhere, {-2, 2, 5}); }

BOOST_AUTO_TEST_CASE(operations_of_positive_numbers) { check_gradient<Shape<17>>(positive, {0.3, 2, 3}); }

// What differences cannot show: points where a function has a kink, and derivatives that are cut on purpose.
constexpr auto kinks = [](auto x) {
  return std::tuple{gradient([](auto a) { return sum(relu(a)); })(x), gradient([](auto a) { return sum(abs(a)); })(x),
                    gradient([](auto a) { return sum(stop_gradient(a) * a); })(x), gradient([](auto a) {
                      return sum(cast<float>(a > 0)) + sum(cast<float>(cast<std::int32_t>(a)));
                    })(x)};
};

BOOST_AUTO_TEST_CASE(kinks_and_cuts) {
  auto program = compile<Cpu>(kinks, spec<float, 4>);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor<float, Shape<4>> x({0, -0.0F, 3, -2});
  const auto [relu_slope, abs_slope, cut, steps] = program(x);
  const float expected_relu[] = {0, 0, 1, 0};
  const float expected_abs[] = {0, 0, 1, -1};
  for (int i = 0; i < 4; ++i) {
    BOOST_TEST(relu_slope(i) == expected_relu[i]);
    BOOST_TEST(abs_slope(i) == expected_abs[i]);
    BOOST_TEST(cut(i) == x(i));
    BOOST_TEST(steps(i) == 0);
  }
  const auto [r, a, c, s] = program(Tensor<float, Shape<4>>::full(nan));
  BOOST_TEST(std::isnan(c(0)));
}

BOOST_AUTO_TEST_CASE(powers_of_zero_have_finite_slopes) {
  const auto f = [](auto x, auto y) { return sum(pow(x, y)); };
  const auto [by_base, by_exponent] =
      gradient(f, wrt<0, 1>)(Tensor<double, Shape<4>>({0, 0, 0, 2}), Tensor<double, Shape<4>>({0, 1, 2, 0}));
  const double expected_base[] = {0, 1, 0, 0};
  const double expected_exponent[] = {0, 0, 0, std::log(2.0)};
  for (int i = 0; i < 4; ++i) {
    BOOST_TEST(by_base(i) == expected_base[i]);
    BOOST_TEST(by_exponent(i) == expected_exponent[i], boost::test_tools::tolerance(1e-15));
  }
}

BOOST_AUTO_TEST_SUITE_END()
