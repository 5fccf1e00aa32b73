// SPDX-License-Identifier: BSL-1.0
/// \file
/// From the speed tests of CppAD (B. M. Bell): the sum of the elements of the square of a matrix with its gradient.
#include <ctgrad/device/cpu/matmul.hpp>

#include "derivative_contest.hpp"

namespace {

using namespace derivatives;

constexpr int n = 81;
using Matrix = Tensor<double, Shape<n, n>>;
constexpr auto sum_of_square = [](auto x) { return sum(matmul(x, x)); };

[[gnu::noinline]] double plain_square(const Matrix& x, Matrix& square) {
  static cpu::MatmulWorkspace<double> workspace;
  cpu::matmul<double>({n, n, n, false, false}, x.data(), n, x.data(), n, square.data(), n, false, workspace);
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
