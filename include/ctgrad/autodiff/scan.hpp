// SPDX-License-Identifier: BSL-1.0
/// \file
/// Loops with a number of turns known at compile time, as one step of a program.
///
/// The body is traced and compiled once, whatever the number of turns. Reverse mode is a loop that goes back over the
/// carries of the first, and gives the adjoint of each carry; with those, the derivatives by items and constants are
/// the reverse mode of all turns at once. Forward mode is a loop over the body with its tangent.
#pragma once

#include "ctgrad/autodiff/loop_body.hpp"
#include "ctgrad/autodiff/vmap.hpp"

namespace ctgrad {

namespace detail {

/// The rows [turns, elements] of all turns, from the first carry, the items [turns, elements] and the constants.
template <class Body, bool Backward, int MaxOrder>
struct Scan {
  static constexpr std::string_view name = Backward ? "scan_backward" : "scan";
  static constexpr int max_order = MaxOrder;
  static constexpr bool differentiable = Body::order < MaxOrder;
  using Carry = typename Body::Carry;
  using Item = typename Body::Item;
  using Constants = typename Body::Constants;
  static constexpr Extent n = elements_of_structure<Carry>;
  static constexpr Extent row = elements_of_structure<typename Body::Row>;

  static constexpr ShapeValue shape(const ShapeValue&, const ShapeValue& items, const ShapeValue&) {
    ShapeValue result = items;
    result[1] = row;
    return result;
  }

  template <class T>
  static void cpu(T* rows, const T* carry, const T* items, const T* constants, const KernelShape* shapes) {
    const std::int64_t turns = shapes[2][0];
    for (std::int64_t turn = 0; turn < turns; ++turn) {
      const std::int64_t i = Backward ? turns - 1 - turn : turn;
      run_body<Body>(rows + i * row, carry, items + i * operand_length<Item>, constants);
      carry = rows + i * row;
    }
  }

  static constexpr auto derivative(auto t, auto start, auto items, auto constants, auto rows) requires differentiable {
    const auto before = shifted<Backward>(slice<1, 0, n>(rows), start);
    const auto read = [&] {
      if constexpr (elements_of_structure<Item> == 0) {
        return concat(axis<1>, before, t);
      } else {
        return concat(axis<1>, before, items, t);
      }
    }();
    const auto adjoints = user_kernel<Scan<AdjointBody<Body>, !Backward, MaxOrder>>(zeros_like(start), read, constants);
    const auto arriving = shifted<!Backward>(adjoints, zeros_like(start));
    const auto of_rows = join<1>(slice<1, 0, n>(t) + arriving, slice<1, n, row>(t));
    const auto [by_items, by_constants] = pull_back_turns<Body>(before, items, constants, of_rows);
    constexpr Extent turns = decltype(items)::shape_type::value[0];
    constexpr Extent first = Backward ? turns - 1 : 0;
    return partials(reshape(slice<0, first, first + 1>(adjoints), ctgrad::shape<n>), by_items, by_constants);
  }

  static constexpr auto tangent(auto dstart, auto ditems, auto dconstants, auto start, auto items, auto constants,
                                auto) requires differentiable {
    const auto both = user_kernel<Scan<TangentBody<Body>, Backward, MaxOrder>>(
        concat(axis<0>, start, dstart), paired_operand<Item, 1>(items, ditems),
        paired_operand<Constants, 0>(constants, dconstants));
    return join<1>(slice<1, n, 2 * n>(both), slice<1, n + row, 2 * row>(both));
  }

private:
  /// The rows moved by one turn, with `start` where none comes from.
  template <bool Down, class Rows, class Start>
  static constexpr auto shifted(const Rows& rows, const Start& start) {
    constexpr Extent turns = Rows::shape_type::value[0];
    const auto first = reshape(start, ctgrad::shape<1, n>);
    if constexpr (Down) {
      return join<0>(slice<0, 1, turns>(rows), first);
    } else {
      return join<0>(first, slice<0, 0, turns - 1>(rows));
    }
  }
};

/// The number of turns: the common length of the first axes of the items.
template <class List>
struct TurnsOf;
template <class L, class... Rest>
struct TurnsOf<TypeList<L, Rest...>> {
  static constexpr bool have_axes = L::shape_type::rank > 0 && ((Rest::shape_type::rank > 0) && ...);
  static constexpr Extent value = [] {
    if constexpr (have_axes) {
      const Extent first = L::shape_type::value[0];
      return ((Rest::shape_type::value[0] == first) && ...) ? first : Extent{-1};
    } else {
      return Extent{-1};
    }
  }();
};

/// The loop over flat items: the pair of the last carry and the rows.
template <class F, LoopOptions O, class Carry, class Items, class Item, class... Theta>
constexpr auto run_scan(const Carry& carry, const Items& items, Tag<Item>, const Theta&... theta) {
  using Body = LoopBody<F, Carry, Item, std::tuple<Theta...>>;
  if constexpr (Body::returns_pair && Body::keeps_carry) {
    constexpr Extent turns = Items::shape_type::value[0];
    constexpr Extent n = elements_of_structure<Carry>;
    const auto start = flatten(carry);
    const auto rows =
        user_kernel<Scan<Body, false, O.max_order>>(start, items, flat_operand(start, std::tuple{theta...}));
    const auto last = reshape(slice<0, turns - 1, turns>(slice<1, 0, n>(rows)), shape<n>);
    const Carry end = structure_in<Carry>(last);
    if constexpr (elements_of_structure<typename Body::Result> == 0) {
      return std::pair{end, std::tuple<>{}};
    } else {
      constexpr Extent width = elements_of_structure<typename Body::Row>;
      return std::pair{end, unflatten_rows<typename Body::Result>(slice<1, n, width>(rows))};
    }
  }
}

/// A body of for_loop as one of scan: the index is what each turn reads.
template <class F>
struct IndexedBody {
  template <class Carry, class Index, class... Theta>
  constexpr auto operator()(const Carry& carry, const Index& index, const Theta&... theta) const {
    return std::pair{F{}(index, carry, theta...), std::tuple<>{}};
  }
};

}  // namespace detail

/// Repeats `auto [carry, y] = body(carry, x, constants...)` for each x along the first axis of `items`, and returns the
/// pair of the last carry and of all y, along a new first axis (JAX's scan). Carry, items, results and constants are
/// symbols or structures of them, of one floating type; plain numbers among carry and constants become symbols. The
/// first axes of the items have one length, known at compile time, at least 1.
///
/// The body captures nothing and is compiled once, so a thousand turns cost the compiler what one does. All carries are
/// kept for reverse mode, which goes back over them. Differentiable by all its arguments, once unless
/// `LoopOptions::max_order` says more. On the CPU.
template <LoopOptions O = LoopOptions{}, class F, class Carry, class Items, class... Constants>
constexpr auto scan(const F&, const Carry& carry, const Items& items, const Constants&... constants) {
  constexpr bool stateless = detail::are_stateless<F>;
  static_assert(stateless,
                "ctgrad: the functions of a loop must not capture anything: pass values after the carry, "
                "for_loop<100>(body, carry, values...), and take them as further arguments");
  constexpr bool one_type = detail::loop_takes<Carry, Items, Constants...>;
  static_assert(
      one_type,
      "ctgrad: a loop needs carry, items and constants of one element type, float or double, and at least one "
      "symbol among them; convert with cast<double>(x)");
  if constexpr (stateless && one_type) {
    using T = typename detail::SymbolElement<detail::leaf_types<Carry, Items, Constants...>>::type;
    constexpr Extent turns = detail::TurnsOf<detail::leaf_types<Items>>::value;
    static_assert(turns > 0,
                  "ctgrad: scan goes along the first axis of its items, which must be there and have one length for "
                  "all, known at compile time and at least 1");
    if constexpr (turns > 0) {
      GraphBuilder& builder = *detail::builder_of_leaves(items);
      return detail::run_scan<F, O>(detail::with_symbols<T>(builder, carry), detail::flatten_rows<turns>(items),
                                    detail::Tag<detail::rebind<Items, detail::PointLeaf>>{},
                                    detail::with_symbols<T>(builder, constants)...);
    }
  }
}

/// Repeats `carry = body(i, carry, constants...)` for i = 0, ..., Turns - 1 and returns the last carry (JAX's
/// fori_loop). The index is a number of the carry's element type. Everything else is as for `scan`.
template <std::int64_t Turns, LoopOptions O = LoopOptions{}, class F, class Carry, class... Constants>
constexpr auto for_loop(const F&, const Carry& carry, const Constants&... constants) {
  constexpr bool stateless = detail::are_stateless<F>;
  static_assert(stateless,
                "ctgrad: the functions of a loop must not capture anything: pass values after the carry, "
                "for_loop<100>(body, carry, values...), and take them as further arguments");
  constexpr bool one_type = detail::loop_takes<Carry, Constants...>;
  static_assert(
      one_type,
      "ctgrad: a loop needs carry and constants of one element type, float or double, and at least one symbol "
      "among them; convert with cast<double>(x)");
  static_assert(Turns >= 0, "ctgrad: a loop has at least 0 turns");
  if constexpr (stateless && one_type && Turns >= 0) {
    using T = typename detail::SymbolElement<detail::leaf_types<Carry, Constants...>>::type;
    GraphBuilder& builder = *detail::builder_of_leaves(std::tie(carry, constants...));
    const auto start = detail::with_symbols<T>(builder, carry);
    if constexpr (Turns == 0) {
      return start;
    } else {
      const Value index = detail::record<ops::Arange>(builder, dtype_of<T>, Shape<Turns>::value, 0);
      const auto items = reshape(Symbol<T, Shape<Turns>>{&builder, index.id}, shape<Turns, 1>);
      return detail::run_scan<detail::IndexedBody<F>, O>(start, items, detail::Tag<Symbol<T, Shape<>>>{},
                                                         detail::with_symbols<T>(builder, constants)...)
          .first;
    }
  }
}

}  // namespace ctgrad
