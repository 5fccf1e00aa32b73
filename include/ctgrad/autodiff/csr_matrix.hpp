// SPDX-License-Identifier: BSL-1.0
/// \file
/// A sparse matrix by rows whose pattern is part of its type.
#pragma once

#include <iosfwd>
#include <span>

#include "ctgrad/autodiff/sparsity.hpp"
#include "ctgrad/tensor/tensor.hpp"

namespace ctgrad {

/// A sparse matrix in CSR form (compressed sparse rows): what `sparse_jacobian` and `sparse_hessian` give. Only the
/// values are stored, row by row; offsets and columns belong to the type. `Values` is Tensor<T, Shape<nonzeros>>, a
/// TensorView of somebody else's memory, or a Symbol while a function is traced.
template <class Values, class Pattern>
struct CsrMatrix {
  using pattern = Pattern;
  using element_type = typename Values::element_type;

  /// The entries, row by row, in the order of column_indices().
  Values values;

  static constexpr std::int64_t rows() { return Pattern::rows(); }
  static constexpr std::int64_t columns() { return Pattern::columns(); }
  static constexpr std::int64_t nonzeros() { return Pattern::nonzeros(); }
  /// The entries of row i are numbers row_offsets()[i] to row_offsets()[i + 1] - 1.
  static constexpr std::span<const std::int32_t> row_offsets() { return Pattern::row_offsets(); }
  static constexpr std::span<const std::int32_t> column_indices() { return Pattern::column_indices(); }

  /// The element in row i and column j, 0 where the pattern has none.
  element_type operator()(std::int64_t i, std::int64_t j) const {
    const std::int64_t p = Pattern::find(i, j);
    return p < 0 ? element_type(0) : values.data()[p];
  }

  /// The whole matrix, a Tensor (while tracing, a Symbol) of shape [rows, columns].
  constexpr auto to_dense() const {
    using Dense = Shape<Pattern::rows(), Pattern::columns()>;
    if constexpr (detail::is_symbol<Values>) {
      return Symbol<element_type, Dense>{
          values.builder, detail::dense_of_entries(values.value(), Pattern::plan(), Pattern::dense_places()).id};
    } else {
      auto dense = Tensor<element_type, Dense>::full(0);
      const std::int32_t* const place = Pattern::dense_places();
      for (std::int64_t p = 0; p < nonzeros(); ++p) dense.data()[place[p]] = values.data()[p];
      return dense;
    }
  }

  /// y = A x for x of columns() elements and y of rows(), which must not overlap. Allocates nothing.
  void multiply(const element_type* x, element_type* y) const {
    const std::int32_t* const offsets = row_offsets().data();
    const std::int32_t* const indices = column_indices().data();
    const element_type* const a = values.data();
    for (std::int64_t i = 0; i < rows(); ++i) {
      element_type sum = 0;
      for (std::int32_t p = offsets[i]; p < offsets[i + 1]; ++p) sum += a[p] * x[indices[p]];
      y[i] = sum;
    }
  }
};

/// The product of a sparse matrix and a vector.
template <class Values, class Pattern, Handle X>
constexpr auto operator*(const CsrMatrix<Values, Pattern>& a, const X& x) {
  using T = typename Values::element_type;
  static_assert(
      std::is_same_v<typename X::shape_type, Shape<Pattern::columns()>> && std::is_same_v<typename X::element_type, T>,
      "ctgrad: a sparse matrix takes a vector of its element type with as many elements as it has columns; "
      "reshape or convert it");
  using Y = Shape<Pattern::rows()>;
  if constexpr (detail::is_symbol<Values>) {
    using namespace detail;
    GraphBuilder& b = *a.values.builder;
    if (Pattern::nonzeros() == 0) return Symbol<T, Y>{&b, placeholder(b, dtype_of<T>, Y::value).id};
    constexpr auto count = static_cast<int>(Pattern::nonzeros());
    const ShapeValue line = Values::shape_type::value;
    const Value chosen = apply_shaped<ops::Take>(x.value(), line, 0, record_table(b, Pattern::entry_columns(), count));
    const Value sums = apply_shaped<ops::TakeAdjoint>(a.values.value() * chosen, Y::value, 0,
                                                      record_table(b, Pattern::entry_rows(), count));
    return Symbol<T, Y>{&b, sums.id};
  } else {
    Tensor<T, Y> y;
    a.multiply(x.data(), y.data());
    return y;
  }
}

/// The dense matrix as text.
template <class Traits, class Values, class Pattern>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out,
                                             const CsrMatrix<Values, Pattern>& matrix) {
  return out << matrix.to_dense();
}

}  // namespace ctgrad
