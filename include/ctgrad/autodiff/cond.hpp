// SPDX-License-Identifier: BSL-1.0
/// \file
/// One of two functions, chosen when the program runs.
#pragma once

#include "ctgrad/autodiff/loop_body.hpp"
#include "ctgrad/ops/where.hpp"

namespace ctgrad {

namespace detail {

/// A branch on flat arrays.
template <class F, class... X>
struct Branch {
  static constexpr int order = 0;
  static constexpr Extent operands = element_count<leaf_types<X...>>;
  using Result = std::remove_cvref_t<decltype(std::declval<const F&>()(std::declval<const X&>()...))>;
  static constexpr Extent results = element_count<leaf_types<Result>>;

  template <class Flat>
  constexpr auto operator()(const Flat& x) const {
    return std::apply([](const auto&... part) { return flatten(F{}(part...)); }, unflatten<X...>(x));
  }
};
template <class B>
struct TangentBranch {
  static constexpr int order = B::order + 1;
  static constexpr Extent operands = 2 * B::operands;
  static constexpr Extent results = 2 * B::results;
  template <class Flat>
  constexpr auto operator()(const Flat& x) const {
    constexpr Extent n = B::operands;
    const auto [y, dy] = jvp(B{})(slice<0, 0, n>(x), slice<0, n, 2 * n>(x));
    return concat(axis<0>, y, dy);
  }
};
template <class B>
struct AdjointBranch {
  static constexpr int order = B::order + 1;
  static constexpr Extent operands = B::operands + B::results;
  static constexpr Extent results = B::operands;
  template <class Flat>
  constexpr auto operator()(const Flat& x) const {
    return vjp(B{})(slice<0, 0, B::operands>(x), slice<0, B::operands, operands>(x)).second;
  }
};

/// The result of A where the first operand is not 0, else that of B.
template <class A, class B, int MaxOrder>
struct Cond {
  static constexpr std::string_view name = "cond";
  static constexpr bool runs_in_constants = true;
  static constexpr int max_order = MaxOrder;
  static constexpr bool differentiable = A::order < MaxOrder;

  static constexpr ShapeValue shape(const ShapeValue&, const ShapeValue&) { return Shape<A::results>::value; }

  template <class T>
  static constexpr void cpu(T* y, const T* predicate, const T* x, const KernelShape*) {
    TensorView<T, Shape<A::results>> out(y);
    const TensorView<const T, Shape<A::operands>> in(x);
    if (*predicate != 0) {
      call_into(out, A{}, in);
    } else {
      call_into(out, B{}, in);
    }
  }
  static constexpr auto derivative(auto t, auto predicate, auto x, auto) requires differentiable {
    return partials(NoDerivative{},
                    user_kernel<Cond<AdjointBranch<A>, AdjointBranch<B>, MaxOrder>>(predicate, concat(axis<0>, x, t)));
  }
  static constexpr auto tangent(auto, auto dx, auto predicate, auto x, auto) requires differentiable {
    const auto both =
        user_kernel<Cond<TangentBranch<A>, TangentBranch<B>, MaxOrder>>(predicate, concat(axis<0>, x, dx));
    return slice<0, A::results, 2 * A::results>(both);
  }
};

}  // namespace detail

/// `on_true(x...)` where the predicate, a boolean scalar symbol, holds, else `on_false(x...)` (JAX's cond): only that
/// one runs, in contrast to `where`. Both return the same structure, element types and shapes. The operands are symbols
/// or structures of them, of one floating type; plain numbers become symbols; the functions capture nothing. The
/// derivative is that of the branch which runs. Under vmap the branch is chosen for each point. In a program on a GPU
/// the host runs it.
template <LoopOptions O = LoopOptions{}, class A, class B, class... X>
constexpr auto cond(const Symbol<bool, Shape<>>& predicate, const A&, const B&, const X&... x) {
  constexpr bool stateless = std::is_default_constructible_v<A> && std::is_default_constructible_v<B>;
  static_assert(stateless,
                "ctgrad: the branches of cond must not capture anything: pass values as operands, cond(p, f, g, "
                "values...)");
  constexpr bool one_type = detail::loop_takes<X...>;
  static_assert(one_type,
                "ctgrad: cond needs operands of one element type, float or double, and at least one symbol among them; "
                "convert with cast<double>(x)");
  if constexpr (stateless && one_type) {
    using T = typename detail::SymbolElement<detail::leaf_types<X...>>::type;
    GraphBuilder& builder = *predicate.builder;
    return [&]<class... S>(const S&... symbol) {
      using First = detail::Branch<A, S...>;
      using Second = detail::Branch<B, S...>;
      constexpr bool agree = std::is_same_v<typename First::Result, typename Second::Result>;
      static_assert(agree, "ctgrad: both branches of cond must return the same structure, element types and shapes");
      if constexpr (agree) {
        const auto chosen = user_kernel<detail::Cond<First, Second, O.max_order>>(reshape(cast<T>(predicate), shape<1>),
                                                                                  detail::flatten(symbol...));
        return std::get<0>(detail::unflatten<typename First::Result>(chosen));
      }
    }(detail::with_symbols<T>(builder, x)...);
  }
}

/// The branch that a condition known while the function is traced selects.
template <class A, class B, class... X>
constexpr auto cond(bool predicate, const A& on_true, const B& on_false, const X&... x) {
  return predicate ? on_true(x...) : on_false(x...);
}

/// `where(condition, a, b)` under JAX's other name: each element of a or of b. Both are computed.
template <class C, class A, class B>
constexpr auto select(const C& condition, const A& a, const B& b) -> decltype(where(condition, a, b)) {
  return where(condition, a, b);
}

}  // namespace ctgrad
