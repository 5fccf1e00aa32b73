// SPDX-License-Identifier: BSL-1.0
/// \file
/// The inverse of a matrix as an operation with derivatives.
#pragma once

#include "ctgrad/linalg/lu.hpp"
#include "ctgrad/ops/matmul.hpp"

namespace ctgrad::linalg {

namespace detail {

/// The inverse, given the factors of a. The adjoint of a is -X^T t X^T for the inverse X, its tangent -X da X (Giles
/// 2008, section 2.2.3).
struct Inverse {
  static constexpr std::string_view name = "inv";

  static constexpr ShapeValue shape(const ShapeValue& a, const ShapeValue&) { return a; }

  template <class T>
  static void cpu(T* x, const T*, const T* factors, const KernelShape* shapes) {
    const std::int64_t n = shapes[1][0];
    refuse_singular(factors, n, "linalg::inv");
    thread_local std::vector<T> work;
    work.resize(static_cast<std::size_t>(n));
    factors_at(factors, n).invert(x, work.data());
  }

  static constexpr auto derivative(auto t, auto, auto, auto x) {
    return partials(-matmul(transpose(x), matmul(t, transpose(x))), NoDerivative{});
  }
  static constexpr auto tangent(auto da, auto, auto, auto, auto x) { return -matmul(x, matmul(da, x)); }
};

}  // namespace detail

/// The inverse of a square matrix (PyTorch's and JAX's linalg.inv), float or double: Gaussian elimination with partial
/// pivoting, n^3 multiplications; throws ctgrad::Error where `a` is singular to working precision. `solve` is faster
/// and more accurate for what multiplies the inverse. Differentiable to any order; in a program on a GPU the host runs
/// it.
template <Handle A>
constexpr auto inv(const A& a) {
  static_assert(detail::is_square<typename A::shape_type>, "ctgrad: linalg::inv takes a matrix Shape<n, n>");
  return user_kernel<detail::Inverse>(a, detail::lu(a));
}

}  // namespace ctgrad::linalg
