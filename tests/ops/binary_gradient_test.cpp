// SPDX-License-Identifier: BSL-1.0
/// \file
/// Derivatives of the elementwise operations of two and three operands, with broadcasting.
#include "check_gradient.hpp"

BOOST_AUTO_TEST_SUITE(binary_gradient)

using namespace ctgrad;
using ctgrad_test::check_gradient;

constexpr auto operations = [](auto a, auto b) {
  return std::tuple{a + b, a - b, a * b, a / b, maximum(a, b), minimum(a, b), pow(a, b), where(a > b, a * b, b / a)};
};

BOOST_AUTO_TEST_CASE(equal_shapes) { check_gradient<Shape<17>, Shape<17>>(operations, {0.3, 2, 3}); }

BOOST_AUTO_TEST_CASE(a_row_beside_a_matrix) { check_gradient<Shape<3, 4>, Shape<4>>(operations, {0.3, 2, 4}); }

BOOST_AUTO_TEST_CASE(both_operands_stretch) { check_gradient<Shape<3, 1>, Shape<2, 1, 5>>(operations, {0.3, 2, 5}); }

constexpr auto with_numbers = [](auto a) {
  return std::tuple{1 + a,
                    a - 2,
                    3 * a,
                    a / 4,
                    5 / a,
                    maximum(a, 1),
                    minimum(1, a),
                    pow(2, a),
                    where(a > 1, a, 0.5),
                    where(a < 1, 2, a * a)};
};

BOOST_AUTO_TEST_CASE(a_scalar_and_numbers) { check_gradient<Shape<>>(with_numbers, {0.3, 2, 6}); }

constexpr auto ties = [](auto a, auto b) {
  return std::tuple{gradient([](auto x, auto y) { return sum(maximum(x, y)); }, wrt<0, 1>)(a, b),
                    gradient([](auto x, auto y) { return sum(minimum(x, y)); }, wrt<0, 1>)(a, b)};
};

BOOST_AUTO_TEST_CASE(ties_share_the_derivative) {
  auto program = compile<Cpu>(ties, spec<double, 3>, spec<double, 3>);
  const auto [larger, smaller] = program(Tensor<double, Shape<3>>({1, 2, 3}), Tensor<double, Shape<3>>({1, 0, 4}));
  const double expected[] = {0.5, 1, 0};
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(std::get<0>(larger)(i) == expected[i]);
    BOOST_TEST(std::get<1>(larger)(i) == 1 - expected[i]);
    BOOST_TEST(std::get<0>(smaller)(i) == 1 - expected[i]);
    BOOST_TEST(std::get<1>(smaller)(i) == expected[i]);
  }
}

BOOST_AUTO_TEST_SUITE_END()
