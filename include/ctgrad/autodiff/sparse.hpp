// SPDX-License-Identifier: BSL-1.0
/// \file
/// Sparse Jacobians and Hessians: the pattern is found at compile time, and one pass computes all columns, or rows, of
/// one colour.
#pragma once

#include "ctgrad/autodiff/csr_matrix.hpp"
#include "ctgrad/autodiff/hessian.hpp"

namespace ctgrad {

namespace detail {

/// The entries of a sparse derivative, and what they are entries of.
template <class Source, class V>
constexpr Value trace_entries(const V& traced) {
  using Pattern = SparsityPattern<Source>;
  GraphBuilder* builder = builder_of_leaves(traced.variables);
  const Vector<int> x = leaf_ids(traced.variables);
  const Vector<int> y = leaf_ids(traced.results);
  return compressed_entries(*builder, x.data(), x.size(), y.data(), y.size(), Pattern::plan());
}

template <class Source, class V>
constexpr auto trace_csr(const V& traced) {
  using Pattern = SparsityPattern<Source>;
  using Values = Symbol<typename Source::element_type, Shape<Pattern::nonzeros()>>;
  const Value entries = trace_entries<Source>(traced);
  return CsrMatrix<Values, Pattern>{Values{entries.builder, entries.id}};
}

template <class Source, class V>
constexpr auto trace_dense(const V& traced) {
  derivative_by<typename Source::Results, typename Source::Variables> result{};
  const Value dense = dense_of_entries(trace_entries<Source>(traced), SparsityPattern<Source>::plan(),
                                       SparsityPattern<Source>::dense_places());
  const Vector<int> x = leaf_ids(traced.variables);
  const Vector<int> y = leaf_ids(traced.results);
  const JacobianBlocks blocks = blocks_of_dense(dense, x.data(), x.size(), y.data(), y.size());
  set_leaves(result, dense.builder, blocks.ids());
  return result;
}

/// The callables that `sparse_jacobian`, `sparse_hessian` and their kin return.
template <SparseKind Kind, bool Dense, Mode M, class F, class Options>
struct SparseDerivative : Derivative<SparseDerivative<Kind, Dense, M, F, Options>> {
  [[no_unique_address]] F function;

  template <class... X>
  using source = SparseSource<Kind, M, F, Options, traced<X>...>;

  constexpr SparseDerivative() = default;
  constexpr explicit SparseDerivative(const F& f) : function(f) {}

  template <class... X>
  constexpr auto trace(const X&... x) const {
    using Source = source<X...>;
    const auto call = call_fresh<Options::aux>(function, typename Options::wrt{}, std::tuple<X...>{x...});
    const auto traced = Source::outputs_of(call);
    if constexpr (Dense) {
      return with_extras<Options::aux>(trace_dense<Source>(traced), call);
    } else {
      return with_extras<Options::aux>(trace_csr<Source>(traced), call);
    }
  }
};

}  // namespace detail

/// A callable that computes the entries of the Jacobian of `f` that are not always 0, as a CsrMatrix: a row for each
/// element of the result, a column for each element of the argument. Columns that meet in no row are computed in one
/// pass of forward mode, or rows that meet in no column in one of reverse mode, whichever takes fewer passes;
/// `sparse_jacobian<Mode::forward>(f)` takes your word. By the first argument, or those of `wrt<...>`, their elements
/// side by side. With `has_aux` the pair `{jacobian, extras}`. All lengths must be known at compile time, and the
/// function must not capture anything.
template <Mode M = Mode::automatic, class F, class... Options>
constexpr auto sparse_jacobian(const F& f, Options...) {
  return detail::SparseDerivative<detail::SparseKind::jacobian, false, M, F, detail::options<Options...>>(f);
}

/// The same for the matrix of second derivatives of a function with one result: forward mode over reverse mode, one
/// pass for each colour of the symmetric pattern. Both triangles are stored.
template <class F, class... Options>
constexpr auto sparse_hessian(const F& f, Options...) {
  return detail::SparseDerivative<detail::SparseKind::hessian, false, Mode::automatic, F, detail::options<Options...>>(
      f);
}

/// `jacobian<Mode::compressed>(f)`: the result of `jacobian(f)`, by the passes of `sparse_jacobian(f)`.
template <Mode M, class F, class... Options>
requires(M == Mode::compressed) constexpr auto jacobian(const F& f, Options...) {
  return detail::SparseDerivative<detail::SparseKind::jacobian, true, Mode::automatic, F, detail::options<Options...>>(
      f);
}

/// `hessian<Mode::compressed>(f)`: the result of `hessian(f)`, by the passes of `sparse_hessian(f)`.
template <Mode M, class F, class... Options>
requires(M == Mode::compressed) constexpr auto hessian(const F& f, Options...) {
  return detail::SparseDerivative<detail::SparseKind::hessian, true, Mode::automatic, F, detail::options<Options...>>(
      f);
}

/// The pattern of a sparse derivative for arguments of the types `X...`:
/// `sparsity_pattern<Tensor<double, Shape<8>>>(sparse_hessian(f))`. It can be tested with static_assert and printed.
template <class... X, detail::SparseKind Kind, bool Dense, Mode M, class F, class Options>
constexpr auto sparsity_pattern(const detail::SparseDerivative<Kind, Dense, M, F, Options>&) {
  return SparsityPattern<detail::SparseSource<Kind, M, F, Options, detail::traced<X>...>>{};
}

}  // namespace ctgrad
