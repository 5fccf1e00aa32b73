// SPDX-License-Identifier: BSL-1.0
/// \file
/// Values of convolutions and their derivatives, by every way the CPU computes them, against plain loops.
#include "../sanitized.hpp"
#include "check_values.hpp"

BOOST_AUTO_TEST_SUITE(convolution)

using namespace ctgrad;
using namespace ctgrad_test;

/// A convolution with its two derivatives, and the derivatives of those, of numbers so small that cancellation in the
/// sums stays below the tolerance.
template <class... Arguments>
struct Family {
  template <class X, class W>
  constexpr auto operator()(const X& large_x, const W& large_w) const {
    const auto x = large_x / 16;
    const auto w = large_w / 8;
    const auto f = [](auto a, auto b) { return sum(square(conv2d(a, b, Arguments{}...))); };
    return std::tuple{conv2d(x, w, Arguments{}...), gradient(f, wrt<0, 1>)(x, w),
                      gradient([=](auto a, auto b) { return sum(square(gradient(f)(a, b))); }, wrt<1>)(x, w)};
  }
};

template <class X, class W, class... Arguments>
void check_in_both_types(Arguments...) {
  const auto check = [](std::initializer_list<std::int64_t> batches) {
    check_values<Spec<float, X>, Spec<float, W>>(Family<Arguments...>{}, Fill::ordinary, batches);
    check_values<Spec<double, X>, Spec<double, W>>(Family<Arguments...>{}, Fill::ordinary, batches);
  };
  constexpr bool large = X::value.size() < 0 && X::value[2] * X::value[3] > 500;
  if (sanitized) {
    check({0, large ? 1 : 3});
  } else {
    check({0, 1, 5, 17});
  }
}

BOOST_AUTO_TEST_CASE(plain) { check_in_both_types<Shape<batch, 3, 9, 11>, Shape<7, 3, 3, 5>>(); }
BOOST_AUTO_TEST_CASE(padded) {
  check_in_both_types<Shape<batch, 1, 28, 28>, Shape<6, 1, 5, 5>>(padding<2>);
  check_in_both_types<Shape<batch, 5, 6, 7>, Shape<9, 5, 3, 3>>(padding<1, 2>);
}
// More padding than the kernel reaches: whole windows lie outside.
BOOST_AUTO_TEST_CASE(padded_beyond_the_kernel) {
  check_in_both_types<Shape<batch, 2, 3, 4>, Shape<3, 2, 2, 2>>(padding<3, 2>);
}
BOOST_AUTO_TEST_CASE(with_strides) {
  check_in_both_types<Shape<batch, 2, 9, 10>, Shape<4, 2, 3, 3>>(stride<2>);
  check_in_both_types<Shape<batch, 2, 8, 7>, Shape<4, 2, 3, 2>>(stride<1, 3>, padding<1, 0>);
  check_in_both_types<Shape<batch, 3, 5, 5>, Shape<4, 3, 1, 1>>(stride<2>);
}
BOOST_AUTO_TEST_CASE(dilated) {
  check_in_both_types<Shape<batch, 2, 9, 10>, Shape<5, 2, 3, 2>>(dilation<2, 3>);
  check_in_both_types<Shape<batch, 2, 9, 10>, Shape<5, 2, 3, 3>>(padding<2>, dilation<2>, stride<2>);
}
BOOST_AUTO_TEST_CASE(in_groups) {
  check_in_both_types<Shape<batch, 6, 5, 6>, Shape<9, 2, 3, 3>>(groups<3>, padding<1>);
  check_in_both_types<Shape<batch, 4, 5, 6>, Shape<4, 1, 3, 3>>(groups<4>, stride<2>);
  check_in_both_types<Shape<batch, 4, 5, 6>, Shape<6, 2, 1, 1>>(groups<2>);
}
BOOST_AUTO_TEST_CASE(kernels_of_one_element) {
  check_in_both_types<Shape<batch, 5, 4, 7>, Shape<3, 5, 1, 1>>();
  check_in_both_types<Shape<batch, 5, 4, 7>, Shape<3, 5, 1, 1>>(padding<1>);
}
BOOST_AUTO_TEST_CASE(unit_extents) {
  check_in_both_types<Shape<batch, 1, 1, 1>, Shape<1, 1, 1, 1>>();
  check_in_both_types<Shape<batch, 2, 1, 9>, Shape<1, 2, 1, 4>>();
  check_in_both_types<Shape<1, 1, 4, 4>, Shape<2, 1, 4, 4>>();
}
// A few images so large that each is left to the matrix product.
BOOST_AUTO_TEST_CASE(large_images) {
  const auto sums = [](auto x, auto w) {
    const auto f = [](auto a, auto b) { return sum(square(conv2d(a, b, padding<1>))); };
    return std::tuple{conv2d(x / 16, w / 8, padding<1>), gradient(f, wrt<0, 1>)(x / 256, w / 64)};
  };
  check_values<Spec<float, Shape<batch, 4, 130, 140>>, Spec<float, Shape<3, 4, 3, 3>>>(sums, Fill::ordinary,
                                                                                       {sanitized ? 1 : 2});
}

BOOST_AUTO_TEST_CASE(of_tensors) {
  const auto x = Tensor<double, Shape<2, 3, 6, 5>>::uniform(1, -1, 1);
  const auto w = Tensor<double, Shape<4, 3, 3, 3>>::uniform(2, -1, 1);
  const Tensor y = conv2d(x * 2, w, padding<1>);
  auto program = compile<Cpu>([](auto a, auto b) { return conv2d(a * 2, b, padding<1>); }, spec<double, 2, 3, 6, 5>,
                              spec<double, 4, 3, 3, 3>);
  const auto wanted = program(x, w);
  for (std::int64_t i = 0; i < y.size(); ++i) BOOST_TEST(y.data()[i] == wanted.data()[i]);
}

BOOST_AUTO_TEST_SUITE_END()
