// SPDX-License-Identifier: BSL-1.0
/// \file
/// Derivatives of sums, means, products, maxima and minima.
#include "check_gradient.hpp"

BOOST_AUTO_TEST_SUITE(reduction_gradient)

using namespace ctgrad;
using ctgrad_test::check_gradient;

constexpr auto sums = [](auto x) {
  return std::tuple{sum(x * x),  sum(x * x, axis<0>),  sum(x * x, axis<1>, keepdims),  sum(x * x, axis<-1, 0>),
                    mean(x * x), mean(x * x, axis<1>), mean(x * x, axis<-1>, keepdims)};
};

constexpr auto extremes = [](auto x) {
  return std::tuple{max(x * x), max(x * x, axis<0>), max(x * x, axis<-1>, keepdims), min(x * x, axis<1>),
                    min(x * x, axis<0, 2>)};
};

BOOST_AUTO_TEST_CASE(sums_of_three_axes) { check_gradient<Shape<2, 3, 4>>(sums, {-2, 2, 3}); }

BOOST_AUTO_TEST_CASE(sums_over_unit_axes) { check_gradient<Shape<1, 5, 1>>(sums, {-2, 2, 3}); }

BOOST_AUTO_TEST_CASE(extremes_of_three_axes) { check_gradient<Shape<2, 3, 4>>(extremes, {-2, 2, 3}); }

constexpr auto products = [](auto x) {
  return std::tuple{prod(x), prod(x, axis<0>), prod(x, axis<-1>, keepdims), prod(x * x, axis<0, 1>)};
};

BOOST_AUTO_TEST_CASE(products_of_three_axes) { check_gradient<Shape<2, 3, 2>>(products, {-2, 2, 3}); }

// By rows: no zero, one, two; the second derivatives by hand.
BOOST_AUTO_TEST_CASE(products_with_zeros) {
  const auto f = [](auto x) { return sum(prod(x, axis<1>)); };
  const Tensor<double, Shape<3, 3>> x{2, 3, 4, 2, 0, 4, 0, 3, 0};
  const double expected[] = {12, 8, 6, 0, 8, 0, 0, 0, 0};
  const auto g = gradient(f)(x);
  for (int i = 0; i < 9; ++i) BOOST_TEST(g.data()[i] == expected[i]);

  const auto h = hessian([](auto v) { return prod(v); })(Tensor<double, Shape<3>>{2, 0, 4});
  const double second[] = {0, 4, 0, 4, 0, 2, 0, 2, 0};
  for (int i = 0; i < 9; ++i) BOOST_TEST(h.data()[i] == second[i]);
  const auto [value, along] =
      jvp([](auto v) { return prod(v); })(Tensor<double, Shape<3>>{2, 0, 4}, Tensor<double, Shape<3>>{1, 1, 1});
  BOOST_TEST(value == 0);
  BOOST_TEST(along == 8);
}

constexpr auto tied = [](auto x) {
  return std::tuple{gradient([](auto a) { return max(a); })(x),
                    gradient([](auto a) { return sum(min(a, axis<1>)); })(x)};
};

BOOST_AUTO_TEST_CASE(ties_share_the_derivative) {
  auto program = compile<Cpu>(tied, spec<float, 2, 4>);
  const auto [largest, smallest] = program(Tensor<float, Shape<2, 4>>({3, 1, 3, 1, 0, 3, 3, 0}));
  const float expected_largest[] = {0.25, 0, 0.25, 0, 0, 0.25, 0.25, 0};
  const float expected_smallest[] = {0, 0.5, 0, 0.5, 0.5, 0, 0, 0.5};
  for (int i = 0; i < 8; ++i) {
    BOOST_TEST(largest.data()[i] == expected_largest[i]);
    BOOST_TEST(smallest.data()[i] == expected_smallest[i]);
  }
}

BOOST_AUTO_TEST_SUITE_END()
