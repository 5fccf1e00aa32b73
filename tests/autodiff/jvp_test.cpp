// SPDX-License-Identifier: BSL-1.0
/// \file
/// Products with a Jacobian by both modes, of structures, and written to what the caller holds.
#include "ctgrad/autodiff/jvp.hpp"

#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_jvp)

using namespace ctgrad;
using namespace ctgrad_test;

namespace {

template <class Scalar, class Vector>
struct Body {
  Scalar mass;
  std::array<Vector, 2> state;
};

constexpr auto energy = [](auto body) {
  const auto& [position, velocity] = body.state;
  return body.mass * (sum(square(velocity)) / 2 + slice<0, 2, 3>(position) * 9.81);
};

using Vector = Tensor<double, Shape<3>>;
const Body<double, Vector> body{2, {Vector{1, 2, 3}, Vector{4, 5, 6}}};

}  // namespace

BOOST_AUTO_TEST_CASE(along_a_direction) {
  const Tensor<double, Shape<3, 3>> zeros;
  const auto [value, slope] = jvp(loss, wrt<0, 1>)(point_x, point_w, direction_x, point_w);
  check_numbers(value, reference::loss_value);
  check_numbers(slope, reference::loss_along);
  check_numbers(directional_derivative(loss, wrt<0, 1>)(point_x, point_w, direction_x, point_w), reference::loss_along);
  // Without wrt<...> the tangent is that of the first argument.
  double expected = 0;
  const auto by_x = gradient(loss)(point_x, point_w);
  for (int i = 0; i < 3; ++i) expected += by_x(i) * direction_x(i);
  BOOST_TEST(std::abs(directional_derivative(loss)(point_x, point_w, direction_x) - expected) < 1e-14);
}

// Among symbols a number stands for an array of it.
constexpr auto sum_of_squares = [](auto x) { return sum(x * x); };
constexpr auto along_twos = [](auto x) { return jvp(sum_of_squares)(x, 2.0).second; };

BOOST_AUTO_TEST_CASE(along_a_number) { BOOST_TEST(compiled(along_twos)(Vector{1, 2, 3}) == 24); }

BOOST_AUTO_TEST_CASE(of_structs) {
  const Body<double, Vector> change{0.5, {Vector{0, 0, 1}, Vector{1, 0, -1}}};
  const auto [value, slope] = jvp(energy)(body, change);
  const double kinetic = (16 + 25 + 36) / 2.0;
  BOOST_TEST(std::abs(value(0) - 2 * (kinetic + 3 * 9.81)) < 1e-12);
  BOOST_TEST(std::abs(slope(0) - (0.5 * (kinetic + 3 * 9.81) + 2 * (9.81 + 4 - 6))) < 1e-12);

  const auto [same, by_body] = vjp(energy)(body, Tensor<double, Shape<1>>{1});
  static_assert(std::is_same_v<std::remove_cvref_t<decltype(by_body)>, Body<double, Vector>>);
  const double expected[] = {kinetic + 3 * 9.81, 0, 0, 2 * 9.81, 8, 10, 12};
  check_numbers(by_body, expected);
  BOOST_TEST(same(0) == value(0));
  check_numbers(gradient([](auto b) { return sum(energy(b)); })(body), expected);
}

BOOST_AUTO_TEST_CASE(of_functions_of_several_results) {
  const auto f = [](auto a, auto b) { return std::pair{a * b, sum(a) + b}; };
  const Vector a{1, 2, 3};
  const auto [value, product] = vjp(f, wrt<0, 1>)(a, 2.0, std::pair{Vector{1, 0, 1}, 10.0});
  BOOST_TEST(value.second == 8);
  const double by_a[] = {12, 10, 12};
  check_numbers(std::get<0>(product), by_a);
  BOOST_TEST(std::get<1>(product) == 1 + 3 + 10);
  const auto [again, tangent] = jvp(f, wrt<1>)(a, 2.0, 1.0);
  const double by_b[] = {1, 2, 3, 1};
  check_numbers(tangent, by_b);
}

BOOST_AUTO_TEST_CASE(with_extras) {
  const auto f = [](auto a) { return std::pair{sum(a * a), a > 1}; };
  const Vector a{1, 2, 3};
  const auto [value, tangent, extras] = jvp(f, has_aux)(a, a);
  BOOST_TEST(value == 14);
  BOOST_TEST(tangent == 28);
  BOOST_TEST(!extras(0));
  const auto [v, product, more] = vjp(f, has_aux)(a, 2.0);
  BOOST_TEST(v == 14);
  BOOST_TEST(product(2) == 12);
  BOOST_TEST(more(2));
  const auto [with_value, slope] = value_and_grad(f, has_aux)(a);
  BOOST_TEST(with_value.first == 14);
  BOOST_TEST(with_value.second(1));
  BOOST_TEST(slope(1) == 4);
  const auto [only, third] = gradient(f, has_aux, wrt<0>)(a);
  BOOST_TEST(only(0) == 2);
  BOOST_TEST(third(1));
}

BOOST_AUTO_TEST_CASE(into_what_the_caller_holds) {
  const auto f = [](auto a, auto b) { return sum(a * a) * b; };
  const Vector a{1, 2, 3};
  double value = 0;
  std::tuple<Vector, double> slopes;
  value_and_grad(f, wrt<0, 1>).into(std::tie(value, slopes), a, 2.0);
  BOOST_TEST(value == 28);
  BOOST_TEST(std::get<0>(slopes)(2) == 12);
  BOOST_TEST(std::get<1>(slopes) == 14);
  double raw[3] = {};
  gradient(f).into(TensorView<double, Shape<3>>(raw), a, 1.0);
  BOOST_TEST(raw[1] == 4);
  // Lengths known at run time: a tensor takes the length of the result, a view must have it.
  using Samples = Shape<batch>;
  const Tensor<double, Samples> samples({5});
  Tensor<double, Samples> slope({2});
  const auto g = [](auto s) { return sum(exp(s)); };
  gradient(g).into(slope, samples);
  BOOST_TEST(slope.extent(0) == 5);
  BOOST_TEST(slope(4) == 1);
  Tensor<double, Samples> short_one({2});
  BOOST_CHECK_THROW(gradient(g).into(short_one.view(), samples), Error);
}

BOOST_AUTO_TEST_SUITE_END()
