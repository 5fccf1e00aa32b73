// SPDX-License-Identifier: BSL-1.0
/// \file
/// The Cholesky factor of a symmetric positive definite matrix as an operation with derivatives.
#pragma once

#include "ctgrad/linalg/solve_triangular.hpp"
#include "ctgrad/ops/add.hpp"
#include "ctgrad/solvers/cholesky.hpp"

namespace ctgrad::linalg {

namespace detail {

/// The symmetric part of a matrix.
template <class A>
constexpr auto symmetric(const A& a) {
  return (a + transpose(a)) * 0.5;
}
/// The lower triangle, its diagonal halved: of a symmetric matrix the M with M + M^T = a.
template <class A>
constexpr auto half_triangle(const A& a) {
  const auto row = row_numbers(a);
  const auto column = column_numbers(a);
  return where(row > column, a, where(row == column, a * 0.5, 0));
}
/// L^-1 a L^-T for a symmetric a, which must be its first operand's triangle.
template <class L, class A>
constexpr auto divide_both_sides(const L& l, const A& a) {
  using Solve = SolveTriangular<false, false>;
  return user_kernel<Solve>(l, transpose(user_kernel<Solve>(l, a)));
}

/// The adjoint of A for that of its factor: the symmetric part of L^-T M L^-1, M being the half triangle of L^T t
/// (I. Murray, Differentiation of the Cholesky decomposition, 2016).
struct CholeskyAdjoint {
  static constexpr std::string_view name = "cholesky_adjoint";

  static constexpr ShapeValue shape(const ShapeValue& l, const ShapeValue&) { return l; }

  template <class T>
  static void cpu(T* s, const T* l, const T* t, const KernelShape* shapes) {
    Cholesky<T>::adjoint(l, t, s, shapes[1][0]);
  }

  /// For the symmetric part K of the adjoint u, and Q the half triangle of L^-1 K L^-T: the adjoint of t is L Q, and
  /// that of L the triangle of t Q^T - 2 s K L^-T.
  static constexpr auto derivative(auto u, auto l, auto t, auto s) {
    using Solve = SolveTriangular<false, false>;
    const auto k = symmetric(u);
    const auto x = user_kernel<Solve>(l, k);
    const auto q = half_triangle(user_kernel<Solve>(l, transpose(x)));
    return partials(triangle<false>(matmul(t, transpose(q)) - 2 * matmul(s, transpose(x))), matmul(l, q));
  }
};

struct CholeskyFactor {
  static constexpr std::string_view name = "cholesky";

  static constexpr ShapeValue shape(const ShapeValue& a) { return a; }

  template <class T>
  static void cpu(T* l, const T* a, const KernelShape* shapes) {
    const std::int64_t n = shapes[1][0];
    if (const std::int64_t missing = Cholesky<T>::factor(a, l, n); missing >= 0)
      throw_error(
          "ctgrad: linalg::cholesky was given a matrix that is not positive definite: the leading minor of its "
          "first " +
          std::to_string(missing + 1) + " of " + std::to_string(n) +
          " rows is not positive; check that it is a covariance, or add a small multiple of the identity");
  }

  static constexpr auto derivative(auto t, auto, auto l) { return partials(user_kernel<CholeskyAdjoint>(l, t)); }
  /// L times the half triangle of L^-1 dA L^-T.
  static constexpr auto tangent(auto da, auto, auto l) {
    return matmul(l, half_triangle(divide_both_sides(l, symmetric(da))));
  }
};

}  // namespace detail

/// The lower triangular L with positive diagonal for which L L^T is a symmetric positive definite matrix (PyTorch's and
/// JAX's linalg.cholesky), float or double. Of a matrix that is not symmetric the symmetric part is taken, as JAX does,
/// so the derivative is symmetric. n^3 / 6 multiplications, the adjoint twice as many; throws ctgrad::Error where `a`
/// is not positive definite. Differentiable to any order. In a program on a GPU the host runs it. With it, a normal
/// density's exponent is `sum(square(linalg::solve_triangular(l, x - mean, linalg::lower)))` and the logarithm of the
/// determinant `2 * sum(log(linalg::diagonal(l)))`.
template <Handle A>
constexpr auto cholesky(const A& a) {
  static_assert(detail::is_square<typename A::shape_type>, "ctgrad: linalg::cholesky takes a matrix Shape<n, n>");
  return user_kernel<detail::CholeskyFactor>(a);
}

}  // namespace ctgrad::linalg
