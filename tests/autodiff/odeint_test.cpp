// SPDX-License-Identifier: BSL-1.0
/// \file
/// Differential equations with solutions in closed form, and what cannot be solved.
#include "ctgrad/autodiff/odeint.hpp"

#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_odeint)

using namespace ctgrad;

constexpr OdeOptions tight{.rtol = 1e-13, .atol = 1e-13};

template <class T>
struct Oscillator {
  T position, speed;
};
template <class T>
Oscillator(T, T) -> Oscillator<T>;
/// x'' = -w^2 x - 2 c x' + sin(t), as two equations of first order.
constexpr auto oscillation = [](auto y, auto t, auto w, auto damping) {
  return Oscillator{y.speed, -w * w * y.position - 2 * damping * y.speed + sin(t)};
};
constexpr auto decay = [](auto y, auto, auto k) { return -k * y; };

BOOST_AUTO_TEST_CASE(a_decay) {
  const Tensor<double, Shape<4>> times{0, 0.5, 2, 2};
  const auto y = odeint(decay)(3.0, times, 0.7);
  static_assert(std::is_same_v<decltype(y), const Tensor<double, Shape<4>>>);
  BOOST_TEST(y(0) == 3);
  for (int i = 0; i < 4; ++i) BOOST_TEST(std::abs(y(i) - 3 * std::exp(-0.7 * times(i))) < 1e-8);
  BOOST_TEST(y(3) == y(2));
}

BOOST_AUTO_TEST_CASE(times_a_rounding_apart) {
  const std::array<double, 3> times{1, std::nextafter(1.0, 2.0), 2};
  const auto y = odeint(decay)(3.0, times, 0.7);
  BOOST_TEST(std::abs(y(1) - 3) < 1e-14);
  BOOST_TEST(std::abs(y(2) - 3 * std::exp(-0.7)) < 1e-7);
}

BOOST_AUTO_TEST_CASE(backwards_in_time) {
  const Tensor<double, Shape<3>> times{2, 1, -1};
  const auto y = odeint<tight>(decay)(1.0, times, 0.7);
  for (int i = 0; i < 3; ++i) BOOST_TEST(std::abs(y(i) - std::exp(-0.7 * (times(i) - 2))) < 1e-11);
}

BOOST_AUTO_TEST_CASE(unknowns_in_a_struct) {
  const std::array<double, 3> times{0, 1, 4};
  const auto y = odeint<tight>(oscillation)(Oscillator<double>{1, 0}, times, 2.0, 0.0);
  // x = cos(2t) + sin(t) / 3 - sin(2t) / 6.
  for (int i = 0; i < 3; ++i) {
    const double t = times[static_cast<std::size_t>(i)];
    BOOST_TEST(std::abs(y.position(i) - (std::cos(2 * t) + std::sin(t) / 3 - std::sin(2 * t) / 6)) < 1e-11);
    BOOST_TEST(std::abs(y.speed(i) - (-2 * std::sin(2 * t) + std::cos(t) / 3 - std::cos(2 * t) / 3)) < 1e-11);
  }
}

BOOST_AUTO_TEST_CASE(an_array_without_parameters) {
  constexpr auto turn = [](auto y, auto) { return concat(axis<0>, -slice<0, 1, 2>(y), slice<0, 0, 1>(y)); };
  const auto y = odeint(turn)(Tensor<float, Shape<2>>{1, 0}, Tensor<float, Shape<2>>{0, 1});
  static_assert(std::is_same_v<decltype(y), const Tensor<float, Shape<2, 2>>>);
  BOOST_TEST(std::abs(y(1, 0) - std::cos(1.0F)) < 2e-6F);
  BOOST_TEST(std::abs(y(1, 1) - std::sin(1.0F)) < 2e-6F);
}

BOOST_AUTO_TEST_CASE(the_error_follows_the_tolerance) {
  const std::array<double, 2> times{0, 10};
  const auto error = [&](const auto& y) { return std::abs(y(1) - std::exp(-7.0)) / std::exp(-7.0); };
  const double loose = error(odeint<OdeOptions{.rtol = 1e-4, .atol = 1e-12}>(decay)(1.0, times, 0.7));
  const double close = error(odeint<OdeOptions{.rtol = 1e-9, .atol = 1e-17}>(decay)(1.0, times, 0.7));
  BOOST_TEST(loose < 1e-3);
  BOOST_TEST(loose > 1e-7);
  BOOST_TEST(close < 1e-8);
}

constexpr auto explosion = [](auto y, auto) { return y * y; };

BOOST_AUTO_TEST_CASE(what_cannot_be_solved_says_why) {
  const auto throws = [](const auto& call, const std::string& text) {
    try {
      call();
      BOOST_ERROR("did not throw");
    } catch (const Error& error) {
      BOOST_TEST(std::string(error.what()).find(text) != std::string::npos, error.what());
    }
  };
  throws([] { odeint(explosion)(1.0, std::array{0.0, 2.0}); }, "odeint cannot go on from t = 1:");
  throws(
      [] {
        odeint<OdeOptions{.max_steps = 5}>(decay)(1.0, std::array{0.0, 100.0}, 1.0);
      },
      "odeint took 5 steps and came to t = ");
  throws([] { odeint(decay)(1.0, std::array{0.0, 2.0, 1.0}, 1.0); }, "times in order");
  throws([] { odeint(decay)(1.0, std::array{0.0, std::nan("")}, 1.0); }, "not finite, number 1");
  throws([] { odeint(decay)(std::nan(""), std::array{0.0, 1.0}, 1.0); }, "the slopes are not finite");
}

BOOST_AUTO_TEST_SUITE_END()
