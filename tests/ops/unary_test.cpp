// SPDX-License-Identifier: BSL-1.0
/// \file
/// Values of the elementwise operations of one operand.
#include "check_values.hpp"

BOOST_AUTO_TEST_SUITE(unary_operations)

using namespace ctgrad;
using namespace ctgrad_test;

constexpr auto floating = [](auto x) {
  return std::tuple{-x,          abs(x),       cos(x),  exp(x),    log(x),  relu(x),
                    sigmoid(x),  sin(x),       sqrt(x), square(x), tanh(x), stop_gradient(x) + x,
                    log(abs(x)), sqrt(abs(x)), erf(x)};
};
constexpr auto whole = [](auto x) { return std::tuple{-x, abs(x), relu(x), square(x), stop_gradient(x) + x}; };
constexpr auto truth = [](auto x) { return std::tuple{!x, stop_gradient(x) && x}; };

// Beyond 1e5 the reduction of an argument of sin needs more bits than the interpreter's own float has.
constexpr auto special = [](auto x) {
  return std::tuple{-x, abs(x), erf(x), exp(x), log(x), relu(x), sigmoid(x), sqrt(x), square(x), tanh(x)};
};

BOOST_AUTO_TEST_CASE(floats) { check_values<Spec<float, Shape<batch>>>(floating); }
BOOST_AUTO_TEST_CASE(doubles) { check_values<Spec<double, Shape<batch>>>(floating); }
BOOST_AUTO_TEST_CASE(special_floats) { check_values<Spec<float, Shape<batch>>>(special, Fill::special); }
BOOST_AUTO_TEST_CASE(special_doubles) { check_values<Spec<double, Shape<batch>>>(special, Fill::special); }
BOOST_AUTO_TEST_CASE(integers) {
  check_values<Spec<std::int32_t, Shape<batch, 3>>>(whole);
  check_values<Spec<std::int64_t, Shape<batch, 3>>>(whole);
}
BOOST_AUTO_TEST_CASE(booleans) { check_values<Spec<bool, Shape<batch>>>(truth); }
BOOST_AUTO_TEST_CASE(few_elements) { check_values<Spec<float, Shape<2, 1>>>(special, Fill::special); }

BOOST_AUTO_TEST_SUITE_END()
