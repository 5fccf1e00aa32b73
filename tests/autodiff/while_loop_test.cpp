// SPDX-License-Identifier: BSL-1.0
/// \file
/// Loops whose number of turns depends on what they compute.
#include "ctgrad/autodiff/while_loop.hpp"

#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_while_loop)

using namespace ctgrad;

constexpr auto far_off = [](auto x, auto a) { return abs(x * x - a) > 1e-12 * a; };
constexpr auto herons_step = [](auto x, auto a) { return (x + a / x) / 2; };
/// Square roots after Heron: the number of turns depends on a.
constexpr auto heron = [](auto a) { return while_loop(far_off, herons_step, a, a); };
constexpr auto bounded_heron = [](auto a) {
  return while_loop<LoopOptions{.max_steps = 40}>(far_off, herons_step, a, a);
};

BOOST_AUTO_TEST_CASE(as_many_turns_as_it_takes) {
  for (const double a : {1.0, 2.0, 1e6}) {
    BOOST_TEST(std::abs(compiled(heron)(a) - std::sqrt(a)) <= 1e-12 * std::sqrt(a));
    BOOST_TEST(compiled(bounded_heron)(a) == compiled(heron)(a));
  }
}

BOOST_AUTO_TEST_CASE(derivatives_of_the_turns_taken) {
  const double slope = 0.5 / std::sqrt(3.0);
  BOOST_TEST(std::abs(directional_derivative(heron)(3.0, 1.0) - slope) < 1e-12);
  BOOST_TEST(std::abs(directional_derivative(bounded_heron)(3.0, 1.0) - slope) < 1e-12);
  BOOST_TEST(std::abs(gradient(bounded_heron)(3.0) - slope) < 1e-12);
}

constexpr auto power = [](auto x, auto n) {
  return for_loop<LoopOptions{.max_steps = 12, .max_order = 2}>(
      0.0, n, [](auto, auto product, auto factor) { return product * factor; }, 1.0, x);
};
constexpr auto indices = [](auto first, auto end) {
  return for_loop(
      first, end, [](auto i, auto sum) { return sum + i * i; }, 0.0);
};

BOOST_AUTO_TEST_CASE(a_number_of_turns_that_is_an_argument) {
  BOOST_TEST(compiled(power)(1.5, 4.0) == 1.5 * 1.5 * 1.5 * 1.5);
  BOOST_TEST(compiled(power)(1.5, 0.0) == 1);
  BOOST_TEST(compiled(power)(1.5, -3.0) == 1);
  BOOST_TEST(compiled(indices)(3.0, 6.0) == 9 + 16 + 25);
  BOOST_TEST(std::abs(gradient(power)(1.5, 4.0) - 4 * std::pow(1.5, 3)) < 1e-13);
  BOOST_TEST(gradient(power)(1.5, 0.0) == 0);
  BOOST_TEST(std::abs(gradient(power)(0.0, 1.0) - 1) < 1e-15);
  BOOST_TEST(std::abs(hessian(power)(1.5, 12.0) - 12 * 11 * std::pow(1.5, 10)) < 1e-10);
}

/// The body divides by what is left, which is nothing after the last turn.
constexpr auto shrinking = [](auto x, auto k) {
  return while_loop<LoopOptions{.max_steps = 8}>([](auto c, auto) { return c.first > 0; },
                                                 [](auto c, auto q) {
                                                   return std::pair{c.first - 1, c.second + q / c.first};
                                                 },
                                                 std::pair{x, k * 0}, k)
      .second;
};

BOOST_AUTO_TEST_CASE(turns_not_taken_do_not_spoil_the_gradient) {
  BOOST_TEST(std::abs(gradient(shrinking, wrt<1>)(3.0, 2.0) - (1 + 0.5 + 1.0 / 3)) < 1e-14);
}

BOOST_AUTO_TEST_CASE(going_on_beyond_the_bound_is_an_error) {
  const auto says = [](const Error& error) {
    return std::string(error.what()).find("a while_loop went on after the 12 turns that its max_steps allows") !=
           std::string::npos;
  };
  BOOST_CHECK_EXCEPTION(compiled(power)(1.5, 13.0), Error, says);
}

BOOST_AUTO_TEST_CASE(each_point_its_own_number_of_turns) {
  const Tensor<double, Shape<3>> x{2, 100, 1e4};
  const auto roots = vmap(bounded_heron)(x);
  const auto slopes = vmap(gradient(bounded_heron))(x);
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(std::abs(roots(i) - std::sqrt(x(i))) < 1e-9);
    BOOST_TEST(std::abs(slopes(i) - 0.5 / std::sqrt(x(i))) < 1e-9);
  }
}

BOOST_AUTO_TEST_SUITE_END()
