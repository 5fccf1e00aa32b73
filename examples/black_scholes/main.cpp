// SPDX-License-Identifier: BSL-1.0
/// \file
/// Option prices after Black and Scholes (1973): the price of a call, all its sensitivities (the greeks), and the
/// volatility that a price in the market implies.
#include <ctgrad/ctgrad.hpp>

#include <cmath>
#include <cstdio>

using namespace ctgrad;

template <class T>
struct Option {
  T spot, strike, rate, volatility, years;
};

/// The distribution function of the normal distribution.
constexpr auto normal_cdf = [](auto x) { return 0.5 + 0.5 * erf(x * 0.70710678118654752); };

constexpr auto call_price = [](auto o) {
  const auto spread = o.volatility * sqrt(o.years);
  const auto d1 = (log(o.spot / o.strike) + (o.rate + square(o.volatility) / 2) * o.years) / spread;
  return o.spot * normal_cdf(d1) - o.strike * exp(-o.rate * o.years) * normal_cdf(d1 - spread);
};
constexpr auto put_price = [](auto o) {
  const auto spread = o.volatility * sqrt(o.years);
  const auto d1 = (log(o.spot / o.strike) + (o.rate + square(o.volatility) / 2) * o.years) / spread;
  return o.strike * exp(-o.rate * o.years) * normal_cdf(spread - d1) - o.spot * normal_cdf(-d1);
};

/// Everything at one point is one compiled function, which shares what price, gradient and Hessian have in common.
constexpr auto all_greeks = [](auto o) {
  const auto value_and_slope = value_and_grad(call_price)(o);
  const auto second = hessian(call_price, wrt_names<"spot", "volatility">)(o);
  const auto& [by_spot, by_volatility] = second;
  return std::tuple{value_and_slope.first, value_and_slope.second, std::get<0>(by_spot), std::get<1>(by_spot),
                    std::get<1>(by_volatility)};
};

/// The difference between the price at a volatility and that in the market, as an equation for the volatility. Its
/// derivative by the volatility, vega, is what Newton's method divides by.
constexpr auto mispricing = [](auto volatility, auto spot, auto strike, auto rate, auto years, auto price) {
  return call_price(Option<decltype(volatility)>{spot, strike, rate, volatility, years}) - price;
};
/// The implied volatility is a function with derivatives of its own.
constexpr auto implied_volatility = [](auto price, auto spot, auto strike, auto rate, auto years) {
  return root(mispricing)(price * 0 + 0.25, spot, strike, rate, years, price);
};

int main() {
  const Option<double> option{100, 110, 0.05, 0.2, 1.5};
  const auto [price, slope, gamma, vanna, volga] = compiled(all_greeks)(option);
  std::printf("call at spot 100, strike 110, rate 5 %%, volatility 20 %%, 18 months\n");
  std::printf("  price %10.6f\n", price);
  std::printf("  delta %10.6f   by the spot\n", slope.spot);
  std::printf("  vega  %10.6f   by the volatility\n", slope.volatility);
  std::printf("  theta %10.6f   by the time that passes, a year\n", -slope.years);
  std::printf("  rho   %10.6f   by the rate\n", slope.rate);
  std::printf("  gamma %10.6f   twice by the spot\n", gamma);
  std::printf("  vanna %10.6f   by spot and volatility\n", vanna);
  std::printf("  volga %10.6f   twice by the volatility\n", volga);

  // A call less a put is a forward contract.
  const double put = compiled(put_price)(option);
  std::printf("put %.6f; call - put = %.6f, spot - discounted strike = %.6f\n", put, price - put,
              option.spot - option.strike * std::exp(-option.rate * option.years));

  // Prices at which calls of several strikes might trade, and the volatilities they imply: a smile.
  std::printf("\n%7s %8s %19s %12s\n", "strike", "price", "implied volatility", "by the price");
  const Tensor<double, Shape<7>> strikes{80, 90, 95, 100, 105, 110, 120};
  const Tensor<double, Shape<7>> prices{27.60, 20.41, 17.22, 14.37, 11.87, 9.74, 6.52};
  const auto smile = vmap(implied_volatility, mapped<0, 2>)(prices, 100.0, strikes, 0.05, 1.5);
  const auto slopes = vmap(gradient(implied_volatility), mapped<0, 2>)(prices, 100.0, strikes, 0.05, 1.5);
  for (int i = 0; i < 7; ++i) std::printf("%7.0f %8.2f %19.6f %12.6f\n", strikes(i), prices(i), smile(i), slopes(i));
}
