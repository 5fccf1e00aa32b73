// SPDX-License-Identifier: BSL-1.0
/// \file
/// Systems of linear equations: solutions put back into them, derivatives against differences, and matrices without a
/// solution.
#include "ctgrad/linalg/solve.hpp"

#include "../ops/check_gradient.hpp"
#include "matrices.hpp"

BOOST_AUTO_TEST_SUITE(linalg_solve)

using namespace ctgrad;

template <class T, Extent N>
void check_solution(double tolerance) {
  const auto a = ctgrad_test::matrix_with_exchanges<T, N>();
  const auto b = Tensor<T, Shape<N, 3>>::uniform(4, -1, 1);
  const Tensor x = linalg::solve(a, b);
  BOOST_TEST(ctgrad_test::residual(a, x, b) < tolerance);
}

BOOST_AUTO_TEST_CASE(solutions_solve) {
  check_solution<double, 1>(1e-15);
  check_solution<double, 4>(1e-14);
  check_solution<double, 37>(1e-12);
  check_solution<float, 9>(1e-5);
}

BOOST_AUTO_TEST_CASE(a_known_system) {
  const Tensor<double, Shape<2, 2>> a{0, 2, 4, 6};
  const Tensor<double, Shape<2>> b{2, 14};
  const Tensor x = linalg::solve(a, b);
  BOOST_TEST(x(0) == 2);
  BOOST_TEST(x(1) == 1);
}

constexpr auto solutions = [](auto x, auto b) {
  const auto a = ctgrad_test::near_identity(x);
  return std::tuple{linalg::solve(a, b), sin(linalg::solve(transpose(a), b))};
};

BOOST_AUTO_TEST_CASE(derivatives_of_a_vector) {
  ctgrad_test::check_gradient<Shape<3, 3>, Shape<3>>(solutions, {-1, 1, 3});
}
BOOST_AUTO_TEST_CASE(derivatives_of_a_matrix) {
  ctgrad_test::check_gradient<Shape<3, 3>, Shape<3, 2>>(solutions, {-1, 1, 3});
}

constexpr auto first_unknown = [](auto a, auto b) { return sum(slice<0, 0, 1>(linalg::solve(a, b))); };

BOOST_AUTO_TEST_CASE(the_hessian) {
  // x_0 of [[a, 0], [0, 1]] x = (1, 0) is 1 / a: its second derivative by a is 2 / a^3.
  const Tensor<double, Shape<2, 2>> a{2, 0, 0, 1};
  const Tensor<double, Shape<2>> b{1, 0};
  const auto second = hessian(first_unknown)(a, b);
  BOOST_TEST(std::abs(second(0, 0, 0, 0) - 0.25) < 1e-15);
}

BOOST_AUTO_TEST_CASE(one_for_each_point) {
  const auto a = Tensor<double, Shape<5, 3, 3>>::uniform(1, 0, 1);
  Tensor<double, Shape<5, 3, 3>> matrices = a;
  for (int p = 0; p < 5; ++p)
    for (int i = 0; i < 3; ++i) matrices(p, i, i) += 2;
  const auto b = Tensor<double, Shape<5, 3>>::uniform(2, 0, 1);
  const auto all = vmap([](auto m, auto v) { return linalg::solve(m, v); })(matrices, b);
  for (int p = 0; p < 5; ++p)
    for (int i = 0; i < 3; ++i) {
      double sum = 0;
      for (int j = 0; j < 3; ++j) sum += matrices(p, i, j) * all(p, j);
      BOOST_TEST(std::abs(sum - b(p, i)) < 1e-14);
    }
}

BOOST_AUTO_TEST_CASE(singular_matrices_are_errors) {
  const Tensor<double, Shape<2>> b{1, 1};
  const auto says = [](const Error& error) {
    return std::string(error.what()).find("linalg::solve was given a singular matrix") != std::string::npos;
  };
  BOOST_CHECK_EXCEPTION(Tensor(linalg::solve(Tensor<double, Shape<2, 2>>{1, 2, 2, 4}, b)), Error, says);
  BOOST_CHECK_EXCEPTION(Tensor(linalg::solve(Tensor<double, Shape<2, 2>>{0, 0, 0, 0}, b)), Error, says);
  BOOST_CHECK_EXCEPTION(Tensor(linalg::solve(Tensor<double, Shape<2, 2>>{std::nan(""), 0, 0, 1}, b)), Error, says);
}

BOOST_AUTO_TEST_SUITE_END()
