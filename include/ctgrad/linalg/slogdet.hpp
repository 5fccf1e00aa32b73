// SPDX-License-Identifier: BSL-1.0
/// \file
/// The logarithm of a determinant as an operation with derivatives.
#pragma once

#include <cmath>
#include <limits>

#include "ctgrad/linalg/inv.hpp"
#include "ctgrad/ops/concat.hpp"
#include "ctgrad/ops/multiply.hpp"
#include "ctgrad/ops/slice.hpp"
#include "ctgrad/ops/sum.hpp"

namespace ctgrad::linalg {

namespace detail {

/// Sign and logarithm of the absolute value of the determinant, given the factors of a. The adjoint of a is that of the
/// logarithm times the transposed inverse (Giles 2008, section 2.2.4).
struct SignAndLogDeterminant {
  static constexpr std::string_view name = "slogdet";

  static constexpr ShapeValue shape(const ShapeValue&, const ShapeValue&) { return Shape<2>::value; }

  template <class T>
  static void cpu(T* result, const T*, const T* factors, const KernelShape* shapes) {
    const std::int64_t n = shapes[1][0];
    result[0] = 1;
    result[1] = 0;
    if (missing_pivot(factors, n) >= 0) {
      // Of elements that are not finite nothing is known.
      T sum = 0;
      for (std::int64_t i = 0; i < n * n; ++i) sum += factors[i] * 0;
      result[0] = sum;
      result[1] = sum - std::numeric_limits<T>::infinity();
      return;
    }
    result[0] = static_cast<T>(factors_at(factors, n).permutation_sign());
    for (std::int64_t i = 0; i < n; ++i) {
      const T pivot = factors[i * n + i];
      if (pivot < 0) result[0] = -result[0];
      result[1] += std::log(std::abs(pivot));
    }
  }

  static constexpr auto derivative(auto t, auto a, auto factors, auto) {
    const auto of_logarithm = reshape(slice<0, 1, 2>(t), ctgrad::shape<1, 1>);
    return partials(of_logarithm * transpose(user_kernel<Inverse>(a, factors)), NoDerivative{});
  }
  static constexpr auto tangent(auto da, auto, auto a, auto factors, auto y) {
    const auto of_logarithm = sum(transpose(user_kernel<Inverse>(a, factors)) * da);
    return concat(axis<0>, stop_gradient(slice<0, 0, 1>(y)) * 0, reshape(of_logarithm, ctgrad::shape<1>));
  }
};

}  // namespace detail

/// The pair of the sign of a square matrix's determinant and the logarithm of its absolute value (PyTorch's and JAX's
/// linalg.slogdet), scalars, float or double: `auto [sign, logabsdet] = linalg::slogdet(a)`. For a singular matrix they
/// are 0 and minus infinity. Gaussian elimination with partial pivoting, n^3 / 3 multiplications, which `solve` with
/// the same matrix shares. The logarithm is differentiable to any order, which takes the inverse and throws
/// ctgrad::Error where there is none; in a program on a GPU the host runs it.
template <Handle A>
constexpr auto slogdet(const A& a) {
  static_assert(detail::is_square<typename A::shape_type>, "ctgrad: linalg::slogdet takes a matrix Shape<n, n>");
  const auto both = user_kernel<detail::SignAndLogDeterminant>(a, detail::lu(a));
  return std::pair{stop_gradient(reshape(slice<0, 0, 1>(both), shape<>)), reshape(slice<0, 1, 2>(both), shape<>)};
}

}  // namespace ctgrad::linalg
