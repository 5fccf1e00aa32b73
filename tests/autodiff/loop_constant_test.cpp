// SPDX-License-Identifier: BSL-1.0
/// \file
/// Loops and branches in constant expressions: most of this test is that it compiles.
#include "ctgrad/autodiff/while_loop.hpp"

#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_loop_constant)

using namespace ctgrad;

namespace {

constexpr bool close(double found, double expected, double tolerance = 1e-14) {
  const double error = found - expected;
  return (error < 0 ? -error : error) <= tolerance * (1 + (expected < 0 ? -expected : expected));
}

// r^7 x^8, by squares.
constexpr auto growth = [](auto x, auto r) {
  return for_loop<3, LoopOptions{.max_order = 2}>([](auto, auto y, auto rate) { return rate * y * y; }, x, r);
};
static_assert(compiled(growth)(2.0, 1.0) == 256);
static_assert(gradient(growth)(2.0, 1.0) == 1024);
static_assert(gradient(growth, wrt<0, 1>)(2.0, 1.0) == std::tuple{1024.0, 1792.0});
static_assert(jvp(growth)(2.0, 1.0, 0.5) == std::pair{256.0, 512.0});
static_assert(hessian(growth)(2.0, 1.0) == 56 * 64);
static_assert(gradient(gradient(growth))(2.0, 1.0) == 56 * 64);
static_assert(gradient(growth)(2.0F, 1.0F) == 1024.0F);

// The index, and more numbers than one to carry: 1 + x + x^2/2 + ...
constexpr auto exponential = [](auto x) {
  return for_loop<20>(
             [](auto i, auto c, auto at) {
               const auto term = c.first * at / (i + 1);
               return std::pair{term, c.second + term};
             },
             std::pair{1.0, 1.0}, x)
      .second;
};
static_assert(close(compiled(exponential)(1.5), 4.4816890703380645));
static_assert(close(gradient(exponential)(1.5), 4.4816890703380645));

// Results of the turns, and no turn.
constexpr auto sums_of_squares = [](auto x) {
  const auto items = x * ctgrad_arange<double, 4>(x);
  const auto [last, all] = scan([](auto c, auto item) { return std::pair{c + item * item, c * item}; }, x, items);
  return last + sum(all);
};
// 14 x^2 + x, and x (x) + 2x (x + x^2) + 3x (x + 5x^2).
static_assert(close(gradient(sums_of_squares)(2.0), 28 * 2 + 1 + 12 * 2 + 51 * 4));
static_assert(gradient([](auto x) { return for_loop<0>([](auto, auto y) { return y * y; }, x * 3); })(2.0) == 3);

// A loop in a loop.
constexpr auto nested = [](auto x) {
  return for_loop<2>([](auto, auto y) { return for_loop<2>([](auto, auto z) { return z * z; }, y); }, x);
};
static_assert(gradient(nested)(1.0) == 16);

constexpr auto far_off = [](auto x, auto a) { return abs(x * x - a) > 1e-12 * a; };
constexpr auto herons_step = [](auto x, auto a) { return (x + a / x) / 2; };
constexpr auto heron = [](auto a) { return while_loop(far_off, herons_step, a, a); };
constexpr auto bounded_heron = [](auto a) {
  return while_loop<LoopOptions{.max_steps = 12}>(far_off, herons_step, a, a);
};
static_assert(close(compiled(heron)(2.0), 1.4142135623730951));
static_assert(close(directional_derivative(heron)(2.0, 1.0), 0.35355339059327373));
static_assert(close(gradient(bounded_heron)(2.0), 0.35355339059327373));

constexpr auto kink = [](auto x) {
  return cond(
      x > 0, [](auto y) { return y * y; }, [](auto y) { return -3 * y; }, x);
};
static_assert(gradient(kink)(2.0) == 4);
static_assert(gradient(kink)(-2.0) == -3);
static_assert(value_and_grad(kink)(-2.0) == std::pair{6.0, -3.0});

}  // namespace

BOOST_AUTO_TEST_CASE(equals_the_run) {
  constexpr auto constant = value_and_grad(exponential)(0.7);
  const auto computed = value_and_grad(exponential)(0.7);
  BOOST_TEST(close(constant.first, computed.first));
  BOOST_TEST(close(constant.second, computed.second));
  constexpr double slope = gradient(bounded_heron)(3.0);
  BOOST_TEST(close(slope, gradient(bounded_heron)(3.0)));
}

BOOST_AUTO_TEST_SUITE_END()
