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
    const int begin = builder == nullptr ? 0 : builder->nodes.size();
    auto result = function(x...);
    if (builder == nullptr) return result;  // of plain numbers
    result = detail::settle(builder, result);
    detail::Vector<int> nodes;
    for_each_traced_leaf(result, [&](const auto& symbol) { nodes.push_back(symbol.id); });
    ctgrad::reassociate(*builder, begin, nodes.data(), nodes.size(), nodes.data());
    int next = 0;
    for_each_traced_leaf(result, [&](auto& symbol) { symbol.id = nodes[next++]; });
    return result;
  }

private:
  /// The leaves of a result that are no plain numbers.
  template <class Y, class Visit>
  static constexpr void for_each_traced_leaf(Y& result, const Visit& visit) {
    detail::for_each_leaf(result, [&](auto& leaf) {
      if constexpr (detail::is_symbol<std::remove_cvref_t<decltype(leaf)>>) visit(leaf);
    });
  }
};

/// A callable that computes `f` with sums and products in another order than it says: factors, divisors and terms that
/// all elements share leave a sum (sum(s * x + t) is s * sum(x) + n * t; at most 8 factors, from at most 6 operations
/// deep), and chains of four or more sums or products of single numbers are balanced, so that they wait for each other
/// less. Derivatives are those of the new order: `value_and_grad(reassociate(f))(x)`.
///
/// Without it everything is computed as it was written. With it values differ by rounding, and where a number on the
/// way overflows, underflows, is infinite or divided by zero: it is, for one function, a part of what compilers do with
/// -ffast-math. 16-bit numbers, integers and sums over lengths known at run time stay as they are.
template <class F>
constexpr Reassociated<F> reassociate(const F& f) {
  return Reassociated<F>(f);
}

}  // namespace ctgrad
