// SPDX-License-Identifier: BSL-1.0
/// \file
/// Triangular systems: solutions put back into them, derivatives against differences, and matrices without a solution.
#include "ctgrad/linalg/solve_triangular.hpp"

#include "../ops/check_gradient.hpp"
#include "matrices.hpp"

BOOST_AUTO_TEST_SUITE(linalg_solve_triangular)

using namespace ctgrad;

/// Only the triangle that is meant holds what belongs to the system.
template <bool Upper, class T, Extent N, Extent K>
void check_solution(double tolerance) {
  auto a = Tensor<T, Shape<N, N>>::uniform(3, -1, 1);
  for (int i = 0; i < N; ++i) a(i, i) += a(i, i) < 0 ? T(-4) : T(4);
  const auto b = Tensor<T, Shape<N, K>>::uniform(4, -1, 1);
  const Tensor x = linalg::solve_triangular(a, b, linalg::Triangle<Upper>{});
  auto used = a;
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < N; ++j)
      if (Upper ? j < i : j > i) used(i, j) = 0;
  BOOST_TEST(ctgrad_test::residual(used, x, b) < tolerance);
}

BOOST_AUTO_TEST_CASE(solutions_solve) {
  check_solution<false, double, 1, 1>(1e-15);
  check_solution<true, double, 5, 3>(1e-14);
  check_solution<false, double, 5, 3>(1e-14);
  check_solution<false, double, 37, 1>(1e-13);
  check_solution<true, double, 37, 1>(1e-13);
  check_solution<false, float, 9, 2>(1e-5);
}

BOOST_AUTO_TEST_CASE(known_systems) {
  const Tensor<double, Shape<2, 2>> a{2, 9, 4, 8};
  const Tensor<double, Shape<2>> b{2, 12};
  const Tensor below = linalg::solve_triangular(a, b, linalg::lower);
  BOOST_TEST(below(0) == 1);
  BOOST_TEST(below(1) == 1);
  const Tensor above = linalg::solve_triangular(a, b, linalg::upper);
  BOOST_TEST(above(1) == 1.5);
  BOOST_TEST(above(0) == -5.75);
}

/// Both triangles, of a and of its transpose, which differentiation brings in.
constexpr auto solutions = [](auto x, auto b) {
  const auto a = ctgrad_test::near_identity(x);
  return std::tuple{linalg::solve_triangular(a, b, linalg::lower), sin(linalg::solve_triangular(a, b, linalg::upper))};
};

BOOST_AUTO_TEST_CASE(derivatives_of_a_vector) {
  ctgrad_test::check_gradient<Shape<3, 3>, Shape<3>>(solutions, {-1, 1, 3});
}
BOOST_AUTO_TEST_CASE(derivatives_of_a_matrix) {
  ctgrad_test::check_gradient<Shape<3, 3>, Shape<3, 2>>(solutions, {-1, 1, 3});
}

BOOST_AUTO_TEST_CASE(the_other_triangle_has_no_derivative) {
  const Tensor<double, Shape<2, 2>> a{2, 9, 4, 8};
  const Tensor<double, Shape<2>> b{2, 12};
  const auto total = [](auto m, auto v) { return sum(linalg::solve_triangular(m, v, linalg::lower)); };
  // x_0 = b_0 / a_00 and x_1 = (b_1 - a_10 x_0) / a_11.
  const Tensor slope = gradient(total)(a, b);
  BOOST_TEST(slope(0, 1) == 0);
  BOOST_TEST(slope(1, 0) == -1.0 / 8);
  BOOST_TEST(slope(1, 1) == -1.0 / 8);
  BOOST_TEST(slope(0, 0) == -1.0 / 2 + 4.0 / 8 / 2);
}

/// The adjoint v of b for the sum of the solution, which solves the transposed system: each sum over i of a_ij v_i
/// is 1.
template <bool Upper, class T, Extent N>
void check_transposed(double tolerance) {
  auto a = Tensor<T, Shape<N, N>>::uniform(3, -1, 1);
  for (int i = 0; i < N; ++i) a(i, i) += T(4);
  const auto b = Tensor<T, Shape<N>>::uniform(4, -1, 1);
  constexpr auto total = [](auto m, auto x) { return sum(linalg::solve_triangular(m, x, linalg::Triangle<Upper>{})); };
  const Tensor v = gradient(total, wrt<1>)(a, b);
  double worst = 0;
  for (int j = 0; j < N; ++j) {
    double left = -1;
    for (int i = Upper ? 0 : j; i <= (Upper ? j : N - 1); ++i) left += static_cast<double>(a(i, j) * v(i));
    worst = std::max(worst, std::abs(left));
  }
  BOOST_TEST(worst < tolerance);
}

BOOST_AUTO_TEST_CASE(transposed_systems_of_many) {
  check_transposed<false, double, 1>(1e-15);
  check_transposed<false, double, 37>(1e-13);
  check_transposed<true, double, 37>(1e-13);
  check_transposed<true, double, 16>(1e-13);
}

BOOST_AUTO_TEST_CASE(zeros_on_the_diagonal_are_errors) {
  const Tensor<double, Shape<2>> b{1, 1};
  const auto says = [](const Error& error) {
    return std::string(error.what())
               .find(
                   "linalg::solve_triangular was given a singular matrix: element 1 of its "
                   "diagonal is 0") != std::string::npos;
  };
  BOOST_CHECK_EXCEPTION(Tensor(linalg::solve_triangular(Tensor<double, Shape<2, 2>>{1, 2, 2, 0}, b, linalg::lower)),
                        Error, says);
  BOOST_CHECK_EXCEPTION(Tensor(linalg::solve_triangular(Tensor<double, Shape<2, 2>>{1, 2, 2, 0}, b, linalg::upper)),
                        Error, says);
}

BOOST_AUTO_TEST_SUITE_END()
