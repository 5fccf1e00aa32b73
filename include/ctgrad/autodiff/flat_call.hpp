// SPDX-License-Identifier: BSL-1.0
/// \file
/// Calls of compiled functions of structures with the elements of each structure one after the other in memory.
#pragma once

#include "ctgrad/autodiff/evaluate.hpp"

namespace ctgrad {

namespace detail {

/// A view in place of a symbol.
template <class T>
struct ViewOfSymbol {
  template <class L>
  struct Leaf {
    using type = TensorView<T, typename L::shape_type>;
  };
};

/// Hands out views of memory, one after the other.
template <class T>
struct ConsecutiveViews {
  T* next;
  template <class S>
  constexpr TensorView<T, S> take() {
    T* const here = next;
    next += S::value.size();
    return TensorView<T, S>(here);
  }
};

/// Hands out views of one row of each of several arrays with `rows` rows, the arrays one after the other.
template <class T>
struct RowViews {
  T* next;
  std::int64_t row;
  std::int64_t rows;
  template <class S>
  constexpr TensorView<T, S> take() {
    T* const here = next + row * S::value.size();
    next += rows * S::value.size();
    return TensorView<T, S>(here);
  }
};

template <class V>
struct MakeViews;
template <class T, class S>
struct MakeViews<TensorView<T, S>> {
  template <class From>
  static constexpr TensorView<T, S> make(From& from) {
    return from.template take<S>();
  }
};
// Braces: the parts are made in order.
template <class... V>
struct MakeViews<std::tuple<V...>> {
  template <class From>
  static constexpr std::tuple<V...> make([[maybe_unused]] From& from) {
    return std::tuple<V...>{MakeViews<V>::make(from)...};
  }
};
template <class A, class B>
struct MakeViews<std::pair<A, B>> {
  template <class From>
  static constexpr std::pair<A, B> make(From& from) {
    return std::pair<A, B>{MakeViews<A>::make(from), MakeViews<B>::make(from)};
  }
};
template <class V, std::size_t N>
struct MakeViews<std::array<V, N>> {
  template <class From>
  static constexpr std::array<V, N> make(From& from) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::array<V, N>{{(static_cast<void>(I), MakeViews<V>::make(from))...}};
    }
    (std::make_index_sequence<N>{});
  }
};
template <class V>
requires LeafStruct<V>
struct MakeViews<V> {
  template <class From>
  static constexpr V make(From& from) {
    return [&]<class... M>(std::tuple<M...>*) {
      return V{MakeViews<std::remove_cvref_t<M>>::make(from)...};
    }(static_cast<decltype(tie_members(std::declval<V&>()))*>(nullptr));
  }
};

/// A structure of symbols as views of the memory at `at`.
template <class X, class T>
constexpr auto views_at(T* at) {
  ConsecutiveViews<T> from{at};
  return MakeViews<rebind<X, ViewOfSymbol<T>::template Leaf>>::make(from);
}

/// Copies elements that lie one after the other to the views of a structure.
template <class Views, class T>
CTGRAD_ALWAYS_INLINE constexpr void copy_to_views(const Views& to, const T* from) {
  for_each_leaf(
      to, [&](const auto& view) __attribute__((always_inline)) {
        constexpr Extent size = std::remove_cvref_t<decltype(view)>::shape_type::value.size();
        for (Extent k = 0; k < size; ++k) view.data()[k] = from[k];
        from += size;
      });
}

/// Copies the elements of the views of a structure to where they lie one after the other.
template <class T, class Views>
CTGRAD_ALWAYS_INLINE constexpr void copy_from_views(T* to, const Views& from) {
  for_each_leaf(
      from, [&](const auto& view) __attribute__((always_inline)) {
        constexpr Extent size = std::remove_cvref_t<decltype(view)>::shape_type::value.size();
        for (Extent k = 0; k < size; ++k) to[k] = view.data()[k];
        to += size;
      });
}

/// A structure of symbols as views of row `row` of arrays that begin at `at`, one after the other, each with `rows`
/// rows.
template <class X, class T>
constexpr auto row_views_at(T* at, std::int64_t row, std::int64_t rows) {
  RowViews<T> from{at, row, rows};
  return MakeViews<rebind<X, ViewOfSymbol<T>::template Leaf>>::make(from);
}

/// Calls the compiled F, a function of structures of symbols of the types X... that returns an R, and writes the
/// elements of the result to `to`, which shares no memory with what it reads.
template <class F, class R, class... X, class T, class... From>
constexpr void call_flat(T* to, const From*... from) {
  auto out = views_at<R>(to);
  run_compiled<F>(out, views_at<X>(from)...);
}

}  // namespace detail

}  // namespace ctgrad
