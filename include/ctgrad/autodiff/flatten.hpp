// SPDX-License-Identifier: BSL-1.0
/// \file
/// Structures of symbols as one array: what solvers work on.
#pragma once

#include "ctgrad/autodiff/vmap.hpp"
#include "ctgrad/ops/concat.hpp"
#include "ctgrad/ops/reshape.hpp"
#include "ctgrad/ops/slice.hpp"

namespace ctgrad::detail {

/// The element type that all leaves of structures have; void where they differ.
template <class List>
struct CommonElement {
  using type = void;
};
template <class First, class... L>
requires(std::is_same_v<typename First::element_type, typename L::element_type>&&...)  //
    struct CommonElement<TypeList<First, L...>> {
  using type = typename First::element_type;
};

/// The number of elements of all leaves; -1 where it is not known at compile time.
template <class List>
inline constexpr std::int64_t element_count = 0;
template <class... L>
inline constexpr std::int64_t element_count<TypeList<L...>> = [] {
  std::int64_t count = 0;
  for (const Extent size : {Extent{0}, L::shape_type::value.size()...}) {
    if (size < 0) return std::int64_t{-1};
    count += size;
  }
  return count;
}();

/// The leaves of structures of symbols, joined to one axis.
template <class... X>
constexpr auto flatten(const X&... x) {
  using Leaves = leaf_types<X...>;
  const std::tuple<const X&...> all{x...};
  Vector<int> ids;
  GraphBuilder* const builder = builder_of_leaves(all);
  for_each_leaf(all, [&](const auto& leaf) { ids.push_back(operand_id(*builder, leaf)); });
  return [&]<class... L>(TypeList<L...>*) {
    int next = 0;
    const auto next_id = [&] { return ids[next++]; };
    // Braces: in order.
    const std::tuple leaves{L{builder, next_id()}...};
    return std::apply(
        [](const auto&... leaf) {
          return concat(axis<0>,
                        reshape(leaf, shape<std::remove_cvref_t<decltype(leaf)>::shape_type::value.size()>)...);
        },
        leaves);
  }(static_cast<Leaves*>(nullptr));
}

/// The structure X with an axis of `Rows` in front of each leaf.
template <class X, Extent Rows>
using with_rows = rebind<X, Pointwise<Rows>::template Leaf>;

/// Where leaf k of those of the types L... begins in the array that `flatten` makes of them.
template <class... L>
constexpr Extent first_element(std::size_t k) {
  const Extent size[] = {L::shape_type::value.size()..., 0};
  Extent sum = 0;
  for (std::size_t i = 0; i < k; ++i) sum += size[i];
  return sum;
}

/// Structures of the types X... made of the parts of one array, which `flatten` joined.
template <class... X, class T, Extent N>
constexpr std::tuple<X...> unflatten(const Symbol<T, Shape<N>>& flat) {
  return [&]<class... L, std::size_t... I>(TypeList<L...>*, std::index_sequence<I...>) {
    const int ids[] = {
        reshape(slice<0, first_element<L...>(I), first_element<L...>(I + 1)>(flat), typename L::shape_type{}).id..., 0};
    std::tuple<X...> parts{};
    set_leaves(parts, flat.builder, ids);
    return parts;
  }(static_cast<leaf_types<X...>*>(nullptr),
         std::make_index_sequence<static_cast<std::size_t>(leaf_types<X...>::size)>{});
}

/// The same for an array of rows: each leaf has the rows along its first axis.
template <class X, class T, Extent M, Extent N>
constexpr with_rows<X, M> unflatten_rows(const Symbol<T, Shape<M, N>>& flat) {
  return [&]<class... L, std::size_t... I>(TypeList<L...>*, std::index_sequence<I...>) {
    const int ids[] = {reshape(slice<1, first_element<L...>(I), first_element<L...>(I + 1)>(flat),
                               typename with_rows<L, M>::shape_type{})
                           .id...,
                       0};
    with_rows<X, M> parts{};
    set_leaves(parts, flat.builder, ids);
    return parts;
  }(static_cast<leaf_types<X>*>(nullptr), std::make_index_sequence<static_cast<std::size_t>(leaf_types<X>::size)>{});
}

/// The leaves of a structure of arrays with rows along their first axes, joined to rows [rows, elements].
template <Extent Rows, class X>
constexpr auto flatten_rows(const X& x) {
  GraphBuilder* builder = builder_of_leaves(x);
  const Vector<int> ids = leaf_ids(x);
  return [&]<class... L>(TypeList<L...>*) {
    int next = 0;
    const auto next_id = [&] { return ids[next++]; };
    const std::tuple leaves{L{builder, next_id()}...};
    return std::apply(
        [](const auto&... leaf) {
          return concat(
              axis<1>,
              reshape(leaf, shape<Rows, std::remove_cvref_t<decltype(leaf)>::shape_type::value.size() / Rows>)...);
        },
        leaves);
  }(static_cast<leaf_types<X>*>(nullptr));
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

/// The number of elements of a structure; an operand of a kernel has at least one.
template <class X>
inline constexpr Extent elements_of_structure = element_count<leaf_types<X>>;
template <class X>
inline constexpr Extent operand_length = elements_of_structure<X> == 0 ? 1 : elements_of_structure<X>;

/// A structure as an operand of a kernel.
template <class Like, class X>
constexpr auto flat_operand(const Like& like, const X& x) {
  if constexpr (elements_of_structure<X> == 0) {
    return zeros_beside<Shape<1>>(like);
  } else {
    return flatten(x);
  }
}
/// An operand and its tangent as the operand of a structure of both.
template <class X, int Axis, class A>
constexpr auto paired_operand(const A& a, const A& tangent) {
  if constexpr (elements_of_structure<X> == 0) {
    return a;
  } else {
    return concat(axis<Axis>, a, tangent);
  }
}
/// The structure that an operand holds.
template <class X, class A>
constexpr X structure_in(const A& flat) {
  if constexpr (elements_of_structure<X> == 0) {
    return X{};
  } else {
    return std::get<0>(unflatten<X>(flat));
  }
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

}  // namespace ctgrad::detail
