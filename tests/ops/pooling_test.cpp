// SPDX-License-Identifier: BSL-1.0
/// \file
/// Values of max and average pooling and their derivatives against plain loops.
#include "check_values.hpp"

BOOST_AUTO_TEST_SUITE(pooling)

using namespace ctgrad;
using namespace ctgrad_test;

template <class... Arguments>
struct Largest {
  template <class X>
  constexpr auto operator()(const X& x) const {
    const auto f = [](auto a) { return sum(square(max_pool2d(a, Arguments{}...))); };
    // The derivative along x takes the elements of 3 x where x is largest.
    return std::tuple{max_pool2d(x, Arguments{}...), gradient(f)(x),
                      jvp([](auto a) { return max_pool2d(a, Arguments{}...); })(x, x * 3)};
  }
};
template <class... Arguments>
struct Average {
  template <class X>
  constexpr auto operator()(const X& x) const {
    const auto f = [](auto a) { return sum(square(avg_pool2d(a, Arguments{}...))); };
    return std::tuple{avg_pool2d(x, Arguments{}...), gradient(f)(x),
                      gradient([=](auto a) { return sum(square(gradient(f)(a))); })(x)};
  }
};

template <class X, class... Arguments>
void check_both(Arguments...) {
  for (const Fill fill : {Fill::ordinary, Fill::special}) {
    check_values<Spec<float, X>>(Largest<Arguments...>{}, fill, {0, 1, 5});
    check_values<Spec<double, X>>(Largest<Arguments...>{}, fill, {0, 1, 5});
  }
  check_values<Spec<float, X>>(Average<Arguments...>{}, Fill::ordinary, {0, 1, 5});
  check_values<Spec<double, X>>(Average<Arguments...>{}, Fill::ordinary, {0, 1, 5});
}

BOOST_AUTO_TEST_CASE(two_by_two) {
  check_both<Shape<batch, 6, 28, 28>>(kernel_size<2>);
  check_both<Shape<batch, 2, 7, 37>>(kernel_size<2>);
  check_both<Shape<batch, 3, 2, 2>>(kernel_size<2>);
}
BOOST_AUTO_TEST_CASE(overlapping) {
  check_both<Shape<batch, 2, 8, 9>>(kernel_size<3>, stride<2>);
  check_both<Shape<batch, 2, 8, 9>>(kernel_size<3>, stride<2>, padding<1>);
  check_both<Shape<batch, 2, 8, 9>>(stride<1, 2>, kernel_size<2, 3>, padding<1>);
}
BOOST_AUTO_TEST_CASE(with_gaps) { check_both<Shape<batch, 8, 9>>(kernel_size<1, 2>, stride<3>); }
BOOST_AUTO_TEST_CASE(other_ranks) {
  check_both<Shape<6, 4>>(kernel_size<3, 2>);
  check_both<Shape<2, batch, 1, 1, 5>>(kernel_size<1, 2>);
}

BOOST_AUTO_TEST_CASE(the_first_of_equals_has_the_derivative) {
  auto slope = compile<Cpu>(gradient([](auto a) { return sum(max_pool2d(a, kernel_size<2>)); }), spec<float, 4, 4>);
  const Tensor<float, Shape<4, 4>> x{1, 1, 0, 2,  //
                                     1, 1, 2, 2,  //
                                     0, 3, 0, 0,  //
                                     3, 3, 0, 1};
  const float wanted[] = {1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1};
  const auto found = slope(x);
  for (int i = 0; i < 16; ++i) BOOST_TEST(found.data()[i] == wanted[i], "element " << i);
}

BOOST_AUTO_TEST_CASE(of_tensors) {
  const auto x = Tensor<float, Shape<2, 6, 6>>::uniform(1, -1, 1);
  const Tensor largest = max_pool2d(x, kernel_size<3>);
  const Tensor mean = avg_pool2d(x * 2, kernel_size<3>);
  float value = -2;
  float total = 0;
  for (int i = 0; i < 3; ++i)
    for (int j = 3; j < 6; ++j) {
      value = std::max(value, x(1, i, j));
      total += 2 * x(1, i, j);
    }
  BOOST_TEST(largest(1, 0, 1) == value);
  BOOST_TEST(std::abs(mean(1, 0, 1) - total / 9) < 1e-6F);
}

BOOST_AUTO_TEST_SUITE_END()
