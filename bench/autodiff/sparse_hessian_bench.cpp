// SPDX-License-Identifier: BSL-1.0
/// \file
/// The tridiagonal Hessian of Rosenbrock's function of 256 numbers: sparse, dense by compression, dense, and
/// the entries by hand. Microseconds.
#include "sparse_contest.hpp"

namespace {

using namespace sparse_contest;

constexpr auto rosenbrock = [](auto x) {
  const auto a = slice<0, 0, size - 1>(x);
  const auto b = slice<0, 1, size>(x);
  return sum(100 * square(b - square(a)) + square(1 - a));
};

/// The entries of each row side by side, as in CSR; the first and the last row have two.
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

void rosenbrock_hessian(benchmark::State& state) {
  compare(state, sparse_hessian(rosenbrock), hessian<Mode::compressed>(rosenbrock), hessian(rosenbrock),
          rosenbrock_by_hand);
}
BENCHMARK(rosenbrock_hessian)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
