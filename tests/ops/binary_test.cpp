// SPDX-License-Identifier: BSL-1.0
/// \file
/// Values of the elementwise operations of two and three operands.
#include "check_values.hpp"

BOOST_AUTO_TEST_SUITE(binary_operations)

using namespace ctgrad;
using namespace ctgrad_test;

constexpr auto floating = [](auto a, auto b) {
  return std::tuple{a + b,
                    a - b,
                    a * b,
                    a / b,
                    maximum(a, b),
                    minimum(a, b),
                    a == b,
                    a != b,
                    a<b, a <= b, a>
                        b,
                    a >= b,
                    where(a > b, a, b),
                    where(a < 0, 2.5, b),
                    where(b < 1, a, -1)};
};
constexpr auto powers = [](auto a, auto b) {
  return std::tuple{pow(abs(a), b), pow(a, 2), pow(a, 3.0), pow(abs(a), 0.5), pow(2, b), pow(abs(a) + 1, -b)};
};
constexpr auto whole = [](auto a, auto b) {
  return std::tuple{a + b,
                    a - b,
                    a * b,
                    a / b,
                    maximum(a, b),
                    minimum(a, b),
                    a == b,
                    a != b,
                    a<b, a <= b, a>
                        b,
                    a >= b,
                    where(a > b, a, b),
                    a / 3,
                    100 / b,
                    where(a > 0, 1, 0)};
};
constexpr auto truth = [](auto a, auto b) {
  return std::tuple{a && b, a || b, a == b, a != b, where(a, b, !b), where(a, true, b), a != true};
};
constexpr auto mixed = [](auto a, auto b, auto c) {
  return std::tuple{a > 0 && b > 0,        where(a > 0, b, 0), where(b > 0, c, 7),
                    where(c > 0, a, 0.5F), (a > 0) == (b > 0), a > 0 || !(c > 0)};
};

BOOST_AUTO_TEST_CASE(floats) {
  check_values<Spec<float, Shape<batch>>, Spec<float, Shape<batch>>>(floating);
  check_values<Spec<float, Shape<batch>>, Spec<float, Shape<batch>>>(floating, Fill::special);
}
BOOST_AUTO_TEST_CASE(doubles_that_stretch) {
  check_values<Spec<double, Shape<batch, 1>>, Spec<double, Shape<2, 1, 5>>>(floating, Fill::special, {0, 1, 9, 17});
}
BOOST_AUTO_TEST_CASE(powers_of_doubles) { check_values<Spec<double, Shape<batch, 3>>, Spec<double, Shape<3>>>(powers); }
BOOST_AUTO_TEST_CASE(int32) {
  check_values<Spec<std::int32_t, Shape<batch, 5>>, Spec<std::int32_t, Shape<batch, 1>>>(whole);
}
BOOST_AUTO_TEST_CASE(int64) { check_values<Spec<std::int64_t, Shape<batch>>, Spec<std::int64_t, Shape<>>>(whole); }
BOOST_AUTO_TEST_CASE(booleans) { check_values<Spec<bool, Shape<batch, 3>>, Spec<bool, Shape<3>>>(truth); }
// Lanes of 4, 8 and 1 bytes in one loop.
BOOST_AUTO_TEST_CASE(element_types_side_by_side) {
  check_values<Spec<float, Shape<batch>>, Spec<double, Shape<batch>>, Spec<std::int64_t, Shape<batch>>>(mixed);
}

constexpr auto quotient = [](auto a, auto b) { return a / b; };

BOOST_AUTO_TEST_CASE(integer_division_never_stops_the_program) {
  constexpr std::int32_t smallest = std::numeric_limits<std::int32_t>::min();
  auto program = compile<Cpu>(quotient, spec<std::int32_t, batch>, spec<std::int32_t, batch>);
  for (const std::int64_t n : {1, 5, 40}) {
    Tensor<std::int32_t, Shape<batch>> a(Extents<1>{n});
    Tensor<std::int32_t, Shape<batch>> b(Extents<1>{n});
    for (std::int64_t i = 0; i < n; ++i) {
      a(i) = i % 3 == 0 ? smallest : static_cast<std::int32_t>(i);
      b(i) = i % 2 == 0 ? -1 : 0;
    }
    const auto y = program(a, b);
    for (std::int64_t i = 0; i < n; ++i)
      BOOST_TEST(y(i) == (i % 2 != 0 ? 0 : i % 3 == 0 ? smallest : -static_cast<std::int32_t>(i)));
  }
}

BOOST_AUTO_TEST_SUITE_END()
