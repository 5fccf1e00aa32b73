// SPDX-License-Identifier: BSL-1.0
/// \file
/// The density of independent normal numbers, and its gradient by their mean and deviation.
#include "derivative_contest.hpp"

namespace {

using namespace derivatives;

/// Independent normal numbers whose mean and deviation are asked for.
constexpr auto deviations = [](auto a, auto b, auto v) { return -0.5 * sum(square((v - a * v) * (1 / b))); };
constexpr std::int64_t many = 1000;

[[gnu::noinline]] double plain_deviations(double a, double b, const double* v) {
  Total total;
  sweep<many>([&](std::int64_t i, auto t, int k) {
    using T = decltype(t);
    const T x = load<T>(v + i), z = x - T(a) * x;
    total.add(k, z * z);
  });
  return -0.5 * total.sum() / (b * b);
}
[[gnu::noinline]] double deviations_by_hand(double a, double b, const double* v, double& by_a, double& by_b) {
  Total total, with_v;
  sweep<many>([&](std::int64_t i, auto t, int k) {
    using T = decltype(t);
    const T x = load<T>(v + i), z = x - T(a) * x;
    total.add(k, z * z);
    with_v.add(k, z * x);
  });
  const double scale = 1 / (b * b), value = -0.5 * total.sum() * scale;
  by_a = with_v.sum() * scale;
  by_b = -2 * value / b;
  return value;
}
/// Holds `f`, which is `deviations`, as it was written or reassociated.
template <class F>
void hold_deviations(benchmark::State& state, F f) {
  Tensor<double, Shape<many>> v;
  for (std::int64_t i = 0; i < many; ++i) v(i) = static_cast<double>(i) / many;
  const double a = 2, b = 1;
  double value = 0, by_a = 0, by_b = 0, a_by_hand = 0, b_by_hand = 0;
  auto slopes = std::tie(by_a, by_b);
  const auto ours = [&] { value_and_grad(f, wrt<0, 1>).into(std::tie(value, slopes), a, b, v); };
  ours();
  if (!agree(state, deviations_by_hand(a, b, v.data(), a_by_hand, b_by_hand), value)) return;
  if (!agree(state, plain_deviations(a, b, v.data()), value)) return;
  if (!agree(state, by_a, a_by_hand) || !agree(state, by_b, b_by_hand)) return;
  hold(
      state, ours, [&] { benchmark::DoNotOptimize(plain_deviations(a, b, v.data())); },
      [&] { benchmark::DoNotOptimize(deviations_by_hand(a, b, v.data(), a_by_hand, b_by_hand)); });
}
void deviations_of_1000(benchmark::State& state) { hold_deviations(state, deviations); }
BENCHMARK(deviations_of_1000);
void deviations_of_1000_reassociated(benchmark::State& state) { hold_deviations(state, reassociate(deviations)); }
BENCHMARK(deviations_of_1000_reassociated);

/// The same by one number between constants, with which the compiler computes: FastAD's benchmark of eager constants.
/// (Its other half takes the logarithm of 1 a hundred thousand times; here that is 0.)
constexpr auto between_constants = [](auto w, auto v) {
  return sum(-0.5 * square((v - w * v) / 2) - 0.69314718055994531);
};
constexpr double constants = many * 0.69314718055994531;

template <class F>
void hold_between_constants(benchmark::State& state, F f) {
  Tensor<double, Shape<many>> v;
  for (std::int64_t i = 0; i < many; ++i) v(i) = static_cast<double>(i);
  const double w = 2;
  double value = 0, by_w = 0, w_by_hand = 0, unused = 0;
  const auto ours = [&] { value_and_grad(f).into(std::tie(value, by_w), w, v); };
  ours();
  if (!agree(state, deviations_by_hand(w, 2, v.data(), w_by_hand, unused) - constants, value)) return;
  if (!agree(state, plain_deviations(w, 2, v.data()) - constants, value) || !agree(state, by_w, w_by_hand)) return;
  hold(
      state, ours, [&] { benchmark::DoNotOptimize(plain_deviations(w, 2, v.data()) - constants); },
      [&] { benchmark::DoNotOptimize(deviations_by_hand(w, 2, v.data(), w_by_hand, unused) - constants); });
}
void deviations_between_constants(benchmark::State& state) { hold_between_constants(state, between_constants); }
BENCHMARK(deviations_between_constants);
void deviations_between_constants_reassociated(benchmark::State& state) {
  hold_between_constants(state, reassociate(between_constants));
}
BENCHMARK(deviations_between_constants_reassociated);

}  // namespace

BENCHMARK_MAIN();
