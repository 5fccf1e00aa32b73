// SPDX-License-Identifier: BSL-1.0
/// \file
/// Tridiagonal derivatives of functions of 256 numbers: sparse, dense by compression, dense, and the entries by hand.
/// Broyden's function (1965) for the Jacobian, Rosenbrock's for the Hessian. Microseconds.
#include <ctgrad/ctgrad.hpp>

#include "../program/contest.hpp"

namespace {

using namespace ctgrad;

constexpr int size = 256;
using Numbers = Tensor<double, Shape<size>>;

constexpr auto broyden = [](auto x) {
  const auto zero = slice<0, 0, 1>(x) * 0;
  const auto before = concat(axis<0>, zero, slice<0, 0, size - 1>(x));
  const auto after = concat(axis<0>, slice<0, 1, size>(x), zero);
  return (3 - 2 * x) * x - before - 2 * after + 1;
};
constexpr auto rosenbrock = [](auto x) {
  const auto a = slice<0, 0, size - 1>(x);
  const auto b = slice<0, 1, size>(x);
  return sum(100 * square(b - square(a)) + square(1 - a));
};

/// The entries of each row side by side, as in CSR; the first and the last row have two.
void broyden_by_hand(const double* x, double* to) {
  *to++ = 3 - 4 * x[0];
  *to++ = -2;
  for (int i = 1; i + 1 < size; ++i, to += 3) {
    to[0] = -1;
    to[1] = 3 - 4 * x[i];
    to[2] = -2;
  }
  *to++ = -1;
  *to++ = 3 - 4 * x[size - 1];
}

void rosenbrock_by_hand(const double* x, double* to) {
  *to++ = 1200 * x[0] * x[0] - 400 * x[1] + 2;
  *to++ = -400 * x[0];
  for (int i = 1; i + 1 < size; ++i, to += 3) {
    to[0] = -400 * x[i - 1];
    to[1] = 1200 * x[i] * x[i] - 400 * x[i + 1] + 202;
    to[2] = -400 * x[i];
  }
  *to++ = -400 * x[size - 2];
  *to++ = 200;
}

template <class Sparse, class Compressed, class Dense, class ByHand>
void compare(benchmark::State& state, const Sparse& sparse, const Compressed& compressed, const Dense& dense,
             const ByHand& entries_by_hand) {
  const auto x = Numbers::uniform(1, -1, 2);
  auto entries = sparse(x);
  auto matrix = dense(x);
  auto matrix_compressed = compressed(x);
  std::vector<double> by_hand(static_cast<std::size_t>(entries.nonzeros()));
  entries_by_hand(x.data(), by_hand.data());
  for (int i = 0; i < size; ++i)
    for (int j = 0; j < size; ++j) {
      if (!contest::agree(state, entries(i, j), matrix(i, j), 1e-12)) return;
      if (!contest::agree(state, matrix_compressed(i, j), matrix(i, j), 1e-12)) return;
    }
  for (std::int64_t p = 0; p < entries.nonzeros(); ++p)
    if (!contest::agree(state, entries.values.data()[p], by_hand[static_cast<std::size_t>(p)], 1e-12)) return;
  contest::Contest contest;
  contest.add("sparse", [&] { sparse.into(entries, x); });
  contest.add("compressed", [&] { compressed.into(matrix_compressed, x); });
  contest.add("dense", [&] { dense.into(matrix, x); });
  contest.add("by_hand", [&] {
    entries_by_hand(x.data(), by_hand.data());
    benchmark::DoNotOptimize(by_hand.data());
  });
  contest.hold(state);
}

void broyden_jacobian(benchmark::State& state) {
  compare(state, sparse_jacobian(broyden), jacobian<Mode::compressed>(broyden), jacobian(broyden), broyden_by_hand);
}
BENCHMARK(broyden_jacobian)->UseRealTime();

void rosenbrock_hessian(benchmark::State& state) {
  compare(state, sparse_hessian(rosenbrock), hessian<Mode::compressed>(rosenbrock), hessian(rosenbrock),
          rosenbrock_by_hand);
}
BENCHMARK(rosenbrock_hessian)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
