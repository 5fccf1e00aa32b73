// SPDX-License-Identifier: BSL-1.0
/// \file
/// Cholesky factors: products with their transposes, derivatives against differences, and matrices without one.
#include "ctgrad/linalg/cholesky.hpp"

#include <limits>
#include <vector>

#include "../ops/check_gradient.hpp"
#include "ctgrad/linalg/diagonal.hpp"
#include "ctgrad/linalg/inv.hpp"
#include "ctgrad/linalg/slogdet.hpp"
#include "matrices.hpp"

BOOST_AUTO_TEST_SUITE(linalg_cholesky)

using namespace ctgrad;

template <class T, Extent N>
void check_factor(double tolerance) {
  const auto a = ctgrad_test::positive_definite<T, N>();
  const Tensor l = linalg::cholesky(a);
  double worst = 0;
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < N; ++j) {
      double sum = -static_cast<double>(a(i, j));
      for (int k = 0; k < N; ++k) sum += static_cast<double>(l(i, k)) * static_cast<double>(l(j, k));
      worst = std::max(worst, std::abs(sum));
      if (j > i) BOOST_TEST(l(i, j) == 0);
    }
  BOOST_TEST(worst < tolerance);
}

BOOST_AUTO_TEST_CASE(factors_times_their_transposes) {
  check_factor<double, 1>(1e-15);
  check_factor<double, 2>(1e-14);
  check_factor<double, 4>(1e-14);
  check_factor<double, 7>(1e-13);
  check_factor<double, 16>(1e-13);
  check_factor<double, 37>(1e-12);
  check_factor<float, 9>(1e-4);
  check_factor<float, 33>(1e-3);
}

BOOST_AUTO_TEST_CASE(a_known_factor) {
  const Tensor<double, Shape<3, 3>> a{4, 12, -16, 12, 37, -43, -16, -43, 98};
  const Tensor l = linalg::cholesky(a);
  const double wanted[] = {2, 0, 0, 6, 1, 0, -8, 5, 3};
  for (int i = 0; i < 9; ++i) BOOST_TEST(l.data()[i] == wanted[i]);
}

/// Matrices of few rows have an algorithm of their own: it gives what the one for many gives for the same matrix and
/// adjoint beside an identity.
template <class T>
void check_few_rows(std::int64_t n, T tolerance) {
  constexpr std::int64_t many = 40;
  const auto all = ctgrad_test::positive_definite<T, many>();
  const auto random = Tensor<T, Shape<many, many>>::uniform(7, -1, 1);
  Tensor<T, Shape<many, many>> a, l, t, s;
  std::vector<T> few_a, few_l(static_cast<std::size_t>(n * n)), few_t, few_s(few_l);
  for (std::int64_t i = 0; i < many; ++i)
    for (std::int64_t j = 0; j < many; ++j) {
      const bool few = i < n && j < n;
      a(i, j) = few ? all(i, j) : i == j ? T(1) : T(0);
      t(i, j) = few ? random(i, j) : T(0);
      if (few) few_a.push_back(all(i, j));
      if (few) few_t.push_back(j > i ? std::numeric_limits<T>::quiet_NaN() : random(i, j));  // is not read
    }
  BOOST_TEST(Cholesky<T>::factor(a.data(), l.data(), many) == -1);
  BOOST_TEST(Cholesky<T>::factor(few_a.data(), few_l.data(), n) == -1);
  Cholesky<T>::adjoint(l.data(), t.data(), s.data(), many);
  Cholesky<T>::adjoint(few_l.data(), few_t.data(), few_s.data(), n);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      const auto at = static_cast<std::size_t>(i * n + j);
      BOOST_TEST(std::abs(few_l[at] - l(i, j)) <= tolerance);
      BOOST_TEST(std::abs(few_s[at] - s(i, j)) <= tolerance);
    }
}
BOOST_AUTO_TEST_CASE(few_rows_as_many) {
  for (std::int64_t n = 1; n < 15; ++n) {
    check_few_rows<double>(n, 1e-13);
    check_few_rows<float>(n, 1e-4F);
  }
}
BOOST_AUTO_TEST_CASE(a_pivot_without_an_inverse) {
  const Tensor<double, Shape<2, 2>> a{1e-310, 0, 0, 4};
  const Tensor l = linalg::cholesky(a);
  BOOST_TEST(l(0, 0) == std::sqrt(1e-310));
  BOOST_TEST(l(1, 0) == 0);
  BOOST_TEST(l(1, 1) == 2);
}

BOOST_AUTO_TEST_CASE(of_other_matrices_the_symmetric_part) {
  const Tensor<double, Shape<2, 2>> a{4, 1, 3, 5};
  const Tensor l = linalg::cholesky(a);
  BOOST_TEST(l(0, 0) == 2);
  BOOST_TEST(l(1, 0) == 1);
  BOOST_TEST(l(1, 1) == 2);
}

/// A symmetric positive definite matrix, n x n, for every x with elements from -1 to 1.
template <Extent N>
constexpr auto definite = [](auto x) {
  const auto row = linalg::detail::row_numbers(x);
  const auto column = linalg::detail::column_numbers(x);
  return matmul(x, transpose(x)) / 4 + where(row == column, x * 0 + 2, 0);
};
template <Extent N>
constexpr auto factor = [](auto x) { return std::tuple{linalg::cholesky(definite<N>(x))}; };
/// Also of a matrix that is not symmetric.
constexpr auto factor_of_any = [](auto x) {
  return std::tuple{linalg::cholesky(x / 8 + definite<3>(stop_gradient(x * 0)))};
};

BOOST_AUTO_TEST_CASE(derivatives) {
  ctgrad_test::check_gradient<Shape<3, 3>>(factor<3>);
  ctgrad_test::check_gradient<Shape<3, 3>>(factor_of_any);
}
BOOST_AUTO_TEST_CASE(derivatives_in_several_blocks) { ctgrad_test::check_gradient<Shape<13, 13>>(factor<13>); }

template <class T, Extent N>
void check_adjoint(double tolerance) {
  // The logarithm of the determinant has the inverse for gradient.
  const auto a = ctgrad_test::positive_definite<T, N>();
  const Tensor by_a = gradient([](auto m) { return 2 * sum(log(linalg::diagonal(linalg::cholesky(m)))); })(a);
  const Tensor inverse = linalg::inv(a);
  double worst = 0;
  for (int i = 0; i < N * N; ++i)
    worst = std::max(worst, std::abs(static_cast<double>(by_a.data()[i]) - static_cast<double>(inverse.data()[i])));
  BOOST_TEST(worst < tolerance);
}

BOOST_AUTO_TEST_CASE(the_gradient_of_a_determinant) {
  check_adjoint<double, 1>(1e-15);
  check_adjoint<double, 5>(1e-14);
  check_adjoint<double, 16>(1e-14);
  check_adjoint<double, 37>(1e-14);
  check_adjoint<float, 37>(1e-5);
}

constexpr auto density = [](auto x, auto covariance) {
  const auto l = linalg::cholesky(covariance);
  return -sum(square(linalg::solve_triangular(l, x, linalg::lower))) - 2 * sum(log(linalg::diagonal(l)));
};

BOOST_AUTO_TEST_CASE(the_gradient_of_a_density) {
  // For C = diag(2, 4) and x = (2, 4): x_i^2 / c_i^2 - 1 / c_i on the diagonal, x_i x_j / (c_i c_j) beside it.
  const Tensor<double, Shape<2>> x{2, 4};
  const Tensor<double, Shape<2, 2>> c{2, 0, 0, 4};
  const auto [value, slopes] = value_and_grad(density, wrt<0, 1>)(x, c);
  const auto near = boost::test_tools::tolerance(1e-14);
  BOOST_TEST(value == -(2 + 4 + std::log(8)), near);
  const auto& [by_x, by_c] = slopes;
  BOOST_TEST(by_x(0) == -2, near);
  BOOST_TEST(by_x(1) == -2, near);
  BOOST_TEST(by_c(0, 0) == 0.5, near);
  BOOST_TEST(by_c(0, 1) == 1, near);
  BOOST_TEST(by_c(1, 0) == 1, near);
  BOOST_TEST(by_c(1, 1) == 0.75, near);
}

constexpr auto gradients_of_density = [](auto x, auto c) { return gradient(density, wrt<0, 1>)(x, c); };

BOOST_AUTO_TEST_CASE(the_adjoint_is_one_step) {
  // Factor, two substitutions, adjoint; no product of matrices.
  using Program = decltype(compile<Cpu>(gradients_of_density, spec<double, 9>, spec<double, 9, 9>));
  const ScheduleView schedule = Program::Stages::view();
  int own = 0;
  for (int i = 0; i < schedule.step_count; ++i) {
    if (schedule.steps[i].kind == StepKind::user_kernel) ++own;
    BOOST_TEST((schedule.steps[i].kind == StepKind::user_kernel || schedule.steps[i].kind == StepKind::kernel));
  }
  BOOST_TEST(own == 4);
}

BOOST_AUTO_TEST_CASE(one_for_each_point) {
  Tensor<double, Shape<3, 2, 2>> a{4, 2, 2, 5, 9, 0, 0, 1, 1, 1, 1, 2};
  const auto all = vmap([](auto m) { return linalg::cholesky(m); })(a);
  const double wanted[] = {2, 0, 1, 2, 3, 0, 0, 1, 1, 0, 1, 1};
  for (int i = 0; i < 12; ++i) BOOST_TEST(all.data()[i] == wanted[i]);
}

BOOST_AUTO_TEST_CASE(matrices_without_a_factor_are_errors) {
  const auto says = [](const std::string& what) {
    return [what](const Error& error) { return std::string(error.what()).find(what) != std::string::npos; };
  };
  const auto refuse = [&](const Tensor<double, Shape<2, 2>>& a, const std::string& rows) {
    BOOST_CHECK_EXCEPTION(Tensor(linalg::cholesky(a)), Error,
                          says("linalg::cholesky was given a matrix that is not positive definite: the leading minor "
                               "of its first " +
                               rows + " of 2 rows"));
  };
  refuse({-1, 0, 0, 1}, "1");
  refuse({0, 0, 0, 1}, "1");
  refuse({1, 2, 2, 1}, "2");
  refuse({1, 1, 1, 1}, "2");
  refuse({std::nan(""), 0, 0, 1}, "1");
  refuse({1, std::nan(""), 0, 1}, "2");
  refuse({std::numeric_limits<double>::infinity(), 0, 0, 1}, "1");
  // Beyond the first block.
  auto large = ctgrad_test::positive_definite<double, 20>();
  large(17, 17) = -1;
  BOOST_CHECK_EXCEPTION(Tensor(linalg::cholesky(large)), Error, says("first 18 of 20 rows"));
}

BOOST_AUTO_TEST_CASE(results_are_untouched_by_an_error) {
  const Tensor<double, Shape<2>> x{2, 4};
  const Tensor<double, Shape<2, 2>> c{1, 2, 2, 1};
  double value = 7;
  Tensor<double, Shape<2>> by_x{1, 2};
  Tensor<double, Shape<2, 2>> by_c{1, 2, 3, 4};
  auto slopes = std::tie(by_x, by_c);
  BOOST_CHECK_THROW(value_and_grad(density, wrt<0, 1>).into(std::tie(value, slopes), x, c), Error);
  BOOST_TEST(value == 7);
  BOOST_TEST(by_x(1) == 2);
  BOOST_TEST(by_c(1, 1) == 4);
}

BOOST_AUTO_TEST_SUITE_END()
