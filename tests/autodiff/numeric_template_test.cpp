// SPDX-License-Identifier: BSL-1.0
/// \file
/// Functions written as templates over a number, as they stand in libraries that know nothing of ctgrad.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cmath>

#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

namespace {

namespace theirs {

template <class T>
constexpr T horner(T x) {
  T y = 0;
  for (const double c : {4.0, -3.0, 2.0, 1.0}) y = y * x + c;
  return y;
}

template <class T, std::size_t N>
constexpr T mean_square(const std::array<T, N>& x) {
  T sum(0.0F);
  for (const T& part : x) sum += part * part;
  sum /= static_cast<int>(N);
  return sum;
}

template <class T>
constexpr T length(T x, T y) {
  using std::sqrt;
  T squares = x * x;
  squares += y * y;
  return sqrt(squares);
}

template <class T>
constexpr T kepler(T anomaly, double eccentricity) {
  using std::cos;
  using std::sin;
  T e = anomaly;
  for (int i = 0; i < 6; ++i) e -= (e - eccentricity * sin(e) - anomaly) / (T(1) - eccentricity * cos(e));
  return e;
}

/// Numbers meet numbers before the argument is seen.
template <class T>
constexpr T of_constants(T x) {
  using std::exp;
  using std::pow;
  const T two = T(1) + T(1);
  T scale = exp(T(0)) * two - 1;
  scale *= pow(two, T(3));
  return -(scale - 10) * x + T(3) / two;
}

template <class T>
constexpr T clamped(T x) {
  using std::fabs;
  using std::max;
  using std::min;
  return min(max(x, T(-1)), T(1)) + 2 * fabs(x);
}

template <class T>
struct Matrix {
  T at[2][2];
};
template <class T>
constexpr Matrix<T> operator*(const Matrix<T>& a, const Matrix<T>& b) {
  Matrix<T> c{};
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j)
      for (int k = 0; k < 2; ++k) c.at[i][j] += a.at[i][k] * b.at[k][j];
  return c;
}
template <class T>
constexpr T trace_of_cube(T x) {
  const Matrix<T> a{{{x, 1}, {2, 3 * x}}};
  const Matrix<T> cube = a * a * a;
  return cube.at[0][0] + cube.at[1][1];
}

}  // namespace theirs

constexpr auto horner = [](auto x) { return theirs::horner(x); };
constexpr auto of_constants = [](auto x) { return theirs::of_constants(x); };
constexpr auto clamped = [](auto x) { return theirs::clamped(x); };

constexpr auto add_square = [](auto carry, auto x) {
  carry += x * x;
  return std::pair{carry, decltype(carry)(1)};
};
constexpr auto in_a_loop = [](auto x) {
  const auto [end, ones] = scan(add_square, 0.5, x);
  return end * sum(ones);
};

}  // namespace

BOOST_AUTO_TEST_SUITE(numeric_templates)

BOOST_AUTO_TEST_CASE(a_sum_begins_as_a_number) {
  static_assert(gradient(horner)(2.0) == 12 * 4 - 6 * 2 + 2);
  BOOST_TEST(gradient(horner)(2.0) == 38);
  BOOST_TEST(hessian(horner)(2.0) == 24 * 2 - 6);
  const std::array<double, 3> x{1, 2, 4};
  const auto slope = gradient([](auto v) { return theirs::mean_square(v); })(x);
  for (std::size_t i = 0; i < 3; ++i) BOOST_TEST(slope[i] == 2 * x[i] / 3, boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(values_change_in_place) {
  const auto [x, y] = gradient([](auto a, auto b) { return theirs::length(a, b); }, wrt<0, 1>)(3.0, 4.0);
  BOOST_TEST(x == 0.6, boost::test_tools::tolerance(1e-15));
  BOOST_TEST(y == 0.8, boost::test_tools::tolerance(1e-15));
  const auto anomaly = [](auto m) { return theirs::kepler(m, 0.3); };
  const auto [e, by_m] = value_and_grad(anomaly)(1.0);
  BOOST_TEST(e == theirs::kepler(1.0, 0.3), boost::test_tools::tolerance(1e-14));
  BOOST_TEST(by_m == 1 / (1 - 0.3 * std::cos(e)), boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(numbers_alone_are_computed_at_once) {
  static_assert(gradient(of_constants)(7.0) == 2);
  BOOST_TEST(compiled(of_constants)(7.0) == 15.5);
  BOOST_TEST(gradient(of_constants)(7.0F) == 2);
}

BOOST_AUTO_TEST_CASE(the_larger_and_the_smaller) {
  for (const double x : {-3.0, -0.5, 0.25, 5.0}) {
    BOOST_TEST(compiled(clamped)(x) == theirs::clamped(x));
    BOOST_TEST(gradient(clamped)(x) == (std::abs(x) < 1 ? 1 : 0) + (x > 0 ? 2 : -2));
  }
}

BOOST_AUTO_TEST_CASE(matrices_of_numbers) {
  const auto trace = [](auto x) { return theirs::trace_of_cube(x); };
  BOOST_TEST(compiled(trace)(2.0) == theirs::trace_of_cube(2.0));
  BOOST_TEST(gradient(trace)(2.0) == 84 * 4 + 24, boost::test_tools::tolerance(1e-14));
}

// A result that does not depend on the argument has the derivative 0.
BOOST_AUTO_TEST_CASE(results_that_are_numbers) {
  const auto constant = [](auto x) { return std::pair{decltype(x)(5), x * x}; };
  const auto [five, nine] = compiled(constant)(3.0);
  BOOST_TEST(five == 5);
  BOOST_TEST(nine == 9);
  BOOST_TEST(gradient([](auto x) { return decltype(x)(5); })(3.0) == 0);
  const auto [first, second] = jvp(constant)(3.0, 1.0).second;
  BOOST_TEST(first == 0);
  BOOST_TEST(second == 6);
}

BOOST_AUTO_TEST_CASE(in_loops_and_at_many_points) {
  const Tensor<double, Shape<4>> x{1, 2, 3, 4};
  const auto [value, slope] = value_and_grad(in_a_loop)(x);
  BOOST_TEST(value == 4 * 30.5);
  BOOST_TEST(slope(2) == 4 * 6);
  const auto slopes = vmap(gradient(horner))(x);
  BOOST_TEST(slopes(1) == 38);
  const auto fives = vmap([](auto y) { return decltype(y)(5); })(x);
  BOOST_TEST(fives(3) == 5);
}

BOOST_AUTO_TEST_CASE(arrays_change_in_place) {
  const auto f = [](auto x) {
    auto y = x * 2;
    y += 1;
    y *= x;
    y -= sum(x);
    y /= 4;
    return sum(y);
  };
  const Tensor<double, Shape<3>> x{1, 2, 3};
  const auto slope = gradient(f)(x);
  for (int i = 0; i < 3; ++i) BOOST_TEST(slope(i) == (4 * x(i) + 1 - 3) / 4);
}

BOOST_AUTO_TEST_SUITE_END()
