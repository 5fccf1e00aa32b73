// SPDX-License-Identifier: BSL-1.0
/// \file
/// softplus: its value near and far from 0, and its derivatives.
#include <limits>

#include "check_gradient.hpp"

BOOST_AUTO_TEST_SUITE(softplus)

using namespace ctgrad;

constexpr auto apply = [](auto x) { return ctgrad::softplus(x); };

BOOST_AUTO_TEST_CASE(value_matches_the_definition) {
  auto program = compile<Cpu>(apply, spec<double, 101>);
  const auto x = Tensor<double, Shape<101>>::uniform(1, -30, 30);
  const auto y = program(x);
  for (int i = 0; i < 101; ++i) {
    const double expected = static_cast<double>(std::log1p(std::exp(static_cast<long double>(x(i)))));
    BOOST_TEST(y(i) == expected, boost::test_tools::tolerance(1e-15));
  }
}

BOOST_AUTO_TEST_CASE(nothing_overflows_or_vanishes_early) {
  auto program = compile<Cpu>(apply, spec<float, 6>);
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto y = program(Tensor<float, Shape<6>>({1000, -80, -1000, infinity, -infinity, nan}));
  BOOST_TEST(y(0) == 1000);
  BOOST_TEST(y(1) == std::exp(-80.0F), boost::test_tools::tolerance(1e-6F));
  BOOST_TEST(y(2) == 0);
  BOOST_TEST(y(3) == infinity);
  BOOST_TEST(y(4) == 0);
  BOOST_TEST(std::isnan(y(5)));
}

constexpr auto results = [](auto x) { return std::tuple{ctgrad::softplus(x), x * ctgrad::softplus(2 * x)}; };

BOOST_AUTO_TEST_CASE(derivatives_match_differences) { ctgrad_test::check_gradient<Shape<17>>(results, {-3, 3, 4}); }

BOOST_AUTO_TEST_SUITE_END()
