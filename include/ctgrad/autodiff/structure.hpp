// SPDX-License-Identifier: BSL-1.0
/// \file
/// Structures of numbers and arrays: what a function to differentiate takes and returns.
///
/// A structure is a leaf (a number, a Tensor, a TensorView, a Symbol), or a std::array, std::tuple, std::pair or
/// struct template of structures: `template <class T> struct Point { T x, y; };`. A struct is a template over the types
/// of its leaves because the same function sees numbers when it is called and symbols while it is traced.
#pragma once

#include <array>
#include <tuple>
#include <utility>

#include "ctgrad/core/members.hpp"
#include "ctgrad/core/type_list.hpp"
#include "ctgrad/core/vector.hpp"
#include "ctgrad/graph/trace.hpp"
#include "ctgrad/tensor/tensor.hpp"

namespace ctgrad::detail {

/// A plain number, 16-bit ones included.
template <class X>
inline constexpr bool is_number = std::is_arithmetic_v<X> || Element<X>;

/// A leaf of a structure.
template <class X>
concept Leaf = is_number<X> || Handle<X>;

/// A struct whose members are reached by structured bindings.
template <class X>
concept LeafStruct = PlainStruct<X> && !Leaf<X> && !is_tuple_like<X>;

/// The structure X with the type Map<L>::type in place of each leaf L.
template <class X, template <class> class Map>
struct Rebind {
  static_assert(Leaf<X>,
                "ctgrad: this is no number, no array and no structure of them: use double, float, Tensor, TensorView, "
                "std::array, std::tuple, std::pair, or a struct template over its number type (template <class T> "
                "struct Point { T x, y; })");
  using type = typename Map<X>::type;
};
template <class X, std::size_t N, template <class> class Map>
struct Rebind<std::array<X, N>, Map> {
  using type = std::array<typename Rebind<X, Map>::type, N>;
};
template <class... X, template <class> class Map>
struct Rebind<std::tuple<X...>, Map> {
  using type = std::tuple<typename Rebind<X, Map>::type...>;
};
template <class A, class B, template <class> class Map>
struct Rebind<std::pair<A, B>, Map> {
  using type = std::pair<typename Rebind<A, Map>::type, typename Rebind<B, Map>::type>;
};

/// A template argument of a struct: tags and other types that hold no leaf stay what they are.
template <class X, template <class> class Map>
struct RebindArgument {
  using type = X;
};
template <class X, template <class> class Map>
requires(Leaf<X> || is_tuple_like<X> || LeafStruct<X>) struct RebindArgument<X, Map> : Rebind<X, Map> {
};
template <template <class...> class S, class... X, template <class> class Map>
requires LeafStruct<S<X...>>
struct Rebind<S<X...>, Map> {
  using type = S<typename RebindArgument<X, Map>::type...>;
};
template <template <class, auto...> class S, class X, auto First, auto... N, template <class> class Map>
requires LeafStruct<S<X, First, N...>>
struct Rebind<S<X, First, N...>, Map> {
  using type = S<typename RebindArgument<X, Map>::type, First, N...>;
};

template <class X, template <class> class Map>
using rebind = typename Rebind<X, Map>::type;

/// Calls visit(leaf) for each leaf of a structure, in order. Vanishes into its caller, as what is visited is then known
/// by name; only long arrays are loops.
template <class X, class Visit>
CTGRAD_ALWAYS_INLINE constexpr void for_each_leaf(X& x, Visit&& visit) {
  if constexpr (Leaf<std::remove_const_t<X>>) {
    visit(x);
  } else if constexpr (is_std_array<std::remove_const_t<X>>) {
    constexpr std::size_t size = std::tuple_size_v<std::remove_const_t<X>>;
    if constexpr (size <= 64) {
      [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
        (for_each_leaf(x[I], visit), ...);
      }
      (std::make_index_sequence<size>{});
    } else {
      for (auto& part : x) for_each_leaf(part, visit);
    }
  } else if constexpr (is_tuple_like<std::remove_const_t<X>>) {
    // Not std::apply: its calls would remain.
    [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
      (for_each_leaf(std::get<I>(x), visit), ...);
    }
    (std::make_index_sequence<std::tuple_size_v<std::remove_const_t<X>>>{});
  } else {
    static_assert(LeafStruct<std::remove_const_t<X>>,
                  "ctgrad: this is no structure of numbers and arrays: use a number, a Tensor, or a std::array, "
                  "std::tuple, std::pair or plain struct of these");
    auto members = tie_members(x);
    [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
      (for_each_leaf(std::get<I>(members), visit), ...);
    }
    (std::make_index_sequence<std::tuple_size_v<decltype(members)>>{});
  }
}

template <class A, class B>
struct Joined;
template <class... A, class... B>
struct Joined<TypeList<A...>, TypeList<B...>> {
  using type = TypeList<A..., B...>;
};

/// The types of the leaves of a structure as a TypeList.
template <class X>
struct LeafTypes;
template <class... X>
struct AllLeafTypes;
template <>
struct AllLeafTypes<> {
  using type = TypeList<>;
};
template <class X, class... Rest>
struct AllLeafTypes<X, Rest...> {
  using type =
      typename Joined<typename LeafTypes<std::remove_cvref_t<X>>::type, typename AllLeafTypes<Rest...>::type>::type;
};

template <class... X>
struct LeafTypesOfTuple;
template <class... X>
struct LeafTypesOfTuple<std::tuple<X...>> : AllLeafTypes<X...> {};

template <class X>
struct LeafTypes {
  static constexpr auto choose() {
    if constexpr (Leaf<X>) {
      return Tag<TypeList<X>>{};
    } else {
      static_assert(LeafStruct<X>,
                    "ctgrad: this is no structure of numbers and arrays: use a number, a Tensor, or a std::array, "
                    "std::tuple, std::pair or plain struct of these");
      return Tag<typename LeafTypesOfTuple<decltype(tie_members(std::declval<X&>()))>::type>{};
    }
  }
  using type = typename decltype(choose())::type;
};
template <class... X>
struct LeafTypes<std::tuple<X...>> : AllLeafTypes<X...> {};
template <class A, class B>
struct LeafTypes<std::pair<A, B>> : AllLeafTypes<A, B> {};
template <class X, class Indices>
struct ArrayLeafTypes;
template <class X, std::size_t... I>
struct ArrayLeafTypes<X, std::index_sequence<I...>> {
  template <std::size_t>
  using Same = X;
  using type = typename AllLeafTypes<Same<I>...>::type;
};
template <class X, std::size_t N>
struct LeafTypes<std::array<X, N>> : ArrayLeafTypes<X, std::make_index_sequence<N>> {};

template <class... X>
using leaf_types = typename AllLeafTypes<X...>::type;

/// True when some leaf is a symbol: the function is being traced.
template <class X>
inline constexpr bool contains_symbol = false;
template <class T, class S>
inline constexpr bool contains_symbol<Symbol<T, S>> = true;
template <class... X>
inline constexpr bool contains_symbol<TypeList<X...>> = (contains_symbol<X> || ...);

/// True for structures; false for everything else, also for the settings a function takes beside them.
template <class X>
inline constexpr bool is_structure = Leaf<X>;
template <class X>
requires LeafStruct<X>
inline constexpr bool is_structure<X> = [] {
  return []<class... M>(std::tuple<M...>*) {
    return (is_structure<std::remove_cvref_t<M>> && ...);
  }(static_cast<decltype(tie_members(std::declval<X&>()))*>(nullptr));
}();
template <class... X>
inline constexpr bool is_structure<std::tuple<X...>> = (is_structure<X> && ...);
template <class A, class B>
inline constexpr bool is_structure<std::pair<A, B>> = is_structure<A>&& is_structure<B>;
template <class X, std::size_t N>
inline constexpr bool is_structure<std::array<X, N>> = is_structure<X>;

/// The number and array type of a leaf that holds a value.
template <class X>
struct LeafSpec;
template <Element T>
struct LeafSpec<T> {
  using type = Spec<T, Shape<>>;
};
template <class X>
requires Handle<X>
struct LeafSpec<X> {
  using type = Spec<typename X::element_type, typename X::shape_type>;
};

/// The symbol that stands for a leaf while a function is traced.
template <class X>
struct TracedLeaf {
  static_assert(Element<X> || Handle<X>,
                "ctgrad: numbers are float, double, std::int32_t, std::int64_t or bool; convert this one");
  using type = symbol_of<typename LeafSpec<X>::type>;
};
template <class X>
using traced = rebind<X, TracedLeaf>;

/// What holds the value of a symbol after a run: a number or a Tensor.
template <class X>
struct OwnedLeaf;
template <class T>
struct OwnedLeaf<Symbol<T, Shape<>>> {
  using type = T;
};
template <class T, class S>
struct OwnedLeaf<Symbol<T, S>> {
  using type = Tensor<T, S>;
};
template <class X>
using owned = rebind<X, OwnedLeaf>;

/// The nodes of the leaves of a structure of symbols.
template <class X>
constexpr Vector<int> leaf_ids(const X& x) {
  Vector<int> ids;
  for_each_leaf(x, [&](const auto& leaf) { ids.push_back(leaf.id); });
  return ids;
}

/// Replaces the nodes of a structure of symbols.
template <class X>
constexpr void set_leaves(X& x, GraphBuilder* builder, const int* ids) {
  for_each_leaf(x, [&](auto& leaf) {
    leaf.builder = builder;
    leaf.id = *ids++;
  });
}

/// The graph that a structure of symbols belongs to.
template <class X>
constexpr GraphBuilder* builder_of_leaves(const X& x) {
  GraphBuilder* builder = nullptr;
  for_each_leaf(x, [&](const auto& leaf) {
    if constexpr (is_symbol<std::remove_cvref_t<decltype(leaf)>>)
      if (leaf.builder != nullptr) builder = leaf.builder;
  });
  return builder;
}

/// Makes constants of a graph of the plain numbers among symbols.
template <class X>
constexpr X settle(GraphBuilder* builder, X x) {
  for_each_leaf(x, [&](auto& leaf) {
    using L = std::remove_cvref_t<decltype(leaf)>;
    if constexpr (requires { leaf.number; })
      if (leaf.builder == nullptr) leaf = L{builder, operand_id(*builder, leaf)};
  });
  return x;
}

}  // namespace ctgrad::detail
