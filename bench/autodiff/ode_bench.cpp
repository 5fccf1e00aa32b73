// SPDX-License-Identifier: BSL-1.0
/// \file
/// The ode test of CppAD's speed set: y' = g(y) with g = (0, y_0, y_1, ...), from y = x at t = 0 to t = 1 by ten steps
/// of Cash and Karp's method of order 5 (1990); the state in the end, and its Jacobian by x.
#include <ctgrad/autodiff/scan.hpp>

#include "derivative_contest.hpp"

namespace {

using namespace derivatives;

constexpr int steps = 10;
constexpr double h = 1.0 / steps;
// Row j: what stage j + 1 starts from; the last row: what the step adds.
constexpr double tableau[6][6] = {
    {h / 5},
    {h * 3 / 40, h * 9 / 40},
    {h * 3 / 10, h * -9 / 10, h * 6 / 5},
    {h * -11 / 54, h * 5 / 2, h * -70 / 27, h * 35 / 27},
    {h * 1631 / 55296, h * 175 / 512, h * 575 / 13824, h * 44275 / 110592, h * 253 / 4096},
    {h * 37 / 378, 0, h * 250 / 621, h * 125 / 594, 0, h * 512 / 1771}};

constexpr auto slope = [](auto y) {
  constexpr std::int64_t n = decltype(y)::shape_type::value[0];
  return concat(axis<0>, slice<0, 0, 1>(y) * 0, slice<0, 0, n - 1>(y));
};
constexpr auto step = [](auto y) {
  const auto k0 = slope(y);
  const auto k1 = slope(y + tableau[0][0] * k0);
  const auto k2 = slope(y + tableau[1][0] * k0 + tableau[1][1] * k1);
  const auto k3 = slope(y + tableau[2][0] * k0 + tableau[2][1] * k1 + tableau[2][2] * k2);
  const auto k4 = slope(y + tableau[3][0] * k0 + tableau[3][1] * k1 + tableau[3][2] * k2 + tableau[3][3] * k3);
  const auto k5 =
      slope(y + tableau[4][0] * k0 + tableau[4][1] * k1 + tableau[4][2] * k2 + tableau[4][3] * k3 + tableau[4][4] * k4);
  return y + tableau[5][0] * k0 + tableau[5][2] * k2 + tableau[5][3] * k3 + tableau[5][5] * k5;
};
/// The derivatives by the start go along with the state, some columns of their matrix at a time: `step` takes columns
/// as it takes a state. Above the diagonal they are 0, so a block of columns that begins with column i has only the
/// rows from i on.
constexpr auto step_of_columns = [](auto y, auto by_start) {
  using Columns = typename decltype(by_start)::shape_type;
  constexpr std::int64_t n = decltype(y)::shape_type::value[0], rows = Columns::value[0];
  const auto states = broadcast_to(reshape(slice<0, n - rows, n>(y), shape<rows, 1>), Columns{});
  return directional_derivative(step)(states, by_start);
};
constexpr auto step_with_derivatives = [](auto, auto state) {
  const auto& [y, by_start] = state;
  const auto& start = y;
  return std::pair{
      step(y), std::apply([&](auto... columns) { return std::tuple{step_of_columns(start, columns)...}; }, by_start)};
};
/// Each element the number of its row.
template <int Rows, class X>
constexpr auto row_numbers(const X& x) {
  return broadcast_to(reshape(ctgrad_arange<double, Rows>(x), shape<Rows, 1>), Shape<Rows, lanes>{});
}
/// Columns for a register each. Nobody differentiates the loop itself.
constexpr auto state_and_jacobian = compiled([](auto x) {
  constexpr int n = static_cast<int>(decltype(x)::shape_type::value[0]);
  return [&]<int... I>(std::integer_sequence<int, I...>) {
    const auto column = ctgrad_arange<double, lanes>(x);
    const std::tuple identity{cast<double>(row_numbers<n - I * lanes>(x) == column)...};
    const auto [y, by_x] = for_loop<steps, LoopOptions{.max_order = 0}>(step_with_derivatives, std::pair{x, identity});
    const auto below = [&](const auto& columns) {
      constexpr int above = n - static_cast<int>(std::remove_cvref_t<decltype(columns)>::shape_type::value[0]);
      if constexpr (above == 0) {
        return columns;
      } else {
        return concat(axis<0>, cast<double>(row_numbers<above>(x) < 0), columns);
      }
    };
    return std::pair{y, slice<1, 0, n>(concat(axis<1>, below(std::get<I>(by_x))...))};
  }
  (std::make_integer_sequence<int, (n + lanes - 1) / lanes>{});
});

/// All steps for a register of columns of a matrix with rows of `width` numbers, from row `first` on, in place. The
/// slope of a row is the row before it, so a row goes through all steps while it is in a register: what the next row
/// asks for are the points of the stages.
template <class T>
CTGRAD_ALWAYS_INLINE void take_steps(double* at, std::int64_t width, std::int64_t first, std::int64_t rows) {
  T stages[steps][6] = {};
  for (std::int64_t r = first; r < rows; ++r) {
    T y = load<T>(at + r * width);
    for (auto& before : stages) {
      const T k0 = before[0], k1 = before[1], k2 = before[2], k3 = before[3], k4 = before[4], k5 = before[5];
      const auto& c = tableau;
      before[0] = y;
      before[1] = y + T(c[0][0]) * k0;
      before[2] = y + (T(c[1][0]) * k0 + T(c[1][1]) * k1);
      before[3] = y + (T(c[2][0]) * k0 + T(c[2][1]) * k1 + T(c[2][2]) * k2);
      before[4] = y + ((T(c[3][0]) * k0 + T(c[3][1]) * k1) + (T(c[3][2]) * k2 + T(c[3][3]) * k3));
      before[5] = y + ((T(c[4][0]) * k0 + T(c[4][1]) * k1 + T(c[4][2]) * k2) + (T(c[4][3]) * k3 + T(c[4][4]) * k4));
      y = y + ((T(c[5][0]) * k0 + T(c[5][2]) * k2) + (T(c[5][3]) * k3 + T(c[5][5]) * k5));
    }
    store(y, at + r * width);
  }
}

template <std::int64_t N>
[[gnu::noinline]] void plain(const double* x, double* y) {
  std::copy_n(x, N, y);
  take_steps<double>(y, 1, 0, N);
}
/// The columns of the Jacobian take the steps that the state takes. Above its diagonal it is 0.
template <std::int64_t N>
[[gnu::noinline]] void by_hand(const double* x, double* y, double* jacobian) {
  plain<N>(x, y);
  std::fill_n(jacobian, N * N, 0.0);
  for (std::int64_t i = 0; i < N; ++i) jacobian[i * N + i] = 1;
  sweep<N>([&](std::int64_t i, auto t, int) { take_steps<decltype(t)>(jacobian + i, N, i, N); });
}

template <std::int64_t N>
void ode(benchmark::State& state) {
  const auto x = uniform<N>(1, -1, 1);
  Tensor<double, Shape<N>> y, z;
  Tensor<double, Shape<N, N>> found, wanted;
  const auto ours = [&] { state_and_jacobian.into(std::tie(y, found), x); };
  ours();
  by_hand<N>(x.data(), z.data(), wanted.data());
  if (!agree(state, y.span(), z.span()) || !agree(state, found.span(), wanted.span())) return;
  hold(
      state, ours, [&] { plain<N>(x.data(), z.data()); }, [&] { by_hand<N>(x.data(), z.data(), wanted.data()); });
}
BENCHMARK(ode<21>);

}  // namespace

BENCHMARK_MAIN();
