// SPDX-License-Identifier: BSL-1.0
/// \file
/// What the calls for derivatives take besides the function: the arguments to differentiate by, further results, the
/// mode.
#pragma once

#include <tuple>
#include <type_traits>

#include "ctgrad/autodiff/names.hpp"

namespace ctgrad {

/// Which arguments to differentiate by, counted from 0: `value_and_grad(f, wrt<0, 2>)`.
template <int... Arguments>
struct Wrt {
  static constexpr int count = sizeof...(Arguments);
};
template <int... Arguments>
inline constexpr Wrt<Arguments...> wrt{};

/// Which members of the arguments' structures to differentiate by: `gradient(f, wrt_names<"rod.length", "mass">)`.
/// Elements of arrays have numbers: `"joint[2].angle"`. Not in sources that nvcc compiles, whose two compilers name
/// members differently.
template <Name... Names>
struct WrtNames {
  static constexpr int count = sizeof...(Names);
};
template <Name... Names>
inline constexpr WrtNames<Names...> wrt_names{};

/// Says that the function returns a pair: what is differentiated, and further results that are only passed on:
/// `auto [gradient, extras] = gradient(f, has_aux)(x)`.
struct HasAux {};
inline constexpr HasAux has_aux{};

/// The mode that computes a Jacobian: `jacobian<Mode::forward>(f)`.
enum class Mode {
  automatic,   ///< forward where there are at most as many inputs as outputs, else reverse
  forward,     ///< one pass for each input
  reverse,     ///< one pass for each output
  compressed,  ///< one pass for all inputs, or outputs, that do not meet: see sparse.hpp
};

namespace detail {

/// The options of one call: which arguments, and whether there are further results.
template <class W, bool Aux>
struct Options {
  using wrt = W;
  static constexpr bool aux = Aux;
};

template <class Found, class... Given>
struct ReadOptions {
  static_assert(sizeof...(Given) == 0,
                "ctgrad: the options of a derivative are wrt<...> and has_aux, each at most once; the point goes to "
                "the callable that this call returns: gradient(f)(x)");
  using type = Found;
};
template <bool Aux, class W, int... A, class... Rest>
struct ReadOptions<Options<W, Aux>, Wrt<A...>, Rest...> : ReadOptions<Options<Wrt<A...>, Aux>, Rest...> {
  static_assert(sizeof...(A) > 0, "ctgrad: wrt names no argument; write wrt<0> for the first");
};
template <bool Aux, class W, Name... N, class... Rest>
struct ReadOptions<Options<W, Aux>, WrtNames<N...>, Rest...> : ReadOptions<Options<WrtNames<N...>, Aux>, Rest...> {
  static_assert(sizeof...(N) > 0, "ctgrad: wrt_names names no member; write wrt_names<\"length\">");
};
template <class W, class... Rest>
struct ReadOptions<Options<W, false>, HasAux, Rest...> : ReadOptions<Options<W, true>, Rest...> {};

template <class... Given>
using options = typename ReadOptions<Options<Wrt<0>, false>, Given...>::type;

template <class X>
struct IsFloatingLeaf {
  static constexpr bool value = is_floating_element<X>;
};
template <class X>
requires Handle<X>
struct IsFloatingLeaf<X> {
  static constexpr bool value = is_floating_element<typename X::element_type>;
};
template <class List>
inline constexpr bool all_floating = false;
template <class... L>
inline constexpr bool all_floating<TypeList<L...>> = (IsFloatingLeaf<L>::value && ...);

/// True where the arguments to differentiate by are structures of floating numbers.
template <class X>
inline constexpr bool can_differentiate_by = [] {
  if constexpr (is_structure<X>) {
    return all_floating<leaf_types<X>>;
  } else {
    return false;
  }
}();

/// Whether the arguments X... have what W selects.
template <class W, class... X>
struct Selectable;
template <int... A, class... X>
struct Selectable<Wrt<A...>, X...> {
  static constexpr bool value = ((A >= 0 && A < static_cast<int>(sizeof...(X))) && ...);
  static_assert(value, "ctgrad: wrt names an argument that the function was not given; arguments count from 0");
};
template <Name... N, class... X>
struct Selectable<WrtNames<N...>, X...> {
  static constexpr bool value = ((argument_with<X...>(N.view()) >= 0) && ...);
  static constexpr bool exist = ((argument_with<X...>(N.view()) != -1) && ...);
  static_assert(exist,
                "ctgrad: wrt_names names a member that no argument has; parts of members are written rod.length, "
                "elements of arrays joint[2]");
  static_assert(value || !exist,
                "ctgrad: wrt_names names a member that several arguments have; select arguments with wrt<...>");
};

/// What is selected of the arguments X...: the type, a copy of it, and a visit of its leaves.
template <class W, class... X>
struct Selected;
/// The arguments `A...` of the arguments X...: one as it is, several as a tuple.
template <int... A, class... X>
struct Selected<Wrt<A...>, X...> {
  static_assert((can_differentiate_by<std::tuple_element_t<A, std::tuple<X...>>> && ...),
                "ctgrad: an argument to differentiate by is not of a floating type; select others with wrt<...>");
  static constexpr auto choose() {
    if constexpr (sizeof...(A) == 1) {
      constexpr int only[] = {A...};
      return Tag<std::tuple_element_t<static_cast<std::size_t>(only[0]), std::tuple<X...>>>{};
    } else {
      return Tag<std::tuple<std::tuple_element_t<A, std::tuple<X...>>...>>{};
    }
  }
  using type = typename decltype(choose())::type;

  static constexpr type get(const std::tuple<X...>& x) { return type{std::get<A>(x)...}; }
  template <class Visit>
  static constexpr void for_each_selected_leaf(std::tuple<X...>& x, const Visit& visit) {
    (for_each_leaf(std::get<A>(x), visit), ...);
  }
};
/// The members that `N...` name.
template <Name... N, class... X>
struct Selected<WrtNames<N...>, X...> {
  template <Name M>
  static constexpr auto& part(auto& x) {
    return part_at<M>(std::get<static_cast<std::size_t>(argument_with<X...>(M.view()))>(x));
  }
  using parts = std::tuple<std::remove_cvref_t<decltype(part<N>(std::declval<std::tuple<X...>&>()))>...>;
  using type = typename std::conditional_t<sizeof...(N) == 1, std::tuple_element<0, parts>, Tag<parts>>::type;
  static_assert(can_differentiate_by<type>,
                "ctgrad: a member to differentiate by is not of a floating type; select others with wrt_names<...>");

  static constexpr type get(const std::tuple<X...>& x) { return type{part<N>(x)...}; }
  template <class Visit>
  static constexpr void for_each_selected_leaf(std::tuple<X...>& x, const Visit& visit) {
    (for_each_leaf(part<N>(x), visit), ...);
  }
};
template <class W, class... X>
using selected = typename Selected<W, X...>::type;

/// The same value as a node of its own. Differentiating by it follows what a function does with this argument, and
/// not what else in the graph came from the same node: in f(x, tanh(x)) the second argument is a constant to the
/// derivative by the first.
template <class T, class S>
constexpr Symbol<T, S> fresh_argument(const Symbol<T, S>& x) {
  return {x.builder, apply_shaped<ops::Reshape>(x.value(), S::value).id};
}

/// A function called with arguments of its own.
template <class Y, class X, class Extras>
struct Called {
  Y value;
  /// The arguments to differentiate by, as the function saw them.
  X arguments;
  Extras extras;
};

template <class Y>
inline constexpr bool is_value_and_extras = false;
template <class A, class B>
inline constexpr bool is_value_and_extras<std::pair<A, B>> = true;
template <class A, class B>
inline constexpr bool is_value_and_extras<std::tuple<A, B>> = true;

/// Makes a leaf to differentiate by a node of its own.
struct Refresh {
  template <class L>
  constexpr void operator()(L& leaf) const {
    static_assert(is_symbol<L>,
                  "ctgrad: while a function is traced, the arguments to differentiate by must be symbols; make a "
                  "number one by adding it to something that is 0: x * 0 + 2");
    leaf = fresh_argument(leaf);
  }
};

/// Calls `f` with the arguments to differentiate by replaced by fresh nodes.
template <bool Aux, class F, class W, class... X>
constexpr auto call_fresh(const F& f, W, const std::tuple<X...>& x) {
  if constexpr (Selectable<W, X...>::value) {
    using Choice = Selected<W, X...>;
    using Arguments = typename Choice::type;
    auto arguments = x;
    Choice::for_each_selected_leaf(arguments, Refresh{});
    const auto result = settle(builder_of_leaves(x), std::apply(f, arguments));
    using Y = std::remove_const_t<decltype(result)>;
    if constexpr (Aux) {
      static_assert(
          is_value_and_extras<Y>,
          "ctgrad: with has_aux the function must return a std::pair: the value to differentiate and the rest");
      using Value = std::tuple_element_t<0, Y>;
      using Extras = std::tuple_element_t<1, Y>;
      return Called<Value, Arguments, Extras>{std::get<0>(result), Choice::get(arguments), std::get<1>(result)};
    } else {
      return Called<Y, Arguments, std::tuple<>>{result, Choice::get(arguments), {}};
    }
  }
}

/// `derivative` alone, or with the extras of the call where the function has some.
template <bool Aux, class D, class C>
constexpr auto with_extras(const D& derivative, const C& call) {
  if constexpr (Aux) {
    return std::pair{derivative, call.extras};
  } else {
    return derivative;
  }
}

}  // namespace detail

}  // namespace ctgrad
