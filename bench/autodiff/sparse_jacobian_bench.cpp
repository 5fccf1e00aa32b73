// SPDX-License-Identifier: BSL-1.0
/// \file
/// The tridiagonal Jacobian of 256 equations (C. G. Broyden, 1965): sparse, dense by compression, dense, and
/// the entries by hand. Microseconds.
#include "sparse_contest.hpp"

namespace {

using namespace sparse_contest;

constexpr auto broyden = [](auto x) {
  const auto zero = slice<0, 0, 1>(x) * 0;
  const auto before = concat(axis<0>, zero, slice<0, 0, size - 1>(x));
  const auto after = concat(axis<0>, slice<0, 1, size>(x), zero);
  return (3 - 2 * x) * x - before - 2 * after + 1;
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

void broyden_jacobian(benchmark::State& state) {
  compare(state, sparse_jacobian(broyden), jacobian<Mode::compressed>(broyden), jacobian(broyden), broyden_by_hand);
}
BENCHMARK(broyden_jacobian)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
