// SPDX-License-Identifier: BSL-1.0
/// \file
/// The bodies of loops, and their derivatives.
///
/// A body takes the carry, what this turn reads (the item) and what is the same in all turns (the constants), and
/// returns a row: the pair of the next carry and what this turn puts out. Items and rows of all turns are blocks: see
/// loop_rows.hpp.
#pragma once

#include "ctgrad/autodiff/loop_rows.hpp"
#include "ctgrad/autodiff/vjp.hpp"
#include "ctgrad/autodiff/vmap.hpp"
#include "ctgrad/solvers/options.hpp"

namespace ctgrad {

/// What loops take besides their functions: `scan<LoopOptions{.max_order = 2}>(body, carry, items)`.
struct LoopOptions {
  /// For while_loop and for_loop with bounds known at run time: a loop that goes on after so many turns is an error. 0:
  /// any number.
  int max_steps = 0;
  /// How often the loop can be differentiated: each order makes the compiler prepare two more bodies for each body.
  /// With 0, a loop whose turns return nothing but the carry need not keep all carries.
  int max_order = 1;
};

namespace detail {

/// A number where a structure has a number: the symbol of a constant.
template <class T>
struct NumberToSymbol {
  template <class L>
  struct Leaf {
    using type = L;
  };
  template <class L>
  requires is_number<L>
  struct Leaf<L> {
    using type = Symbol<T, Shape<>>;
  };
};

/// The element type of the symbols among leaves; void where they differ or there are none.
template <class List, class Found = void>
struct SymbolElement {
  using type = Found;
};
template <class L, class... Rest, class Found>
struct SymbolElement<TypeList<L, Rest...>, Found> : SymbolElement<TypeList<Rest...>, Found> {};
template <class T, class S, class... Rest>
struct SymbolElement<TypeList<Symbol<T, S>, Rest...>, void> : SymbolElement<TypeList<Rest...>, T> {};
template <class T, class S, class... Rest, class Found>
requires(!std::is_void_v<Found> && !std::is_same_v<Found, T>)  //
    struct SymbolElement<TypeList<Symbol<T, S>, Rest...>, Found> {
  using type = void;
};

/// A structure with symbols of constants in place of numbers.
template <class T, class X>
constexpr auto with_symbols(GraphBuilder& builder, const X& x) {
  Vector<int> ids;
  for_each_leaf(x, [&](const auto& leaf) {
    using L = std::remove_cvref_t<decltype(leaf)>;
    if constexpr (is_number<L>) {
      ids.push_back(record_constant(builder, dtype_of<T>, static_cast<double>(leaf)).id);
    } else {
      ids.push_back(leaf.id);
    }
  });
  rebind<X, NumberToSymbol<T>::template Leaf> result{};
  set_leaves(result, &builder, ids.data());
  return result;
}

/// Leaf by leaf, operation(a, b) of two structures of one kind.
template <class A, class B, class Operation>
constexpr A combine_leaves(const A& a, const B& b, const Operation& operation) {
  GraphBuilder* builder = nullptr;
  Vector<int> others = leaf_ids(b);
  Vector<int> ids;
  for_each_leaf(a, [&](const auto& leaf) {
    using L = std::remove_cvref_t<decltype(leaf)>;
    builder = leaf.builder;
    const L other{builder, others[ids.size()]};
    ids.push_back(L(operation(leaf, other)).id);
  });
  A result = a;
  set_leaves(result, builder, ids.data());
  return result;
}

/// A function of a carry, an item and a tuple of constants, which returns the pair of the next carry and a result.
template <class F, class C, class X, class P>
struct LoopBody;
template <class F, class C, class X, class... Theta>
struct LoopBody<F, C, X, std::tuple<Theta...>> {
  /// How often it was differentiated.
  static constexpr int order = 0;
  using Carry = C;
  using Item = X;
  using Constants = std::tuple<Theta...>;
  using Returned = std::remove_cvref_t<decltype(std::declval<const F&>()(
      std::declval<const C&>(), std::declval<const X&>(), std::declval<const Theta&>()...))>;
  static constexpr bool returns_pair = is_pair<Returned>;
  static_assert(returns_pair,
                "ctgrad: the body of a scan must return a std::pair: the next carry, and this turn's result");
  static constexpr bool keeps_carry = [] {
    if constexpr (returns_pair) {
      return std::is_same_v<leaf_types<std::tuple_element_t<0, Returned>>, leaf_types<C>>;
    } else {
      return true;
    }
  }();
  static_assert(
      keeps_carry,
      "ctgrad: the body of a loop must return the carry with the element types and shapes it was given; cast, "
      "reshape or broadcast what it returns, or what the loop starts with");
  using Result = typename std::conditional_t<returns_pair, std::tuple_element<1, Returned>, Tag<std::tuple<>>>::type;
  using Row = std::pair<C, Result>;

  constexpr Row operator()(const C& carry, const X& item, const Constants& constants) const {
    const auto row =
        settle(builder_of_leaves(std::tie(carry, item, constants)),
               std::apply([&](const auto&... constant) { return F{}(carry, item, constant...); }, constants));
    C next = carry;
    set_leaves(next, builder_of_leaves(row.first), leaf_ids(row.first).data());
    return {next, row.second};
  }
};

/// The body together with its tangent: pairs of values and tangents.
template <class Body>
struct TangentBody {
  static constexpr int order = Body::order + 1;
  using Carry = std::pair<typename Body::Carry, typename Body::Carry>;
  using Item = std::pair<typename Body::Item, typename Body::Item>;
  using Constants = std::pair<typename Body::Constants, typename Body::Constants>;
  using Result = std::pair<typename Body::Result, typename Body::Result>;
  using Row = std::pair<Carry, Result>;

  constexpr Row operator()(const Carry& carry, const Item& item, const Constants& constants) const {
    const auto [y, dy] = jvp(Body{}, wrt<0, 1, 2>)(carry.first, item.first, constants.first, carry.second, item.second,
                                                   constants.second);
    return {{y.first, dy.first}, {y.second, dy.second}};
  }
};

/// The body's row and once more the carry in it. Going back, the adjoint of the latter comes from the turn before and
/// is waited for: in this order it is added last.
template <class Body>
struct RowAndCarry {
  template <class C, class X, class P>
  constexpr auto operator()(const C& carry, const X& item, const P& constants) const {
    const auto row = Body{}(carry, item, constants);
    return std::pair{row, row.first};
  }
};

/// One turn of the loop that goes back: from the adjoint of the carry after a turn to that of the carry before it. It
/// reads what the turn read, the carry included, and the adjoint of the row that it returned.
template <class Body>
struct AdjointBody {
  static constexpr int order = Body::order + 1;
  using Carry = typename Body::Carry;
  using Item = std::tuple<typename Body::Carry, typename Body::Item, typename Body::Row>;
  using Constants = typename Body::Constants;
  using Result = std::tuple<>;
  using Row = std::pair<Carry, Result>;

  constexpr Row operator()(const Carry& adjoint, const Item& item, const Constants& constants) const {
    const auto& [carry, read, of_row] = item;
    return {vjp(RowAndCarry<Body>{})(carry, read, constants, std::pair{of_row, adjoint}).second, {}};
  }
};

/// One turn of the loop that goes back and finds all derivatives: from the adjoint of the carry after a turn and the
/// sums of the derivatives by the constants so far, to those before it, and the derivatives by the item.
template <class Body>
struct PullBackTurn {
  template <class C, class X, class P, class R>
  constexpr auto operator()(const C& adjoint, const P& sums, const C& carry, const X& item, const R& of_row,
                            const P& constants) const {
    const auto shares =
        vjp(RowAndCarry<Body>{}, wrt<0, 1, 2>)(carry, item, constants, std::pair{of_row, adjoint}).second;
    return std::tuple{C(std::get<0>(shares)),
                      combine_leaves(sums, P(std::get<2>(shares)), [](auto a, auto b) { return a + b; }),
                      X(std::get<1>(shares))};
  }
};

/// The compiled body, as a kernel calls it.
template <class Body, class T>
constexpr void run_body(T* row, const T* carry, const T* item, const T* constants) {
  call_flat<Body, typename Body::Row, typename Body::Carry, typename Body::Item, typename Body::Constants>(
      row, carry, item, constants);
}

/// All turns at once: from the carries before each turn, the items, and the constants to the rows.
template <class Body, Extent Turns>
struct AllTurns {
  template <class C, class X>
  constexpr auto operator()(const C& carries, const X& items, const typename Body::Constants& constants) const {
    if constexpr (leaf_types<X>::size == 0) {
      return vmap(Body{}, mapped<0>)(carries, items, constants);
    } else {
      return vmap(Body{}, mapped<0, 1>)(carries, items, constants);
    }
  }
};
/// The derivatives of all turns by the items and the constants, given the adjoints of their rows. All but the constants
/// are blocks of all turns.
template <class Body, Extent Turns, class Before, class Items, class Constants, class OfRows>
constexpr auto pull_back_turns(const Before& before, const Items& items, const Constants& constants,
                               const OfRows& of_rows) {
  const auto shares = vjp(AllTurns<Body, Turns>{}, wrt<1, 2>)(turns_in<typename Body::Carry, Turns>(before),
                                                              turns_in<typename Body::Item, Turns>(items),
                                                              structure_in<typename Body::Constants>(constants),
                                                              turns_in<typename Body::Row, Turns>(of_rows))
                          .second;
  const auto by_items = [&] {
    if constexpr (elements_of_structure<typename Body::Item> == 0) {
      return zeros_like(items);
    } else {
      return flatten_turns<Turns>(std::get<0>(shares));
    }
  }();
  return std::pair{by_items, Constants(flat_operand(constants, std::get<1>(shares)))};
}

/// True where a loop can take these: symbols of one floating type, and numbers.
template <class... X>
inline constexpr bool loop_takes = [] {
  using T = typename SymbolElement<leaf_types<X...>>::type;
  return std::is_floating_point_v<T>;
}();

/// True where the lengths of what one turn sees are known at compile time.
template <class... X>
inline constexpr bool turns_are_static = element_count<leaf_types<X...>> >= 0;

template <class... F>
inline constexpr bool are_stateless = (std::is_default_constructible_v<F> && ...);

}  // namespace detail

}  // namespace ctgrad
