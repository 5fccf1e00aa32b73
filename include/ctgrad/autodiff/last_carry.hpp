// SPDX-License-Identifier: BSL-1.0
/// \file
/// A loop of which only the last carry is wanted, and that nobody differentiates.
///
/// The turns write two copies of the carry in turn, so however many there are, what they read and write stays near.
/// Each leaf begins at a cache line.
#pragma once

#include <algorithm>
#include <type_traits>

#include "ctgrad/autodiff/loop_body.hpp"

namespace ctgrad::detail {

/// Elements of whole cache lines.
constexpr Extent whole_lines(Extent elements) { return (elements + 15) / 16 * 16; }

/// Where leaf k of those of the types L... begins, each at a cache line; after the last: how many elements there are.
template <class... L>
constexpr Extent first_in_lines(std::size_t k) {
  const Extent size[] = {L::shape_type::value.size()..., 0};
  Extent sum = 0;
  for (std::size_t i = 0; i < k; ++i) sum += whole_lines(size[i]);
  return sum;
}

/// Hands out views of memory, one after the other, each at the beginning of a cache line.
template <class T>
struct LineViews {
  T* next;
  template <class S>
  constexpr TensorView<T, S> take() {
    T* const here = next;
    next += whole_lines(S::value.size());
    return TensorView<T, S>(here);
  }
};

template <class X, class T>
constexpr auto line_views_at(T* at) {
  LineViews<T> from{at};
  return MakeViews<rebind<X, ViewOfSymbol<T>::template Leaf>>::make(from);
}

/// The carry after all turns, in the first of two rows; the turns write one and the other.
template <class Body, Extent Turns>
struct LastCarry {
  static constexpr std::string_view name = "loop";
  static constexpr bool runs_in_constants = true;
  static constexpr int max_order = 0;
  using Carry = typename Body::Carry;
  using Item = typename Body::Item;
  using Constants = typename Body::Constants;
  static constexpr Extent room = []<class... L>(TypeList<L...>*) {
    return first_in_lines<L...>(sizeof...(L));
  }(static_cast<leaf_types<Carry>*>(nullptr));

  static constexpr ShapeValue shape(const ShapeValue&, const ShapeValue&, const ShapeValue&) {
    return Shape<2, room>::value;
  }

  template <class T>
  static constexpr void cpu(T* rows, const T* start, const T* items, const T* constants, const KernelShape* shapes) {
    // Nobody reads what is between the leaves, but no element of a constant may be left out.
    if (std::is_constant_evaluated()) std::fill_n(rows, 2 * room, T(0));
    const std::int64_t turns = count_turns<Turns>(shapes[2]);
    if (turns == 0) copy_to_views(line_views_at<Carry>(rows), start);
    for (std::int64_t turn = 0; turn < turns; ++turn) {
      T* const row = (turns - turn) % 2 == 0 ? rows + room : rows;
      const T* const last = row == rows ? rows + room : rows;
      std::pair out{line_views_at<Carry>(row), std::tuple<>{}};
      const auto run = [&](const auto& carry) {
        run_compiled<Body>(out, carry, row_views_at<Item>(items, turn, turns), views_at<Constants>(constants));
      };
      if (turn == 0) {
        run(views_at<Carry>(start));
      } else {
        run(line_views_at<Carry>(last));
      }
    }
  }
};

/// The last carry of a loop whose body returns nothing else, from its first one, the block of the items and the
/// constants.
template <class Body, Extent Turns, class Start, class Items, class Constants>
constexpr typename Body::Carry last_carry(const Start& start, const Items& items, const Constants& constants) {
  using Carry = typename Body::Carry;
  const auto rows = user_kernel<LastCarry<Body, Turns>>(start, items, constants);
  return [&]<class... L, std::size_t... I>(TypeList<L...>*, std::index_sequence<I...>) {
    const int ids[] = {reshape(slice<1, first_in_lines<L...>(I), first_in_lines<L...>(I) + L::shape_type::value.size()>(
                                   slice<0, 0, 1>(rows)),
                               typename L::shape_type{})
                           .id...};
    Carry carry{};
    set_leaves(carry, start.builder, ids);
    return carry;
  }(static_cast<leaf_types<Carry>*>(nullptr),
         std::make_index_sequence<static_cast<std::size_t>(leaf_types<Carry>::size)>{});
}

}  // namespace ctgrad::detail
