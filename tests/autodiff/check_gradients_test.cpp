// SPDX-License-Identifier: BSL-1.0
/// \file
/// The public check finds wrong derivatives, passes right ones, and says where.
#include "ctgrad/autodiff/check_gradients.hpp"

#include <sstream>

#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_check_gradients)

using namespace ctgrad;
using namespace ctgrad_test;

namespace {

std::string text_of(const GradientReport& report) {
  std::ostringstream out;
  out << report;
  return out.str();
}

/// A cube whose rule is that of a square.
struct WrongCube {
  static constexpr std::string_view name = "wrong_cube";
  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    return x * x * x;
  }
  static constexpr auto derivative(auto t, auto x, auto) { return partials(t * 2 * x); }
};

template <class T, class V>
struct Orbit {
  T mass;
  V velocity;
};

}  // namespace

BOOST_AUTO_TEST_CASE(passes_what_is_right) {
  const auto report = check_gradients(layer, point_x, point_w);
  BOOST_TEST(report.passed());
  BOOST_REQUIRE(report.arguments.size() == 2);
  BOOST_TEST(report.arguments[1].compared == 9);
  BOOST_TEST(report.arguments[1].relative_error < 1e-9);
  BOOST_TEST(report.forward == report.along_gradient, boost::test_tools::tolerance(1e-12));
  const std::string text = text_of(report);
  BOOST_TEST(text.find("ok    argument 1 [3, 3]: 9 derivatives, worst at (") != std::string::npos, text);
  BOOST_TEST(text.find("all derivatives agree within 1.0e-07") != std::string::npos, text);
}

// Structures, floats, an integer argument, and a result of two parts.
BOOST_AUTO_TEST_CASE(names_the_members) {
  const auto f = [](auto orbit, auto index) {
    return std::tuple{orbit.mass * square(orbit.velocity), take(orbit.velocity, index)};
  };
  const Orbit<float, Tensor<float, Shape<3>>> orbit{2, {0.5F, -1, 2}};
  const Tensor<std::int64_t, Shape<2>> index{2, 0};
  const auto report = check_gradients(f, orbit, index);
  BOOST_TEST(report.passed(), text_of(report));
  BOOST_REQUIRE(report.arguments.size() == 2);
  BOOST_TEST(report.arguments[0].name == "argument 0.mass");
  BOOST_TEST(report.arguments[1].name == "argument 0.velocity");
}

BOOST_AUTO_TEST_CASE(says_where_it_is_wrong) {
  const auto f = [](auto a, auto b) { return sum(elementwise<WrongCube>(a)) + sum(b * b); };
  // The wrong rule is right at 0 and 2/3.
  const Tensor<double, Shape<2, 2>> a{0, 2.0 / 3, 2, 1};
  const auto report = check_gradients(f, a, 3.0);
  BOOST_TEST(!report);
  BOOST_TEST(!report.arguments[0].passed);
  BOOST_TEST(report.arguments[1].passed);
  BOOST_TEST((report.arguments[0].worst == std::vector<std::int64_t>{1, 0}));
  BOOST_TEST(report.arguments[0].analytic == 4);
  BOOST_TEST(std::abs(report.arguments[0].numeric - 12) < 1e-9);
  const std::string text = text_of(report);
  BOOST_TEST(
      text.find("WRONG argument 0 [2, 2]: 4 derivatives, worst at (1, 0): by reverse mode 4, by differences 12") !=
          std::string::npos,
      text);
  BOOST_TEST(text.find("some derivatives are further apart than 1.0e-07") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(looks_at_some_of_many) {
  const auto f = [](auto a) { return sum(sin(a)); };
  const auto report = check_gradients(CheckSettings{.step = 1e-3, .tolerance = 1e-6, .most_elements = 10}, f,
                                      Tensor<double, Shape<100>>::uniform(1));
  BOOST_TEST(report.passed());
  BOOST_TEST(report.arguments[0].compared == 10);
}

// Elements of 16 bits: numbers and arrays.
BOOST_AUTO_TEST_CASE(of_short_numbers) {
  const auto f = [](auto a, auto b) { return sum(sin(a) * b); };
  const Tensor<bfloat16, Shape<2>> a{bfloat16(0.5), bfloat16(-1)};
  const auto report = check_gradients(f, a, bfloat16(2));
  BOOST_TEST(report.passed(), text_of(report));
  const auto [slope, by_b] = gradient(f, wrt<0, 1>)(a, bfloat16(2));
  BOOST_TEST(std::abs(static_cast<float>(slope(0)) - 2 * std::cos(0.5)) < 0.01);
  static_assert(std::is_same_v<std::remove_cvref_t<decltype(by_b)>, bfloat16>);
  static_assert(gradient([](auto x) { return x * x; })(bfloat16(3)) == bfloat16(6));
}

BOOST_AUTO_TEST_SUITE_END()
