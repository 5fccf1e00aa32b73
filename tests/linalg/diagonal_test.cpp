// SPDX-License-Identifier: BSL-1.0
/// \file
/// The diagonal of a matrix, and its derivatives.
#include "ctgrad/linalg/diagonal.hpp"

#include "../ops/check_gradient.hpp"

BOOST_AUTO_TEST_SUITE(linalg_diagonal)

using namespace ctgrad;

BOOST_AUTO_TEST_CASE(elements) {
  const Tensor<double, Shape<3, 3>> a{1, 2, 3, 4, 5, 6, 7, 8, 9};
  const Tensor d = compiled([](auto x) { return linalg::diagonal(x); })(a);
  BOOST_TEST(d(0) == 1);
  BOOST_TEST(d(1) == 5);
  BOOST_TEST(d(2) == 9);
}

constexpr auto diagonals = [](auto x) { return std::tuple{linalg::diagonal(x), exp(linalg::diagonal(sin(x)))}; };

BOOST_AUTO_TEST_CASE(derivatives) { ctgrad_test::check_gradient<Shape<3, 3>>(diagonals); }

BOOST_AUTO_TEST_CASE(nothing_reaches_what_stands_beside_it) {
  // Not even what is not a number: zero times that would be.
  const Tensor<double, Shape<2, 2>> a{0, 1, 2, 4};
  const Tensor g = gradient([](auto x) { return sum(log(linalg::diagonal(x))); })(a);
  BOOST_TEST(g(0, 0) == std::numeric_limits<double>::infinity());
  BOOST_TEST(g(0, 1) == 0);
  BOOST_TEST(g(1, 0) == 0);
  BOOST_TEST(g(1, 1) == 0.25);
}

BOOST_AUTO_TEST_SUITE_END()
