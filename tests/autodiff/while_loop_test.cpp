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
  BOOST_TEST(std::abs(gradient(heron)(3.0) - slope) < 1e-12);
  BOOST_TEST(gradient(heron)(1.0) == 1);  // no turn: the start
}

/// Compound interest until the sum has grown by the factor k.
constexpr auto savings = [](auto start, auto rate, auto k) {
  return while_loop<LoopOptions{.max_order = 2}>([](auto s, auto, auto goal) { return s < goal; },
                                                 [](auto s, auto r, auto) { return s * (1 + r); }, start, rate,
                                                 stop_gradient(start * k));
};
constexpr auto savings_gradient = gradient(savings, wrt<0, 1, 2>);

BOOST_AUTO_TEST_CASE(second_derivatives_whatever_the_number_of_turns) {
  for (const double k : {0.5, 1.04, 3.0, 50.0}) {
    const double rate = 0.05, start = 7;
    const double n = k <= 1 ? 0 : std::ceil(std::log(k) / std::log1p(rate));
    const auto [by_start, by_rate, by_k] = savings_gradient(start, rate, k);
    BOOST_TEST(std::abs(by_start - std::pow(1 + rate, n)) < 1e-12 * by_start);
    BOOST_TEST(std::abs(by_rate - start * n * std::pow(1 + rate, n - 1)) < 1e-12 * (1 + by_rate));
    BOOST_TEST(by_k == 0);
    const auto second = hessian(savings, wrt<0, 1>)(start, rate, k);
    const double mixed = n * std::pow(1 + rate, n - 1), curved = start * n * (n - 1) * std::pow(1 + rate, n - 2);
    BOOST_TEST(std::abs(std::get<0>(std::get<0>(second))) < 1e-14);
    BOOST_TEST(std::abs(std::get<1>(std::get<0>(second)) - mixed) < 1e-11 * (1 + mixed));
    BOOST_TEST(std::abs(std::get<0>(std::get<1>(second)) - mixed) < 1e-11 * (1 + mixed));
    BOOST_TEST(std::abs(std::get<1>(std::get<1>(second)) - curved) < 1e-11 * (1 + curved));
    // Reverse mode of reverse mode.
    const auto by_all =
        gradient([](auto... x) { return std::get<1>(savings_gradient(x...)); }, wrt<0, 1>)(start, rate, k);
    BOOST_TEST(std::abs(std::get<0>(by_all) - mixed) < 1e-11 * (1 + mixed));
    BOOST_TEST(std::abs(std::get<1>(by_all) - curved) < 1e-11 * (1 + curved));
  }
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

constexpr auto counted = [](auto x, auto n) {
  return for_loop(
      0, n, [](auto i, auto sum, auto factor) { return sum * factor + i; }, 1.0, x);
};

BOOST_AUTO_TEST_CASE(an_integer_number_of_turns) {
  for (const int n : {0, 1, 2, 7, 2000, 3}) {
    double value = 1, slope = 0;
    for (int i = 0; i < n; ++i) {
      slope = slope * 0.99 + value;
      value = value * 0.99 + i;
    }
    const auto of_long = value_and_grad(counted)(0.99, std::int64_t{n});
    const auto of_int = value_and_grad(counted)(0.99, std::int32_t{n});
    BOOST_TEST(std::abs(of_long.first - value) <= 1e-13 * std::abs(value));
    BOOST_TEST(std::abs(of_long.second - slope) <= 1e-12 * std::abs(slope));
    BOOST_TEST(of_int.second == of_long.second);
    BOOST_TEST(std::abs(directional_derivative(counted)(0.99, std::int64_t{n}, 1.0) - slope) <=
               1e-12 * std::abs(slope));
  }
}

/// The body divides by what is left, which is nothing after the last turn.
constexpr auto shrinking = [](auto x, auto k) {
  return while_loop([](auto c, auto) { return c.first > 0; },
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
  const auto slopes = vmap(gradient(heron))(x);
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(std::abs(roots(i) - std::sqrt(x(i))) < 1e-9);
    BOOST_TEST(std::abs(slopes(i) - 0.5 / std::sqrt(x(i))) < 1e-9);
  }
}

BOOST_AUTO_TEST_SUITE_END()
