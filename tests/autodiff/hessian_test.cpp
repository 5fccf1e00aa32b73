// SPDX-License-Identifier: BSL-1.0
/// \file
/// Hessians, and their products with vectors, against PyTorch's.
#include "ctgrad/autodiff/hessian.hpp"

#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_hessian)

using namespace ctgrad;
using namespace ctgrad_test;

BOOST_AUTO_TEST_CASE(by_several_arguments) {
  const auto [x_row, w_row] = hessian(loss, wrt<0, 1>)(point_x, point_w);
  check_numbers(std::get<0>(x_row), reference::loss_by_x_x);
  check_numbers(std::get<1>(x_row), reference::loss_by_x_w);
  check_numbers(std::get<1>(w_row), reference::loss_by_w_w);
  static_assert(std::is_same_v<std::remove_cvref_t<decltype(std::get<0>(w_row))>, Tensor<double, Shape<3, 3, 3>>>);
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 3; ++k) BOOST_TEST(std::get<0>(w_row)(i, j, k) == std::get<1>(x_row)(k, i, j));
}

BOOST_AUTO_TEST_CASE(of_an_option_price) {
  check_numbers(hessian(call_price, wrt<0, 1, 2, 3, 4>)(100.0, 110.0, 0.05, 0.2, 1.5), reference::option_hessian);
}

BOOST_AUTO_TEST_CASE(times_a_vector) {
  const Tensor<double, Shape<3, 3>> zeros;
  const auto [along_x, along_w] = hvp(loss, wrt<0, 1>)(point_x, point_w, direction_x, zeros);
  check_numbers(along_x, reference::loss_hvp);
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) {
      double expected = 0;
      for (int k = 0; k < 3; ++k) expected += reference::loss_by_x_w[9 * k + 3 * i + j] * direction_x(k);
      BOOST_TEST(std::abs(along_w(i, j) - expected) < 1e-13);
    }
}

BOOST_AUTO_TEST_CASE(with_extras) {
  const auto f = [](auto a) { return std::pair{sum(a * a * a), a + 1}; };
  const Tensor<double, Shape<2>> at{1, 2};
  const auto [h, extras] = hessian(f, has_aux)(at);
  const double expected[] = {6, 0, 0, 12};
  check_numbers(h, expected);
  BOOST_TEST(extras(1) == 3);
  const auto [product, more] = hvp(f, has_aux)(at, Tensor<double, Shape<2>>{1, 1});
  BOOST_TEST(product(1) == 12);
  BOOST_TEST(more(0) == 2);
}

namespace {

// d/dt f(x + t v) inside f's own argument, then its Hessian: a third derivative.
constexpr auto slope_along_ones = [](auto a) {
  return directional_derivative([](auto b) { return sum(b * b * b * b); })(a, a * 0 + 1);
};

}  // namespace

BOOST_AUTO_TEST_CASE(of_a_function_that_calls_jvp) {
  const auto h = hessian(slope_along_ones)(Tensor<double, Shape<2>>{1, 2});
  const double expected[] = {24, 0, 0, 48};
  check_numbers(h, expected);
}

BOOST_AUTO_TEST_SUITE_END()
