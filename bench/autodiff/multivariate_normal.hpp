// SPDX-License-Identifier: BSL-1.0
/// \file
/// The logarithm of a normal density in N dimensions without its constant, (-(x - m)' S^-1 (x - m) - log|S|) / 2, and
/// its gradient by x, the mean m and the covariance S: one of FastAD's own benchmarks. Both factor S as L L'
/// (Cholesky); by hand, S^-1 is made of the inverse of L.
#pragma once

#include <ctgrad/linalg/cholesky.hpp>
#include <ctgrad/linalg/diagonal.hpp>

#include "derivative_contest.hpp"

namespace multivariate_normals {

using namespace derivatives;

constexpr auto density = [](auto x, auto mean, auto covariance) {
  const auto l = linalg::cholesky(covariance);
  return -0.5 * sum(square(linalg::solve_triangular(l, x - mean, linalg::lower))) - sum(log(linalg::diagonal(l)));
};

/// The transposed Cholesky factor, its inverse transposed again, and S^-1, in rows of a multiple of a register.
template <int N>
struct ByHand {
  static constexpr int row = (N + lanes - 1) / lanes * lanes;
  alignas(64) double u[N][row] = {}, inverse[N][row] = {}, precision[N][row] = {};
  double z[N] = {};

  /// Adds to the columns [begin, end) of a row, and to the rest of their registers, the sum over k in [first, last) of
  /// factor(k) times row k of `rows`. The sums stay in registers.
  template <int Registers, class Factor>
  static CTGRAD_ALWAYS_INLINE void add_columns(double* to, int begin, int first, int last, const Factor& factor,
                                               const double (*rows)[row]) {
    V sum[Registers];
    unrolled<Registers>([&](int r) { sum[r] = V::load(to + begin + r * lanes); });
    for (int k = first; k < last; ++k) {
      const V f(factor(k));
      unrolled<Registers>([&](int r) { sum[r] += f * V::load(rows[k] + begin + r * lanes); });
    }
    unrolled<Registers>([&](int r) { sum[r].store(to + begin + r * lanes); });
  }
  template <class Factor>
  static void add_rows(double* to, int begin, int end, int first, int last, const Factor& factor,
                       const double (*rows)[row]) {
    begin = begin / lanes * lanes;
    for (; begin + 3 * lanes < end; begin += 4 * lanes) add_columns<4>(to, begin, first, last, factor, rows);
    for (; begin + lanes < end; begin += 2 * lanes) add_columns<2>(to, begin, first, last, factor, rows);
    for (; begin < end; begin += lanes) add_columns<1>(to, begin, first, last, factor, rows);
  }

  [[gnu::noinline]] double value(const double* x, const double* mean, const double* covariance) {
    double logarithm = 0, total = 0;
    for (int i = 0; i < N; ++i) {
      std::copy_n(covariance + i * N, N, u[i]);
      add_rows(
          u[i], i, N, 0, i, [&](int k) { return -u[k][i]; }, u);
      const double root = std::sqrt(u[i][i]), scale = 1 / root;
      logarithm += std::log(root);
      for (int j = i / lanes * lanes; j < row; j += lanes) (V::load(u[i] + j) * V(scale)).store(u[i] + j);
    }
    for (int i = 0; i < N; ++i) z[i] = x[i] - mean[i];
    for (int i = 0; i < N; ++i) {
      z[i] /= u[i][i];
      total += z[i] * z[i];
      for (int j = i + 1; j < N; ++j) z[j] -= u[i][j] * z[i];
    }
    return -0.5 * total - logarithm;
  }

  [[gnu::noinline]] double run(const double* x, const double* mean, const double* covariance, double* by_x,
                               double* by_mean, double* by_covariance) {
    const double result = value(x, mean, covariance);
    for (int i = 0; i < N; ++i) {
      std::fill_n(inverse[i], row, 0.0);
      std::fill_n(precision[i], row, 0.0);
      inverse[i][i] = 1;
      add_rows(
          inverse[i], 0, i, 0, i, [&](int k) { return -u[k][i]; }, inverse);
      const V scale(1 / u[i][i]);
      for (int j = 0; j <= i; j += lanes) (V::load(inverse[i] + j) * scale).store(inverse[i] + j);
    }
    // The product of S^-1 and x - m is that of the transposed inverse and z.
    double solution[row] = {};
    for (int k = 0; k < N; ++k)
      for (int j = 0; j <= k; j += lanes)
        (V::load(solution + j) + V(z[k]) * V::load(inverse[k] + j)).store(solution + j);
    for (int i = 0; i < N; ++i) {
      by_x[i] = -solution[i];
      by_mean[i] = solution[i];
      add_rows(
          precision[i], 0, i + 1, i, N, [&](int k) { return inverse[k][i]; }, inverse);
    }
    for (int i = 0; i < N; ++i)
      for (int j = 0; j <= i; ++j)
        by_covariance[i * N + j] = by_covariance[j * N + i] = 0.5 * (solution[i] * solution[j] - precision[i][j]);
    return result;
  }
};

template <int N>
void multivariate_normal(benchmark::State& state) {
  using Vector = Tensor<double, Shape<N>>;
  using Matrix = Tensor<double, Shape<N, N>>;
  const auto x = Vector::uniform(1, -1, 1), mean = Vector::uniform(2, -1, 1);
  // S = L L' with random numbers below a diagonal of 10.
  auto factor = Matrix::uniform(3, -1, 1);
  Matrix covariance;
  for (int i = 0; i < N; ++i)
    for (int j = i; j < N; ++j) factor(i, j) = i == j ? 10 : 0;
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < N; ++j)
      for (int k = 0; k < N; ++k) covariance(i, j) += factor(i, k) * factor(j, k);
  Vector by_x, by_mean, by_x_by_hand, by_mean_by_hand;
  Matrix by_covariance, by_covariance_by_hand;
  double value = 0;
  auto slopes = std::tie(by_x, by_mean, by_covariance);
  const auto ours = [&] { value_and_grad(density, wrt<0, 1, 2>).into(std::tie(value, slopes), x, mean, covariance); };
  static ByHand<N> by_hand;
  const auto run_by_hand = [&] {
    return by_hand.run(x.data(), mean.data(), covariance.data(), by_x_by_hand.data(), by_mean_by_hand.data(),
                       by_covariance_by_hand.data());
  };
  ours();
  if (!agree(state, run_by_hand(), value) || !agree(state, by_x.span(), by_x_by_hand.span()) ||
      !agree(state, by_mean.span(), by_mean_by_hand.span()) ||
      !agree(state, by_covariance.span(), by_covariance_by_hand.span()))
    return;
  hold(
      state, ours, [&] { benchmark::DoNotOptimize(by_hand.value(x.data(), mean.data(), covariance.data())); },
      [&] { benchmark::DoNotOptimize(run_by_hand()); });
}

}  // namespace multivariate_normals
