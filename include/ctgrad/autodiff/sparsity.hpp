// SPDX-License-Identifier: BSL-1.0
/// \file
/// The sparsity pattern of a Jacobian or Hessian as a type: which entries are not always 0, and how they are computed
/// together.
#pragma once

#include <iosfwd>
#include <span>
#include <string>

#include "ctgrad/autodiff/evaluate.hpp"
#include "ctgrad/autodiff/flatten.hpp"
#include "ctgrad/autodiff/gradient.hpp"
#include "ctgrad/autodiff/jacobian.hpp"
#include "ctgrad/passes/colouring.hpp"
#include "ctgrad/passes/compressed.hpp"
#include "ctgrad/passes/sparsity.hpp"

namespace ctgrad {

namespace detail {

enum class SparseKind { jacobian, hessian };

template <class X, class Y>
struct VariablesAndResults {
  using variables_type = X;
  using results_type = Y;
  X variables;
  Y results;
};

/// The matrix of the derivatives of F for arguments of the symbol types X...: of its results or, for a Hessian, of its
/// gradient, by what the options select.
template <SparseKind Kind, Mode M, class F, class Options, class... X>
struct SparseSource {
  static_assert(std::is_default_constructible_v<F>,
                "ctgrad: a function whose sparsity is wanted must not capture anything: pass values as arguments, or "
                "keep them in a struct with a constexpr call operator and default member values");
  static_assert(all_static<leaf_types<X...>>,
                "ctgrad: sparsity is found at compile time and needs all lengths then; use jvp, vjp or hvp, or write "
                "the function for one point and map it over the others with vmap");

  static constexpr auto trace(GraphBuilder& builder) {
    std::tuple<X...> arguments{};
    int position = 0;
    for_each_leaf(arguments, [&](auto& leaf) {
      using L = std::remove_cvref_t<decltype(leaf)>;
      leaf = record_input<Spec<typename L::element_type, typename L::shape_type>>(builder, position++);
    });
    return outputs_of(call_fresh<Options::aux>(F{}, typename Options::wrt{}, arguments));
  }
  /// What is differentiated, by what.
  template <class C>
  static constexpr auto outputs_of(const C& call) {
    if constexpr (Kind == SparseKind::hessian) {
      check_scalar_result<std::remove_cvref_t<decltype(call.value)>>();
      const auto gradient = trace_gradient(call.value, call.arguments);
      return VariablesAndResults<std::remove_cvref_t<decltype(call.arguments)>,
                                 std::remove_cvref_t<decltype(gradient)>>{call.arguments, gradient};
    } else {
      return VariablesAndResults<std::remove_cvref_t<decltype(call.arguments)>,
                                 std::remove_cvref_t<decltype(call.value)>>{call.arguments, call.value};
    }
  }

  using Traced = decltype(trace(std::declval<GraphBuilder&>()));
  using Variables = typename Traced::variables_type;
  using Results = typename Traced::results_type;
  using element_type = typename CommonElement<leaf_types<Variables, Results>>::type;
  static_assert(!std::is_void_v<element_type> && all_floating<leaf_types<Results>>,
                "ctgrad: a sparse Jacobian or Hessian needs arguments and results of one floating type; convert with "
                "cast<double>(x), select arguments with wrt<...>, return the rest with has_aux");

  static constexpr int rows = static_cast<int>(total_elements<leaf_types<Results>>);
  static constexpr int columns = static_cast<int>(total_elements<leaf_types<Variables>>);
  static constexpr Mode mode = M;
  static constexpr bool symmetric = Kind == SparseKind::hessian;

  static constexpr PatternBuilder run() {
    GraphBuilder builder;
    const Traced traced = trace(builder);
    const Vector<int> x = leaf_ids(traced.variables);
    const Vector<int> y = leaf_ids(traced.results);
    return sparsity_of(builder, x.data(), x.size(), y.data(), y.size(), symmetric);
  }
};

/// A pattern in static memory, with room for a number of entries.
template <int Rows, int Room>
struct PatternData {
  std::int32_t offsets[Rows + 1] = {};
  std::int32_t indices[Room + 1] = {};
  int nonzeros = 0;
  bool too_large = false;
};

template <class Source>
struct FrozenPattern {
  template <int Room>
  static constexpr auto freeze() {
    PatternData<Source::rows, Room> result;
    const PatternBuilder pattern = Source::run();
    result.too_large = pattern.too_large;
    if (pattern.too_large) return result;
    result.nonzeros = pattern.columns.size();
    for (int i = 0; i <= Source::rows; ++i) result.offsets[i] = pattern.row_offsets[i];
    for (int p = 0; p < pattern.columns.size() && p < Room; ++p) result.indices[p] = pattern.columns[p];
    return result;
  }

  /// Sparse matrices fit this at once; the others are worked out again, when their number of entries is known.
  static constexpr int usual = 6 * (Source::rows + Source::columns) + 64;
  template <int Room>
  static constexpr auto data_for = freeze<Room>();
  static constexpr bool fits = data_for<usual>.nonzeros <= usual;
  static constexpr const auto& data = data_for < fits ? usual : data_for<usual>.nonzeros > ;
  static_assert(!data.too_large,
                "ctgrad: this function is too large to find its sparsity while the program compiles: it computes more "
                "than 500 thousand elements, or most of them depend on very many of the inputs; use hvp, jvp or vjp, "
                "or write the function for one point and map it over the others with vmap");
};

/// How the entries of a pattern are computed.
template <int Count, int Nonzeros>
struct ColouringData {
  bool by_forward = true;
  int colours = 0;
  std::int32_t colour[Count + 1] = {};
  std::int32_t place[Nonzeros + 1] = {};
};

template <class Source>
constexpr auto colour_pattern() {
  const auto& data = FrozenPattern<Source>::data;
  constexpr int nonzeros = FrozenPattern<Source>::data.nonzeros;
  const PatternView pattern{Source::rows, Source::columns, data.offsets, data.indices};
  ColouringData<(Source::rows > Source::columns ? Source::rows : Source::columns), nonzeros> result;
  auto write = [&](const Colouring& colouring, const Vector<int>& place, bool by_forward) {
    result.by_forward = by_forward;
    result.colours = colouring.count;
    for (int i = 0; i < colouring.of.count; ++i) result.colour[i] = colouring.of.at[i];
    for (int p = 0; p < nonzeros; ++p) result.place[p] = place.at[p];
  };
  if (Source::symmetric) {
    const Colouring colouring = colour_symmetric(pattern);
    write(colouring, places_in_symmetric(pattern, colouring.of), true);
  } else {
    const OwnPattern transpose = transposed(pattern);
    const Colouring columns = colour_columns(pattern);
    const Colouring rows = colour_columns(transpose.view());
    if (Source::mode == Mode::forward || (Source::mode == Mode::automatic && columns.count <= rows.count)) {
      write(columns, places_in_columns(pattern, columns.of), true);
    } else {
      write(rows, places_in_rows(pattern, rows.of), false);
    }
  }
  return result;
}

template <class Source>
inline constexpr auto colouring_of = colour_pattern<Source>();

template <int Count>
struct EntryNumbers {
  std::int32_t at[Count + 1] = {};
};

/// For each entry, its row times `RowFactor` plus its column times `ColumnFactor`.
template <class Source, int RowFactor, int ColumnFactor>
inline constexpr auto entry_numbers = [] {
  const auto& data = FrozenPattern<Source>::data;
  EntryNumbers<FrozenPattern<Source>::data.nonzeros> result;
  for (int i = 0; i < Source::rows; ++i)
    for (int p = data.offsets[i]; p < data.offsets[i + 1]; ++p)
      result.at[p] = i * RowFactor + data.indices[p] * ColumnFactor;
  return result;
}();

}  // namespace detail

/// The sparsity pattern of a Jacobian or Hessian, all of it static: `sparsity_pattern` and `CsrMatrix::pattern` give
/// it. Rows are the elements of the results, columns those of the arguments, structures and arrays laid side by side.
/// An entry is in the pattern where the result may depend on the argument (for a Hessian, the gradient).
template <class Source>
class SparsityPattern {
public:
  // Declared, so that this is no plain struct of leaves.
  constexpr SparsityPattern() = default;

  static constexpr std::int64_t rows() { return Source::rows; }
  static constexpr std::int64_t columns() { return Source::columns; }
  /// The number of entries.
  static constexpr std::int64_t nonzeros() { return frozen().nonzeros; }
  /// The passes over the function that compute all entries.
  static constexpr std::int64_t colours() { return colouring().colours; }
  /// Whether these passes are of forward mode (for a Hessian: over reverse mode).
  static constexpr bool by_forward() { return colouring().by_forward; }
  /// The entries of row i are numbers row_offsets()[i] to row_offsets()[i + 1] - 1.
  static constexpr std::span<const std::int32_t> row_offsets() {
    return {frozen().offsets, static_cast<std::size_t>(rows() + 1)};
  }
  /// The column of each entry, in ascending order within a row.
  static constexpr std::span<const std::int32_t> column_indices() {
    return {frozen().indices, static_cast<std::size_t>(nonzeros())};
  }
  /// The number of the entry in row i and column j; -1 where there is none.
  static constexpr std::int64_t find(std::int64_t i, std::int64_t j) {
    for (std::int32_t p = frozen().offsets[i]; p < frozen().offsets[i + 1]; ++p)
      if (frozen().indices[p] == j) return p;
    return -1;
  }
  static constexpr bool contains(std::int64_t i, std::int64_t j) { return find(i, j) >= 0; }

  /// What the passes work with.
  static constexpr detail::CompressedPlan plan() {
    return {Source::rows,        Source::columns,    frozen().nonzeros, by_forward(),
            colouring().colours, colouring().colour, colouring().place};
  }
  /// For each entry its row, its column, and its place in the dense matrix, in static memory.
  static constexpr const std::int32_t* entry_rows() { return detail::entry_numbers<Source, 1, 0>.at; }
  static constexpr const std::int32_t* entry_columns() { return frozen().indices; }
  static constexpr const std::int32_t* dense_places() { return detail::entry_numbers<Source, Source::columns, 1>.at; }

private:
  static constexpr const auto& frozen() { return detail::FrozenPattern<Source>::data; }
  static constexpr const auto& colouring() { return detail::colouring_of<Source>; }
};

/// A picture of the pattern: a line for each row, x for an entry and . for none.
template <class Traits, class Source>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out,
                                             const SparsityPattern<Source>& pattern) {
  for (std::int64_t i = 0; i < pattern.rows(); ++i) {
    std::string line(static_cast<std::size_t>(pattern.columns()), '.');
    for (auto p = pattern.row_offsets()[static_cast<std::size_t>(i)];
         p < pattern.row_offsets()[static_cast<std::size_t>(i) + 1]; ++p)
      line[static_cast<std::size_t>(pattern.column_indices()[static_cast<std::size_t>(p)])] = 'x';
    out << line << '\n';
  }
  return out;
}

}  // namespace ctgrad
