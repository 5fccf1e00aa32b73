// SPDX-License-Identifier: BSL-1.0
/// \file
/// The matrix of all first derivatives.
#pragma once

#include "ctgrad/autodiff/evaluate.hpp"
#include "ctgrad/autodiff/options.hpp"
#include "ctgrad/passes/jacobian.hpp"

namespace ctgrad {

namespace detail {

template <class A, class B>
struct DerivativeShape;
template <Extent... A, Extent... B>
struct DerivativeShape<Shape<A...>, Shape<B...>> {
  static_assert(sizeof...(A) + sizeof...(B) <= max_rank,
                "ctgrad: a block of this Jacobian or Hessian has the axes of the output and of the input, more than "
                "six; reshape the argument or the result to fewer axes");
  static_assert(((A >= 0) && ...) && ((B >= 0) && ...),
                "ctgrad: jacobian and hessian need lengths known at compile time; use jvp, vjp or hvp, or write the "
                "function for one point and map it over the others with vmap");
  using type = Shape<A..., B...>;
};

/// The type of the derivative of a symbol Y by a symbol.
template <class Y>
struct DerivativeLeaf;
template <class T, class SY>
struct DerivativeLeaf<Symbol<T, SY>> {
  template <class X>
  struct By;
  template <class U, class SX>
  struct By<Symbol<U, SX>> {
    static_assert(std::is_same_v<T, U>,
                  "ctgrad: jacobian and hessian need arguments and results of one floating type; convert with "
                  "cast<double>(x)");
    using type = Symbol<T, typename DerivativeShape<SY, SX>::type>;
  };
};

/// The derivative of a structure by a structure: the structure of the result, with that of the arguments in place of
/// each leaf.
template <class X>
struct DerivativeBy {
  template <class Y>
  struct Leaf {
    using type = rebind<X, DerivativeLeaf<Y>::template By>;
  };
};
template <class Y, class X>
using derivative_by = rebind<Y, DerivativeBy<X>::template Leaf>;

template <class List>
inline constexpr bool all_static = false;
template <class... L>
inline constexpr bool all_static<TypeList<L...>> = (L::shape_type::value.is_static() && ...);

template <class List>
inline constexpr Extent total_elements = 0;
template <class... L>
inline constexpr Extent total_elements<TypeList<L...>> = (L::shape_type::value.size() + ... + 0);

/// The Jacobian of `y` by `x`, two structures of symbols.
template <class Y, class X>
constexpr auto trace_jacobian(const Y& y, const X& x, Mode mode, bool symmetric = false) {
  static_assert(all_floating<leaf_types<Y>>,
                "ctgrad: the function to differentiate must return floating numbers, or a structure of them; return "
                "the rest with has_aux");
  derivative_by<Y, X> result{};
  GraphBuilder* builder = builder_of_leaves(x);
  const Vector<int> inputs = leaf_ids(x);
  const Vector<int> outputs = leaf_ids(y);
  const bool few_inputs = total_elements<leaf_types<X>> <= total_elements<leaf_types<Y>>;
  const bool by_forward = mode == Mode::forward || (mode == Mode::automatic && few_inputs);
  const JacobianBlocks blocks =
      jacobian_blocks(*builder, inputs.data(), inputs.size(), outputs.data(), outputs.size(), by_forward, symmetric);
  set_leaves(result, builder, blocks.ids());
  return result;
}

}  // namespace detail

/// The callable that `jacobian` returns.
template <class F, Mode M, class Options>
struct Jacobian : detail::Derivative<Jacobian<F, M, Options>> {
  [[no_unique_address]] F function;

  constexpr Jacobian() = default;
  constexpr explicit Jacobian(const F& f) : function(f) {}

  template <class... X>
  constexpr auto trace(const X&... x) const {
    const auto call = detail::call_fresh<Options::aux>(function, typename Options::wrt{}, std::tuple<X...>{x...});
    return detail::with_extras<Options::aux>(detail::trace_jacobian(call.value, call.arguments, M), call);
  }
};

/// A callable that computes the Jacobian of `f`: for an argument of shape [a...] and a result of shape [b...] an array
/// of shape [b..., a...], the derivative of each element of the result by each element of the argument. Where the
/// result or the argument is a structure, the Jacobian has the structure of the result, and in place of each of its
/// leaves that of the argument: for `std::array<double, 2> -> std::array<double, 3>` three arrays of two. By the first
/// argument, or those of `wrt<...>` (then a tuple of arguments where it names several). With `has_aux` the pair
/// `{jacobian, extras}`.
///
/// Forward mode takes a pass for each element of the argument, reverse mode one for each element of the result; the
/// passes of one array are one loop. `jacobian(f)` takes the mode with fewer, `jacobian<Mode::forward>(f)` your word.
template <Mode M = Mode::automatic, class F, class... Options>
constexpr auto jacobian(const F& f, Options...) {
  return Jacobian<F, M, detail::options<Options...>>(f);
}

}  // namespace ctgrad
