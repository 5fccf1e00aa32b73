// SPDX-License-Identifier: BSL-1.0
/// \file
/// Roots, fixed points and minima with known solutions, their derivatives against closed forms and differences, and
/// equations without a solution.
#include "ctgrad/autodiff/implicit.hpp"

#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_implicit)

using namespace ctgrad;

constexpr SolverOptions tight{.tolerance = 1e-14};

/// Kepler's equation for the eccentric anomaly.
constexpr auto kepler = [](auto anomaly, auto mean, auto eccentricity) {
  return anomaly - eccentricity * sin(anomaly) - mean;
};
constexpr auto anomaly_at = [](auto mean, auto eccentricity) { return root(kepler)(mean, mean, eccentricity); };

BOOST_AUTO_TEST_CASE(a_root_and_its_derivatives) {
  const double e = 0.3;
  const double x = root(kepler)(1.0, 1.0, e);
  BOOST_TEST(std::abs(x - e * std::sin(x) - 1) < 1e-15);
  const auto [by_mean, by_e] = gradient(anomaly_at, wrt<0, 1>)(1.0, e);
  const double slope = 1 / (1 - e * std::cos(x));
  BOOST_TEST(std::abs(by_mean - slope) < 1e-14);
  BOOST_TEST(std::abs(by_e - std::sin(x) * slope) < 1e-14);
  BOOST_TEST(std::abs(hessian(anomaly_at)(1.0, e) + e * std::sin(x) * slope * slope * slope) < 1e-13);
}

template <class T>
struct Point {
  T x, y;
};
template <class T>
Point(T, T) -> Point<T>;
/// A circle of radius r meets the curve y = s x^3.
constexpr auto crossing = [](auto p, auto r, auto s) {
  return Point{p.x * p.x + p.y * p.y - r * r, p.y - s * p.x * p.x * p.x};
};
constexpr auto crossing_point = [](auto r, auto s) {
  const auto p = root<tight>(crossing)(Point{r * 0 + 1, r * 0 + 1}, r, s);
  return p.x + 2 * p.y;
};
constexpr auto crossing_slope = [](auto r, auto s) {
  const auto [by_r, by_s] = gradient(crossing_point, wrt<0, 1>)(r, s);
  return by_r * by_s;
};

BOOST_AUTO_TEST_CASE(a_root_of_two_equations) {
  const auto p = root(crossing)(Point<double>{1, 1}, std::sqrt(2.0), 1.0);
  BOOST_TEST(std::abs(p.x - 1) < 1e-14);
  BOOST_TEST(std::abs(p.y - 1) < 1e-14);
  const auto report = check_gradients(crossing_point, 1.3, 0.8);
  BOOST_TEST(report.passed(), report);
  const auto second = check_gradients(crossing_slope, 1.3, 0.8);
  BOOST_TEST(second.passed(), second);
}

/// x = tanh(W x + b): a layer of infinite depth (Bai et al. 2019).
constexpr auto layer = [](auto x, auto w, auto b) { return tanh(matmul(w, x) + b); };
constexpr auto equilibrium = [](auto w, auto b) { return sum(square(fixed_point<tight>(layer)(b * 0, w, b))); };

BOOST_AUTO_TEST_CASE(a_fixed_point) {
  const Tensor<double, Shape<3, 3>> w{0.2, -0.3, 0.1, 0.4, 0.1, -0.2, -0.1, 0.3, 0.2};
  const Tensor<double, Shape<3, 1>> b{0.5, -0.2, 0.9};
  const auto x = fixed_point(layer)(Tensor<double, Shape<3, 1>>{0, 0, 0}, w, b);
  for (int i = 0; i < 3; ++i) {
    double sum = b(i, 0);
    for (int k = 0; k < 3; ++k) sum += w(i, k) * x(k, 0);
    BOOST_TEST(std::abs(x(i, 0) - std::tanh(sum)) < 1e-9);
  }
  const auto report = check_gradients(equilibrium, w, b);
  BOOST_TEST(report.passed(), report);
}

constexpr auto rosenbrock = [](auto p, auto a, auto b) { return square(a - p.x) + b * square(p.y - p.x * p.x); };
constexpr auto valley = [](auto a, auto b) {
  const auto p = argmin(rosenbrock)(Point{a * 0, a * 0}, a, b);
  return p.x * p.y + 0 * b;
};

BOOST_AUTO_TEST_CASE(a_minimum) {
  const auto p = argmin(rosenbrock)(Point<double>{-1.2, 1}, 1.0, 100.0);
  BOOST_TEST(std::abs(p.x - 1) < 1e-12);
  BOOST_TEST(std::abs(p.y - 1) < 1e-12);
  // The minimum is at (a, a^2): the product is a^3, whatever b.
  const auto [by_a, by_b] = gradient(valley, wrt<0, 1>)(1.5, 100.0);
  BOOST_TEST(std::abs(by_a - 3 * 1.5 * 1.5) < 1e-9);
  BOOST_TEST(std::abs(by_b) < 1e-9);
  BOOST_TEST(std::abs(hessian(valley)(1.5, 100.0) - 6 * 1.5) < 1e-7);
}

constexpr auto many = [](auto means, auto e) { return vmap(anomaly_at, mapped<0>)(means, e); };

BOOST_AUTO_TEST_CASE(many_roots) {
  const Tensor<double, Shape<4>> means{0.1, 1, 2, 3};
  const auto found = vmap(anomaly_at, mapped<0>)(means, 0.3);
  const auto by_e = jacobian(many, wrt<1>)(means, 0.3);
  for (int i = 0; i < 4; ++i) {
    BOOST_TEST(std::abs(found(i) - root(kepler)(1.0, means(i), 0.3)) < 1e-14);
    BOOST_TEST(std::abs(by_e(i) - std::sin(found(i)) / (1 - 0.3 * std::cos(found(i)))) < 1e-13);
  }
}

constexpr auto square_less_two = [](auto x) { return x * x - 2; };

BOOST_AUTO_TEST_CASE(without_parameters_and_in_float) {
  BOOST_TEST(std::abs(root(square_less_two)(1.0) - std::sqrt(2.0)) < 1e-15);
  BOOST_TEST(std::abs(root(square_less_two)(1.0F) - std::sqrt(2.0F)) < 1e-6F);
}

constexpr auto no_root = [](auto x) { return x * x + 1; };
constexpr auto flat_start = [](auto p) { return Point{p.x * p.x - 1, p.x + p.y - 2}; };
constexpr auto away = [](auto x) { return 2 * x + 1; };
constexpr auto saddle = [](auto p) { return p.x * p.x - p.y * p.y; };
constexpr auto hole = [](auto x) { return log(x); };

BOOST_AUTO_TEST_CASE(a_singular_start_does_not_end_the_search) {
  // At x = 0 the first equation has no slope.
  const auto p = root(flat_start)(Point<double>{0, 0});
  BOOST_TEST(std::abs(p.x * p.x - 1) < 1e-12);
  BOOST_TEST(std::abs(p.x + p.y - 2) < 1e-12);
}

BOOST_AUTO_TEST_CASE(what_has_no_solution_says_so) {
  const auto throws = [](const auto& call, const std::string& text) {
    try {
      call();
      BOOST_ERROR("did not throw: " << text);
    } catch (const Error& error) {
      BOOST_TEST(std::string(error.what()).find(text) != std::string::npos, error.what());
    }
  };
  throws([] { root(no_root)(0.0); }, "root stopped where no step makes the residuals smaller");
  throws([] { root<SolverOptions{.max_steps = 30}>(no_root)(0.7); }, "root");
  throws([] { fixed_point(away)(1.0); }, "fixed_point did not converge in 100 steps");
  throws([] { argmin(saddle)(Point<double>{0, 0}); }, "the value falls in some direction");
  throws([] { root(hole)(-1.0); }, "not finite after 0 steps");
}

BOOST_AUTO_TEST_SUITE_END()
