// SPDX-License-Identifier: BSL-1.0
/// \file
/// From the speed tests of CppAD (B. M. Bell): the determinant of a 4 x 4 matrix by minors with its gradient, the
/// second derivative of a polynomial of degree 20, and the sum of the elements of the square of a matrix with its
/// gradient.
#include <ctgrad/device/cpu/matmul.hpp>

#include "derivative_contest.hpp"

namespace {

using namespace derivatives;

constexpr std::size_t degree = 20;
using Coefficients = std::array<double, degree + 1>;

constexpr auto polynomial = [](auto z, auto a) {
  auto p = a[degree];
  for (std::size_t i = degree; i-- > 0;) p = p * z + a[i];
  return p;
};
constexpr auto second_derivative = [](auto z, auto a) { return 2 * taylor<2>(polynomial)(z, a, 1.0)[2]; };

[[gnu::noinline]] double plain_polynomial(double z, const Coefficients& a) { return polynomial(z, a); }
/// Horner's scheme for the polynomial and its derivatives at once.
[[gnu::noinline]] double second_by_hand(double z, const Coefficients& a) {
  double p = a[degree], first = 0, half_second = 0;
  for (std::size_t i = degree; i-- > 0;) {
    half_second = half_second * z + first;
    first = first * z + p;
    p = p * z + a[i];
  }
  return 2 * half_second;
}
[[gnu::noinline]] double our_second(double z, const Coefficients& a) { return compiled(second_derivative)(z, a); }

void second_derivative_of_polynomial(benchmark::State& state) {
  Coefficients a{};
  for (std::size_t i = 0; i <= degree; ++i) a[i] = 1 + 0.1 * static_cast<double>(i % 7);
  double z = 0.7;
  if (!agree(state, our_second(z, a), second_by_hand(z, a))) return;
  hold(
      state, [&] { benchmark::DoNotOptimize(our_second(z, a)); },
      [&] { benchmark::DoNotOptimize(plain_polynomial(z, a)); },
      [&] { benchmark::DoNotOptimize(second_by_hand(z, a)); });
}
BENCHMARK(second_derivative_of_polynomial);

constexpr int n = 81;
using Matrix = Tensor<double, Shape<n, n>>;
constexpr auto sum_of_square = [](auto x) { return sum(matmul(x, x)); };

[[gnu::noinline]] double plain_square(const Matrix& x, Matrix& square) {
  static cpu::MatmulWorkspace<double> workspace;
  cpu::matmul<double>({n, n, n, false, false}, x.data(), n, x.data(), n, square.data(), n, 1.0, 0.0, workspace);
  Total total;
  sweep<n * n>([&](std::int64_t i, auto t, int k) { total.add(k, load<decltype(t)>(square.data() + i)); });
  return total.sum();
}
/// The derivative by x(i, j) is the sum of row j plus that of column i.
[[gnu::noinline]] double square_by_hand(const Matrix& x, Matrix& square, Matrix& g) {
  double rows[n], columns[n];
  sweep<n>([&](std::int64_t j, auto t, int) {
    using T = decltype(t);
    T total(0);
    for (int i = 0; i < n; ++i) total += load<T>(x.data() + i * n + j);
    store(total, columns + j);
  });
  for (int i = 0; i < n; ++i) {
    Total total;
    sweep<n>([&](std::int64_t j, auto t, int k) { total.add(k, load<decltype(t)>(x.data() + i * n + j)); });
    rows[i] = total.sum();
  }
  for (int i = 0; i < n; ++i)
    sweep<n>([&](std::int64_t j, auto t, int) {
      using T = decltype(t);
      store(load<T>(rows + j) + T(columns[i]), g.data() + i * n + j);
    });
  return plain_square(x, square);
}

void square_of_matrix(benchmark::State& state) {
  const auto x = Matrix::uniform(1, -1, 1);
  Matrix g, h, square;
  double value = 0;
  const auto ours = [&] { value_and_grad(sum_of_square).into(std::tie(value, g), x); };
  ours();
  if (!agree(state, square_by_hand(x, square, h), value) || !agree(state, g.span(), h.span())) return;
  hold(
      state, ours, [&] { benchmark::DoNotOptimize(plain_square(x, square)); },
      [&] { benchmark::DoNotOptimize(square_by_hand(x, square, h)); });
}
BENCHMARK(square_of_matrix);

}  // namespace

BENCHMARK_MAIN();
