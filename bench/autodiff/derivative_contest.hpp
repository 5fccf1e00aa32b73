// SPDX-License-Identifier: BSL-1.0
/// \file
/// What the benchmarks of derivatives share: the contest of a function, its derivative by ctgrad and the derivative by
/// hand, and loops over registers for the latter two's rivals. Times are in nanoseconds.
#pragma once

#include <ctgrad/ctgrad.hpp>

#include <span>

#include "../program/contest.hpp"
#include "../program/unrolled.hpp"

namespace derivatives {

using namespace ctgrad;

inline constexpr int lanes = native_lanes<double>;
using V = Simd<double, lanes>;

/// True when two gradients agree to `tolerance`, relative to the largest element; otherwise the benchmark fails.
bool agree(benchmark::State& state, std::span<const double> a, std::span<const double> b, double tolerance = 1e-11);
inline bool agree(benchmark::State& state, double a, double b, double tolerance = 1e-11) {
  return agree(state, std::span(&a, 1), std::span(&b, 1), tolerance);
}

/// Tensor::uniform and Tensor::normal with a generator that is compiled once, which saves a benchmark half a second.
void fill_uniform(std::span<double> out, std::uint64_t seed, double low, double high);
void fill_normal(std::span<double> out, std::uint64_t seed, double mean, double standard_deviation);
template <std::int64_t... N>
Tensor<double, Shape<N...>> uniform(std::uint64_t seed, double low = 0, double high = 1) {
  Tensor<double, Shape<N...>> numbers;
  fill_uniform(numbers.span(), seed, low, high);
  return numbers;
}
template <std::int64_t... N>
Tensor<double, Shape<N...>> normal(std::uint64_t seed, double mean = 0, double standard_deviation = 1) {
  Tensor<double, Shape<N...>> numbers;
  fill_normal(numbers.span(), seed, mean, standard_deviation);
  return numbers;
}

/// What no gradient can do without: writes all of it, as memset does. Timed for so many numbers and more.
void write(std::span<double> gradient);
inline constexpr std::int64_t beyond_first_cache = 4096;

/// The calls one after the other, each with a turn in every round: ours, the function alone, the derivative by hand,
/// and if a gradient is given, the writing of it alone.
template <class Ours, class Plain, class ByHand>
void hold(benchmark::State& state, const Ours& ours, const Plain& plain, const ByHand& by_hand,
          std::span<double> gradient = {}) {
  contest::Contest contest(1e9);
  contest.add("ours", ours);
  contest.add("plain", plain);
  contest.add("by_hand", by_hand);
  if (!gradient.empty()) contest.add("write", [gradient] { write(gradient); });
  contest.hold(state);
}

/// The contest of `f`, of the value and gradient of `f` by ctgrad, and of those by hand: `plain(x)` gives the value,
/// `by_hand(x, g)` writes the gradient as well. Fails where they disagree.
template <auto F, std::int64_t N>
[[gnu::noinline]] void ours(double& value, Tensor<double, Shape<N>>& g, const Tensor<double, Shape<N>>& x) {
  value_and_grad(F).into(std::tie(value, g), x);
}
template <auto F, std::int64_t N>
void check_and_hold(benchmark::State& state, const Tensor<double, Shape<N>>& x, double (*plain)(const double*),
                    double (*by_hand)(const double*, double*)) {
  Tensor<double, Shape<N>> g, h;
  double value = 0;
  ours<F, N>(value, g, x);
  const double value_by_hand = by_hand(x.data(), h.data());
  if (!agree(state, value, value_by_hand) || !agree(state, plain(x.data()), value)) return;
  if (!agree(state, g.span(), h.span())) return;
  hold(
      state, [&] { ours<F, N>(value, g, x); }, [&] { benchmark::DoNotOptimize(plain(x.data())); },
      [&] { benchmark::DoNotOptimize(by_hand(x.data(), h.data())); },
      N < beyond_first_cache ? std::span<double>() : std::span<double>(h.span()));
}

/// Calls body(i, V()) for whole registers of [0, N), four in a row, and body(i, double()) for the rest.
template <std::int64_t N, class Body>
CTGRAD_ALWAYS_INLINE void sweep(const Body& body) {
  std::int64_t i = 0;
  if constexpr (N >= 4 * lanes)
    for (; i + 4 * lanes <= N; i += 4 * lanes) unrolled<4>([&](int k) { body(i + k * lanes, V(), k); });
  if constexpr (N % (4 * lanes) >= lanes)
    for (; i + lanes <= N; i += lanes) body(i, V(), 0);
  if constexpr (N % lanes != 0)
    for (; i < N; ++i) body(i, double(), 0);
}

template <class T>
CTGRAD_ALWAYS_INLINE T load(const double* from) {
  if constexpr (std::is_same_v<T, double>) {
    return *from;
  } else {
    return T::load(from);
  }
}
CTGRAD_ALWAYS_INLINE void store(double value, double* to) { *to = value; }
CTGRAD_ALWAYS_INLINE void store(V value, double* to) { value.store(to); }

/// A sum (or product) in four registers and a number.
struct Total {
  V part[4];
  double rest;
  CTGRAD_ALWAYS_INLINE explicit Total(double start = 0) : part{start, start, start, start}, rest(start) {}
  CTGRAD_ALWAYS_INLINE void add(int k, V x) { part[k] += x; }
  CTGRAD_ALWAYS_INLINE void add(int, double x) { rest += x; }
  CTGRAD_ALWAYS_INLINE void multiply(int k, V x) { part[k] = part[k] * x; }
  CTGRAD_ALWAYS_INLINE void multiply(int, double x) { rest *= x; }
  CTGRAD_ALWAYS_INLINE double sum() const { return reduce_add((part[0] + part[1]) + (part[2] + part[3])) + rest; }
  CTGRAD_ALWAYS_INLINE double product() const {
    return ctgrad::detail::reduce_lanes((part[0] * part[1]) * (part[2] * part[3]),
                                        [](auto a, auto b) { return a * b; }) *
           rest;
  }
};

}  // namespace derivatives
