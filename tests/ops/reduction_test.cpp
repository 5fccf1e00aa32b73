// SPDX-License-Identifier: BSL-1.0
/// \file
/// Values of sums, means, products, maxima, minima and their positions.
#include "check_values.hpp"

BOOST_AUTO_TEST_SUITE(reductions)

using namespace ctgrad;
using namespace ctgrad_test;

constexpr auto over_axes = [](auto x) {
  return std::tuple{sum(x),
                    sum(x, axis<0>),
                    sum(x, axis<1>),
                    sum(x, axis<2>),
                    sum(x, axis<0, 2>),
                    sum(x, axis<1, 2>, keepdims),
                    max(x),
                    max(x, axis<0>),
                    max(x, axis<-1>),
                    max(x, axis<0, 1>),
                    min(x),
                    min(x, axis<1>),
                    min(x, axis<0, -1>, keepdims)};
};
constexpr auto means = [](auto x) {
  return std::tuple{mean(x), mean(x, axis<0>), mean(x, axis<-1>, keepdims), mean(x, axis<0, 1>)};
};
constexpr auto positions = [](auto x) {
  return std::tuple{argmax(x, axis<0>), argmax(x, axis<1>), argmin(x, axis<-1>), argmin(x, axis<0>)};
};
constexpr auto with_work = [](auto x) {
  return std::tuple{sum(tanh(x) * x, axis<1>), max(-x, axis<0>), sum(where(x > 0, x, 0)),
                    x + sum(x, axis<1>, keepdims)};
};

constexpr auto products = [](auto x) {
  return std::tuple{prod(x), prod(x, axis<0>), prod(x + 1, axis<1>), prod(x, axis<0, -1>, keepdims)};
};

BOOST_AUTO_TEST_CASE(products_of_floats) { check_values<Spec<float, Shape<batch, 3, 5>>>(products); }
BOOST_AUTO_TEST_CASE(products_of_int32) {
  check_values<Spec<std::int32_t, Shape<batch, 2, 1>>>(products, Fill::ordinary, {1, 2, 3});
}

BOOST_AUTO_TEST_CASE(floats) { check_values<Spec<float, Shape<batch, 3, 5>>>(over_axes); }
BOOST_AUTO_TEST_CASE(doubles_inside) { check_values<Spec<double, Shape<3, batch, 1>>>(over_axes); }
BOOST_AUTO_TEST_CASE(doubles_last) { check_values<Spec<double, Shape<1, 2, batch>>>(over_axes, Fill::special); }
BOOST_AUTO_TEST_CASE(int32) {
  check_values<Spec<std::int32_t, Shape<batch, 3, 5>>>(over_axes, Fill::ordinary, {1, 17, 33});
}
BOOST_AUTO_TEST_CASE(int64) {
  check_values<Spec<std::int64_t, Shape<3, 2, batch>>>(over_axes, Fill::ordinary, {1, 17, 33});
}
BOOST_AUTO_TEST_CASE(means_of_floats) {
  check_values<Spec<float, Shape<batch, 3, 5>>>(means, Fill::ordinary, {1, 17, 33});
}
BOOST_AUTO_TEST_CASE(positions_of_floats) {
  check_values<Spec<float, Shape<batch, 7>>>(positions, Fill::special, {1, 2, 33});
  check_values<Spec<std::int32_t, Shape<5, batch>>>(positions, Fill::ordinary, {1, 2, 33});
}
BOOST_AUTO_TEST_CASE(with_elementwise_work) {
  check_values<Spec<float, Shape<batch, 33>>>(with_work, Fill::ordinary, {0, 1, 17, 64});
}
// Long enough for the sums in blocks.
BOOST_AUTO_TEST_CASE(long_axes) {
  check_values<Spec<double, Shape<batch>>>(
      [](auto x) {
        return std::tuple{sum(x), max(x), sum(x * x), x * 2};
      },
      Fill::ordinary, {8191, 8192, 8193, 50001});
}

// The result outlives its operand.
BOOST_AUTO_TEST_CASE(one_element) {
  const auto total = sum(Tensor<float, Shape<1>>{5});
  const auto product = prod(Tensor<double, Shape<1, 1>>{3}, axis<0>);
  BOOST_TEST(total.item() == 5);
  BOOST_TEST(product.item() == 3);
  BOOST_TEST(gradient([](auto x) { return prod(x); })(Tensor<double, Shape<1>>{3}).item() == 1);
}

BOOST_AUTO_TEST_CASE(nothing_to_reduce) {
  auto program = compile<Cpu>(over_axes, spec<std::int32_t, batch, 3, 5>);
  const auto results = program(Tensor<std::int32_t, Shape<batch, 3, 5>>(Extents<3>{0, 3, 5}));
  BOOST_TEST(std::get<0>(results).item() == 0);
  BOOST_TEST(std::get<6>(results).item() == std::numeric_limits<std::int32_t>::lowest());
  BOOST_TEST(std::get<7>(results)(2, 4) == std::numeric_limits<std::int32_t>::lowest());
  BOOST_TEST(std::get<10>(results).item() == std::numeric_limits<std::int32_t>::max());
}

constexpr auto position = [](auto x) { return argmax(x, axis<0>); };

BOOST_AUTO_TEST_CASE(no_position_in_nothing) {
  auto program = compile<Cpu>(position, spec<float, batch, 2>);
  BOOST_CHECK_EXCEPTION(program(Tensor<float, Shape<batch, 2>>(Extents<2>{0, 2})), Error, [](const Error& error) {
    return std::string(error.what()).find("an axis of length 0 has no answer") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()
