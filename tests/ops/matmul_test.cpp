// SPDX-License-Identifier: BSL-1.0
/// \file
/// Values of matrix products.
#include "check_values.hpp"

BOOST_AUTO_TEST_SUITE(matrix_products)

using namespace ctgrad;
using namespace ctgrad_test;

constexpr auto products = [](auto a, auto b) {
  return std::tuple{matmul(a, b), matmul(transpose(b), transpose(a)), matmul(a, transpose(a)), matmul(transpose(b), b)};
};
constexpr auto transposed = [](auto a, auto b) { return std::tuple{matmul(transpose(a), b), matmul(transpose(b), a)}; };
constexpr auto batches = [](auto a, auto b, auto c) {
  return std::tuple{matmul(a, b), matmul(a, c), matmul(transpose(c), b), matmul(a, transpose(a))};
};

BOOST_AUTO_TEST_CASE(floats) { check_values<Spec<float, Shape<batch, 17>>, Spec<float, Shape<17, 5>>>(products); }
BOOST_AUTO_TEST_CASE(doubles) { check_values<Spec<double, Shape<3, batch>>, Spec<double, Shape<batch, 2>>>(products); }
BOOST_AUTO_TEST_CASE(int32) {
  check_values<Spec<std::int32_t, Shape<batch, 3>>, Spec<std::int32_t, Shape<3, 33>>>(products);
}
BOOST_AUTO_TEST_CASE(int64) {
  check_values<Spec<std::int64_t, Shape<1, batch>>, Spec<std::int64_t, Shape<batch, 1>>>(products);
}
BOOST_AUTO_TEST_CASE(tall_and_transposed) {
  check_values<Spec<float, Shape<batch, 33>>, Spec<float, Shape<batch, 3>>>(transposed);
}
BOOST_AUTO_TEST_CASE(nothing_to_add_up) { check_values<Spec<float, Shape<3, 0>>, Spec<float, Shape<0, 2>>>(products); }
BOOST_AUTO_TEST_CASE(batches_that_stretch) {
  check_values<Spec<double, Shape<2, 1, 3, 4>>, Spec<double, Shape<batch, 4, 2>>, Spec<double, Shape<4, 2>>>(
      batches, Fill::ordinary, {0, 1, 3});
}

BOOST_AUTO_TEST_SUITE_END()
