// SPDX-License-Identifier: BSL-1.0
/// \file
/// Functions whose derivatives several tests look at, and the points where reference/derivatives.hpp has them.
#pragma once

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <ctgrad/ctgrad.hpp>

#include "reference/derivatives.hpp"

namespace ctgrad_test {

using namespace ctgrad;

/// Compares the leaves of a structure with numbers, relative to the largest of these.
template <class X, std::size_t N>
void check_numbers(const X& found, const double (&expected)[N], double tolerance = 1e-13) {
  double scale = 0;
  for (const double number : expected) scale = std::max(scale, std::abs(number));
  std::size_t next = 0;
  auto check = [&](double number) {
    BOOST_REQUIRE(next < N);
    BOOST_TEST(std::abs(number - expected[next]) <= tolerance * scale,
               "number " << next << " is " << number << " and should be " << expected[next]);
    ++next;
  };
  detail::for_each_leaf(found, [&](const auto& leaf) {
    if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(leaf)>>) {
      check(leaf);
    } else {
      for (const double number : leaf) check(number);
    }
  });
  BOOST_TEST(next == N);
}

inline const Tensor<double, Shape<3>> point_x{0.5, -1, 2};
inline const Tensor<double, Shape<3, 3>> point_w{0.2, -0.4, 0.1, 0.7, 0.3, -0.6, -0.5, 0.9, 0.8};
inline const Tensor<double, Shape<3>> direction_x{1, -0.5, 0.25};

inline constexpr auto matvec = [](auto w, auto x) { return reshape(matmul(w, reshape(x, shape<3, 1>)), shape<3>); };

inline constexpr auto layer = [](auto x, auto w) { return tanh(matvec(w, x)) * softmax(x, axis<0>); };

inline constexpr auto loss = [](auto x, auto w) {
  const auto corner = reshape(slice<1, 1, 2>(slice<0, 0, 1>(w)), shape<>);
  return log(sum(exp(matvec(w, sin(x)) * x))) + mean(square(x)) * corner;
};

/// The distribution function of the normal distribution, as an operation of a user's own.
struct NormalDistribution {
  static constexpr std::string_view name = "normal_distribution";
  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    return (math::erf(x * T(0.70710678118654752440)) + T(1)) * T(0.5);
  }
  static constexpr auto derivative(auto t, auto x, auto) {
    return partials(t * exp(x * x * -0.5) * 0.39894228040143267794);
  }
};

/// The price of a call option (F. Black and M. Scholes, 1973).
inline constexpr auto call_price = [](auto spot, auto strike, auto rate, auto volatility, auto time) {
  const auto deviation = volatility * sqrt(time);
  const auto d1 = (log(spot / strike) + (rate + volatility * volatility / 2) * time) / deviation;
  const auto d2 = d1 - deviation;
  return spot * elementwise<NormalDistribution>(d1) - strike * exp(-rate * time) * elementwise<NormalDistribution>(d2);
};

}  // namespace ctgrad_test
