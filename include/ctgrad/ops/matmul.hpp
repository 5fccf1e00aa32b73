// SPDX-License-Identifier: BSL-1.0
/// \file
/// Products of matrices, one or a batch of them.
#pragma once

#include "ctgrad/ops/operation.hpp"
#include "ctgrad/ops/reshape.hpp"

namespace ctgrad::ops {

/// Attribute: bit 0 set when the first operand is stored transposed, bit 1 for the second.
struct MatMul : Structured {
  static constexpr std::string_view name = "matmul";
  static constexpr unsigned linear = 3;

  static constexpr bool transpose_a(std::int64_t attribute) { return (attribute & 1) != 0; }
  static constexpr bool transpose_b(std::int64_t attribute) { return (attribute & 2) != 0; }

  static constexpr Extent rows(const ShapeValue& a, bool transposed) { return a[a.rank - (transposed ? 1 : 2)]; }
  static constexpr Extent columns(const ShapeValue& b, bool transposed) { return b[b.rank - (transposed ? 2 : 1)]; }
  /// The shape of the product: the batch axes broadcast, then rows by columns.
  static constexpr ShapeValue shape(const ShapeValue& a, const ShapeValue& b, std::int64_t attribute) {
    ShapeValue batch_a = a;
    ShapeValue batch_b = b;
    batch_a.rank -= 2;
    batch_b.rank -= 2;
    ShapeValue result = detail::broadcast(batch_a, batch_b);
    result.push_back(rows(a, transpose_a(attribute)));
    result.push_back(columns(b, transpose_b(attribute)));
    return result;
  }

  /// Y = A B gives dA = dY B^T and dB = A^T dY (Giles 2008, section 2.2.2); the flags absorb the
  /// transposes, and batch axes that were broadcast are summed.
  template <class V>
  static constexpr V adjoint(int which, V t, const V (&operand)[3], V y) {
    const V a = operand[0];
    const V b = operand[1];
    const bool ta = transpose_a(y.node().attribute);
    const bool tb = transpose_b(y.node().attribute);
    V result = which == 0 ? (ta ? product(b, t, tb, true) : product(t, b, false, !tb))
                          : (tb ? product(t, a, true, ta) : product(a, t, !ta, false));
    return sum_to(result, operand[which].shape());
  }

private:
  template <class V>
  static constexpr V product(V a, V b, bool transpose_a, bool transpose_b) {
    const std::int64_t attribute = (transpose_a ? 1 : 0) | (transpose_b ? 2 : 0);
    return apply_shaped<MatMul>(a, shape(a.shape(), b.shape(), attribute), attribute, b);
  }
};

}  // namespace ctgrad::ops

namespace ctgrad {

namespace detail {

template <class A, class B>
inline constexpr bool matmul_inner_extents_agree = A::value[A::rank - 1] == B::value[B::rank >= 2 ? B::rank - 2 : 0];

template <class A, class B>
inline constexpr bool matmul_batch_axes_broadcast = [] {
  ShapeValue a = A::value;
  ShapeValue b = B::value;
  a.rank -= 2;
  b.rank -= 2;
  return can_broadcast(a, b);
}();

template <class A, class B>
struct ProductShape {
  static constexpr ShapeValue value = ops::MatMul::shape(A::value, B::value, 0);
};

template <class S>
struct RowsJoined {
  static constexpr ShapeValue value = [] {
    Extent rows = 1;
    for (int i = 0; i + 1 < S::rank; ++i) rows = multiply(rows, S::value[i]);
    ShapeValue shape;
    shape.push_back(rows);
    shape.push_back(S::value[S::rank - 1]);
    return shape;
  }();
};

}  // namespace detail

/// The matrix product of the last two axes; axes before them are a batch and broadcast (NumPy's and
/// PyTorch's matmul, for operands of at least two axes). [.., m, k] times [.., k, n] gives [.., m, n].
template <Handle A, Handle B>
constexpr auto matmul(const A& a, const B& b) {
  using SA = typename A::shape_type;
  using SB = typename B::shape_type;
  static_assert(SA::rank >= 2 && SB::rank >= 2,
                "ctgrad: matmul needs two operands of at least two axes; reshape a vector to a matrix "
                "of one row or one column");
  static_assert(detail::matmul_inner_extents_agree<SA, SB>,
                "ctgrad: matmul needs as many columns in the first operand as rows in the second; "
                "transpose one of them or check the layer sizes");
  static_assert(detail::element_types_agree<typename A::element_type, typename B::element_type>,
                "ctgrad: matmul needs operands of one element type; convert one with cast<T>(x)");
  static_assert(detail::elements_are_numbers<typename A::element_type>,
                "ctgrad: matmul needs numbers, not booleans; convert them with cast<float>(x)");
  static_assert(detail::matmul_batch_axes_broadcast<SA, SB>,
                "ctgrad: matmul needs batch axes (all but the last two) that broadcast");
  using S = detail::shape_from<detail::ProductShape<SA, SB>>;
  if constexpr (SA::rank > 2 && SB::rank == 2) {
    // One matrix for the whole batch: a single product of all rows, and a single one for its gradient.
    return reshape(matmul(reshape(a, detail::shape_from<detail::RowsJoined<SA>>{}), b), S{});
  } else {
    return ctgrad_apply(OpCall<ops::MatMul, 0, S>{}, a, b);
  }
}

}  // namespace ctgrad
