// SPDX-License-Identifier: BSL-1.0
/// \file
/// The bodies of loops as functions of flat arrays, and their derivatives.
///
/// A body takes the carry [carry], what this turn reads [items] and what is the same in all turns [constants], and
/// returns one row: the next carry and, after it, what this turn puts out [results].
#pragma once

#include "ctgrad/autodiff/flatten.hpp"
#include "ctgrad/autodiff/vjp.hpp"
#include "ctgrad/solvers/options.hpp"

namespace ctgrad {

/// What loops take besides their functions: `scan<LoopOptions{.max_order = 2}>(body, carry, items)`.
struct LoopOptions {
  /// For while_loop and for_loop with bounds known at run time: the largest number of turns. Reverse mode needs it, for
  /// it keeps what each turn started from. 0: no bound.
  int max_steps = 0;
  /// How often the loop can be differentiated: each order makes the compiler prepare two more bodies for each body.
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

/// Zeros of the type of a symbol.
template <class X>
constexpr X zeros_like(const X& x) {
  return {x.builder, placeholder(*x.builder, dtype_of<typename X::element_type>, X::shape_type::value).id};
}
/// An array of zeros in the graph of `x`.
template <class S, class X>
constexpr auto zeros_beside(const X& x) {
  using T = typename X::element_type;
  return Symbol<T, S>{x.builder, placeholder(*x.builder, dtype_of<T>, S::value).id};
}

/// concat for operands of which some may be empty.
template <int Axis, class A, class B>
constexpr auto join(const A& a, const B& b) {
  if constexpr (A::shape_type::value[Axis] == 0) {
    return b;
  } else if constexpr (B::shape_type::value[Axis] == 0) {
    return a;
  } else {
    return concat(axis<Axis>, a, b);
  }
}
template <int Axis, class A, class B, class C, class... Rest>
constexpr auto join(const A& a, const B& b, const C& c, const Rest&... rest) {
  return join<Axis>(join<Axis>(a, b), c, rest...);
}

/// Parameters of a loop as one array of at least one element.
template <class Like, class... Theta>
constexpr auto flatten_constants(const Like& like, const Theta&... theta) {
  if constexpr (sizeof...(Theta) == 0) {
    return zeros_beside<Shape<1>>(like);
  } else {
    return flatten(theta...);
  }
}

/// A function of a carry, an item and constants, which returns the pair of the next carry and a result.
template <class F, class Carry, class Item, class... Theta>
struct LoopBody {
  /// How often it was differentiated.
  static constexpr int order = 0;
  static constexpr Extent carry = element_count<leaf_types<Carry>>;
  static constexpr Extent items = element_count<leaf_types<Item>>;
  static constexpr Extent constants = sizeof...(Theta) == 0 ? 1 : element_count<leaf_types<Theta...>>;
  using Row = std::remove_cvref_t<decltype(std::declval<const F&>()(
      std::declval<const Carry&>(), std::declval<const Item&>(), std::declval<const Theta&>()...))>;
  static constexpr bool returns_pair = is_pair<Row>;
  static_assert(returns_pair,
                "ctgrad: the body of a scan must return a std::pair: the next carry, and this turn's result");
  using Result = typename std::conditional_t<returns_pair, std::tuple_element<1, Row>, Tag<std::tuple<>>>::type;
  static constexpr bool keeps_carry = [] {
    if constexpr (returns_pair) {
      return std::is_same_v<leaf_types<std::tuple_element_t<0, Row>>, leaf_types<Carry>>;
    } else {
      return true;
    }
  }();
  static_assert(
      keeps_carry,
      "ctgrad: the body of a loop must return the carry with the element types and shapes it was given; cast, "
      "reshape or broadcast what it returns, or what the loop starts with");
  static constexpr Extent results = element_count<leaf_types<Result>>;

  template <class C, class X, class P>
  constexpr auto operator()(const C& c, const X& x, const P& theta) const {
    const auto row = [&] {
      if constexpr (sizeof...(Theta) == 0) {
        return F{}(std::get<0>(unflatten<Carry>(c)), std::get<0>(unflatten<Item>(x)));
      } else {
        return std::apply(
            [&](const auto&... part) {
              return F{}(std::get<0>(unflatten<Carry>(c)), std::get<0>(unflatten<Item>(x)), part...);
            },
            unflatten<Theta...>(theta));
      }
    }();
    if constexpr (results == 0) {
      return flatten(row.first);
    } else {
      return flatten(row.first, row.second);
    }
  }
};

/// The body together with its tangent: each array holds the values and then the tangents.
template <class Body>
struct TangentBody {
  static constexpr int order = Body::order + 1;
  static constexpr Extent carry = 2 * Body::carry;
  static constexpr Extent items = 2 * Body::items;
  static constexpr Extent constants = 2 * Body::constants;
  static constexpr Extent results = 2 * Body::results;

  template <class C, class X, class P>
  constexpr auto operator()(const C& c, const X& x, const P& theta) const {
    constexpr Extent n = Body::carry;
    constexpr Extent k = Body::items;
    constexpr Extent p = Body::constants;
    constexpr Extent row = n + Body::results;
    const auto [y, dy] =
        jvp(Body{}, wrt<0, 1, 2>)(slice<0, 0, n>(c), slice<0, 0, k>(x), slice<0, 0, p>(theta), slice<0, n, 2 * n>(c),
                                  slice<0, k, 2 * k>(x), slice<0, p, 2 * p>(theta));
    return join<0>(slice<0, 0, n>(y), slice<0, 0, n>(dy), slice<0, n, row>(y), slice<0, n, row>(dy));
  }
};

/// One turn of the loop that goes back: from the adjoint of the carry after a turn to that of the carry before it. It
/// reads what the turn read, the carry included, and the adjoint of the row that it returned.
template <class Body>
struct AdjointBody {
  static constexpr int order = Body::order + 1;
  static constexpr Extent carry = Body::carry;
  static constexpr Extent items = Body::carry + Body::items + Body::carry + Body::results;
  static constexpr Extent constants = Body::constants;
  static constexpr Extent results = 0;

  template <class C, class X, class P>
  constexpr auto operator()(const C& adjoint, const X& x, const P& theta) const {
    constexpr Extent n = Body::carry;
    constexpr Extent k = Body::items;
    const auto of_row = join<0>(adjoint + slice<0, n + k, 2 * n + k>(x), slice<0, 2 * n + k, items>(x));
    return vjp(Body{})(slice<0, 0, n>(x), slice<0, n, n + k>(x), theta, of_row).second;
  }
};

/// The compiled body, as a kernel calls it.
template <class Body, class T>
void run_body(T* row, const T* carry, const T* item, const T* constants) {
  TensorView<T, Shape<Body::carry + Body::results>> out(row);
  call_into(out, Body{}, TensorView<const T, Shape<Body::carry>>(carry), TensorView<const T, Shape<Body::items>>(item),
            TensorView<const T, Shape<Body::constants>>(constants));
}

/// True where a loop can take these: symbols of one floating type, and numbers.
template <class... X>
inline constexpr bool loop_takes = [] {
  using T = typename SymbolElement<leaf_types<X...>>::type;
  return std::is_floating_point_v<T>;
}();

template <class F>
constexpr void check_loop_function() {
  static_assert(std::is_default_constructible_v<F>,
                "ctgrad: the functions of a loop must not capture anything: pass values after the carry, "
                "for_loop<100>(body, carry, values...), and take them as further arguments");
}

}  // namespace detail

}  // namespace ctgrad
