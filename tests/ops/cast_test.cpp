// SPDX-License-Identifier: BSL-1.0
/// \file
/// Conversions between all element types.
#include "check_values.hpp"

BOOST_AUTO_TEST_SUITE(cast_operation)

using namespace ctgrad;
using namespace ctgrad_test;

constexpr auto conversions = [](auto x) {
  return std::tuple{cast<float>(x), cast<double>(x), cast<std::int32_t>(x), cast<std::int64_t>(x), cast<bool>(x)};
};

BOOST_AUTO_TEST_CASE(from_float) { check_values<Spec<float, Shape<batch>>>(conversions); }
BOOST_AUTO_TEST_CASE(from_double) { check_values<Spec<double, Shape<batch>>>(conversions); }
BOOST_AUTO_TEST_CASE(from_int32) { check_values<Spec<std::int32_t, Shape<batch>>>(conversions); }
BOOST_AUTO_TEST_CASE(from_int64) { check_values<Spec<std::int64_t, Shape<batch>>>(conversions); }
BOOST_AUTO_TEST_CASE(from_bool) { check_values<Spec<bool, Shape<batch>>>(conversions); }
// A loop whose widest number is neither an operand nor a result.
BOOST_AUTO_TEST_CASE(through_a_wider_type) {
  check_values<Spec<float, Shape<batch>>>([](auto x) { return cast<float>(exp(cast<double>(x)) / 3); });
  check_values<Spec<bool, Shape<batch>>>([](auto x) { return cast<bool>(cast<std::int64_t>(x) * 3 - 3); });
}

BOOST_AUTO_TEST_SUITE_END()
