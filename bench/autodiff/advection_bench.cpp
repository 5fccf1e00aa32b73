// SPDX-License-Identifier: BSL-1.0
/// \file
/// Advection of 100 cells through 2000 steps by the schemes of Lax and Wendroff (linear) and of Toon et al. (with
/// logarithms), after R. J. Hogan's benchmark for Adept (2014): half the sum of the squares in the end, and its
/// gradient by the cells in the beginning. The flux between two cells is differentiated by ctgrad; the loop over the
/// steps goes there and back in C++ and keeps the states. By hand, the flux has an adjoint written by hand.
#include <vector>

#include "derivative_contest.hpp"

namespace {

using namespace derivatives;

constexpr int cells = 100, inner = cells - 2, fluxes = cells - 1, steps = 2000;
constexpr double courant = 0.125;

struct LaxWendroff {
  template <class T>
  static constexpr auto flux(T a, T b) {
    return (a + b + (a - b) * courant) * (0.5 * courant);
  }
  static V flux(V a, V b) { return (a + b + (a - b) * V(courant)) * V(0.5 * courant); }
  /// `u` times the derivatives by a and b.
  static void pull_back(V, V, V u, V& by_a, V& by_b) {
    by_a = u * V(0.5 * courant * (1 + courant));
    by_b = u * V(0.5 * courant * (1 - courant));
  }
};

struct Toon {
  template <class T>
  static constexpr auto flux(T a, T b) {
    return (exp(log(a / b) * courant) - 1) * a * b / (a - b);
  }
  static V flux(V a, V b) { return (math::exp(math::log(a / b) * V(courant)) - V(1)) * a * b / (a - b); }
  static void pull_back(V a, V b, V u, V& by_a, V& by_b) {
    const V e = math::exp(math::log(a / b) * V(courant)), d = V(1) / (a - b), ab = a * b * d;
    const V value = (e - V(1)) * ab, ec = e * V(courant) * d;
    by_a = u * (ec * b + ((e - V(1)) * b - value) * d);
    by_b = u * (((e - V(1)) * a + value) * d - ec * a);
  }
};
template <class Scheme>
constexpr auto flux_of = [](auto a, auto b) { return Scheme::flux(a, b); };
template <class Scheme>
constexpr auto adjoint_of =
    [](auto a, auto b, auto u) { return std::get<1>(vjp(flux_of<Scheme>, wrt<0, 1>)(a, b, u)); };

/// Rows of a multiple of a register, so that whole registers may be read and written past the end.
constexpr int row = (cells + 2 * lanes) / lanes * lanes;

using FluxView = TensorView<const double, Shape<fluxes>>;
using Flux = Tensor<double, Shape<fluxes>>;

/// The flux and its adjoint by ctgrad.
template <class Scheme>
struct Ours {
  Flux a, b;
  TensorView<double, Shape<fluxes>> by_a{a.data()}, by_b{b.data()};

  void flux(const double* q, double* f) {
    compiled(flux_of<Scheme>).into(TensorView<double, Shape<fluxes>>(f), FluxView(q), FluxView(q + 1));
  }
  void pull_back(const double* q, const double* u) {
    compiled(adjoint_of<Scheme>).into(std::tie(by_a, by_b), FluxView(q), FluxView(q + 1), FluxView(u));
  }
};

/// The same by hand.
template <class Scheme>
struct ByHand {
  alignas(64) double a[row], b[row];
  TensorView<double, Shape<fluxes>> by_a{a}, by_b{b};

  void flux(const double* q, double* f) {
    for (int i = 0; i < fluxes; i += lanes) Scheme::flux(V::load(q + i), V::load(q + i + 1)).store(f + i);
  }
  void pull_back(const double* q, const double* u) {
    for (int i = 0; i < fluxes; i += lanes) {
      V x, y;
      Scheme::pull_back(V::load(q + i), V::load(q + i + 1), V::load(u + i), x, y);
      x.store(a + i);
      y.store(b + i);
    }
  }
};

/// All states, one after the other; the numbers past the end of a row differ, so that no flux there is NaN.
struct States {
  std::vector<double> at = std::vector<double>(static_cast<std::size_t>(row * (steps + 1)) + lanes);
  double* operator[](int step) { return at.data() + step * row; }
  States() {
    for (std::size_t i = 0; i < at.size(); ++i) at[i] = 1 + 0.01 * static_cast<double>(i % 8);
  }
};

template <class Method>
double run(States& q, Method& method) {
  alignas(64) double f[row] = {};
  for (int s = 0; s < steps; ++s) {
    const double* from = q[s];
    double* to = q[s + 1];
    method.flux(from, f);
    for (int i = 1; i <= inner; ++i) to[i] = from[i] + f[i - 1] - f[i];
    to[0] = to[inner];
    to[cells - 1] = to[1];
  }
  double value = 0;
  for (int i = 0; i < cells; ++i) value += 0.5 * q[steps][i] * q[steps][i];
  return value;
}

template <class Method>
double run_with_gradient(States& q, Method& method, double* g) {
  const double value = run(q, method);
  alignas(64) double u[row] = {};
  for (int i = 0; i < cells; ++i) g[i] = q[steps][i];
  for (int s = steps - 1; s >= 0; --s) {
    g[inner] += g[0];
    g[1] += g[cells - 1];
    g[0] = g[cells - 1] = 0;
    for (int i = 0; i < fluxes; ++i) u[i] = g[i + 1] - g[i];
    method.pull_back(q[s], u);
    g[0] += method.by_a(0);
    for (int i = 1; i < fluxes; ++i) g[i] += method.by_a(i) + method.by_b(i - 1);
    g[cells - 1] += method.by_b(fluxes - 1);
  }
  return value;
}

template <class Scheme>
void advection(benchmark::State& state) {
  States q;
  for (int i = 0; i < cells; ++i) q[0][i] = 1.5 + 0.5 * std::sin(2 * 3.14159265358979324 * i / (cells - 1.5));
  Ours<Scheme> ours;
  ByHand<Scheme> by_hand;
  std::vector<double> g(cells), h(cells);
  const double value = run_with_gradient(q, ours, g.data());
  if (!agree(state, run_with_gradient(q, by_hand, h.data()), value) || !agree(state, g, h, 1e-9)) return;
  hold(
      state, [&] { benchmark::DoNotOptimize(run_with_gradient(q, ours, g.data())); },
      [&] { benchmark::DoNotOptimize(run(q, by_hand)); },
      [&] { benchmark::DoNotOptimize(run_with_gradient(q, by_hand, h.data())); });
}
BENCHMARK(advection<LaxWendroff>);
BENCHMARK(advection<Toon>);

}  // namespace

BENCHMARK_MAIN();
