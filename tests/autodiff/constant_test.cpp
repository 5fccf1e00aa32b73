// SPDX-License-Identifier: BSL-1.0
/// \file
/// Derivatives in constant expressions: most of this test is that it compiles.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <ctgrad/ctgrad.hpp>

BOOST_AUTO_TEST_SUITE(autodiff_constant)

using namespace ctgrad;

namespace {

constexpr bool close(double found, double expected, double tolerance = 1e-14) {
  const double error = found - expected;
  return (error < 0 ? -error : error) <= tolerance * (1 + (expected < 0 ? -expected : expected));
}

constexpr auto cube = [](auto x) { return x * x * x; };
constexpr auto wave = [](auto x) { return exp(-x * x) * sin(3 * x) + tanh(x) / sqrt(1 + x * x) + log(x); };

static_assert(gradient(cube)(2.0) == 12);
static_assert(value_and_grad(cube)(2.0) == std::pair{8.0, 12.0});
static_assert(jvp(cube)(2.0, 0.5) == std::pair{8.0, 6.0});
static_assert(vjp(cube)(2.0, 0.5) == std::pair{8.0, 6.0});
static_assert(hessian(cube)(2.0) == 12);
static_assert(hvp(cube)(2.0, 2.0) == 24);
static_assert(directional_derivative(gradient(gradient(cube)))(2.0, 1.0) == 6);
static_assert(gradient(gradient(gradient(gradient(cube))))(2.0) == 0);
// In the arithmetic of the argument's type.
static_assert(gradient([](auto x) { return x / 3; })(1.0F) == 1.0F / 3);

template <class T>
struct Point {
  T x, y;
};
constexpr auto rosenbrock = [](auto p) { return square(1 - p.x) + 100 * square(p.y - square(p.x)); };
constexpr auto at_minimum = gradient(rosenbrock)(Point<double>{1, 1});
static_assert(at_minimum.x == 0 && at_minimum.y == 0);
constexpr auto second = hessian(rosenbrock)(Point<double>{1, 1});
static_assert(second.x.x == 802 && second.x.y == -400 && second.y.x == -400 && second.y.y == 200);

constexpr auto j = jacobian([](auto a) {
  return std::array{a[0] * a[1], where(a[0] > a[1], a[0], 2 * a[1])};
})(std::array{2.0, 3.0});
static_assert(j[0] == std::array{3.0, 2.0} && j[1] == std::array{0.0, 2.0});

// Newton's method for the square root of two, with the exact derivative, by the compiler.
constexpr double root_of_two = [] {
  constexpr auto f = [](auto x) { return x * x - 2; };
  double x = 1;
  for (int i = 0; i < 6; ++i) {
    const auto [value, slope] = value_and_grad(f)(x);
    x -= value / slope;
  }
  return x;
}();
static_assert(close(root_of_two, 1.4142135623730951));

// Arrays inside the function.
constexpr auto polynomial = [](auto x) {
  const auto powers = pow(x, ctgrad_arange<double, 4>(x));
  const auto table = reshape(powers, shape<2, 2>);
  return sum(matmul(table, transpose(table))) + max(concat(axis<0>, powers, slice<0, 1, 3>(powers)));
};

// A kernel of a user's own.
struct CubeKernel {
  static constexpr std::string_view name = "cube";
  static constexpr bool runs_in_constants = true;
  static constexpr ShapeValue shape(const ShapeValue& x) { return x; }
  template <class T>
  static constexpr void cpu(T* y, const T* x, const KernelShape* shapes) {
    for (std::int64_t i = 0; i < shapes[0].size(); ++i) y[i] = x[i] * x[i] * x[i];
  }
  static constexpr auto derivative(auto t, auto x, auto) { return partials(3 * t * x * x); }
};
constexpr auto by_kernel = [](auto x) { return user_kernel<CubeKernel>(x); };
static_assert(value_and_grad(by_kernel)(2.0) == std::pair{8.0, 12.0});
static_assert(hessian(by_kernel)(2.0F) == 12.0F);

}  // namespace

BOOST_AUTO_TEST_CASE(equals_the_run) {
  constexpr auto constant = value_and_grad(wave)(0.7);
  const auto computed = value_and_grad(wave)(0.7);
  BOOST_TEST(close(constant.first, computed.first));
  BOOST_TEST(close(constant.second, computed.second));
  constexpr double curvature = hessian(wave)(0.7);
  const double same = hessian(wave)(0.7);
  BOOST_TEST(close(curvature, same, 1e-13));
}

// P = [[1, x], [x^2, x^3]]: the sum of P P^T is (1 + x^2)^2 + (x + x^3)^2, the largest power x^3.
BOOST_AUTO_TEST_CASE(of_arrays_inside_the_function) {
  constexpr double slope = gradient(polynomial)(1.5);
  const double x = 1.5, p = 1 + x * x;
  BOOST_TEST(close(slope, 4 * x * p + 2 * x * p * (1 + 3 * x * x) + 3 * x * x));
  const double computed = gradient(polynomial)(x);
  BOOST_TEST(close(slope, computed));
}

BOOST_AUTO_TEST_SUITE_END()
