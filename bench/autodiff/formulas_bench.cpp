// SPDX-License-Identifier: BSL-1.0
/// \file
/// Formulas with shared parts: a chain of two intermediates, and even functions of a product and of a sum of ten
/// squares.
#include "derivative_contest.hpp"

namespace {

using namespace derivatives;

/// The first three numbers beside the sum of them all.
constexpr auto chain = [](auto a, auto b, auto c, auto rest) {
  const auto w0 = a * b - c * sin(a);
  const auto w1 = b * w0 - cos(w0) + (a + b + c + sum(rest));
  return w1 + exp(w1 - w0);
};
constexpr std::int64_t others = 97;

[[gnu::noinline]] double plain_chain(const double* x) {
  Total total;
  sweep<others>([&](std::int64_t i, auto t, int k) { total.add(k, load<decltype(t)>(x + 3 + i)); });
  const double w0 = x[0] * x[1] - x[2] * math::sin(x[0]);
  const double w1 = x[1] * w0 - math::cos(w0) + (x[0] + x[1] + x[2] + total.sum());
  return w1 + math::exp(w1 - w0);
}
[[gnu::noinline]] double chain_by_hand(const double* x, double* g) {
  Total total;
  sweep<others>([&](std::int64_t i, auto t, int k) { total.add(k, load<decltype(t)>(x + 3 + i)); });
  const double sine = math::sin(x[0]);
  const double w0 = x[0] * x[1] - x[2] * sine;
  const double w1 = x[1] * w0 - math::cos(w0) + (x[0] + x[1] + x[2] + total.sum());
  const double e = math::exp(w1 - w0), by_w1 = 1 + e, by_w0 = by_w1 * (x[1] + math::sin(w0)) - e;
  g[0] = by_w1 + by_w0 * (x[1] - x[2] * math::cos(x[0]));
  g[1] = by_w1 * (1 + w0) + by_w0 * x[0];
  g[2] = by_w1 - by_w0 * sine;
  sweep<others>([&](std::int64_t i, auto t, int) { store(decltype(t)(by_w1), g + 3 + i); });
  return w1 + e;
}

void chain_of_100(benchmark::State& state) {
  Tensor<double, Shape<100>> x, h;
  for (std::int64_t i = 0; i < 100; ++i) x(i) = static_cast<double>(i) / 100;
  Tensor<double, Shape<others>> rest, by_rest;
  for (std::int64_t i = 0; i < others; ++i) rest(i) = x(i + 3);
  std::array<double, 3> g{};
  double value = 0;
  auto slopes = std::tie(g[0], g[1], g[2], by_rest);
  const auto ours = [&] {
    value_and_grad(chain, wrt<0, 1, 2, 3>).into(std::tie(value, slopes), x(0), x(1), x(2), rest);
  };
  ours();
  if (!agree(state, chain_by_hand(x.data(), h.data()), value) || !agree(state, plain_chain(x.data()), value)) return;
  if (!agree(state, g, h.span().first(3)) || !agree(state, by_rest.span(), h.span().subspan(3))) return;
  hold(
      state, ours, [&] { benchmark::DoNotOptimize(plain_chain(x.data())); },
      [&] { benchmark::DoNotOptimize(chain_by_hand(x.data(), h.data())); });
}
BENCHMARK(chain_of_100);

using Ten = std::array<double, 10>;

/// Of ten numbers, by an element loop.
constexpr auto of_product = [](auto x) {
  auto p = square(x[0]);
  for (std::size_t i = 1; i < 10; ++i) p = p * square(x[i]);
  return p * p + cos(p);
};
[[gnu::noinline]] double plain_product(const Ten& x) {
  double p = 1;
  for (const double a : x) p *= a * a;
  return p * p + math::cos(p);
}
[[gnu::noinline]] double product_by_hand(const Ten& x, Ten& g) {
  // Products of those before and of those after each number hold where one is 0, too.
  double before[10], after = 1;
  before[0] = 1;
  for (std::size_t i = 1; i < 10; ++i) before[i] = before[i - 1] * (x[i - 1] * x[i - 1]);
  const double p = before[9] * (x[9] * x[9]), slope = 2 * p - math::sin(p);
  for (std::size_t i = 10; i-- > 0;) {
    g[i] = slope * before[i] * after * (2 * x[i]);
    after *= x[i] * x[i];
  }
  return p * p + math::cos(p);
}

constexpr auto of_sum = [](auto x) {
  auto s = square(x[0]);
  for (std::size_t i = 1; i < 10; ++i) s = s + square(x[i]);
  return s * s + sin(s);
};
[[gnu::noinline]] double plain_sum(const Ten& x) {
  double s = 0;
  for (const double a : x) s += a * a;
  return s * s + math::sin(s);
}
[[gnu::noinline]] double sum_by_hand(const Ten& x, Ten& g) {
  double s = 0;
  for (const double a : x) s += a * a;
  const double slope = 2 * (2 * s + math::cos(s));
  for (std::size_t i = 0; i < 10; ++i) g[i] = slope * x[i];
  return s * s + math::sin(s);
}

template <auto F>
[[gnu::noinline]] void our_ten(const Ten& x, double& value, Ten& g) {
  value_and_grad(F).into(std::tie(value, g), x);
}
template <auto F, double (*Plain)(const Ten&), double (*ByHand)(const Ten&, Ten&)>
void of_ten(benchmark::State& state, double scale) {
  Ten x{}, g{}, h{};
  for (std::size_t i = 0; i < 10; ++i) x[i] = static_cast<double>(i + 1) * scale;
  double value = 0;
  our_ten<F>(x, value, g);
  if (!agree(state, ByHand(x, h), value) || !agree(state, Plain(x), value) || !agree(state, g, h)) return;
  hold(
      state, [&] { our_ten<F>(x, value, g); }, [&] { benchmark::DoNotOptimize(Plain(x)); },
      [&] { benchmark::DoNotOptimize(ByHand(x, h)); });
}
void product_of_ten(benchmark::State& state) { of_ten<of_product, plain_product, product_by_hand>(state, 0.2); }
void sum_of_ten(benchmark::State& state) { of_ten<of_sum, plain_sum, sum_by_hand>(state, 1); }
BENCHMARK(product_of_ten);
BENCHMARK(sum_of_ten);

}  // namespace

BENCHMARK_MAIN();
