// SPDX-License-Identifier: BSL-1.0
/// \file
/// Loops with a number of turns that follows from shapes, as one step of a program.
///
/// The body is traced and compiled once, whatever the number of turns. Reverse mode is a loop that goes back over the
/// carries of the first: where they are few it finds all derivatives; else it gives the adjoint of each carry, and with
/// those the derivatives by items and constants are the reverse mode of all turns at once. Forward mode is a loop over
/// the body with its tangent.
#pragma once

#include "ctgrad/autodiff/last_carry.hpp"
#include "ctgrad/autodiff/loop_body.hpp"
#include "ctgrad/autodiff/vmap.hpp"

namespace ctgrad {

namespace detail {

/// The turns of a loop that finds all derivatives going back: from the first carry, the rows and their adjoints joined,
/// the items and the constants, to the derivatives by the first carry, the items and the constants, joined.
template <class Body, Extent Turns, bool Backward>
struct ScanPullBack {
  static constexpr std::string_view name = "scan_pull_back";
  static constexpr bool runs_in_constants = true;
  static constexpr int max_order = 0;
  using Carry = typename Body::Carry;
  using Item = typename Body::Item;
  using Row = typename Body::Row;
  using Constants = typename Body::Constants;
  static constexpr Extent n = elements_of_structure<Carry>;
  static constexpr Extent constants = operand_length<Constants>;

  static constexpr ShapeValue shape(const ShapeValue&, const ShapeValue& items, const ShapeValue&) {
    ShapeValue result;
    result.push_back(n + items.size() + constants);
    return result;
  }

  template <class T>
  static constexpr void cpu(T* to, const T* known, const T* items, const T* theta, const KernelShape* shapes) {
    const T* const start = known;
    const T* const carries = start + n;
    const T* const of_rows = carries + Turns * elements_of_structure<Row>;
    // The adjoint of the carry and the sums of the derivatives by the constants, of two turns: registers, if they fit.
    T after[n + constants] = {};
    for (std::int64_t turn = 0; turn < Turns; ++turn) {
      const std::int64_t i = Backward ? turn : Turns - 1 - turn;
      const std::int64_t before = Backward ? i + 1 : i - 1;
      const bool first = before < 0 || before == Turns;
      T now[n + constants];
      const T* const last = after;
      std::tuple out{views_at<Carry>(now), views_at<Constants>(now + n), row_views_at<Item>(to + n, i, Turns)};
      const auto run = [&](const auto& carry) __attribute__((always_inline)) {
        run_compiled<PullBackTurn<Body>>(out, views_at<Carry>(last), views_at<Constants>(last + n), carry,
                                         row_views_at<Item>(items, i, Turns), row_views_at<Row>(of_rows, i, Turns),
                                         views_at<Constants>(theta));
      };
      if (first) {
        run(views_at<Carry>(start));
      } else {
        run(row_views_at<Carry>(carries, before, Turns));
      }
      for (Extent k = 0; k < n + elements_of_structure<Constants>; ++k) after[k] = now[k];
    }
    for (Extent k = 0; k < n; ++k) to[k] = after[k];
    for (Extent k = 0; k < constants; ++k) to[n + shapes[2].size() + k] = after[n + k];
  }
};

/// The block of the rows of all turns, from the first carry, the block of the items and the constants.
template <class Body, Extent Turns, bool Backward, int MaxOrder>
struct Scan {
  static constexpr std::string_view name = Backward ? "scan_backward" : "scan";
  static constexpr bool runs_in_constants = true;
  static constexpr int max_order = MaxOrder;
  static constexpr bool differentiable = Body::order < MaxOrder;
  using Carry = typename Body::Carry;
  using Item = typename Body::Item;
  using Result = typename Body::Result;
  using Constants = typename Body::Constants;
  static constexpr Extent n = elements_of_structure<Carry>;
  static constexpr Extent row = elements_of_structure<typename Body::Row>;
  /// True where the derivatives are found in one loop: nobody differentiates it again, what it carries is small, and
  /// the length of what it finds is known. Otherwise a loop over the adjoints of the carries alone comes first: the
  /// derivatives by items and constants are then matrix products over all turns.
  static constexpr bool one_loop =
      Body::order + 1 == MaxOrder && n <= 64 && operand_length<Constants> <= 256 && Turns > 0;

  static constexpr ShapeValue shape(const ShapeValue&, const ShapeValue&, const ShapeValue&) {
    return Shape<row, Turns>::value;
  }

  template <class T>
  static constexpr void cpu(T* rows, const T* start, const T* items, const T* constants, const KernelShape* shapes) {
    const std::int64_t turns = count_turns<Turns>(shapes[0]);
    T* const results = rows + turns * n;
    const auto theta = views_at<Constants>(constants);
    if constexpr (n <= 16) {
      // The carry stays in registers, where the body is small.
      T carry[n];
      for (Extent k = 0; k < n; ++k) carry[k] = start[k];
      for (std::int64_t turn = 0; turn < turns; ++turn) {
        const std::int64_t i = Backward ? turns - 1 - turn : turn;
        T next[n];
        std::pair out{views_at<Carry>(next), row_views_at<Result>(results, i, turns)};
        const T* const last = carry;
        run_compiled<Body>(out, views_at<Carry>(last), row_views_at<Item>(items, i, turns), theta);
        copy_to_views(row_views_at<Carry>(rows, i, turns), next);
        for (Extent k = 0; k < n; ++k) carry[k] = next[k];
      }
    } else {
      for (std::int64_t turn = 0; turn < turns; ++turn) {
        const std::int64_t i = Backward ? turns - 1 - turn : turn;
        std::pair out{row_views_at<Carry>(rows, i, turns), row_views_at<Result>(results, i, turns)};
        const auto run = [&](const auto& carry) {
          run_compiled<Body>(out, carry, row_views_at<Item>(items, i, turns), theta);
        };
        const T* const carries = rows;
        if (turn == 0) {
          run(views_at<Carry>(start));
        } else {
          run(row_views_at<Carry>(carries, Backward ? i + 1 : i - 1, turns));
        }
      }
    }
  }

  static constexpr auto derivative(auto t, auto start, auto items, auto constants, auto rows) requires differentiable {
    if constexpr (one_loop) {
      const auto flat = [](auto block) {
        return reshape(block, ctgrad::shape<decltype(block)::shape_type::value.size()>);
      };
      const auto all = user_kernel<ScanPullBack<Body, Turns, Backward>>(concat(axis<0>, start, flat(rows), flat(t)),
                                                                        items, constants);
      constexpr Extent end = n + decltype(items)::shape_type::value.size();
      return partials(slice<0, 0, n>(all), reshape(slice<0, n, end>(all), typename decltype(items)::shape_type{}),
                      slice<0, end, end + decltype(constants)::shape_type::value[0]>(all));
    } else {
      const auto before = user_kernel<StartCarries<Carry, row, Turns, Backward>>(rows, start);
      const auto read = [&] {
        if constexpr (elements_of_structure<Item> == 0) {
          return concat(axis<0>, before, t);
        } else {
          return concat(axis<0>, before, items, t);
        }
      }();
      const auto nothing = zeros_like(start);
      const auto adjoints = user_kernel<Scan<AdjointBody<Body>, Turns, !Backward, MaxOrder>>(nothing, read, constants);
      const auto arriving = user_kernel<StartCarries<Carry, n, Turns, !Backward>>(adjoints, nothing);
      const auto of_rows = join<0>(slice<0, 0, n>(t) + arriving, slice<0, n, row>(t));
      const auto [by_items, by_constants] = pull_back_turns<Body, Turns>(before, items, constants, of_rows);
      return partials(end_carry<Carry, Turns, !Backward>(adjoints, nothing), by_items, by_constants);
    }
  }

  static constexpr auto tangent(auto dstart, auto ditems, auto dconstants, auto start, auto items, auto constants,
                                auto) requires differentiable {
    const auto both = user_kernel<Scan<TangentBody<Body>, Turns, Backward, MaxOrder>>(
        concat(axis<0>, start, dstart), paired_operand<Item, 0>(items, ditems),
        paired_operand<Constants, 0>(constants, dconstants));
    return join<0>(slice<0, n, 2 * n>(both), slice<0, n + row, 2 * row>(both));
  }
};

/// The number of turns: the common length of the first axes of the items.
template <class List>
struct TurnsOf {
  static constexpr bool known = false;
};
template <class L, class... Rest>
requires(L::shape_type::rank > 0 && ((Rest::shape_type::rank > 0) && ...)) struct TurnsOf<TypeList<L, Rest...>> {
  static constexpr Extent value = L::shape_type::value[0];
  static constexpr bool known = ((Rest::shape_type::value[0] == value) && ...);
};

/// The loop over a block of items: the pair of the last carry and the rows.
template <class F, LoopOptions O, Extent Turns, class Item, class Carry, class Items, class... Theta>
constexpr auto run_scan(const Carry& carry, const Items& items, const Theta&... theta) {
  constexpr bool carries = leaf_types<Carry>::size > 0;
  static_assert(carries,
                "ctgrad: a loop carries at least one value from turn to turn; a function of each item by itself is "
                "vmap(f, mapped<0>)(items)");
  constexpr bool sizes_known = turns_are_static<Carry, Item, Theta...>;
  static_assert(sizes_known,
                "ctgrad: what one turn of a loop sees has lengths known at compile time: only the first axes of the "
                "items may be named; a loop for each of `batch` many starts is vmap(f, mapped<0>)(starts, items)");
  if constexpr (carries && sizes_known) {
    using Body = LoopBody<F, Carry, Item, std::tuple<Theta...>>;
    if constexpr (Body::returns_pair && Body::keeps_carry) {
      constexpr Extent n = elements_of_structure<Carry>;
      constexpr Extent width = elements_of_structure<typename Body::Row>;
      const auto start = flatten(carry);
      const auto constants = flat_operand(start, std::tuple{theta...});
      if constexpr (keeps_last_carry_only<Body, Turns, O.max_order>) {
        const Carry end = last_carry<Body, Turns>(start, items, constants);
        return std::pair{end, with_rows<typename Body::Result, Turns>{}};
      } else {
        const auto rows = user_kernel<Scan<Body, Turns, false, O.max_order>>(start, items, constants);
        const Carry end = structure_in<Carry>(end_carry<Carry, Turns, false>(rows, start));
        if constexpr (width == n) {
          return std::pair{end, with_rows<typename Body::Result, Turns>{}};
        } else {
          return std::pair{end, turns_in<typename Body::Result, Turns>(slice<0, n, width>(rows))};
        }
      }
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
/// first axes of the items have one length, which may be known at run time only (`time_steps`); all other lengths are
/// known at compile time. Without turns the last carry is the first.
///
/// The body captures nothing and is compiled once, so a thousand turns cost the compiler what one does. All carries are
/// kept for reverse mode, which goes back over them; not where `LoopOptions::max_order` is 0 and the turns return
/// nothing but the carry. Differentiable by all its arguments, once unless `LoopOptions::max_order` says more. In a
/// program on a GPU the host runs it.
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
    using Turns = detail::TurnsOf<detail::leaf_types<Items>>;
    static_assert(Turns::known,
                  "ctgrad: scan goes along the first axis of its items, which must be there and have one length for "
                  "all");
    if constexpr (Turns::known) {
      GraphBuilder& builder = *detail::builder_of_leaves(items);
      const auto start = detail::with_symbols<T>(builder, carry);
      return detail::run_scan<F, O, Turns::value, detail::rebind<Items, detail::PointLeaf>>(
          start, detail::flatten_turns<Turns::value>(items), detail::with_symbols<T>(builder, constants)...);
    }
  }
}

/// Repeats `carry = body(i, carry, constants...)` for i = 0, ..., Turns - 1 and returns the last carry (JAX's
/// fori_loop). `Turns` is a number or a named length that an argument of the function has: `for_loop<time_steps>`. The
/// index is a number of the carry's element type. Everything else is as for `scan`.
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
  constexpr bool counts = Turns >= 0 || is_named(Turns);
  static_assert(counts, "ctgrad: a loop has at least 0 turns");
  if constexpr (stateless && one_type && counts) {
    using T = typename detail::SymbolElement<detail::leaf_types<Carry, Constants...>>::type;
    GraphBuilder& builder = *detail::builder_of_leaves(std::tie(carry, constants...));
    const auto start = detail::with_symbols<T>(builder, carry);
    if constexpr (Turns == 0) {
      return start;
    } else {
      const auto run = [&](const auto& index) {
        return detail::run_scan<detail::IndexedBody<F>, O, Turns, Symbol<T, Shape<>>>(
                   start, reshape(index, shape<1, Turns>), detail::with_symbols<T>(builder, constants)...)
            .first;
      };
      if constexpr (is_static(Turns)) {
        const Value index = detail::record<ops::Arange>(builder, dtype_of<T>, Shape<Turns>::value, 0);
        return run(Symbol<T, Shape<Turns>>{&builder, index.id});
      } else {
        if (!detail::arguments_have(builder, Turns))
          throw "ctgrad: for_loop takes a named number of turns from an argument's shape, and no argument has this "
                "length; give the function an array of that many elements, or the number itself: for_loop(0, n, body, "
                "carry)";
        const Value zero = detail::placeholder(builder, dtype_of<T>, Shape<1>::value);
        return run(user_kernel<detail::TurnNumbers<Turns>>(Symbol<T, Shape<1>>{&builder, zero.id}));
      }
    }
  }
}

}  // namespace ctgrad
