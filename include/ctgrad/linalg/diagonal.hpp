// SPDX-License-Identifier: BSL-1.0
/// \file
/// The diagonal of a matrix.
#pragma once

#include "ctgrad/linalg/triangle.hpp"
#include "ctgrad/ops/cast.hpp"
#include "ctgrad/ops/slice.hpp"
#include "ctgrad/ops/user.hpp"

namespace ctgrad::linalg {

namespace detail {

/// The adjoint goes to the diagonal, and zero beside it: part of the loop that needs it, where that of a slice would be
/// an array filled with zeros.
struct DiagonalRule {
  static constexpr std::string_view name = "diagonal";
  static constexpr auto derivative(auto t, auto a, auto) {
    return partials(where(row_numbers(a) == column_numbers(a), t, 0));
  }
};

}  // namespace detail

/// The elements on the diagonal of a square matrix (PyTorch's and JAX's linalg.diagonal).
template <Handle A>
constexpr auto diagonal(const A& a) {
  static_assert(detail::is_square<typename A::shape_type>, "ctgrad: linalg::diagonal takes a matrix Shape<n, n>");
  constexpr auto n = A::shape_type::value[0];
  static_assert(is_static(n), "ctgrad: linalg::diagonal needs a matrix Shape<n, n> with a number n");
  const auto flat = reshape(stop_gradient(a), shape<n * n>);
  return custom_derivative<detail::DiagonalRule>(slice<0, 0, n * n, n + 1>(flat), a);
}

}  // namespace ctgrad::linalg
