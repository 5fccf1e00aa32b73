// SPDX-License-Identifier: BSL-1.0
/// \file
/// Jacobians in both modes: of tensors, numbers, structures, of many arguments, with extras, inside a trace.
#include "ctgrad/autodiff/jacobian.hpp"

#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_jacobian)

using namespace ctgrad;
using namespace ctgrad_test;

namespace {

template <class T>
struct Polar {
  T radius, angle;
};
template <class T>
struct Cartesian {
  T x, y;
};

constexpr auto to_cartesian = [](auto p) {
  return Cartesian<decltype(p.radius)>{p.radius * cos(p.angle), p.radius * sin(p.angle)};
};

}  // namespace

BOOST_AUTO_TEST_CASE(of_tensors_in_both_modes) {
  static_assert(std::is_same_v<decltype(jacobian(layer)(point_x, point_w)), Tensor<double, Shape<3, 3>>>);
  check_numbers(jacobian<Mode::forward>(layer)(point_x, point_w), reference::layer_by_x);
  check_numbers(jacobian<Mode::reverse>(layer)(point_x, point_w), reference::layer_by_x);
  static_assert(std::is_same_v<decltype(jacobian(layer, wrt<1>)(point_x, point_w)), Tensor<double, Shape<3, 3, 3>>>);
  check_numbers(jacobian<Mode::forward>(layer, wrt<1>)(point_x, point_w), reference::layer_by_w);
  check_numbers(jacobian<Mode::reverse>(layer, wrt<1>)(point_x, point_w), reference::layer_by_w);
}

BOOST_AUTO_TEST_CASE(by_several_arguments) {
  const auto [by_x, by_w] = jacobian(layer, wrt<0, 1>)(point_x, point_w);
  check_numbers(by_x, reference::layer_by_x);
  check_numbers(by_w, reference::layer_by_w);
}

// The Jacobian of a struct by a struct is a struct of structs.
BOOST_AUTO_TEST_CASE(of_structs) {
  const Polar<double> p{2, 0.5};
  const auto j = jacobian(to_cartesian)(p);
  static_assert(std::is_same_v<std::remove_const_t<decltype(j)>, Cartesian<Polar<double>>>);
  const double expected[] = {std::cos(0.5), -2 * std::sin(0.5), std::sin(0.5), 2 * std::cos(0.5)};
  check_numbers(j, expected);
  check_numbers(jacobian<Mode::reverse>(to_cartesian)(p), expected);
}

// A result of numbers and arrays, by an argument of numbers and arrays.
BOOST_AUTO_TEST_CASE(of_mixed_structures) {
  const auto f = [](auto p) {
    const auto [a, b] = p;
    return std::tuple{b * a, sum(b * b) * a};
  };
  const std::tuple<double, Tensor<double, Shape<2>>> p{3, {1, 2}};
  const auto [vector, scalar] = jacobian(f)(p);
  static_assert(std::is_same_v<std::remove_cvref_t<decltype(vector)>,
                               std::tuple<Tensor<double, Shape<2>>, Tensor<double, Shape<2, 2>>>>);
  static_assert(std::is_same_v<std::remove_cvref_t<decltype(scalar)>, std::tuple<double, Tensor<double, Shape<2>>>>);
  const double expected[] = {1, 2, 3, 0, 0, 3, 5, 6, 12};
  check_numbers(std::tuple{vector, scalar}, expected);
  check_numbers(jacobian<Mode::reverse>(f)(p), expected);
}

BOOST_AUTO_TEST_CASE(of_what_does_not_depend_on_it) {
  const auto f = [](auto a, auto b) { return std::tuple{a * 2, b}; };
  const auto [of_a, of_b] = jacobian(f, wrt<0, 1>)(2.0, Tensor<double, Shape<2>>{1, 2});
  const double expected[] = {2, 0, 0, 0, 0, 1, 0, 0, 1};
  check_numbers(std::tuple{of_a, of_b}, expected);
  check_numbers(jacobian<Mode::reverse>(f, wrt<0, 1>)(2.0, Tensor<double, Shape<2>>{1, 2}), expected);
}

BOOST_AUTO_TEST_CASE(with_extras) {
  const auto f = [](auto a) { return std::pair{a * a, std::tuple{sum(a), cast<std::int64_t>(a > 1)}}; };
  const auto [j, extras] = jacobian(f, has_aux)(Tensor<double, Shape<2>>{1, 2});
  const double expected[] = {2, 0, 0, 4};
  check_numbers(j, expected);
  BOOST_TEST(std::get<0>(extras) == 3);
  BOOST_TEST(std::get<1>(extras)(0) == 0);
  BOOST_TEST(std::get<1>(extras)(1) == 1);
}

namespace {

constexpr auto determinant_of_jacobian = [](auto p) {
  const auto j = jacobian(to_cartesian)(p);
  return j.x.radius * j.y.angle - j.x.angle * j.y.radius;
};

}  // namespace

// det J = r, so its gradient is (1, 0): a derivative of a Jacobian.
BOOST_AUTO_TEST_CASE(inside_a_function_that_is_differentiated) {
  const auto [value, slope] = value_and_grad(determinant_of_jacobian)(Polar<double>{3, 0.7});
  BOOST_TEST(std::abs(value - 3) < 1e-14);
  BOOST_TEST(std::abs(slope.radius - 1) < 1e-14);
  BOOST_TEST(std::abs(slope.angle) < 1e-14);
}

BOOST_AUTO_TEST_SUITE_END()
