// SPDX-License-Identifier: BSL-1.0
/// \file
/// Eigen's matrices as arrays, and arrays as Eigen's maps. Needs Eigen 3.3 or later; ctgrad.hpp does not include it.
///
/// Eigen stores matrices by columns unless told otherwise, ctgrad by rows. What is stored by rows, and every vector, is
/// viewed where it lies; the rest is copied by `to_tensor`.
#pragma once

#include <Eigen/Core>

#include "ctgrad/core/type_list.hpp"
#include "ctgrad/interop/views.hpp"

namespace ctgrad {

namespace detail {

template <class Derived>
void take_dense(const Eigen::DenseBase<Derived>&);
template <class E>
concept EigenDense = requires(E& e) {
  take_dense(e);
};

/// The shape of an Eigen object whose sizes are in its type.
template <class E>
struct EigenShape {
  static constexpr bool is_known = E::SizeAtCompileTime != Eigen::Dynamic;
  static constexpr std::int64_t rows = E::RowsAtCompileTime;
  static constexpr std::int64_t columns = E::ColsAtCompileTime;
  using type = std::conditional_t<E::IsVectorAtCompileTime != 0, Shape<rows * columns>, Shape<rows, columns>>;
};

/// Calls that need a shape in their type and get none.
template <class E>
constexpr void check_eigen_shape() {
  static_assert(EigenShape<E>::is_known,
                "ctgrad: some sizes of the Eigen object are known at run time only: name them in a shape, "
                "as_view<Shape<batch, 3>>(matrix), to_tensor<Shape<batch, 3>>(matrix)");
}

/// The extents of a vector or matrix as an array of shape S.
template <class S, class E>
Extents<S::rank> eigen_extents(const E& e) {
  constexpr bool vector = S::rank == 1 && E::IsVectorAtCompileTime != 0;
  static_assert(vector || S::rank == 2,
                "ctgrad: an Eigen matrix has the two axes Shape<rows, columns>; an Eigen vector may have one");
  Extents<S::rank> extents{};
  if constexpr (vector) {
    extents[0] = e.size();
  } else {
    extents[0] = e.rows();
    extents[1] = e.cols();
  }
  check_extents<S>(extents);
  return extents;
}

template <class E>
using eigen_element = std::remove_pointer_t<decltype(std::declval<E&>().data())>;

/// The Eigen type of an array: a column vector, or a matrix stored by rows.
template <class T, class S>
struct EigenMatrix {
  static_assert(S::rank == 1 || S::rank == 2, "ctgrad: Eigen has vectors and matrices only; reshape the array");
  static constexpr int size(int axis) {
    const Extent extent = S::value[axis];
    return is_static(extent) ? static_cast<int>(extent) : Eigen::Dynamic;
  }
  static constexpr auto choose() {
    if constexpr (S::rank == 1) {
      return Tag<Eigen::Matrix<T, size(0), 1>>{};
    } else if constexpr (size(1) == 1) {
      // Eigen knows no column stored by rows; its elements lie the same way.
      return Tag<Eigen::Matrix<T, size(0), 1>>{};
    } else {
      return Tag<Eigen::Matrix<T, size(0), size(1), Eigen::RowMajor>>{};
    }
  }
  using type = typename decltype(choose())::type;
};

template <class T, class S>
auto eigen_map(T* data, const Extents<S::rank>& extents) {
  using Matrix = typename EigenMatrix<std::remove_const_t<T>, S>::type;
  using Mapped = std::conditional_t<std::is_const_v<T>, const Matrix, Matrix>;
  if constexpr (S::rank == 1) {
    return Eigen::Map<Mapped>(data, static_cast<Eigen::Index>(extents[0]));
  } else {
    return Eigen::Map<Mapped>(data, static_cast<Eigen::Index>(extents[0]), static_cast<Eigen::Index>(extents[1]));
  }
}

}  // namespace detail

/// A view of an Eigen vector, or of a matrix stored by rows, as an array of shape S: `as_view<Shape<batch,
/// 3>>(points)`. `E` is a Matrix, an Array, a Map or a Ref. Throws Error where the sizes are not the shape's, or a
/// Map's elements do not lie one after the other.
template <class S, detail::EigenDense E>
auto as_view(E& e) {
  static_assert(E::IsVectorAtCompileTime != 0 || E::IsRowMajor != 0,
                "ctgrad: this matrix is stored by columns: store it by rows, Eigen::Matrix<double, 3, 4, "
                "Eigen::RowMajor>, or copy it with to_tensor(matrix)");
  using T = detail::eigen_element<E>;
  const Extents<S::rank> extents = detail::eigen_extents<S>(e);
  const Extents<2> strides{e.outerStride(), e.innerStride()};
  const bool one_line = e.size() <= 1 || e.outerSize() == 1;
  if ((e.innerSize() > 1 && e.innerStride() != 1) || (!one_line && e.outerStride() != e.innerSize()))
    detail::throw_not_row_major(extents, strides);
  return TensorView<T, S>(e.data(), extents);
}
/// The same for sizes that are in the type.
template <detail::EigenDense E>
auto as_view(E& e) {
  detail::check_eigen_shape<E>();
  if constexpr (detail::EigenShape<E>::is_known) return as_view<typename detail::EigenShape<E>::type>(e);
}

/// A tensor of shape S with the elements of any expression of Eigen, however it is stored.
template <class S, detail::EigenDense E>
auto to_tensor(const E& expression) {
  using T = typename E::Scalar;
  Tensor<T, S> result(detail::eigen_extents<S>(expression));
  auto map = detail::eigen_map<T, S>(result.data(), result.extents());
  if constexpr (E::RowsAtCompileTime == 1 && decltype(map)::ColsAtCompileTime == 1) {
    map = expression.derived().matrix().transpose();
  } else {
    map = expression.derived().matrix();
  }
  return result;
}
template <detail::EigenDense E>
auto to_tensor(const E& expression) {
  detail::check_eigen_shape<E>();
  if constexpr (detail::EigenShape<E>::is_known) return to_tensor<typename detail::EigenShape<E>::type>(expression);
}

/// An Eigen::Map of a tensor: a column vector for one axis, a matrix stored by rows for two.
template <class T, class S>
auto as_eigen(Tensor<T, S>& tensor) {
  return detail::eigen_map<T, S>(tensor.data(), tensor.extents());
}
template <class T, class S>
auto as_eigen(const Tensor<T, S>& tensor) {
  return detail::eigen_map<const T, S>(tensor.data(), tensor.extents());
}
template <class T, class S>
auto as_eigen(const TensorView<T, S>& view) {
  return detail::eigen_map<T, S>(view.data(), view.extents());
}
template <class T, class S>
void as_eigen(Tensor<T, S>&&) = delete;  // the map would outlive the tensor

}  // namespace ctgrad
