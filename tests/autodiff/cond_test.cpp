// SPDX-License-Identifier: BSL-1.0
/// \file
/// Branches: only the one chosen runs, and its derivative is the derivative.
#include "ctgrad/autodiff/cond.hpp"

#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_cond)

using namespace ctgrad;

/// log for positive numbers, else a line that meets it in value and slope at 1.
constexpr auto smooth_log = [](auto x, auto scale) {
  return cond<LoopOptions{.max_order = 2}>(
      x > 1, [](auto a, auto s) { return s * log(a); }, [](auto a, auto s) { return s * (a - 1); }, x, scale);
};

BOOST_AUTO_TEST_CASE(values_and_derivatives_of_the_branch_taken) {
  BOOST_TEST(std::abs(compiled(smooth_log)(3.0, 2.0) - 2 * std::log(3.0)) < 1e-15);
  BOOST_TEST(compiled(smooth_log)(-3.0, 2.0) == -8);
  for (const double x : {-3.0, 3.0}) {
    const auto report = check_gradients(smooth_log, x, 2.0);
    BOOST_TEST(report.passed(), report);
  }
  BOOST_TEST(std::abs(hessian(smooth_log)(3.0, 2.0) + 2.0 / 9) < 1e-15);
  BOOST_TEST(hessian(smooth_log)(-3.0, 2.0) == 0);
}

constexpr auto arrays = [](auto x, auto flip) {
  const auto [total, each] = cond(
      flip < 0,
      [](auto a) {
        return std::pair{sum(a), a * a};
      },
      [](auto a) {
        return std::pair{max(a), a + 1};
      },
      x);
  return sum(each) * total;
};

BOOST_AUTO_TEST_CASE(arrays_and_structures) {
  const Tensor<double, Shape<3>> x{1, 2, 3};
  BOOST_TEST(compiled(arrays)(x, -1.0) == 14 * 6);
  BOOST_TEST(compiled(arrays)(x, 1.0) == 9 * 3);
  for (const double flip : {-1.0, 1.0}) {
    const auto report = check_gradients(arrays, x, flip);
    BOOST_TEST(report.passed(), report);
  }
}

BOOST_AUTO_TEST_CASE(a_condition_of_the_compilers) {
  constexpr auto f = [](auto x) {
    return cond(
        sizeof(int) == 4, [](auto a) { return a * a; }, [](auto a) { return -a; }, x);
  };
  BOOST_TEST(gradient(f)(3.0) == 6);
}

constexpr auto of_x = [](auto x) { return smooth_log(x, x * 0 + 1); };

BOOST_AUTO_TEST_CASE(each_point_its_branch) {
  const Tensor<double, Shape<4>> x{-1, 0.5, 2, 4};
  const auto slopes = vmap(gradient(of_x))(x);
  for (int i = 0; i < 4; ++i) BOOST_TEST(std::abs(slopes(i) - (x(i) > 1 ? 1 / x(i) : 1)) < 1e-15);
}

/// log has no value at 0, and where would make a NaN of it.
constexpr auto guarded = [](auto x) {
  return cond(
      x > 0, [](auto a) { return a * log(a); }, [](auto a) { return a * 0; }, x);
};

BOOST_AUTO_TEST_CASE(the_other_branch_does_not_run) {
  BOOST_TEST(compiled(guarded)(0.0) == 0);
  BOOST_TEST(gradient(guarded)(0.0) == 0);
}

BOOST_AUTO_TEST_CASE(select_is_where) {
  const Tensor<double, Shape<3>> x{-1, 0, 2};
  const Tensor y = select(x > 0, x, -x);
  BOOST_TEST(y(0) == 1);
  BOOST_TEST(y(2) == 2);
}

BOOST_AUTO_TEST_SUITE_END()
