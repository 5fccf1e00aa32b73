// SPDX-License-Identifier: BSL-1.0
/// \file
/// The public calls: gradient, value_and_grad, jvp, vjp, of each other and inside other functions.
#include "ctgrad/autodiff/gradient.hpp"

#include <ctgrad/ctgrad.hpp>

#include <boost/test/unit_test.hpp>
#include <cmath>

BOOST_AUTO_TEST_SUITE(autodiff_gradient)

using namespace ctgrad;

namespace {

const auto close = boost::test_tools::tolerance(1e-14);

template <class A, class B>
void check_equal(const A& found, const B& wanted) {
  BOOST_REQUIRE(found.size() == wanted.size());
  for (std::int64_t i = 0; i < found.size(); ++i) BOOST_TEST(found.data()[i] == wanted.data()[i], close);
}

const Tensor<double, Shape<3>> x{0.5, -1, 2};
const Tensor<double, Shape<3>> y{3, 0.25, -1};

}  // namespace

BOOST_AUTO_TEST_CASE(of_tensors_and_numbers) {
  const auto [value, slope] = value_and_grad([](auto a) { return sum(a * a * a); })(x);
  BOOST_TEST(value == 0.125 - 1 + 8, close);
  for (int i = 0; i < 3; ++i) BOOST_TEST(slope(i) == 3 * x(i) * x(i), close);
  BOOST_TEST(gradient([](auto a) { return exp(2 * a); })(0.5) == 2 * std::exp(1.0), close);
  const auto [v, both] = value_and_grad([](auto a, auto b) { return sum(a * b + a); }, wrt<0, 1>)(x, y);
  BOOST_TEST(v == 1.5 - 0.25 - 2 + 1.5, close);
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(std::get<0>(both)(i) == y(i) + 1, close);
    BOOST_TEST(std::get<1>(both)(i) == x(i), close);
  }
  // By the second argument only; the first may then be of any type.
  const Tensor<std::int64_t, Shape<3>> index{2, 2, 0};
  const auto by_second = gradient([](auto i, auto a) { return sum(take(a, i)); }, wrt<1>)(index, x);
  const double counts[] = {1, 0, 2};
  for (int i = 0; i < 3; ++i) BOOST_TEST(by_second(i) == counts[i]);
}

BOOST_AUTO_TEST_CASE(of_what_does_not_depend_on_it) {
  const auto [of_a, of_b] =
      gradient([](auto a, auto b) { return sum(cast<double>(a > 0)) + sum(b * 0); }, wrt<0, 1>)(x, y);
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(of_a(i) == 0);
    BOOST_TEST(of_b(i) == 0);
  }
  const auto itself = gradient([](auto a) { return a; })(4.0);
  BOOST_TEST(itself == 1);
  const auto [value, tangent] = jvp([](auto a) { return cast<double>(a > 0); })(x, y);
  BOOST_TEST(value(0) == 1);
  BOOST_TEST(tangent(0) == 0);
}

namespace {

constexpr auto product_sum = [](auto a, auto b) { return sum(a * b); };
// The second argument comes from the first: to the derivative by the first it is a constant all the same.
constexpr auto partials_of_related_arguments = [](auto a) {
  return std::tuple{gradient(product_sum)(a, tanh(a)),
                    gradient(product_sum, wrt<1>)(a, tanh(a)),
                    gradient(product_sum)(a, a),
                    gradient(product_sum, wrt<0, 1>)(a, a),
                    jvp([=](auto b) { return b * tanh(a); })(a, a).second,
                    vjp([=](auto b) { return b * a; })(a, a).second};
};

}  // namespace

BOOST_AUTO_TEST_CASE(by_one_argument_of_related_ones) {
  auto program = compile<Cpu>(partials_of_related_arguments, spec<double, 3>);
  const auto [by_first, by_second, by_same, by_both, forward_mode, reverse_mode] = program(x);
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(by_first(i) == std::tanh(x(i)), close);
    BOOST_TEST(by_second(i) == x(i), close);
    BOOST_TEST(by_same(i) == x(i), close);
    BOOST_TEST(std::get<0>(by_both)(i) == x(i), close);
    BOOST_TEST(std::get<1>(by_both)(i) == x(i), close);
    BOOST_TEST(forward_mode(i) == x(i) * std::tanh(x(i)), close);
    BOOST_TEST(reverse_mode(i) == x(i) * x(i), close);
  }
}

namespace {

constexpr auto swirl = [](auto a) { return concat(axis<0>, sin(a) * sum(a), slice<0, 0, 1>(a) * slice<0, 2, 3>(a)); };
constexpr auto jacobians = [](auto a, auto tangent, auto cotangent) {
  return std::tuple{swirl(a), jvp(swirl)(a, tangent).second, vjp(swirl)(a, cotangent).second};
};

}  // namespace

BOOST_AUTO_TEST_CASE(forward_and_reverse_products_with_the_jacobian) {
  auto program = compile<Cpu>(jacobians, spec<double, 3>, spec<double, 3>, spec<double, 4>);
  const double total = x(0) + x(1) + x(2);
  double jacobian[4][3] = {};
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) jacobian[i][k] = std::sin(x(i)) + (i == k ? std::cos(x(i)) * total : 0);
  jacobian[3][0] = x(2);
  jacobian[3][2] = x(0);
  for (int k = 0; k < 4; ++k) {
    Tensor<double, Shape<3>> tangent;
    Tensor<double, Shape<4>> cotangent;
    tangent(k % 3) = 1;
    cotangent(k) = 1;
    const auto [value, forward_mode, reverse_mode] = program(x, tangent, cotangent);
    for (int i = 0; i < 4; ++i) BOOST_TEST(forward_mode(i) == jacobian[i][k % 3], close);
    for (int i = 0; i < 3; ++i) BOOST_TEST(reverse_mode(i) == jacobian[k][i], close);
  }
}

namespace {

constexpr auto wave = [](auto a) { return sin(2 * a); };
constexpr auto orders = [](auto a) {
  const auto third = gradient(gradient(gradient(wave)))(a);
  // Each of the four ways to a second derivative: reverse or forward over reverse or forward.
  const auto one = a * 0 + 1;
  const auto forward_slope = [](auto b) { return jvp(wave)(b, b * 0 + 1).second; };
  return std::tuple{third, gradient(gradient(wave))(a), jvp(gradient(wave))(a, one).second, gradient(forward_slope)(a),
                    jvp(forward_slope)(a, one).second};
};

}  // namespace

BOOST_AUTO_TEST_CASE(higher_orders_by_every_combination_of_modes) {
  auto program = compile<Cpu>(orders, spec<double>);
  const Tensor<double, Shape<>> at{0.3};
  const auto [third, reverse_reverse, forward_reverse, reverse_forward, forward_forward] = program(at);
  BOOST_TEST(third.item() == -8 * std::cos(0.6), close);
  for (const double second :
       {reverse_reverse.item(), forward_reverse.item(), reverse_forward.item(), forward_forward.item()})
    BOOST_TEST(second == -4 * std::sin(0.6), close);
}

BOOST_AUTO_TEST_CASE(of_empty_tensors) {
  const Tensor<double, Shape<2, 0>> empty;
  const auto [value, slope] = value_and_grad(
      [](auto a) { return sum(tanh(a) * a) + sum(max(a, axis<0>)) + sum(matmul(a, transpose(a))); })(empty);
  BOOST_TEST(value == 0);
  BOOST_TEST(slope.size() == 0);
  const auto [mean_value, mean_slope] = value_and_grad([](auto a) { return mean(square(a)); })(empty);
  BOOST_TEST(std::isnan(mean_value));
  BOOST_TEST(mean_slope.size() == 0);
  const auto [logs, tangent] = jvp([](auto a) { return log_softmax(a, axis<0>); })(empty, empty);
  BOOST_TEST(logs.size() + tangent.size() == 0);
}

namespace {

struct Rounding {
  static constexpr std::string_view name = "rounding";
  template <class T>
  CTGRAD_FUNCTION static T value(T a) {
    return math::round(a);
  }
};
constexpr auto without_rule = [](auto a) { return elementwise<Rounding>(a); };

}  // namespace

// A user operation without a rule can be used, but its gradient is an error and not a silent zero.
BOOST_AUTO_TEST_CASE(a_missing_rule_is_no_zero) {
  auto program = compile<Cpu>(without_rule, spec<float, 3>);
  BOOST_TEST(program(Tensor<float, Shape<3>>{0.4F, 1.6F, -2.7F})(2) == -3);
  BOOST_CHECK_THROW(
      (trace<Spec<float, Shape<3>>>([](auto a) { return gradient([](auto b) { return sum(without_rule(b)); })(a); })),
      const char*);
  BOOST_CHECK_NO_THROW((trace<Spec<float, Shape<3>>>(
      [](auto a) { return gradient([](auto b) { return sum(b * without_rule(stop_gradient(b))); })(a); })));
}

BOOST_AUTO_TEST_SUITE_END()
