// SPDX-License-Identifier: BSL-1.0
/// \file
/// Leave for the compiler to add and multiply in another order than was written.
#pragma once

#include "ctgrad/autodiff/evaluate.hpp"
#include "ctgrad/passes/reassociate.hpp"

namespace ctgrad {

/// The callable that `reassociate` returns.
template <class F>
struct Reassociated : detail::Derivative<Reassociated<F>> {
  [[no_unique_address]] F function;

  constexpr Reassociated() = default;
  constexpr explicit Reassociated(const F& f) : function(f) {}

  template <class... X>
  constexpr auto trace(const X&... x) const {
    GraphBuilder* const builder = detail::builder_of_leaves(std::tuple<X...>(x...));
    const int begin = builder->nodes.size();
    auto result = detail::settle(builder, function(x...));
    const detail::Vector<int> written = detail::leaf_ids(result);
    detail::Vector<int> now(written.size());
    ctgrad::reassociate(*builder, begin, written.data(), written.size(), now.data());
    detail::set_leaves(result, builder, now.data());
    return result;
  }
};

/// A callable that computes `f` with its sums and products in whatever order is quickest: factors and terms that all
/// elements share leave a sum (sum(s * x + t) is s * sum(x) + n * t), and chains of sums or products of single numbers
/// are balanced, so that they wait for each other less. Derivatives are those of the new order:
/// `value_and_grad(reassociate(f))(x)`.
///
/// Without it everything is computed as it was written. With it values differ by rounding, and by what overflows or
/// underflows on the way: of compilers' -ffast-math it is the reassociation, for one function. 16-bit numbers, integers
/// and sums over lengths known at run time stay as they are.
template <class F>
constexpr Reassociated<F> reassociate(const F& f) {
  return Reassociated<F>(f);
}

}  // namespace ctgrad
