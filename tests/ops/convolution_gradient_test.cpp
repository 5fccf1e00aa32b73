// SPDX-License-Identifier: BSL-1.0
/// \file
/// Derivatives of convolution and pooling.
#include "check_gradient.hpp"

BOOST_AUTO_TEST_SUITE(convolution_gradient)

using namespace ctgrad;
using ctgrad_test::check_gradient;

template <class... Arguments>
struct Convolved {
  template <class X, class W>
  constexpr auto operator()(const X& x, const W& w) const {
    return std::tuple{conv2d(x, w, Arguments{}...), tanh(conv2d(tanh(x), w, Arguments{}...))};
  }
};
template <class X, class W, class... Arguments>
void check_convolution(Arguments...) {
  check_gradient<X, W>(Convolved<Arguments...>{}, {-1, 1, 3});
}

BOOST_AUTO_TEST_CASE(plain) { check_convolution<Shape<2, 3, 5, 4>, Shape<2, 3, 3, 2>>(); }
BOOST_AUTO_TEST_CASE(padded) { check_convolution<Shape<2, 1, 4, 5>, Shape<3, 1, 3, 3>>(padding<1, 2>); }
BOOST_AUTO_TEST_CASE(strided_and_dilated) {
  check_convolution<Shape<1, 2, 7, 6>, Shape<2, 2, 3, 2>>(stride<2, 1>, padding<1>, dilation<1, 3>);
}
BOOST_AUTO_TEST_CASE(in_groups) { check_convolution<Shape<1, 4, 3, 4>, Shape<6, 2, 2, 2>>(groups<2>); }
BOOST_AUTO_TEST_CASE(unit_extents) {
  check_convolution<Shape<1, 3, 1, 1>, Shape<2, 3, 1, 1>>();
  check_convolution<Shape<3, 2, 2, 1>, Shape<1, 2, 1, 1>>();
}
BOOST_AUTO_TEST_CASE(no_images) { check_convolution<Shape<0, 2, 3, 3>, Shape<2, 2, 2, 2>>(); }

constexpr auto convolved_twice = [](auto x) {
  return std::tuple{conv2d(x, reshape(x, shape<1, 1, 4, 4>), padding<2>)};
};
// One array is image and kernel: the derivative is quadratic in it.
BOOST_AUTO_TEST_CASE(with_itself) { check_gradient<Shape<1, 1, 4, 4>>(convolved_twice, {-1, 1, 3}); }

// The seeds keep the elements of a window further apart than the differences reach.
constexpr auto pooled = [](auto x) {
  return std::tuple{max_pool2d(x, kernel_size<2>), tanh(max_pool2d(tanh(x), kernel_size<3>, stride<2>, padding<1>)),
                    avg_pool2d(x, kernel_size<3, 2>),
                    tanh(avg_pool2d(tanh(x), kernel_size<3>, stride<1, 2>, padding<1>)),
                    max_pool2d(x, kernel_size<2>) * avg_pool2d(x, kernel_size<2>)};
};
BOOST_AUTO_TEST_CASE(of_pooling) { check_gradient<Shape<2, 5, 6>>(pooled, {-3, 3, 5}); }
BOOST_AUTO_TEST_CASE(of_pooling_no_images) { check_gradient<Shape<0, 4, 4>>(pooled); }

BOOST_AUTO_TEST_SUITE_END()
