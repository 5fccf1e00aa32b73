// SPDX-License-Identifier: BSL-1.0
/// \file
/// Inverses: products with the matrix, derivatives against differences, and matrices without one.
#include "ctgrad/linalg/inv.hpp"

#include "../ops/check_gradient.hpp"
#include "matrices.hpp"

BOOST_AUTO_TEST_SUITE(linalg_inv)

using namespace ctgrad;

template <class T, Extent N>
void check_inverse(double tolerance) {
  const auto a = ctgrad_test::matrix_with_exchanges<T, N>();
  auto identity = Tensor<T, Shape<N, N>>::full(0);
  for (int i = 0; i < N; ++i) identity(i, i) = 1;
  const Tensor x = linalg::inv(a);
  BOOST_TEST(ctgrad_test::residual(a, x, identity) < tolerance);
}

BOOST_AUTO_TEST_CASE(products_with_the_matrix_are_the_identity) {
  check_inverse<double, 1>(1e-15);
  check_inverse<double, 2>(1e-15);
  check_inverse<double, 33>(1e-12);
  check_inverse<float, 9>(1e-5);
}

BOOST_AUTO_TEST_CASE(a_known_inverse) {
  const Tensor<double, Shape<2, 2>> a{0, 2, 4, 8};
  const Tensor x = linalg::inv(a);
  const double wanted[] = {-1, 0.25, 0.5, 0};
  for (int i = 0; i < 4; ++i) BOOST_TEST(x.data()[i] == wanted[i]);
}

constexpr auto inverse = [](auto x) { return std::tuple{linalg::inv(ctgrad_test::near_identity(x))}; };

BOOST_AUTO_TEST_CASE(derivatives) { ctgrad_test::check_gradient<Shape<3, 3>>(inverse, {-1, 1, 3}); }

BOOST_AUTO_TEST_CASE(singular_matrices_are_errors) {
  const auto says = [](const Error& error) {
    return std::string(error.what()).find("linalg::inv was given a singular matrix") != std::string::npos;
  };
  BOOST_CHECK_EXCEPTION(Tensor(linalg::inv(Tensor<double, Shape<2, 2>>{1, 2, 2, 4})), Error, says);
  BOOST_CHECK_EXCEPTION(Tensor(linalg::inv(Tensor<double, Shape<1, 1>>{std::nan("")})), Error, says);
}

BOOST_AUTO_TEST_SUITE_END()
