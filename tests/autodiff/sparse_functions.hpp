// SPDX-License-Identifier: BSL-1.0
/// \file
/// Functions whose Jacobians and Hessians are sparse.
#pragma once

#include "functions.hpp"

namespace ctgrad_test {

/// The largest difference of two arrays' elements.
template <class A, class B>
double largest_difference(const A& a, const B& b) {
  double worst = 0;
  BOOST_REQUIRE(a.size() == b.size());
  for (std::int64_t i = 0; i < a.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(a.data()[i] - b.data()[i])));
  return worst;
}

using Point = Tensor<double, Shape<6>>;
inline const Point point{0.5, -1, 2, 0.25, 1.5, -0.75};

// f_i = (3 - 2 x_i) x_i - x_{i-1} - 2 x_{i+1} + 1 (C. G. Broyden, 1965).
inline constexpr auto broyden = [](auto x) {
  constexpr auto n = decltype(x)::shape_type::value[0];
  const auto zero = slice<0, 0, 1>(x) * 0;
  const auto before = concat(axis<0>, zero, slice<0, 0, n - 1>(x));
  const auto after = concat(axis<0>, slice<0, 1, n>(x), zero);
  return (3 - 2 * x) * x - before - 2 * after + 1;
};

inline constexpr auto rosenbrock = [](auto x) {
  constexpr auto n = decltype(x)::shape_type::value[0];
  const auto a = slice<0, 0, n - 1>(x);
  const auto b = slice<0, 1, n>(x);
  return sum(100 * square(b - square(a)) + square(1 - a));
};

// A full row and column, and products of elements far from each other.
inline constexpr auto arrow = [](auto x) {
  return sum(sin(x)) + sum(slice<0, 0, 1>(x) * x * x) + sum(slice<0, 1, 2>(x) * exp(slice<0, 4, 5>(x)));
};

/// Scaled first, so that a scale can be selected too.
inline constexpr auto scaled = [](auto x, auto scale) { return broyden(x * scale); };

}  // namespace ctgrad_test
