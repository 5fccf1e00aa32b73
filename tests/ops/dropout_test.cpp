// SPDX-License-Identifier: BSL-1.0
/// \file
/// Random numbers inside compiled functions, and dropout.
#include <ctgrad/ctgrad.hpp>

#include <boost/test/unit_test.hpp>
#include <cmath>

BOOST_AUTO_TEST_SUITE(dropout_operation)

using namespace ctgrad;

namespace {

constexpr auto dropped = [](auto x) {
  return std::tuple{dropout(x, 0.25), gradient([](auto a) { return sum(dropout(a, 0.25) * a); })(x), dropout(x, 0),
                    ctgrad_random_uniform(x)};
};

}  // namespace

BOOST_AUTO_TEST_CASE(drops_the_right_share_and_keeps_the_mean) {
  constexpr std::int64_t n = 40000;
  auto program = compile<Cpu>(dropped, spec<float, batch>);
  Tensor<float, Shape<batch>> x(Extents<1>{n});
  x.fill(3);
  const auto [y, slope, all, numbers] = program(x);
  std::int64_t zeros = 0;
  double mean_number = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    BOOST_REQUIRE((y(i) == 0 || std::abs(y(i) - 4) < 1e-6F));
    zeros += y(i) == 0 ? 1 : 0;
    // The derivative of dropout(a) * a sees one draw of the numbers.
    BOOST_REQUIRE((slope(i) == 0 || std::abs(slope(i) - 8) < 1e-5F));
    BOOST_REQUIRE(all(i) == 3);
    BOOST_REQUIRE((numbers(i) >= 0 && numbers(i) < 1));
    mean_number += numbers(i) / static_cast<double>(n);
  }
  // Five standard deviations of a binomial and of a uniform mean.
  BOOST_TEST(std::abs(static_cast<double>(zeros) - 0.25 * n) < 5 * std::sqrt(0.25 * 0.75 * n));
  BOOST_TEST(std::abs(mean_number - 0.5) < 5 * std::sqrt(1.0 / 12 / n));
}

BOOST_AUTO_TEST_CASE(the_seed_fixes_the_numbers_and_every_call_draws_anew) {
  auto program = compile<Cpu>(dropped, spec<float, batch>);
  Tensor<float, Shape<batch>> x(Extents<1>{1000});
  x.fill(1);
  auto draw = [&] { return Tensor<float, Shape<batch>>(std::get<3>(program(x))); };
  auto same = [](const auto& a, const auto& b) {
    std::int64_t equal = 0;
    for (std::int64_t i = 0; i < a.size(); ++i) equal += a(i) == b(i) ? 1 : 0;
    return equal;
  };
  program.seed(7);
  const auto first = draw();
  const auto second = draw();
  program.seed(7);
  BOOST_TEST(same(first, draw()) == 1000);
  BOOST_TEST(same(second, draw()) == 1000);
  BOOST_TEST(same(first, second) < 10);
  program.seed(70);
  BOOST_TEST(same(first, draw()) < 10);
}

BOOST_AUTO_TEST_SUITE_END()
