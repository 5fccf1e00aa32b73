// SPDX-License-Identifier: BSL-1.0
/// \file
/// A loop of which only the last carry is wanted, and that nobody differentiates.
///
/// A small carry stays in registers. Of a larger one there are two copies, to which the turns write alternately, so the
/// memory in use does not grow with their number.
#pragma once

#include <algorithm>

#include "ctgrad/autodiff/loop_body.hpp"

namespace ctgrad::detail {

/// Elements between the places where large leaves of a carry begin: a cache line of float, two of double.
inline constexpr Extent leaf_alignment = 16;

/// The place of a leaf of `size` elements, from `next` on.
constexpr Extent aligned_place(Extent next, Extent size) {
  return size < leaf_alignment ? next : (next + leaf_alignment - 1) / leaf_alignment * leaf_alignment;
}

/// Where leaf k of those of the types L... begins; for k one more than there are: the size of all, with what is between
/// them.
template <class... L>
constexpr Extent aligned_first(std::size_t k) {
  const Extent size[] = {L::shape_type::value.size()..., leaf_alignment};
  Extent next = 0;
  for (std::size_t i = 0; i < k; ++i) next = aligned_place(next, size[i]) + size[i];
  return aligned_place(next, size[k]);
}

/// Hands out views of memory, one after the other, with aligned beginnings.
template <class T>
struct AlignedViews {
  T* begin;
  Extent next = 0;
  template <class S>
  constexpr TensorView<T, S> take() {
    const Extent place = aligned_place(next, S::value.size());
    next = place + S::value.size();
    return TensorView<T, S>(begin + place);
  }
};

template <class X, class T>
constexpr auto aligned_views_at(T* at) {
  AlignedViews<T> from{at};
  return MakeViews<rebind<X, ViewOfSymbol<T>::template Leaf>>::make(from);
}

/// The carry after all turns, in the first row. The turns of a large one write two rows in turn.
template <class Body, Extent Turns>
struct LastCarry {
  static constexpr std::string_view name = "loop";
  static constexpr bool runs_in_constants = true;
  static constexpr int max_order = 0;
  using Carry = typename Body::Carry;
  using Item = typename Body::Item;
  using Constants = typename Body::Constants;
  static constexpr Extent n = elements_of_structure<Carry>;
  /// So few elements lie one after the other, aligned or not.
  static constexpr bool in_registers = n <= leaf_alignment;
  static constexpr Extent width = in_registers ? n : []<class... L>(TypeList<L...>*) {
    return aligned_first<L...>(sizeof...(L));
  }(static_cast<leaf_types<Carry>*>(nullptr));
  static constexpr Extent copies = in_registers ? 1 : 2;

  static constexpr ShapeValue shape(const ShapeValue&, const ShapeValue&, const ShapeValue&) {
    return Shape<copies, width>::value;
  }

  template <class T>
  static constexpr void cpu(T* rows, const T* start, const T* items, const T* constants, const KernelShape* shapes) {
    const std::int64_t turns = count_turns<Turns>(shapes[2]);
    if constexpr (in_registers) {
      T carry[n];
      for (Extent k = 0; k < n; ++k) carry[k] = start[k];
      for (std::int64_t turn = 0; turn < turns; ++turn) {
        T next[n];
        std::pair out{views_at<Carry>(next), std::tuple<>{}};
        const T* const last = carry;
        run_compiled<Body>(out, views_at<Carry>(last), row_views_at<Item>(items, turn, turns),
                           views_at<Constants>(constants));
        for (Extent k = 0; k < n; ++k) carry[k] = next[k];
      }
      for (Extent k = 0; k < n; ++k) rows[k] = carry[k];
    } else {
      // Nobody reads what is between the leaves, but no element of a constant may be left out.
      if (__builtin_is_constant_evaluated()) std::fill_n(rows, copies * width, T(0));
      if (turns == 0) copy_to_views(aligned_views_at<Carry>(rows), start);
      for (std::int64_t turn = 0; turn < turns; ++turn) {
        T* const row = (turns - turn) % 2 == 0 ? rows + width : rows;
        const T* const last = row == rows ? rows + width : rows;
        std::pair out{aligned_views_at<Carry>(row), std::tuple<>{}};
        const auto run = [&](const auto& carry) {
          run_compiled<Body>(out, carry, row_views_at<Item>(items, turn, turns), views_at<Constants>(constants));
        };
        if (turn == 0) {
          run(views_at<Carry>(start));
        } else {
          run(aligned_views_at<Carry>(last));
        }
      }
    }
  }
};

/// True where a loop may keep its last carry only, and takes less memory so.
template <class Body, Extent Turns, int MaxOrder>
inline constexpr bool keeps_last_carry_only = [] {
  using Kernel = LastCarry<Body, Turns>;
  if constexpr (MaxOrder > 0 || leaf_types<typename Body::Result>::size > 0) {
    return false;
  } else if constexpr (Kernel::in_registers || !is_static(Turns)) {
    return true;
  } else {
    return Kernel::copies * Kernel::width < Turns * Kernel::n;
  }
}();

/// The last carry of a loop whose body returns nothing else, from its first one, the block of the items and the
/// constants.
template <class Body, Extent Turns, class Start, class Items, class Constants>
constexpr typename Body::Carry last_carry(const Start& start, const Items& items, const Constants& constants) {
  using Carry = typename Body::Carry;
  const auto row = slice<0, 0, 1>(user_kernel<LastCarry<Body, Turns>>(start, items, constants));
  return [&]<class... L, std::size_t... I>(TypeList<L...>*, std::index_sequence<I...>) {
    const int ids[] = {
        reshape(slice<1, aligned_first<L...>(I), aligned_first<L...>(I) + L::shape_type::value.size()>(row),
                typename L::shape_type{})
            .id...};
    Carry carry{};
    set_leaves(carry, start.builder, ids);
    return carry;
  }(static_cast<leaf_types<Carry>*>(nullptr),
         std::make_index_sequence<static_cast<std::size_t>(leaf_types<Carry>::size)>{});
}

}  // namespace ctgrad::detail
