// SPDX-License-Identifier: BSL-1.0
/// \file
/// The sum of the elements of A B and its gradient by both. By hand, that is one product, sums of the columns of A and
/// sums of the rows of B.
#pragma once

#include <ctgrad/device/cpu/matmul.hpp>

#include "derivative_contest.hpp"

namespace matrix_products {

using namespace derivatives;

constexpr auto product_sum = [](auto a, auto b) { return sum(matmul(a, b)); };

/// C = A B by the same code that ctgrad calls.
template <int N>
void multiply(const double* a, const double* b, double* c) {
  if constexpr (N <= 32) {
    cpu::small_matmul<double, N, N, N, false, false>(a, b, c);
  } else {
    static cpu::MatmulWorkspace<double> workspace;
    cpu::matmul<double>({N, N, N, false, false}, a, N, b, N, c, N, false, workspace);
  }
}

template <int N>
[[gnu::noinline]] double plain(const double* a, const double* b, double* c) {
  multiply<N>(a, b, c);
  Total total;
  sweep<N * N>([&](std::int64_t i, auto t, int k) { total.add(k, load<decltype(t)>(c + i)); });
  return total.sum();
}

template <int N>
[[gnu::noinline]] double by_hand(const double* a, const double* b, double* c, double* by_a, double* by_b) {
  double columns[N], rows[N];
  sweep<N>([&](std::int64_t j, auto t, int) {
    using T = decltype(t);
    T total(0);
    for (int i = 0; i < N; ++i) total += load<T>(a + i * N + j);
    store(total, columns + j);
  });
  for (int i = 0; i < N; ++i) {
    Total total;
    sweep<N>([&](std::int64_t j, auto t, int k) { total.add(k, load<decltype(t)>(b + i * N + j)); });
    rows[i] = total.sum();
  }
  for (int i = 0; i < N; ++i)
    sweep<N>([&](std::int64_t j, auto t, int) {
      using T = decltype(t);
      store(load<T>(rows + j), by_a + i * N + j);
      store(T(columns[i]), by_b + i * N + j);
    });
  return plain<N>(a, b, c);
}

template <int N>
void product_of_matrices(benchmark::State& state) {
  using Matrix = Tensor<double, Shape<N, N>>;
  const auto a = Matrix::uniform(1, -1, 1), b = Matrix::uniform(2, -1, 1);
  Matrix by_a, by_b, a_by_hand, b_by_hand, c;
  double value = 0;
  auto slopes = std::tie(by_a, by_b);
  const auto ours = [&] { value_and_grad(product_sum, wrt<0, 1>).into(std::tie(value, slopes), a, b); };
  ours();
  if (!agree(state, by_hand<N>(a.data(), b.data(), c.data(), a_by_hand.data(), b_by_hand.data()), value)) return;
  if (!agree(state, by_a.span(), a_by_hand.span()) || !agree(state, by_b.span(), b_by_hand.span())) return;
  hold(
      state, ours, [&] { benchmark::DoNotOptimize(plain<N>(a.data(), b.data(), c.data())); },
      [&] { benchmark::DoNotOptimize(by_hand<N>(a.data(), b.data(), c.data(), a_by_hand.data(), b_by_hand.data())); });
}

}  // namespace matrix_products
