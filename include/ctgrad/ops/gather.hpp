// SPDX-License-Identifier: BSL-1.0
/// \file
/// Choice of elements or rows by an integer index.
#pragma once

#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

/// Attribute: the axis. Operands: the source and the index.
struct ScatterAdd : Structured {
  static constexpr std::string_view name = "scatter_add";
  static constexpr unsigned linear = 1;

  template <class V>
  static constexpr V adjoint(int, V t, const V (&operand)[3], V y);
};

/// `y[i][j] = x[index[i][j]][j]` for axis 0, and so on. Attribute: the axis.
struct Gather : Structured {
  static constexpr std::string_view name = "gather";
  static constexpr unsigned linear = 1;

  template <class V>
  static constexpr V adjoint(int, V t, const V (&operand)[3], V y) {
    return apply_shaped<ScatterAdd>(t, operand[0].shape(), y.node().attribute, operand[1]);
  }
};

template <class V>
constexpr V ScatterAdd::adjoint(int, V t, const V (&operand)[3], V y) {
  return apply_shaped<Gather>(t, operand[0].shape(), y.node().attribute, operand[1]);
}

/// Rows added at their index into zeros: the adjoint of Take.
struct TakeAdjoint : Structured {
  static constexpr std::string_view name = "take_adjoint";
  static constexpr unsigned linear = 1;

  template <class V>
  static constexpr V adjoint(int, V t, const V (&operand)[3], V y);
};

/// Rows of the first operand chosen by the second.
struct Take : Structured {
  static constexpr std::string_view name = "take";
  static constexpr unsigned linear = 1;

  template <class V>
  static constexpr V adjoint(int, V t, const V (&operand)[3], V) {
    return apply_shaped<TakeAdjoint>(t, operand[0].shape(), 0, operand[1]);
  }
};

template <class V>
constexpr V TakeAdjoint::adjoint(int, V t, const V (&operand)[3], V) {
  return apply_shaped<Take>(t, operand[0].shape(), 0, operand[1]);
}

}  // namespace ctgrad::ops

namespace ctgrad {

namespace detail {

template <class X, class Index, int A>
inline constexpr bool index_fits_operand = [] {
  if (X::rank != Index::rank || normal_axis(A, X::rank) < 0) return false;
  for (int i = 0; i < X::rank; ++i)
    if (i != normal_axis(A, X::rank) && X::value[i] != Index::value[i]) return false;
  return true;
}();

template <class X, class Index>
struct TakenShape {
  static constexpr ShapeValue value = [] {
    ShapeValue shape = Index::value;
    for (int i = 1; i < X::rank; ++i) shape.push_back(X::value[i]);
    return shape;
  }();
};

template <class T>
inline constexpr bool is_index_type = std::is_same_v<T, std::int32_t> || std::is_same_v<T, std::int64_t>;

}  // namespace detail

/// Elements chosen along one axis (PyTorch's gather): for axis 1 of a matrix,
/// `y[i][j] = x[i][index[i][j]]`. `index` is int32 or int64, has the rank of `x` and its extents on the
/// other axes. An index outside the axis throws Error before anything is written.
template <Handle X, int A, Handle I>
constexpr auto gather(const X& x, Axis<A>, const I& index) {
  using S = typename X::shape_type;
  static_assert(detail::is_index_type<typename I::element_type>, "ctgrad: gather needs an index of int32 or int64");
  static_assert(detail::index_fits_operand<S, typename I::shape_type, A>,
                "ctgrad: gather needs an index with the operand's rank and its extents on all axes but "
                "the gathered one");
  return ctgrad_apply(OpCall<ops::Gather, detail::normal_axis(A, S::rank), typename I::shape_type>{}, x, index);
}

/// Rows chosen by an index of any shape (NumPy's take along axis 0, PyTorch's embedding): the result
/// has the index's shape followed by that of a row. An index outside the table throws Error.
template <Handle X, Handle I>
constexpr auto take(const X& x, const I& index) {
  using S = typename X::shape_type;
  static_assert(S::rank >= 1, "ctgrad: take needs a table with at least one axis");
  static_assert(detail::is_index_type<typename I::element_type>, "ctgrad: take needs an index of int32 or int64");
  return ctgrad_apply(OpCall<ops::Take, 0, detail::shape_from<detail::TakenShape<S, typename I::shape_type>>>{}, x,
                      index);
}

}  // namespace ctgrad
