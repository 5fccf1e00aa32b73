// SPDX-License-Identifier: BSL-1.0
/// \file
/// The price of a call option (F. Black and M. Scholes, 1973) with its five first derivatives: of one option, and of
/// many at once. By hand, the exponentials of the distribution function and of its slope are shared.
#include "derivative_contest.hpp"

namespace {

using namespace derivatives;

constexpr double root_half = 0.70710678118654752440, inverse_root_two_pi = 0.39894228040143267794;

/// The distribution function of the normal distribution.
constexpr auto normal = [](auto x) { return erf(x * root_half) * 0.5 + 0.5; };
template <class T>
CTGRAD_ALWAYS_INLINE T normal_of(T x) {
  return math::erf(x * T(root_half)) * T(0.5) + T(0.5);
}

constexpr auto call_price = [](auto spot, auto strike, auto rate, auto volatility, auto time) {
  const auto deviation = volatility * sqrt(time);
  const auto d1 = (log(spot / strike) + (rate + volatility * volatility * 0.5) * time) / deviation;
  const auto d2 = d1 - deviation;
  return spot * normal(d1) - strike * exp(-rate * time) * normal(d2);
};
constexpr auto all = wrt<0, 1, 2, 3, 4>;

template <class T>
CTGRAD_ALWAYS_INLINE T price(T spot, T strike, T rate, T volatility, T time) {
  const T deviation = volatility * math::sqrt(time);
  const T d1 = (math::log(spot / strike) + (rate + volatility * volatility * T(0.5)) * time) / deviation;
  const T d2 = d1 - deviation;
  return spot * normal_of(d1) - strike * math::exp(T(0) - rate * time) * normal_of(d2);
}

/// The price, and the greeks delta, by the strike, rho, vega and by the time.
template <class T>
CTGRAD_ALWAYS_INLINE T greeks(T spot, T strike, T rate, T volatility, T time, T (&g)[5]) {
  const T root = math::sqrt(time), deviation = volatility * root;
  const T d1 = (math::log(spot / strike) + (rate + volatility * volatility * T(0.5)) * time) / deviation;
  const T n1 = normal_of(d1), n2 = normal_of(d1 - deviation);
  const T discount = math::exp(T(0) - rate * time);
  // spot * slope(d1) = strike * discount * slope(d2): one exponential for both.
  const T vega = spot * math::exp(d1 * d1 * T(-0.5)) * T(inverse_root_two_pi) * root;
  const T due = strike * discount * n2;
  g[0] = n1;
  g[1] = T(0) - discount * n2;
  g[2] = due * time;
  g[3] = vega;
  g[4] = due * rate + vega * volatility / (time * T(2));
  return spot * n1 - due;
}

[[gnu::noinline]] double plain_one(const double* x) { return price(x[0], x[1], x[2], x[3], x[4]); }
[[gnu::noinline]] double one_by_hand(const double* x, double* g) {
  double slopes[5];
  const double value = greeks(x[0], x[1], x[2], x[3], x[4], slopes);
  for (int k = 0; k < 5; ++k) g[k] = slopes[k];
  return value;
}
[[gnu::noinline]] void our_one(const double* x, double& value, std::array<double, 5>& g) {
  auto slopes = std::tie(g[0], g[1], g[2], g[3], g[4]);
  value_and_grad(call_price, all).into(std::tie(value, slopes), x[0], x[1], x[2], x[3], x[4]);
}

void black_scholes(benchmark::State& state) {
  const double x[5] = {100, 110, 0.05, 0.2, 1.5};
  std::array<double, 5> g{}, h{};
  double value = 0;
  our_one(x, value, g);
  if (!agree(state, one_by_hand(x, h.data()), value) || !agree(state, plain_one(x), value)) return;
  if (!agree(state, g, h)) return;
  hold(
      state, [&] { our_one(x, value, g); }, [&] { benchmark::DoNotOptimize(plain_one(x)); },
      [&] { benchmark::DoNotOptimize(one_by_hand(x, h.data())); });
}
BENCHMARK(black_scholes);

constexpr std::int64_t options = 4096;
using Options = Tensor<double, Shape<options>>;

[[gnu::noinline]] void plain_many(const Options (&x)[5], double* value) {
  sweep<options>([&](std::int64_t i, auto t, int) {
    using T = decltype(t);
    const auto at = [&](int k) { return load<T>(x[k].data() + i); };
    store(price(at(0), at(1), at(2), at(3), at(4)), value + i);
  });
}
[[gnu::noinline]] void many_by_hand(const Options (&x)[5], double* value, Options (&g)[5]) {
  sweep<options>([&](std::int64_t i, auto t, int) {
    using T = decltype(t);
    const auto at = [&](int k) { return load<T>(x[k].data() + i); };
    T slopes[5];
    store(greeks(at(0), at(1), at(2), at(3), at(4), slopes), value + i);
    unrolled<5>([&](int k) { store(slopes[k], g[k].data() + i); });
  });
}

void many_options(benchmark::State& state) {
  const Options x[5] = {Options::uniform(1, 80, 120), Options::uniform(2, 80, 120), Options::uniform(3, 0, 0.1),
                        Options::uniform(4, 0.1, 0.5), Options::uniform(5, 0.1, 2)};
  Options value, value_by_hand, g[5], h[5];
  auto slopes = std::tie(g[0], g[1], g[2], g[3], g[4]);
  const auto ours = [&] {
    vmap(value_and_grad(call_price, all)).into(std::tie(value, slopes), x[0], x[1], x[2], x[3], x[4]);
  };
  ours();
  many_by_hand(x, value_by_hand.data(), h);
  if (!agree(state, value.span(), value_by_hand.span())) return;
  for (int k = 0; k < 5; ++k)
    if (!agree(state, g[k].span(), h[k].span())) return;
  hold(
      state, ours, [&] { plain_many(x, value_by_hand.data()); }, [&] { many_by_hand(x, value_by_hand.data(), h); });
}
BENCHMARK(many_options);

}  // namespace

BENCHMARK_MAIN();
