// SPDX-License-Identifier: BSL-1.0
/// \file
/// The objective of ADBench's Gaussian mixture (F. Srajer, Z. Kukelova and A. Fitzgibbon, 2018): 1000 points in 10
/// dimensions, 25 components with a full inverse covariance each, and Wishart's prior with gamma 1 and m 0; with its
/// gradient by weights, means and factors of the inverse covariances.
#include <vector>

#include "derivative_contest.hpp"

namespace {

using namespace derivatives;

constexpr int dimensions = 10, components = 25, points = 1000;
constexpr int below = dimensions * (dimensions - 1) / 2;

/// A factor's rows in one array: `place` says which of the numbers, or the zero after them, stands where.
constexpr auto objective = [](auto alphas, auto means, auto diagonals, auto lower, auto x, auto place) {
  const auto spread = exp(diagonals);
  const auto numbers = concat(axis<1>, spread, lower, reshape(alphas * 0, shape<components, 1>));
  const auto factors = reshape(transpose(take(transpose(numbers), place)), shape<components * dimensions, dimensions>);
  const auto offsets = sum(
      reshape(factors, shape<components, dimensions, dimensions>) * reshape(means, shape<components, 1, dimensions>),
      axis<2>);
  const auto z = reshape(matmul(x, transpose(factors)), shape<points, components, dimensions>) - offsets;
  const auto terms = alphas + sum(diagonals, axis<1>) - 0.5 * sum(square(z), axis<2>);
  const auto top = stop_gradient(max(terms, axis<1>, keepdims));
  const auto likelihood = sum(log(sum(exp(terms - top), axis<1>, keepdims)) + top);
  const auto highest = stop_gradient(max(alphas));
  const auto prior = 0.5 * (sum(square(spread)) + sum(square(lower)));
  return likelihood - points * (log(sum(exp(alphas - highest))) + highest) + prior;
};

struct Parameters {
  Tensor<double, Shape<components>> alphas;
  Tensor<double, Shape<components, dimensions>> means, diagonals;
  Tensor<double, Shape<components, below>> lower;
};

/// The points in groups of a register's lanes, side by side.
constexpr int groups = points / lanes;
static_assert(points % lanes == 0);

struct Points {
  alignas(64) double at[groups][dimensions][lanes];
  explicit Points(const Tensor<double, Shape<points, dimensions>>& x) {
    for (int i = 0; i < points; ++i)
      for (int j = 0; j < dimensions; ++j) at[i / lanes][j][i % lanes] = x(i, j);
  }
};

/// The function, and with `Gradient` its derivatives: one group of points after the other, everything in the caches.
template <bool Gradient>
[[gnu::noinline]] double by_hand(const Parameters& p, const Points& x, Parameters& g) {
  double spread[components][dimensions], weight[components], prior = 0;
  for (int k = 0; k < components; ++k) {
    weight[k] = p.alphas(k);
    for (int j = 0; j < dimensions; ++j) {
      spread[k][j] = math::exp(p.diagonals(k, j));
      weight[k] += p.diagonals(k, j);
      prior += 0.5 * spread[k][j] * spread[k][j];
    }
    for (int j = 0; j < below; ++j) prior += 0.5 * p.lower(k, j) * p.lower(k, j);
  }
  // Sums over the points, for each lane: by the weight, the mean, the diagonal, and below it.
  constexpr int sums = 1 + 2 * dimensions + below;
  alignas(64) V total[components][sums];
  for (auto& component : total)
    for (V& sum : component) sum = V(0.0);
  V likelihood(0.0);
  for (const auto& group : x.at) {
    V z[components][dimensions], term[components];
    for (int k = 0; k < components; ++k) {
      V centred[dimensions], square(0.0);
      for (int j = 0; j < dimensions; ++j) {
        centred[j] = V::load(group[j]) - V(p.means(k, j));
        z[k][j] = V(spread[k][j]) * centred[j];
      }
      const double* lower = &p.lower(k, 0);
      for (int j = 0; j < dimensions; ++j)
        for (int i = j + 1; i < dimensions; ++i) z[k][i] += V(*lower++) * centred[j];
      for (int j = 0; j < dimensions; ++j) square += z[k][j] * z[k][j];
      term[k] = V(weight[k]) - V(0.5) * square;
    }
    V top = term[0], sum(0.0);
    for (int k = 1; k < components; ++k) top = select(term[k] > top, term[k], top);
    for (int k = 0; k < components; ++k) {
      term[k] = math::exp(term[k] - top);
      sum += term[k];
    }
    likelihood += math::log(sum) + top;
    if (!Gradient) continue;
    const V scale = V(1.0) / sum;
    for (int k = 0; k < components; ++k) {
      const V share = term[k] * scale;
      V* to = total[k];
      to[0] += share;
      V u[dimensions], by_mean[dimensions], centred[dimensions];
      for (int j = 0; j < dimensions; ++j) {
        u[j] = share * z[k][j];
        centred[j] = V::load(group[j]) - V(p.means(k, j));
        by_mean[j] = u[j] * V(spread[k][j]);
        to[1 + dimensions + j] += u[j] * centred[j];
      }
      const double* lower = &p.lower(k, 0);
      V* by_lower = to + 1 + 2 * dimensions;
      for (int j = 0; j < dimensions; ++j)
        for (int i = j + 1; i < dimensions; ++i) {
          by_mean[j] += u[i] * V(*lower++);
          *by_lower++ += u[i] * centred[j];
        }
      for (int j = 0; j < dimensions; ++j) to[1 + j] += by_mean[j];
    }
  }
  double highest = p.alphas(0), sum = 0;
  for (int k = 1; k < components; ++k) highest = std::max(highest, p.alphas(k));
  for (int k = 0; k < components; ++k) sum += math::exp(p.alphas(k) - highest);
  if (Gradient)
    for (int k = 0; k < components; ++k) {
      const double share = reduce_add(total[k][0]);
      g.alphas(k) = share - points * math::exp(p.alphas(k) - highest) / sum;
      for (int j = 0; j < dimensions; ++j) {
        g.means(k, j) = reduce_add(total[k][1 + j]);
        g.diagonals(k, j) =
            share - reduce_add(total[k][1 + dimensions + j]) * spread[k][j] + spread[k][j] * spread[k][j];
      }
      for (int j = 0; j < below; ++j) g.lower(k, j) = p.lower(k, j) - reduce_add(total[k][1 + 2 * dimensions + j]);
    }
  return reduce_add(likelihood) - points * (math::log(sum) + highest) + prior;
}

void mixture(benchmark::State& state) {
  const auto x = normal<points, dimensions>(1);
  Parameters p{normal<components>(2), uniform<components, dimensions>(3), normal<components, dimensions>(4, 0, 0.3),
               normal<components, below>(5, 0, 0.3)};
  Tensor<std::int64_t, Shape<dimensions * dimensions>> place;
  for (int j = 0, next = dimensions; j < dimensions; ++j)
    for (int i = 0; i < dimensions; ++i) place(i * dimensions + j) = i < j ? dimensions + below : i == j ? i : next++;
  const Points grouped(x);
  Parameters g, h;
  double value = 0;
  auto slopes = std::tie(g.alphas, g.means, g.diagonals, g.lower);
  const auto ours = [&] {
    value_and_grad(objective, wrt<0, 1, 2, 3>)
        .into(std::tie(value, slopes), p.alphas, p.means, p.diagonals, p.lower, x, place);
  };
  ours();
  if (!agree(state, by_hand<true>(p, grouped, h), value) || !agree(state, by_hand<false>(p, grouped, h), value)) return;
  if (!agree(state, g.alphas.span(), h.alphas.span(), 1e-10) || !agree(state, g.means.span(), h.means.span(), 1e-10) ||
      !agree(state, g.diagonals.span(), h.diagonals.span(), 1e-10) ||
      !agree(state, g.lower.span(), h.lower.span(), 1e-10))
    return;
  hold(
      state, ours, [&] { benchmark::DoNotOptimize(by_hand<false>(p, grouped, h)); },
      [&] { benchmark::DoNotOptimize(by_hand<true>(p, grouped, h)); });
}
BENCHMARK(mixture);

}  // namespace

BENCHMARK_MAIN();
