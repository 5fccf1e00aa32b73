// SPDX-License-Identifier: BSL-1.0
/// \file
/// Derivatives of the operations that move elements: views, joins, padding.
#include "check_gradient.hpp"

BOOST_AUTO_TEST_SUITE(view_gradient)

using namespace ctgrad;
using ctgrad_test::check_gradient;

constexpr auto views = [](auto x) {
  const auto y = x * x;
  return std::tuple{reshape(y, shape<4, -1>),
                    flatten<1>(y),
                    permute(y, axis<2, 0, 1>),
                    transpose(y),
                    broadcast_to(reshape(slice<0, 0, 1>(y), shape<3, 4>), shape<2, 3, 4>),
                    slice<1, 1, 3>(y),
                    slice<2, 0, 4, 3>(y),
                    slice<1, 2, 2>(y),
                    reshape(slice<0, 1, 2>(permute(slice<2, 1, 3>(y), axis<1, 0, 2>)), shape<2, 2>)};
};

constexpr auto joins = [](auto a, auto b) {
  const auto x = a * a;
  const auto y = b * b * b;
  return std::tuple{concat(axis<0>, x, y), concat(axis<0>, y, x, y), concat(axis<1>, transpose(x), transpose(y)),
                    concat(axis<0>, x, x), concat(axis<-1>, slice<0, 0, 1>(x), slice<0, 0, 1>(y))};
};

BOOST_AUTO_TEST_CASE(views_of_three_axes) { check_gradient<Shape<2, 3, 4>>(views, {-2, 2, 3}); }

BOOST_AUTO_TEST_CASE(joined_operands) { check_gradient<Shape<2, 3>, Shape<1, 3>>(joins, {-2, 2, 3}); }

BOOST_AUTO_TEST_SUITE_END()
