// SPDX-License-Identifier: BSL-1.0
/// \file
/// Systems of linear equations as an operation with derivatives.
#pragma once

#include "ctgrad/linalg/lu.hpp"

namespace ctgrad::linalg {

namespace detail {

/// x with op(a) x = b, given the factors of a. With A^T v = t for the adjoint t of x, the adjoint of b is v and that of
/// a is -v x^T; where a is transposed, -x v^T (Giles 2008, section 2.3.1).
template <bool Transposed>
struct Solve {
  static constexpr std::string_view name = Transposed ? "solve_transposed" : "solve";

  static constexpr ShapeValue shape(const ShapeValue&, const ShapeValue&, const ShapeValue& b) { return b; }

  template <class T>
  static void cpu(T* x, const T*, const T* factors, const T* b, const KernelShape* shapes) {
    const std::int64_t n = shapes[1][0];
    const std::int64_t columns = shapes[3].rank == 1 ? 1 : shapes[3][1];
    refuse_singular(factors, n, "linalg::solve");
    if constexpr (Transposed) {
      thread_local std::vector<T> work;
      work.resize(static_cast<std::size_t>(n * columns));
      factors_at(factors, n).solve_transposed(b, x, work.data(), columns);
    } else {
      factors_at(factors, n).solve(b, x, columns);
    }
  }

  static constexpr auto derivative(auto t, auto a, auto factors, auto, auto x) {
    const auto v = user_kernel<Solve<!Transposed>>(a, factors, t);
    if constexpr (Transposed) {
      return partials(-outer(x, v), NoDerivative{}, v);
    } else {
      return partials(-outer(v, x), NoDerivative{}, v);
    }
  }
  static constexpr auto tangent(auto da, auto, auto db, auto a, auto factors, auto, auto x) {
    if constexpr (Transposed) {
      return user_kernel<Solve>(a, factors, db - product(transpose(da), x));
    } else {
      return user_kernel<Solve>(a, factors, db - product(da, x));
    }
  }
};

/// The solution for the transpose of a.
template <class A, class B>
constexpr auto solve_transposed(const A& a, const B& b) {
  return user_kernel<Solve<true>>(a, lu(a), b);
}

}  // namespace detail

/// The solution x of the system of linear equations a x = b (PyTorch's and JAX's linalg.solve): a is n x n, b a vector
/// of n elements or n x k for k systems at once, float or double. Gaussian elimination with partial pivoting, n^3 / 3 +
/// k n^2 multiplications; throws ctgrad::Error where a is singular to working precision. Differentiable in both, to any
/// order; in a program on a GPU the host runs it.
template <Handle A, Handle B>
constexpr auto solve(const A& a, const B& b) {
  static_assert(detail::is_square_system<typename A::shape_type, typename B::shape_type>,
                "ctgrad: linalg::solve takes a matrix Shape<n, n> and a vector Shape<n> or a matrix Shape<n, k>");
  return user_kernel<detail::Solve<false>>(a, detail::lu(a), b);
}

}  // namespace ctgrad::linalg
