// SPDX-License-Identifier: BSL-1.0
/// \file
/// Derivatives of matrix products.
#include "check_gradient.hpp"

BOOST_AUTO_TEST_SUITE(matmul_gradient)

using namespace ctgrad;
using ctgrad_test::check_gradient;

constexpr auto products = [](auto a, auto b) {
  return std::tuple{matmul(a, b),
                    matmul(transpose(b), transpose(a)),
                    transpose(matmul(a, b)),
                    matmul(a, transpose(a)),
                    matmul(transpose(b), b),
                    tanh(matmul(a, tanh(b)))};
};

BOOST_AUTO_TEST_CASE(two_matrices) { check_gradient<Shape<3, 4>, Shape<4, 2>>(products, {-1, 1, 3}); }

BOOST_AUTO_TEST_CASE(unit_extents) { check_gradient<Shape<1, 3>, Shape<3, 1>>(products, {-1, 1, 3}); }

constexpr auto batches = [](auto a, auto b, auto c) {
  return std::tuple{matmul(a, b), matmul(a, c), matmul(transpose(b), transpose(a)), matmul(transpose(c), b),
                    matmul(transpose(a), a)};
};

// The batch axes of the first two stretch to [2, 3]; the third is one matrix for all.
BOOST_AUTO_TEST_CASE(batches_of_matrices) {
  check_gradient<Shape<2, 1, 2, 3>, Shape<3, 3, 2>, Shape<3, 2>>(batches, {-1, 1, 3});
}

// The adjoint of each product is one number everywhere, which makes sums of the products in the gradient.
BOOST_AUTO_TEST_CASE(sums_of_products) {
  const auto f = [](auto a, auto b, auto c) {
    return 3 * sum(matmul(a, b)) - sum(matmul(transpose(c), transpose(a))) * 0.5 + sum(matmul(transpose(a), a)) +
           sum(matmul(b, transpose(b)));
  };
  const auto a = Tensor<double, Shape<2, 3, 4>>::uniform(1);
  const auto b = Tensor<double, Shape<2, 4, 3>>::uniform(2);
  const auto c = Tensor<double, Shape<4, 5>>::uniform(3);
  const auto report = check_gradients(f, a, b, c);
  BOOST_TEST(report.passed(), report);
}

BOOST_AUTO_TEST_SUITE_END()
