// SPDX-License-Identifier: BSL-1.0
/// \file
/// What the turns of a loop read and return as one array, and the carries in it that a turn starts from or the loop
/// ends with.
///
/// All turns of a structure are a block [elements, turns]: for each leaf the array with the turns along its first axis,
/// one leaf after the other. So blocks are joined and divided along an axis of known length, whether or not the number
/// of turns is known at compile time. What needs the number of turns itself, as the last carry does, is a kernel; these
/// kernels are linear, and each other's derivatives.
#pragma once

#include <algorithm>

#include "ctgrad/autodiff/flat_call.hpp"
#include "ctgrad/autodiff/flatten.hpp"
#include "ctgrad/ops/compare.hpp"
#include "ctgrad/ops/where.hpp"

namespace ctgrad::detail {

/// The block of a structure of arrays with the turns along their first axes.
template <Extent Turns, class X>
constexpr auto flatten_turns(const X& x) {
  GraphBuilder* const builder = builder_of_leaves(x);
  const Vector<int> ids = leaf_ids(x);
  return [&]<class... L>(TypeList<L...>*) {
    int next = 0;
    const auto block = [&]<class Leaf>(Tag<Leaf>) {
      return reshape(Leaf{builder, ids[next++]}, shape<PointLeaf<Leaf>::type::shape_type::value.size(), Turns>);
    };
    // Braces: in order.
    const std::tuple blocks{block(Tag<L>{})...};
    return std::apply([](const auto&... part) { return concat(axis<0>, part...); }, blocks);
  }(static_cast<leaf_types<X>*>(nullptr));
}

/// The arrays of a block of the structure X, which is what one turn sees.
template <class X, Extent Turns, class Block>
constexpr with_rows<X, Turns> turns_in(const Block& block) {
  with_rows<X, Turns> result{};
  if constexpr (leaf_types<X>::size > 0) {
    [&]<class... L, std::size_t... I>(TypeList<L...>*, std::index_sequence<I...>) {
      const int ids[] = {reshape(slice<0, first_element<L...>(I), first_element<L...>(I + 1)>(block),
                                 typename with_rows<L, Turns>::shape_type{})
                             .id...};
      set_leaves(result, block.builder, ids);
    }(static_cast<leaf_types<X>*>(nullptr), std::make_index_sequence<static_cast<std::size_t>(leaf_types<X>::size)>{});
  }
  return result;
}

/// The number of turns of a block that a kernel was given.
template <Extent Turns>
constexpr std::int64_t count_turns(const KernelShape& block) {
  if constexpr (is_static(Turns)) {
    return Turns;
  } else {
    return block[1];
  }
}

template <class Carry, Extent Width, Extent Turns, bool Backward>
struct EndAdjoint;

/// The carry that a loop ends with [n]: that of its last turn, the first n elements of rows [Width, Turns], or without
/// turns the one it starts with. For a number of turns that may be 0.
template <class Carry, Extent Width, Extent Turns, bool Backward>
struct EndCarry {
  static constexpr std::string_view name = "loop_end";
  static constexpr bool runs_in_constants = true;
  static constexpr Extent n = elements_of_structure<Carry>;

  static constexpr ShapeValue shape(const ShapeValue&, const ShapeValue&) { return Shape<n>::value; }

  template <class T>
  static constexpr void cpu(T* end, const T* rows, const T* start, const KernelShape* shapes) {
    const std::int64_t turns = count_turns<Turns>(shapes[1]);
    if (turns == 0) {
      std::copy_n(start, n, end);
    } else {
      copy_from_views(end, row_views_at<Carry>(rows, Backward ? 0 : turns - 1, turns));
    }
  }
  static constexpr auto derivative(auto t, auto, auto, auto) {
    const auto by_rows = user_kernel<EndAdjoint<Carry, Width, Turns, Backward>>(t);
    if constexpr (is_static(Turns)) {
      return partials(by_rows, t);
    } else {
      using T = typename decltype(t)::element_type;
      const Value turns = record<ops::ExtentOf>(*t.builder, dtype_of<T>, ShapeValue{}, Turns);
      return partials(by_rows, where(Symbol<T, Shape<>>{t.builder, turns.id} == 0, t, 0));
    }
  }
  static constexpr auto tangent(auto drows, auto dstart, auto, auto, auto) {
    return user_kernel<EndCarry>(drows, dstart);
  }
};

/// The same, which is a part of the rows where there are turns for certain.
template <class Carry, Extent Turns, bool Backward, class Rows, class Start>
constexpr auto end_carry(const Rows& rows, const Start& start) {
  if constexpr (Turns > 0) {
    constexpr Extent row = Backward ? 0 : Turns - 1;
    Vector<int> ids;
    const auto arrays = turns_in<Carry, Turns>(rows);
    for_each_leaf(arrays, [&](const auto& leaf) { ids.push_back(slice<0, row, row + 1>(leaf).id); });
    with_rows<Carry, 1> last{};
    set_leaves(last, rows.builder, ids.data());
    return flatten(last);
  } else {
    return user_kernel<EndCarry<Carry, Rows::shape_type::value[0], Turns, Backward>>(rows, start);
  }
}

/// Rows [Width, Turns] of zeros but for the carry that the loop ends with.
template <class Carry, Extent Width, Extent Turns, bool Backward>
struct EndAdjoint {
  static constexpr std::string_view name = "loop_end_adjoint";
  static constexpr bool runs_in_constants = true;

  static constexpr ShapeValue shape(const ShapeValue&) { return Shape<Width, Turns>::value; }

  template <class T>
  static constexpr void cpu(T* rows, const T* end, const KernelShape* shapes) {
    const std::int64_t turns = count_turns<Turns>(shapes[0]);
    std::fill_n(rows, Width * turns, T(0));
    if (turns > 0) copy_to_views(row_views_at<Carry>(rows, Backward ? 0 : turns - 1, turns), end);
  }
  static constexpr auto derivative(auto t, auto end, auto) {
    return partials(user_kernel<EndCarry<Carry, Width, Turns, Backward>>(t, zeros_like(end)));
  }
  static constexpr auto tangent(auto dend, auto, auto) { return user_kernel<EndAdjoint>(dend); }
};

/// The carries that the turns start from [n, Turns]: the carries of rows [Width, Turns] moved by one turn, after the
/// one that the loop starts with.
template <class Carry, Extent Width, Extent Turns, bool Backward>
struct StartCarries {
  static constexpr std::string_view name = "loop_starts";
  static constexpr bool runs_in_constants = true;
  static constexpr Extent n = elements_of_structure<Carry>;

  static constexpr ShapeValue shape(const ShapeValue&, const ShapeValue&) { return Shape<n, Turns>::value; }

  template <class T>
  static constexpr void cpu(T* to, const T* rows, const T* start, const KernelShape* shapes) {
    const std::int64_t turns = count_turns<Turns>(shapes[0]);
    if (turns == 0) return;
    const auto move = [&](Extent size) {
      const std::int64_t moved = (turns - 1) * size;
      std::copy_n(Backward ? rows + size : rows, moved, Backward ? to : to + size);
      std::copy_n(start, size, Backward ? to + moved : to);
      rows += turns * size;
      to += turns * size;
      start += size;
    };
    [&]<class... L>(TypeList<L...>*) {
      (move(L::shape_type::value.size()), ...);
    }(static_cast<leaf_types<Carry>*>(nullptr));
  }
  static constexpr auto derivative(auto t, auto, auto start, auto) {
    const auto moved = user_kernel<StartCarries<Carry, n, Turns, !Backward>>(t, zeros_like(start));
    const auto by_start = end_carry<Carry, Turns, !Backward>(t, zeros_like(start));
    if constexpr (Width == n) {
      return partials(moved, by_start);
    } else {
      return partials(concat(axis<0>, moved, zeros_beside<Shape<Width - n, Turns>>(t)), by_start);
    }
  }
  static constexpr auto tangent(auto drows, auto dstart, auto, auto, auto) {
    return user_kernel<StartCarries>(drows, dstart);
  }
};

/// 0, 1, ..., as numbers of the type of the operand.
template <Extent Turns>
struct TurnNumbers {
  static constexpr std::string_view name = "turn_numbers";

  static constexpr ShapeValue shape(const ShapeValue&) { return Shape<Turns>::value; }

  template <class T>
  static constexpr void cpu(T* to, const T*, const KernelShape* shapes) {
    for (std::int64_t i = 0; i < shapes[0][0]; ++i) to[i] = static_cast<T>(i);
  }
};

/// True where the arguments of the function give a length its value.
constexpr bool arguments_have(const GraphBuilder& builder, Extent length) {
  for (std::uint64_t names = names_of(length); names != 0; names >>= 6) {
    const Extent single = make_extent(1, names & 63);
    bool found = false;
    for (int i = 0; i < builder.nodes.count; ++i) {
      if (!builder.nodes.at[i].is<ops::Input>()) continue;
      const ShapeValue shape = builder.shape(i);
      for (int axis = 0; axis < shape.rank; ++axis) found = found || shape[axis] == single;
    }
    if (!found) return false;
  }
  return true;
}

}  // namespace ctgrad::detail
