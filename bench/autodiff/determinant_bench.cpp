// SPDX-License-Identifier: BSL-1.0
/// \file
/// From the speed tests of CppAD (B. M. Bell): the determinant of a 4 x 4 matrix, expanded by minors, and its gradient.
#include "derivative_contest.hpp"

namespace {

using namespace derivatives;

using Matrix4 = std::array<double, 16>;

/// The determinant of the rows from `row` on and the columns whose bits are set.
template <class T>
constexpr typename T::value_type minor(const T& a, std::size_t row, unsigned columns) {
  auto total = a[0];
  bool begun = false, negative = false;
  for (std::size_t j = 0; j < 4; ++j) {
    if ((columns >> j & 1) == 0) continue;
    const unsigned rest = columns & ~(1U << j);
    const auto term = rest == 0 ? a[4 * row + j] : a[4 * row + j] * minor(a, row + 1, rest);
    total = !begun ? term : negative ? total - term : total + term;
    begun = true;
    negative = !negative;
  }
  return total;
}
constexpr auto determinant = [](auto a) { return minor(a, 0, 15); };

/// The minors of the upper and of the lower two rows.
struct Minors {
  double s0, s1, s2, s3, s4, s5, c0, c1, c2, c3, c4, c5;
  explicit Minors(const Matrix4& a)
      : s0(a[0] * a[5] - a[4] * a[1]),
        s1(a[0] * a[6] - a[4] * a[2]),
        s2(a[0] * a[7] - a[4] * a[3]),
        s3(a[1] * a[6] - a[5] * a[2]),
        s4(a[1] * a[7] - a[5] * a[3]),
        s5(a[2] * a[7] - a[6] * a[3]),
        c0(a[8] * a[13] - a[12] * a[9]),
        c1(a[8] * a[14] - a[12] * a[10]),
        c2(a[8] * a[15] - a[12] * a[11]),
        c3(a[9] * a[14] - a[13] * a[10]),
        c4(a[9] * a[15] - a[13] * a[11]),
        c5(a[10] * a[15] - a[14] * a[11]) {}
  double determinant() const { return s0 * c5 - s1 * c4 + s2 * c3 + s3 * c2 - s4 * c1 + s5 * c0; }
};
[[gnu::noinline]] double plain_determinant(const Matrix4& a) { return Minors(a).determinant(); }

/// The adjugate made of them.
[[gnu::noinline]] double determinant_by_hand(const Matrix4& a, Matrix4& g) {
  const Minors minors(a);
  const auto& [s0, s1, s2, s3, s4, s5, c0, c1, c2, c3, c4, c5] = minors;
  g[0] = a[5] * c5 - a[6] * c4 + a[7] * c3;
  g[1] = -a[4] * c5 + a[6] * c2 - a[7] * c1;
  g[2] = a[4] * c4 - a[5] * c2 + a[7] * c0;
  g[3] = -a[4] * c3 + a[5] * c1 - a[6] * c0;
  g[4] = -a[1] * c5 + a[2] * c4 - a[3] * c3;
  g[5] = a[0] * c5 - a[2] * c2 + a[3] * c1;
  g[6] = -a[0] * c4 + a[1] * c2 - a[3] * c0;
  g[7] = a[0] * c3 - a[1] * c1 + a[2] * c0;
  g[8] = a[13] * s5 - a[14] * s4 + a[15] * s3;
  g[9] = -a[12] * s5 + a[14] * s2 - a[15] * s1;
  g[10] = a[12] * s4 - a[13] * s2 + a[15] * s0;
  g[11] = -a[12] * s3 + a[13] * s1 - a[14] * s0;
  g[12] = -a[9] * s5 + a[10] * s4 - a[11] * s3;
  g[13] = a[8] * s5 - a[10] * s2 + a[11] * s1;
  g[14] = -a[8] * s4 + a[9] * s2 - a[11] * s0;
  g[15] = a[8] * s3 - a[9] * s1 + a[10] * s0;
  return minors.determinant();
}

[[gnu::noinline]] void our_determinant(const Matrix4& a, double& value, Matrix4& g) {
  value_and_grad(determinant).into(std::tie(value, g), a);
}

void determinant_by_minors(benchmark::State& state) {
  const auto numbers = uniform<16>(1, -1, 1);
  Matrix4 a{}, g{}, h{};
  std::copy(numbers.begin(), numbers.end(), a.begin());
  double value = 0;
  our_determinant(a, value, g);
  if (!agree(state, determinant_by_hand(a, h), value) || !agree(state, plain_determinant(a), value)) return;
  if (!agree(state, g, h)) return;
  hold(
      state, [&] { our_determinant(a, value, g); }, [&] { benchmark::DoNotOptimize(plain_determinant(a)); },
      [&] { benchmark::DoNotOptimize(determinant_by_hand(a, h)); });
}
BENCHMARK(determinant_by_minors);

}  // namespace

BENCHMARK_MAIN();
