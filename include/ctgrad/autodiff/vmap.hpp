// SPDX-License-Identifier: BSL-1.0
/// \file
/// A function written for one point, run on many at once.
#pragma once

#include "ctgrad/autodiff/evaluate.hpp"
#include "ctgrad/passes/vectorize.hpp"

namespace ctgrad {

/// Which arguments of a vectorized function hold many points, counted from 0: `vmap(f, mapped<0>)`.
template <int... Arguments>
struct Mapped {};
template <int... Arguments>
inline constexpr Mapped<Arguments...> mapped{};

namespace detail {

template <class S>
struct WithoutFirst {
  static_assert(S::rank > 0,
                "ctgrad: vmap maps over the first axis of its arguments, and one is a number; name the arguments that "
                "hold many points: vmap(f, mapped<0>)");
};
template <Extent First, Extent... Rest>
struct WithoutFirst<Shape<First, Rest...>> {
  using type = Shape<Rest...>;
  static constexpr Extent first = First;
};

/// The symbol of one point of an array of points.
template <class X>
struct PointLeaf;
template <class T, class S>
struct PointLeaf<Symbol<T, S>> {
  using type = Symbol<T, typename WithoutFirst<S>::type>;
};

template <Extent Length>
struct Pointwise {
  /// The symbol of an array of points from that of one.
  template <class X>
  struct Leaf;
  template <class T, Extent... E>
  struct Leaf<Symbol<T, Shape<E...>>> {
    static_assert(sizeof...(E) < max_rank,
                  "ctgrad: vmap adds an axis to what the function returns, and a tensor has at most six axes");
    using type = Symbol<T, Shape<Length, E...>>;
  };
};

template <class List>
struct CommonLength;
template <class T, class S, class... L>
struct CommonLength<TypeList<Symbol<T, S>, L...>> {
  static constexpr Extent value = WithoutFirst<S>::first;
  static_assert(((WithoutFirst<typename L::shape_type>::first == value) && ...),
                "ctgrad: the arguments that vmap maps over have first axes of different lengths");
};

template <class M, class... X>
struct MappedArguments;
template <class... X>
struct MappedArguments<Mapped<>, X...> {
  static constexpr bool is_mapped(std::size_t) { return true; }
};
template <int First, int... A, class... X>
struct MappedArguments<Mapped<First, A...>, X...> {
  static_assert(First >= 0 && First < static_cast<int>(sizeof...(X)) &&
                    ((A >= 0 && A < static_cast<int>(sizeof...(X))) && ...),
                "ctgrad: mapped names an argument that the function was not given; arguments count from 0");
  static constexpr bool is_mapped(std::size_t i) {
    return static_cast<int>(i) == First || ((static_cast<int>(i) == A) || ...);
  }
};

/// One argument as the function for one point sees it; adds its leaves to the lists.
template <bool IsMapped, class X>
constexpr auto one_point(const X& x, Vector<int>& from, Vector<int>& to) {
  if constexpr (!IsMapped) {
    return x;
  } else {
    static_assert(contains_symbol<leaf_types<X>>, "ctgrad: vmap maps over arrays; a number has no axis of points");
    rebind<X, PointLeaf> point{};
    GraphBuilder* builder = builder_of_leaves(x);
    for_each_leaf(x, [&](const auto& leaf) { to.push_back(leaf.id); });
    for_each_leaf(point, [&](auto& leaf) {
      using L = std::remove_reference_t<decltype(leaf)>;
      leaf = L{builder, placeholder(*builder, dtype_of<typename L::element_type>, L::shape_type::value).id};
      from.push_back(leaf.id);
    });
    return point;
  }
}

}  // namespace detail

/// The callable that `vmap` returns.
template <class F, class M>
struct Vmap : detail::Derivative<Vmap<F, M>> {
  [[no_unique_address]] F function;

  constexpr Vmap() = default;
  constexpr explicit Vmap(const F& f) : function(f) {}

  template <class... X>
  constexpr auto trace(const X&... x) const {
    return trace_points(std::index_sequence_for<X...>{}, x...);
  }

private:
  template <std::size_t... I, class... X>
  constexpr auto trace_points(std::index_sequence<I...>, const X&... x) const {
    using Arguments = detail::MappedArguments<M, X...>;
    constexpr auto mapped_only = []<std::size_t K, class A>(std::integral_constant<std::size_t, K>, const A*) {
      if constexpr (Arguments::is_mapped(K)) {
        return detail::Tag<std::tuple<A>>{};
      } else {
        return detail::Tag<std::tuple<>>{};
      }
    };
    using MappedTuple = decltype(std::tuple_cat(
        std::declval<typename decltype(mapped_only(std::integral_constant<std::size_t, I>{},
                                                   static_cast<const X*>(nullptr)))::type>()...));
    constexpr Extent length = detail::CommonLength<detail::leaf_types<MappedTuple>>::value;

    detail::Vector<int> from;
    detail::Vector<int> to;
    // Braces: the arguments are made in order.
    const std::tuple points{detail::one_point<Arguments::is_mapped(I)>(x, from, to)...};
    const auto result = detail::settle(detail::builder_of_leaves(points), std::apply(function, points));
    using Y = std::remove_const_t<decltype(result)>;
    detail::rebind<Y, detail::Pointwise<length>::template Leaf> all{};
    GraphBuilder* builder = detail::builder_of_leaves(result);
    const detail::Vector<int> single = detail::leaf_ids(result);
    detail::Vector<int> out(single.size());
    vectorize(*builder, length, from.data(), to.data(), from.size(), single.data(), single.size(), out.data());
    detail::set_leaves(all, builder, out.data());
    return all;
  }
};

/// A callable that runs `f`, written for one point, on many points that lie along the first axis of its arguments, as
/// one loop. That axis may have a length known at run time: a function of a Shape<3> takes a Shape<batch, 3>. All
/// arguments are mapped, or those of `mapped<...>`, while the others are the same for all points; a structure is mapped
/// leaf by leaf. Each array of the result has the points along its first axis. Gradients of mapped functions and mapped
/// gradients both work: `vmap(gradient(f))(points)`.
///
/// A kernel of a user's own runs once for each point. A convolution whose weights differ from point to point has no
/// rule. Random numbers are the same for all points.
template <class F, int... A>
constexpr Vmap<F, Mapped<A...>> vmap(const F& f, Mapped<A...> = {}) {
  return Vmap<F, Mapped<A...>>(f);
}

}  // namespace ctgrad
