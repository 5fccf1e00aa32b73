// SPDX-License-Identifier: BSL-1.0
/// \file
/// Systems of linear equations as an operation with derivatives.
#pragma once

#include "ctgrad/core/error.hpp"
#include "ctgrad/ops/matmul.hpp"
#include "ctgrad/ops/permute.hpp"
#include "ctgrad/ops/reshape.hpp"
#include "ctgrad/ops/user.hpp"
#include "ctgrad/solvers/lu.hpp"

namespace ctgrad::linalg {

namespace detail {

/// x with op(a) x = b. With A^T v = t for the adjoint t of x, the adjoint of b is v and that of a is -v x^T; where a is
/// transposed, -x v^T (Giles 2008, section 2.3.1).
template <bool Transposed>
struct Solve {
  static constexpr std::string_view name = Transposed ? "solve_transposed" : "solve";

  static constexpr ShapeValue shape(const ShapeValue&, const ShapeValue& b) { return b; }

  template <class T>
  static void cpu(T* x, const T* a, const T* b, const KernelShape* shapes) {
    thread_local LuFactors<T> lu;
    const std::int64_t n = shapes[1][0];
    const std::int64_t singular = lu.factor(a, n, Transposed);
    if (singular >= 0)
      throw_error("ctgrad: linalg::solve was given a singular matrix: elimination of its " + std::to_string(n) +
                  " rows found no pivot for column " + std::to_string(singular) +
                  "; check that its rows are independent and its elements finite");
    lu.solve(b, x, shapes[2].rank == 1 ? 1 : shapes[2][1]);
  }

  static constexpr auto derivative(auto t, auto a, auto, auto x) {
    const auto v = user_kernel<Solve<!Transposed>>(a, t);
    if constexpr (Transposed) {
      return partials(-outer(x, v), v);
    } else {
      return partials(-outer(v, x), v);
    }
  }
  static constexpr auto tangent(auto da, auto db, auto a, auto, auto x) {
    if constexpr (Transposed) {
      return user_kernel<Solve>(a, db - product(transpose(da), x));
    } else {
      return user_kernel<Solve>(a, db - product(da, x));
    }
  }

private:
  template <class V>
  static constexpr auto as_columns(const V& v) {
    if constexpr (V::shape_type::rank == 1) {
      return reshape(v, ctgrad::shape<V::shape_type::value[0], 1>);
    } else {
      return v;
    }
  }
  /// u v^T.
  template <class U, class V>
  static constexpr auto outer(const U& u, const V& v) {
    return matmul(as_columns(u), transpose(as_columns(v)));
  }
  /// a x, a vector where x is one.
  template <class A, class X>
  static constexpr auto product(const A& a, const X& x) {
    return reshape(matmul(a, as_columns(x)), typename X::shape_type{});
  }
};

template <class A, class B>
inline constexpr bool is_square_system = [] {
  if (A::rank != 2 || (B::rank != 1 && B::rank != 2)) return false;
  return A::value[0] == A::value[1] && A::value[0] == B::value[0];
}();

}  // namespace detail

/// The solution x of the system of linear equations a x = b (PyTorch's and JAX's linalg.solve): a is n x n, b a vector
/// of n elements or n x k for k systems at once, float or double. Gaussian elimination with partial pivoting, n^3 / 3 +
/// k n^2 multiplications; throws ctgrad::Error where a is singular to working precision. Differentiable in both, to any
/// order; on the CPU.
template <Handle A, Handle B>
constexpr auto solve(const A& a, const B& b) {
  static_assert(detail::is_square_system<typename A::shape_type, typename B::shape_type>,
                "ctgrad: linalg::solve takes a matrix Shape<n, n> and a vector Shape<n> or a matrix Shape<n, k>");
  return user_kernel<detail::Solve<false>>(a, b);
}

}  // namespace ctgrad::linalg
