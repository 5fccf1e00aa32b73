// SPDX-License-Identifier: BSL-1.0
/// \file
/// Derivatives of the choice of elements and rows by an index.
#include "check_gradient.hpp"

BOOST_AUTO_TEST_SUITE(index_gradient)

using namespace ctgrad;
using ctgrad_test::check_gradient;

// Each index chooses some elements twice and some never.
constexpr auto chosen = [](auto x) {
  const auto y = x * x;
  const auto rows = cast<std::int64_t>(ctgrad_arange<std::int64_t, 3>(x) * 2) / 3;
  const auto flat = ctgrad_arange<std::int32_t, 10>(x);
  const auto along_0 = reshape(flat - flat / 4 * 4, shape<2, 5>);
  const auto along_1 = reshape((flat * 3 - flat * 3 / 4 * 4), shape<5, 2>);
  return std::tuple{take(y, rows), take(y, reshape(slice<0, 0, 2>(rows), shape<1, 2>)), gather(y, axis<0>, along_0),
                    gather(transpose(y), axis<-1>, slice<1, 0, 1>(along_1)),
                    sum(where(one_hot<5>(rows), slice<0, 0, 3>(y), 0))};
};

BOOST_AUTO_TEST_CASE(chosen_elements_and_rows) { check_gradient<Shape<4, 5>>(chosen, {-2, 2, 3}); }

BOOST_AUTO_TEST_SUITE_END()
