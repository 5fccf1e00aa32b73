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

/// Where the leaves of a structure are, in order: what make_owned copies.
template <int Count>
struct CopiedLeaves {
  const void* place[static_cast<std::size_t>(Count)];
  Extents<max_rank> extents[static_cast<std::size_t>(Count)];
  int next = 0;

  template <class T, class S>
  TensorView<const T, S> view() {
    const auto i = static_cast<std::size_t>(next++);
    Extents<S::rank> own;
    std::copy_n(extents[i].begin(), own.size(), own.begin());
    return {static_cast<const T*>(place[i]), own};
  }
  template <class T, class S>
  Tensor<T, S> tensor() {
    return Tensor<T, S>(view<T, S>());
  }
  template <class T>
  T number() {
    return *static_cast<const T*>(place[next++]);
  }
};

template <class X>
CopiedLeaves<leaf_types<X>::size> leaves_of(const X& x) {
  CopiedLeaves<leaf_types<X>::size> leaves;
  int i = 0;
  for_each_leaf(x, [&](const auto& leaf) {
    const auto view = leaf_view(leaf);
    leaves.place[i] = view.data();
    std::copy(view.extents().begin(), view.extents().end(), leaves.extents[i].begin());
    ++i;
  });
  return leaves;
}

/// Leaves to be written to: zeros, and arrays without elements where lengths are known at run time only.
struct EmptyLeaves {
  template <class T, class S>
  Tensor<T, S> tensor() {
    if constexpr (S::value.is_static()) {
      return Tensor<T, S>();
    } else {
      Extents<S::rank> extents{};
      for (int axis = 0; axis < S::rank; ++axis)
        if (is_static(S::value[axis])) extents[static_cast<std::size_t>(axis)] = S::value[axis];
      return Tensor<T, S>(extents);
    }
  }
  template <class T>
  CTGRAD_ALWAYS_INLINE T number() {
    return T();
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
    return results.template tensor<T, S>();
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

template <class X>
inline constexpr bool owns_memory = false;
template <class T, class S>
inline constexpr bool owns_memory<Tensor<T, S>> = true;

/// The addresses of a number or an array, up to `end`.
struct Span {
  std::uintptr_t begin, end;
  /// True for all the memory of a tensor. Two tensors share all of it or none.
  bool owned;
};
template <class X>
CTGRAD_ALWAYS_INLINE Span span_of(const X& x) {
  if constexpr (is_number<X>) {
    const auto begin = reinterpret_cast<std::uintptr_t>(&x);
    return {begin, begin + sizeof(x), false};
  } else {
    const auto begin = reinterpret_cast<std::uintptr_t>(x.data());
    const std::int64_t size = X::shape_type::value.is_static() ? X::shape_type::value.size() : x.size();
    return {begin, begin + static_cast<std::uintptr_t>(size) * sizeof(typename X::element_type), owns_memory<X>};
  }
}

/// Collects the `Count` arrays among leaves. This and OverlapFinder are no lambdas: what visits a leaf is then the same
/// for all functions of such leaves, and compiled once.
template <int Count>
struct ArraySpans {
  Span at[static_cast<std::size_t>(Count)];
  int count = 0;

  template <class X>
  CTGRAD_ALWAYS_INLINE void operator()(const X& leaf) {
    if constexpr (!is_number<X>) at[count++] = span_of(leaf);
  }
};

/// Notes whether leaves share memory with some arrays. All pairs are looked at: a branch for each would take longer. No
/// loop: g++ would keep the addresses in memory for it.
template <bool WholeMayMeet, class Indices>
struct OverlapFinder;
template <bool WholeMayMeet, std::size_t... I>
struct OverlapFinder<WholeMayMeet, std::index_sequence<I...>> {
  const ArraySpans<static_cast<int>(sizeof...(I))>& arrays;
  unsigned found = 0;

  template <class X>
  CTGRAD_ALWAYS_INLINE void operator()(const X& leaf) {
    const Span input = span_of(leaf);
    ((found |= meet(arrays.at[I], input)), ...);
  }

private:
  CTGRAD_ALWAYS_INLINE static unsigned meet(const Span& array, const Span& input) {
    if (array.owned && input.owned)
      return static_cast<unsigned>(!WholeMayMeet) & static_cast<unsigned>(array.begin == input.begin);
    return static_cast<unsigned>(array.begin < input.end) & static_cast<unsigned>(input.begin < array.end);
  }
};

template <class List>
inline constexpr int array_count = 0;
template <class... L>
inline constexpr int array_count<TypeList<L...>> = (0 + ... + (is_number<L> ? 0 : 1));

/// True when an array of `out` shares memory with an argument: a run must not write there, for it may still read. With
/// `WholeMayMeet` it may where two tensors share all of it.
template <bool WholeMayMeet, class Out, class... X>
CTGRAD_ALWAYS_INLINE bool overlaps_arguments(const Out& out, const X&... x) {
  constexpr int count = array_count<leaf_types<Out>>;
  if constexpr (count == 0) {
    return false;
  } else {
    ArraySpans<count> arrays;
    for_each_leaf(out, arrays);
    OverlapFinder<WholeMayMeet, std::make_index_sequence<static_cast<std::size_t>(count)>> finder{arrays};
    (for_each_leaf(x, finder), ...);
    return finder.found != 0;
  }
}

/// Where a run writes numbers, which are copied in the end.
struct NumberPlace {
  alignas(8) std::byte bytes[8];
};

/// Throws Error for a view among the leaves that has not the extents `extents_of(Tag<shape>)`.
template <class Out, class ExtentsOf>
CTGRAD_ALWAYS_INLINE void check_views(Out& out, const ExtentsOf& extents_of) {
  for_each_leaf(
      out, [&](const auto& leaf) __attribute__((always_inline)) {
        using To = std::remove_cvref_t<decltype(leaf)>;
        if constexpr (!is_number<To> && !owns_memory<To>) {
          using S = typename To::shape_type;
          if constexpr (!S::value.is_static()) {
            const auto extents = extents_of(Tag<S>{});
            if (leaf.extents() != extents) throw_view_extents(leaf.extents(), extents);
          }
        }
      });
}

/// Calls set(i, place) for each result: an array of `out` itself, a number's place beside it. Tensors are given the
/// extents `extents_of(Tag<shape>)`; views must have them, or nothing is changed.
template <class Out, class Set, class ExtentsOf>
CTGRAD_ALWAYS_INLINE void place_results(Out& out, NumberPlace* numbers, const Set& set, const ExtentsOf& extents_of) {
  check_views(out, extents_of);
  int i = 0;
  for_each_leaf(
      out, [&](auto& leaf) __attribute__((always_inline)) {
        using To = std::remove_cvref_t<decltype(leaf)>;
        if constexpr (is_number<To>) {
          static_assert(sizeof(To) <= sizeof(NumberPlace));
          set(i, static_cast<void*>(numbers[i].bytes));
        } else {
          using S = typename To::shape_type;
          if constexpr (!S::value.is_static() && owns_memory<To>) {
            const auto extents = extents_of(Tag<S>{});
            if (leaf.extents() != extents) leaf = To(extents);
          }
          set(i, static_cast<void*>(leaf.data()));
        }
        ++i;
      });
}

/// Writes what is not in its place yet; `result(i)` is where result i lies. Of arrays `written(i)` says that the run
/// wrote them there, so that nothing is compared.
template <class Out, class Result, class Written>
CTGRAD_ALWAYS_INLINE void copy_results(Out& out, const Result& result, const Written& written) {
  int i = 0;
  for_each_leaf(
      out, [&](auto& leaf) __attribute__((always_inline)) {
        using To = std::remove_cvref_t<decltype(leaf)>;
        if constexpr (is_number<To>) {
          leaf = *static_cast<const To*>(result(i));
        } else if (!written(i)) {
          const void* from = result(i);
          if (from != leaf.data() && leaf.size() != 0)  // no elements have no address
            std::memcpy(leaf.data(), from, static_cast<std::size_t>(leaf.size()) * sizeof(typename To::element_type));
        }
        ++i;
      });
}

/// Memory for the `Count` leaves of a result that must not be where the caller wants it before the run has ended.
template <int Count>
class StagedResults {
public:
  /// Makes room for the leaves of an `Out`; arrays have the extents `extents_of(Tag<shape>)`.
  template <class Out, class ExtentsOf>
  [[gnu::cold]] void reserve(const ExtentsOf& extents_of) {
    std::size_t* bytes = bytes_;
    const auto measure = [&]<class To>(Tag<To>) {
      if constexpr (is_number<To>) {
        *bytes++ = sizeof(To);
      } else {
        *bytes = sizeof(typename To::element_type);
        for (const std::int64_t extent : extents_of(Tag<typename To::shape_type>{}))
          *bytes *= static_cast<std::size_t>(extent);
        ++bytes;
      }
    };
    [&]<class... To>(TypeList<To...>*) { (measure(Tag<To>{}), ...); }(static_cast<leaf_types<Out>*>(nullptr));
    std::size_t all = 0;
    for (int i = 0; i < Count; ++i) all = (begin_[i] = all) + (bytes_[i] + 63) / 64 * 64;
    memory_.reserve(all);
  }

  void* address(int i) { return memory_.data() + begin_[i]; }

  /// Calls set(i, place) for each result.
  template <class Set>
  [[gnu::cold]] void place(const Set& set) {
    for (int i = 0; i < Count; ++i) set(i, address(i));
  }

  /// Copies what lies elsewhere; `result(i)` is where result i lies.
  template <class Result>
  [[gnu::cold]] void take(const Result& result) {
    for (int i = 0; i < Count; ++i)
      if (bytes_[i] != 0 && result(i) != address(i)) std::memcpy(address(i), result(i), bytes_[i]);
  }

private:
  Memory memory_;
  std::size_t begin_[static_cast<std::size_t>(Count)];
  std::size_t bytes_[static_cast<std::size_t>(Count)];
};

/// Gives `out` the leaves of a structure of numbers and tensors.
template <class Out, class From>
void assign_leaves(Out& out, From& from) {
  CopiedLeaves<leaf_types<From>::size> leaves = leaves_of(from);
  for_each_leaf(out, [&](auto& leaf) {
    using To = std::remove_cvref_t<decltype(leaf)>;
    if constexpr (is_number<To>) {
      leaf = leaves.template number<To>();
    } else {
      using T = typename To::element_type;
      const auto view = leaves.template view<T, typename To::shape_type>();
      if constexpr (std::is_same_v<To, Tensor<T, typename To::shape_type>>) {
        leaf = To(view);
      } else {
        leaf.assign(view);
      }
    }
  });
}

}  // namespace ctgrad::detail
