// SPDX-License-Identifier: BSL-1.0
/// \file
/// Parts of matrices, and products of matrices and vectors, for the rules of linear algebra.
#pragma once

#include "ctgrad/ops/compare.hpp"
#include "ctgrad/ops/matmul.hpp"
#include "ctgrad/ops/multiply.hpp"
#include "ctgrad/ops/permute.hpp"
#include "ctgrad/ops/reshape.hpp"
#include "ctgrad/ops/where.hpp"

namespace ctgrad::linalg::detail {

template <class A>
inline constexpr bool is_square = [] {
  if constexpr (A::rank == 2) {
    return A::value[0] == A::value[1];
  } else {
    return false;
  }
}();

template <class A, class B>
inline constexpr bool is_square_system = [] {
  if (!is_square<A> || (B::rank != 1 && B::rank != 2)) return false;
  return A::value[0] == B::value[0];
}();

/// The numbers of the columns of a square matrix, and as a column those of its rows.
template <class A>
constexpr auto column_numbers(const A& a) {
  static_assert(is_static(A::shape_type::value[0]),
                "ctgrad: triangles and diagonals are those of matrices Shape<n, n> with a number n");
  return ctgrad_arange<typename A::element_type, static_cast<int>(A::shape_type::value[0])>(a);
}
template <class A>
constexpr auto row_numbers(const A& a) {
  return reshape(column_numbers(a), shape<A::shape_type::value[0], 1>);
}

/// `x` with zeros on the other side of the diagonal.
template <bool Upper, class X>
constexpr auto triangle(const X& x) {
  if constexpr (Upper) {
    return where(row_numbers(x) <= column_numbers(x), x, 0);
  } else {
    return where(row_numbers(x) >= column_numbers(x), x, 0);
  }
}

template <class V>
constexpr auto as_columns(const V& v) {
  if constexpr (V::shape_type::rank == 1) {
    return reshape(v, ctgrad::shape<V::shape_type::value[0], 1>);
  } else {
    return v;
  }
}
/// u v^T.
template <class U, class V>
constexpr auto outer(const U& u, const V& v) {
  if constexpr (U::shape_type::rank == 1) {
    return as_columns(u) * v;
  } else {
    return matmul(u, transpose(v));
  }
}
/// a x, a vector where x is one.
template <class A, class X>
constexpr auto product(const A& a, const X& x) {
  return reshape(matmul(a, as_columns(x)), typename X::shape_type{});
}

}  // namespace ctgrad::linalg::detail
