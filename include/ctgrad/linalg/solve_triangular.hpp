// SPDX-License-Identifier: BSL-1.0
/// \file
/// Systems of linear equations with a triangular matrix as an operation with derivatives.
#pragma once

#include <string>
#include <type_traits>

#include "ctgrad/core/error.hpp"
#include "ctgrad/linalg/triangle.hpp"
#include "ctgrad/ops/negate.hpp"
#include "ctgrad/ops/subtract.hpp"
#include "ctgrad/ops/user.hpp"
#include "ctgrad/solvers/triangular.hpp"

namespace ctgrad::linalg {

/// Which triangle of a matrix is meant.
template <bool IsUpper>
struct Triangle {};
inline constexpr Triangle<false> lower{};
inline constexpr Triangle<true> upper{};

namespace detail {

/// x with op(A) x = b for a triangle A of a. With op(A)^T v = t for the adjoint t of x, the adjoint of b is v and that
/// of the triangle is that of -v x^T; where A is transposed, of -x v^T (Giles 2008, section 2.3.1).
template <bool Upper, bool Transposed>
struct SolveTriangular {
  static constexpr std::string_view name = Transposed ? "solve_triangular_transposed" : "solve_triangular";

  static constexpr ShapeValue shape(const ShapeValue&, const ShapeValue& b) { return b; }

  template <class T>
  static void cpu(T* x, const T* a, const T* b, const KernelShape* shapes) {
    const std::int64_t n = shapes[1][0];
    const std::int64_t columns = shapes[2].rank == 1 ? 1 : shapes[2][1];
    const TriangularView<T, Upper> matrix{a, n};
    if (const std::int64_t missing = matrix.missing_pivot(); missing >= 0)
      throw_error("ctgrad: linalg::solve_triangular was given a singular matrix: element " + std::to_string(missing) +
                  " of its diagonal is 0; check that no element of the diagonal of its " + std::to_string(n) +
                  " rows is");
    if constexpr (Transposed) {
      matrix.solve_transposed(b, x, columns);
    } else {
      matrix.solve(b, x, columns);
    }
  }

  static constexpr auto derivative(auto t, auto a, auto, auto x) {
    const auto v = user_kernel<SolveTriangular<Upper, !Transposed>>(a, t);
    if constexpr (Transposed) {
      return partials(-triangle<Upper>(outer(x, v)), v);
    } else {
      return partials(-triangle<Upper>(outer(v, x)), v);
    }
  }
  static constexpr auto tangent(auto da, auto db, auto a, auto, auto x) {
    const auto change = triangle<Upper>(da);
    if constexpr (Transposed) {
      return user_kernel<SolveTriangular>(a, db - product(transpose(change), x));
    } else {
      return user_kernel<SolveTriangular>(a, db - product(change, x));
    }
  }
};

}  // namespace detail

/// The solution x of the system of linear equations a x = b with a triangular matrix (PyTorch's and JAX's
/// solve_triangular): of a, n x n, only the triangle `linalg::lower` or `linalg::upper` is read. b is a vector of n
/// elements or n x k for k systems at once, float or double. Substitution, k n^2 / 2 multiplications; throws
/// ctgrad::Error where an element of the diagonal is 0. Differentiable in both, to any order; in a program on a GPU the
/// host runs it.
template <Handle A, Handle B, class Which>
constexpr auto solve_triangular(const A& a, const B& b, Which) {
  constexpr bool is_upper = std::is_same_v<Which, Triangle<true>>;
  static_assert(is_upper || std::is_same_v<Which, Triangle<false>>,
                "ctgrad: linalg::solve_triangular takes the triangle that it reads last: solve_triangular(a, b, "
                "linalg::lower) or solve_triangular(a, b, linalg::upper)");
  static_assert(detail::is_square_system<typename A::shape_type, typename B::shape_type>,
                "ctgrad: linalg::solve_triangular takes a matrix Shape<n, n> and a vector Shape<n> or a matrix "
                "Shape<n, k>");
  return user_kernel<detail::SolveTriangular<is_upper, false>>(a, b);
}

}  // namespace ctgrad::linalg
