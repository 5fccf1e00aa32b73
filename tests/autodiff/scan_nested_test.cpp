// SPDX-License-Identifier: BSL-1.0
/// \file
/// Loops inside derivatives of derivatives, loops and vmap.
#include "ctgrad/autodiff/scan.hpp"

#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_scan_nested)

using namespace ctgrad;

constexpr auto population = [](auto x, auto r) {
  return for_loop<20>([](auto, auto y, auto rate) { return rate * y * (1 - y); }, x, r);
};
constexpr auto written_out = [](auto x, auto r) {
  for (int i = 0; i < 20; ++i) x = r * x * (1 - x);
  return x;
};

constexpr auto growth = [](auto x, auto r) {
  return for_loop<3, LoopOptions{.max_order = 2}>([](auto, auto y, auto rate) { return rate * y * y; }, x, r);
};

BOOST_AUTO_TEST_CASE(second_derivatives) {
  // r^7 x^8.
  BOOST_TEST(std::abs(hessian(growth)(0.9, 1.2) - 56 * std::pow(1.2, 7) * std::pow(0.9, 6)) < 1e-12);
  const auto mixed = hessian(growth, wrt<0, 1>)(0.9, 1.2);
  BOOST_TEST(std::abs(std::get<1>(std::get<0>(mixed)) - 56 * std::pow(1.2, 6) * std::pow(0.9, 7)) < 1e-12);
  const double again = gradient(gradient(growth))(0.9, 1.2);
  BOOST_TEST(std::abs(again - 56 * std::pow(1.2, 7) * std::pow(0.9, 6)) < 1e-12);
}

/// A loop in the body of a loop.
constexpr auto nested = [](auto x) {
  return for_loop<3>([](auto, auto y) { return for_loop<2>([](auto, auto z) { return z * z / 2; }, y) + 1; }, x);
};

BOOST_AUTO_TEST_CASE(loops_in_loops) {
  const auto report = check_gradients(nested, 0.7);
  BOOST_TEST(report.passed(), report);
}

BOOST_AUTO_TEST_CASE(under_vmap_and_jacobian) {
  const Tensor<double, Shape<3>> x{0.1, 0.2, 0.3};
  const auto all = vmap(population, mapped<0>)(x, 3.1);
  const auto slopes = vmap(gradient(population), mapped<0>)(x, 3.1);
  const auto by_r = jacobian([](auto a, auto r) { return vmap(population, mapped<0>)(a, r); }, wrt<1>)(x, 3.1);
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(std::abs(all(i) - compiled(written_out)(x(i), 3.1)) < 1e-14);
    BOOST_TEST(std::abs(slopes(i) - gradient(written_out)(x(i), 3.1)) < 1e-13);
    BOOST_TEST(std::abs(by_r(i) - gradient(written_out, wrt<1>)(x(i), 3.1)) < 1e-13);
  }
}

BOOST_AUTO_TEST_SUITE_END()
