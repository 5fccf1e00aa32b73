// SPDX-License-Identifier: BSL-1.0
/// \file
/// Matrices that the tests of linear algebra share.
#pragma once

#include <algorithm>
#include <cmath>

#include "ctgrad/ctgrad.hpp"

namespace ctgrad_test {

/// A matrix of which the largest elements lie beside the diagonal, so that elimination exchanges rows.
template <class T, ctgrad::Extent N>
ctgrad::Tensor<T, ctgrad::Shape<N, N>> matrix_with_exchanges() {
  auto a = ctgrad::Tensor<T, ctgrad::Shape<N, N>>::uniform(3, -1, 1);
  for (int i = 0; i < N; ++i) a(i, (i + 1) % N) += static_cast<T>(3);
  return a;
}

/// A symmetric positive definite matrix: the identity on top of products of numbers from -1 to 1.
template <class T, ctgrad::Extent N>
ctgrad::Tensor<T, ctgrad::Shape<N, N>> positive_definite() {
  const auto x = ctgrad::Tensor<T, ctgrad::Shape<N, N>>::uniform(5, -1, 1);
  ctgrad::Tensor<T, ctgrad::Shape<N, N>> a;
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < N; ++j) {
      T sum = i == j ? T(2) : T(0);
      for (int k = 0; k < N; ++k) sum += x(i, k) * x(j, k);
      a(i, j) = sum;
    }
  return a;
}

/// The largest element of a x - b: a is n x n, x and b are n x k.
template <class A, class X, class B>
double residual(const A& a, const X& x, const B& b) {
  double largest = 0;
  for (int i = 0; i < a.extent(0); ++i)
    for (int k = 0; k < x.extent(1); ++k) {
      double sum = -static_cast<double>(b(i, k));
      for (int j = 0; j < a.extent(0); ++j) sum += static_cast<double>(a(i, j)) * static_cast<double>(x(j, k));
      largest = std::max(largest, std::abs(sum));
    }
  return largest;
}

/// A quarter of x beside the identity of 3 x 3: far from singular for every x with elements from -1 to 1.
constexpr auto near_identity = [](auto x) {
  using namespace ctgrad;
  const auto zero = slice<0, 0, 1>(reshape(x, shape<9>)) * 0;
  const auto one = zero + 1;
  return reshape(concat(axis<0>, one, zero, zero, zero, one, zero, zero, zero, one), shape<3, 3>) + x / 4;
};

}  // namespace ctgrad_test
