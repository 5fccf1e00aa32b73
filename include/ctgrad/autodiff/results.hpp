// SPDX-License-Identifier: BSL-1.0
/// \file
/// Views of a function's arguments, and its results as the caller's numbers, tensors and views.
#pragma once

#include <cstring>

#include "ctgrad/autodiff/structure.hpp"

namespace ctgrad::detail {

/// A view of a leaf that holds a value.
template <class X>
auto leaf_view(const X& x) {
  if constexpr (is_number<X>) {
    return TensorView<const X, Shape<>>(&x);
  } else {
    return TensorView<const typename X::element_type, typename X::shape_type>(x);
  }
}

template <class X>
auto leaf_views(const X& x) {
  if constexpr (Leaf<X>) {
    return std::tuple{leaf_view(x)};
  } else if constexpr (is_tuple_like<X>) {
    return std::apply([](const auto&... part) { return std::tuple_cat(leaf_views(part)...); }, x);
  } else {
    auto members = tie_members(x);
    return std::apply([](const auto&... part) { return std::tuple_cat(leaf_views(part)...); }, members);
  }
}

/// A number or an array to write to, for a result of type T[S].
template <class To, class L>
inline constexpr bool takes_result = false;
template <class T>
inline constexpr bool takes_result<T, Symbol<T, Shape<>>> = true;
template <class T, class S>
inline constexpr bool takes_result<Tensor<T, S>, Symbol<T, S>> = true;
template <class T, class S>
inline constexpr bool takes_result<TensorView<T, S>, Symbol<T, S>> = true;

template <class To, class From>
struct TakesResults {
  static constexpr bool value = false;
};
template <class... To, class... From>
requires(sizeof...(To) == sizeof...(From)) struct TakesResults<TypeList<To...>, TypeList<From...>> {
  static constexpr bool value = (takes_result<To, From> && ...);
};

/// The results of a run, in the order of the leaves.
template <int Count>
struct RunResults {
  const void* place[static_cast<std::size_t>(Count)];
  Extents<max_rank> extents[static_cast<std::size_t>(Count)];
  int next = 0;

  template <class T, class S>
  CTGRAD_ALWAYS_INLINE TensorView<const T, S> view() {
    const auto i = static_cast<std::size_t>(next++);
    if constexpr (S::value.is_static()) {
      return TensorView<const T, S>(static_cast<const T*>(place[i]));
    } else {
      Extents<S::rank> own;
      std::copy_n(extents[i].begin(), own.size(), own.begin());
      return {static_cast<const T*>(place[i]), own};
    }
  }
  template <class T>
  CTGRAD_ALWAYS_INLINE T number() {
    return *static_cast<const T*>(place[next++]);
  }
};

/// Numbers that were computed in a constant expression.
struct ConstantResults {
  const double* at;
  template <class T>
  constexpr T number() {
    return static_cast<T>(*at++);
  }
};

template <class X>
struct MakeOwned;

/// A structure of type O made of the results, in order.
template <class O, class Results>
CTGRAD_ALWAYS_INLINE constexpr O make_owned(Results& results) {
  return MakeOwned<O>::make(results);
}

template <class X>
struct MakeOwned {
  template <class Results>
  static constexpr X make(Results& results) {
    if constexpr (is_number<X>) {
      return results.template number<X>();
    } else {
      // Braces: the members are made in order.
      return [&]<class... M>(std::tuple<M...>*) {
        return X{make_owned<std::remove_cvref_t<M>>(results)...};
      }(static_cast<decltype(tie_members(std::declval<X&>()))*>(nullptr));
    }
  }
};
template <class T, class S>
struct MakeOwned<Tensor<T, S>> {
  template <class Results>
  static Tensor<T, S> make(Results& results) {
    return Tensor<T, S>(results.template view<T, S>());
  }
};
template <class... X>
struct MakeOwned<std::tuple<X...>> {
  template <class Results>
  static constexpr std::tuple<X...> make(Results& results) {
    return std::tuple<X...>{make_owned<X>(results)...};
  }
};
template <class A, class B>
struct MakeOwned<std::pair<A, B>> {
  template <class Results>
  static constexpr std::pair<A, B> make(Results& results) {
    return std::pair<A, B>{make_owned<A>(results), make_owned<B>(results)};
  }
};
template <class X, std::size_t N>
struct MakeOwned<std::array<X, N>> {
  template <class Results>
  static constexpr std::array<X, N> make(Results& results) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::array<X, N>{{(static_cast<void>(I), make_owned<X>(results))...}};
    }
    (std::make_index_sequence<N>{});
  }
};

/// Writes the next result to a number, a Tensor or a view.
template <class To, class Results>
CTGRAD_ALWAYS_INLINE void write_leaf(To& to, Results& results) {
  if constexpr (is_number<To>) {
    to = results.template number<To>();
  } else {
    using T = typename To::element_type;
    const auto from = results.template view<T, typename To::shape_type>();
    if (to.extents() != from.extents()) {
      if constexpr (std::is_same_v<To, Tensor<T, typename To::shape_type>>) {
        to = To(from.extents());
      } else {
        throw_view_extents(to.extents(), from.extents());
      }
    }
    std::memcpy(to.data(), from.data(), static_cast<std::size_t>(from.size()) * sizeof(T));
  }
}

}  // namespace ctgrad::detail
