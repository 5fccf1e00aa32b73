// SPDX-License-Identifier: BSL-1.0
/// \file
/// Values of the operations that move elements.
#include "check_values.hpp"

BOOST_AUTO_TEST_SUITE(views)

using namespace ctgrad;
using namespace ctgrad_test;

constexpr auto views = [](auto x) {
  return std::tuple{reshape(x, shape<-1>),
                    flatten<1>(x),
                    transpose(x),
                    permute(x, axis<2, 0, 1>),
                    permute(x, axis<1, 0, 2>),
                    slice<1, 0, 2>(x),
                    slice<2, 1, 5, 2>(x),
                    slice<2, 2, 2>(x),
                    concat(axis<1>, x, slice<1, 1, 3>(x)),
                    concat(axis<-1>, x, x, slice<2, 4, 5>(x)),
                    reshape(transpose(x), shape<-1, 15>)};
};
constexpr auto padded = [](auto x) { return gradient([](auto a) { return sum(slice<1, 1, 5, 2>(a)); })(x); };

BOOST_AUTO_TEST_CASE(floats) { check_values<Spec<float, Shape<batch, 3, 5>>>(views); }
BOOST_AUTO_TEST_CASE(int64) { check_values<Spec<std::int64_t, Shape<batch, 3, 5>>>(views, Fill::ordinary, {0, 1, 17}); }
BOOST_AUTO_TEST_CASE(booleans) { check_values<Spec<bool, Shape<batch, 3, 5>>>(views, Fill::ordinary, {0, 1, 17}); }
BOOST_AUTO_TEST_CASE(few_elements) { check_values<Spec<double, Shape<1, 3, 5>>>(views); }
// Long rows are cleared only where nothing is put.
BOOST_AUTO_TEST_CASE(long_padded_rows) {
  check_values<Spec<float, Shape<batch, 300>>>(
      [](auto x) { return gradient([](auto a) { return sum(square(slice<1, 7, 290>(a))); })(x); }, Fill::ordinary,
      {0, 1, 3});
  check_values<Spec<double, Shape<2, 150, 3>>>(
      [](auto x) { return gradient([](auto a) { return sum(square(slice<1, 40, 40>(a))); })(x); });
}
BOOST_AUTO_TEST_CASE(stretching) {
  check_values<Spec<float, Shape<batch, 1>>>([](auto x) {
    return std::tuple{broadcast_to(x, shape<2, batch, 4>), broadcast_to(x, shape<batch, 1>),
                      x + broadcast_to(x, shape<3, batch, 2>)};
  });
}
BOOST_AUTO_TEST_CASE(padding) { check_values<Spec<double, Shape<batch, 6>>>(padded, Fill::ordinary, {0, 1, 5}); }

BOOST_AUTO_TEST_SUITE_END()
