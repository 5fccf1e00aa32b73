// SPDX-License-Identifier: BSL-1.0
/// \file
/// Derivatives by members that are named, however deep they lie.
#include "ctgrad/autodiff/names.hpp"

#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_names)

using namespace ctgrad;

template <class T>
struct Rod {
  T length, mass;
};
template <class T>
struct Machine {
  Rod<T> rod;
  std::array<T, 3> angle;
  T friction;
};

using detail::argument_with;
using detail::has_part;
static_assert(has_part<Machine<double>>("rod.length"));
static_assert(has_part<Machine<double>>("rod"));
static_assert(has_part<Machine<double>>("angle[2]"));
static_assert(!has_part<Machine<double>>("angle[3]"));
static_assert(!has_part<Machine<double>>("angle.x"));
static_assert(!has_part<Machine<double>>("rod[0]"));
static_assert(!has_part<Machine<double>>("length"));
static_assert(!has_part<Machine<double>>("rod.length.x"));
static_assert(!has_part<Machine<double>>("angle[x]"));
static_assert(!has_part<Machine<double>>("angle["));
static_assert(!has_part<double>("x"));
static_assert(argument_with<double, Machine<double>, Rod<double>>("length") == 2);
static_assert(argument_with<double, Machine<double>, Machine<double>>("friction") == -2);
static_assert(argument_with<double, Machine<double>>("x") == -1);

constexpr auto energy = [](auto scale, auto m) {
  return scale * m.rod.length * m.rod.length * m.rod.mass * cos(m.angle[1]) + m.friction * m.angle[0];
};
const Machine<double> machine{{2, 3}, {0.1, 0.2, 0.3}, 5};

BOOST_AUTO_TEST_CASE(one_member) {
  const double by_mass = gradient(energy, wrt_names<"rod.mass">)(10.0, machine);
  BOOST_TEST(std::abs(by_mass - 40 * std::cos(0.2)) < 1e-13);
  const double by_angle = gradient(energy, wrt_names<"angle[1]">)(10.0, machine);
  BOOST_TEST(std::abs(by_angle + 120 * std::sin(0.2)) < 1e-13);
}

BOOST_AUTO_TEST_CASE(several_members_and_a_whole_struct) {
  const auto [value, slope] = value_and_grad(energy, wrt_names<"friction", "rod">)(10.0, machine);
  const auto& [by_friction, by_rod] = slope;
  static_assert(std::is_same_v<std::remove_cvref_t<decltype(by_rod)>, Rod<double>>);
  BOOST_TEST(std::abs(value - (120 * std::cos(0.2) + 0.5)) < 1e-13);
  BOOST_TEST(by_friction == 0.1);
  BOOST_TEST(std::abs(by_rod.length - 120 * std::cos(0.2)) < 1e-13);
  BOOST_TEST(std::abs(by_rod.mass - 40 * std::cos(0.2)) < 1e-13);
}

BOOST_AUTO_TEST_CASE(in_the_other_calls) {
  BOOST_TEST(std::abs(directional_derivative(energy, wrt_names<"rod.mass">)(10.0, machine, 2.0) - 80 * std::cos(0.2)) <
             1e-13);
  const auto second = hessian(energy, wrt_names<"rod.length", "rod.mass">)(10.0, machine);
  BOOST_TEST(std::abs(std::get<1>(std::get<0>(second)) - 40 * std::cos(0.2)) < 1e-13);
  constexpr Machine<double> unit{{2, 3}, {0, 0, 0}, 5};
  static_assert(gradient(energy, wrt_names<"rod.length">)(10.0, unit) == 120);
}

BOOST_AUTO_TEST_SUITE_END()
