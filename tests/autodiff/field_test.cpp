// SPDX-License-Identifier: BSL-1.0
/// \file
/// Laplacian, divergence and curl against closed forms, over points, and inside a loss.
#include "ctgrad/autodiff/field.hpp"

#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_field)

using namespace ctgrad;
using namespace ctgrad_test;

namespace {

template <class T>
struct Point {
  T x, y, z;
};

constexpr bool close(double found, double expected) {
  const double error = found - expected;
  return (error < 0 ? -error : error) <= 1e-14 * (1 + (expected < 0 ? -expected : expected));
}

// The potential of a point charge has no sources elsewhere.
constexpr auto potential = [](auto p) { return 1 / sqrt(p.x * p.x + p.y * p.y + p.z * p.z); };
static_assert(close(laplacian(potential)(Point<double>{1, 2, -2}), 0));
constexpr auto quadratic = [](auto p) { return p.x * p.x * p.y + 3 * p.y * p.y + p.z; };
static_assert(laplacian(quadratic)(Point<double>{1, 2, 3}) == 2 * 2 + 6);

constexpr auto swirl = [](auto p) { return Point<decltype(p.x)>{p.y * p.z, p.x * p.x, p.x * p.y * p.z}; };
static_assert(divergence(swirl)(Point<double>{2, 3, 5}) == 6);
constexpr auto rotation = curl(swirl)(Point<double>{2, 3, 5});
static_assert(rotation.x == 2 * 5 && rotation.y == 3 - 3 * 5 && rotation.z == 2 * 2 - 5);
// The curl of a gradient is zero.
constexpr auto none = curl(gradient(quadratic))(Point<double>{2, 3, 5});
static_assert(none.x == 0 && none.y == 0 && none.z == 0);
static_assert(divergence(gradient(quadratic))(Point<double>{1, 2, 3}) == 10);
static_assert(curl([](auto p) { return std::array{-p[1], p[0]}; })(std::array{0.5, 0.25}) == 2);

}  // namespace

BOOST_AUTO_TEST_CASE(of_arrays) {
  const Tensor<double, Shape<3>> p{0.5, -1, 2};
  const auto f = [](auto a) { return sum(exp(a)) * sum(a * a); };
  double expected = 0;
  const double s = std::exp(0.5) + std::exp(-1) + std::exp(2), q = 0.25 + 1 + 4;
  for (const double x : p) expected += std::exp(x) * q + 4 * x * std::exp(x) + 2 * s;
  BOOST_TEST(std::abs(laplacian(f)(p) - expected) < 1e-12);
  // Of each element of a result.
  const auto each = laplacian([](auto a) { return a * a * sum(a); })(p);
  for (int i = 0; i < 3; ++i) BOOST_TEST(std::abs(each(i) - (2 * (0.5 - 1 + 2) + 4 * p(i))) < 1e-13);

  const auto field = [](auto a) { return sin(a) * sum(a); };
  double diverging = 0;
  for (const double x : p) diverging += std::cos(x) * 1.5 + std::sin(x);
  BOOST_TEST(std::abs(divergence(field)(p) - diverging) < 1e-14);
  const auto turning = curl(field)(p);
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(std::abs(turning(i) - (std::sin(p((i + 2) % 3)) - std::sin(p((i + 1) % 3)))) < 1e-14);
  const auto [value, extras] = divergence([](auto a) { return std::pair{a * 3, sum(a)}; }, has_aux)(p);
  BOOST_TEST(value == 9);
  BOOST_TEST(extras == 1.5);
}

namespace {

/// A network's Laplacian at many points, in a loss that is differentiated by the network's weights.
constexpr auto residual = [](auto w, auto v, auto points) {
  const auto network = [=](auto p) { return sum(tanh(matvec(w, p)) * v); };
  const auto at = vmap([=](auto p) { return square(laplacian(network)(p) - sum(p)); })(points);
  return mean(at);
};

}  // namespace

BOOST_AUTO_TEST_CASE(inside_a_loss) {
  using Points = Tensor<double, Shape<batch, 3>>;
  Points points({4, 3});
  RandomStream(5).fill_uniform(points.span(), 0, -1.0, 1.0);
  const Tensor<double, Shape<3>> v{0.5, -1, 2};
  const auto [value, slope] = value_and_grad(residual)(point_w, v, points);
  // tanh'' = -2 tanh (1 - tanh^2), and the Laplacian of tanh(w x) is |w|^2 tanh''.
  auto by_hand = [&](const Tensor<double, Shape<3, 3>>& w) {
    double total = 0;
    for (int k = 0; k < 4; ++k) {
      double laplace = 0, sum = 0;
      for (int r = 0; r < 3; ++r) {
        double z = 0, square = 0;
        for (int c = 0; c < 3; ++c) {
          z += w(r, c) * points(k, c);
          square += w(r, c) * w(r, c);
        }
        const double t = std::tanh(z);
        laplace += v(r) * square * -2 * t * (1 - t * t);
        sum += points(k, r);
      }
      total += (laplace - sum) * (laplace - sum) / 4;
    }
    return total;
  };
  BOOST_TEST(std::abs(value - by_hand(point_w)) < 1e-13);
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < 3; ++c) {
      auto moved = point_w;
      const double h = 1e-5;
      moved(r, c) += h;
      const double up = by_hand(moved);
      moved(r, c) -= 2 * h;
      BOOST_TEST(std::abs(slope(r, c) - (up - by_hand(moved)) / (2 * h)) < 1e-8);
    }
}

BOOST_AUTO_TEST_SUITE_END()
