// SPDX-License-Identifier: BSL-1.0
/// \file
/// Views of a function's arguments, and its results as the caller's numbers, tensors and views.
#pragma once

#include <cstring>
#include <memory>
#include <vector>

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

/// The leaves that make_owned asks for, in order: copies of those of a structure.
template <int Count>
struct CopiedLeaves {
  const void* place[static_cast<std::size_t>(Count)];
  Extents<max_rank> extents[static_cast<std::size_t>(Count)];
  int next = 0;

  template <class T, class S>
  Tensor<T, S> tensor() {
    const auto i = static_cast<std::size_t>(next++);
    Extents<S::rank> own;
    std::copy_n(extents[i].begin(), own.size(), own.begin());
    return Tensor<T, S>(TensorView<const T, S>(static_cast<const T*>(place[i]), own));
  }
  template <class T>
  T number() {
    return *static_cast<const T*>(place[next++]);
  }
};

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

/// Bytes from `begin` on.
struct ByteRange {
  const std::byte* begin = nullptr;
  std::int64_t bytes = 0;

  CTGRAD_ALWAYS_INLINE bool overlaps(const ByteRange& other) const {
    const auto here = reinterpret_cast<std::uintptr_t>(begin), there = reinterpret_cast<std::uintptr_t>(other.begin);
    return here < there + static_cast<std::uintptr_t>(other.bytes) && there < here + static_cast<std::uintptr_t>(bytes);
  }
};

/// The memory of an argument.
template <class X>
CTGRAD_ALWAYS_INLINE ByteRange range_of(const X& x) {
  if constexpr (is_number<X>) {
    return {reinterpret_cast<const std::byte*>(&x), static_cast<std::int64_t>(sizeof(X))};
  } else {
    return {reinterpret_cast<const std::byte*>(x.data()),
            x.size() * static_cast<std::int64_t>(sizeof(typename X::element_type))};
  }
}

/// Where a run writes its results: arrays of the caller at once, numbers beside them. An array that overlaps an
/// argument, which the run may still read, gets its elements in the end.
template <class Out, int Inputs>
class Destinations {
  static constexpr int count = leaf_types<Out>::size;

public:
  template <class... X>
  CTGRAD_ALWAYS_INLINE explicit Destinations(Out& out, const X&... x) : out_(out) {
    int i = 0;
    (for_each_leaf(x, [&](const auto& leaf) { input_[i++] = range_of(leaf); }), ...);
  }

  /// Calls set(i, place) for each result: tensors are made large enough first. `extents_of(tag)` is the extents of a
  /// result of the tag's shape.
  template <class Set, class ExtentsOf>
  CTGRAD_ALWAYS_INLINE void prepare(const Set& set, const ExtentsOf& extents_of) {
    int i = 0;
    for_each_leaf(
        out_, [&](auto& leaf) __attribute__((always_inline)) {
          using To = std::remove_cvref_t<decltype(leaf)>;
          if constexpr (is_number<To>) {
            static_assert(sizeof(To) <= sizeof(Number));
            set(i, number_[i].bytes);
          } else {
            set(i, place_of(leaf, extents_of(Tag<typename To::shape_type>{})));
          }
          ++i;
        });
  }

  /// Writes what is not where it belongs; `result(i)` is where the run has written result i.
  template <class Result>
  CTGRAD_ALWAYS_INLINE void finish(const Result& result) {
    int i = 0;
    for_each_leaf(
        out_, [&](auto& leaf) __attribute__((always_inline)) {
          using To = std::remove_cvref_t<decltype(leaf)>;
          const void* from = result(i++);
          if constexpr (is_number<To>) {
            leaf = *static_cast<const To*>(from);
          } else if (from != leaf.data()) {
            std::memcpy(leaf.data(), from, static_cast<std::size_t>(leaf.size()) * sizeof(typename To::element_type));
          }
        });
  }

private:
  struct Number {
    alignas(8) std::byte bytes[8];
  };

  template <class To, class E>
  CTGRAD_ALWAYS_INLINE void* place_of(To& leaf, const E& extents) {
    using T = typename To::element_type;
    if constexpr (!To::shape_type::value.is_static()) {
      if (leaf.extents() != extents) {
        if constexpr (std::is_same_v<To, Tensor<T, typename To::shape_type>>) {
          resized(leaf, extents);
        } else {
          throw_view_extents(leaf.extents(), extents);
        }
      }
    }
    const ByteRange range = range_of(leaf);
    for (const ByteRange& input : input_)
      if (range.overlaps(input)) return beside(range.bytes);
    return leaf.data();
  }

  /// Gives a tensor other extents. If it is also an argument, the run still reads what it holds now.
  template <class To, class E>
  [[gnu::noinline]] void resized(To& leaf, const E& extents) {
    const ByteRange range = range_of(leaf);
    To fresh(extents);
    bool read = false;
    for (const ByteRange& input : input_) read = read || range.overlaps(input);
    if (read) keep(std::make_shared<To>(std::move(leaf)));
    leaf = std::move(fresh);
  }

  [[gnu::noinline]] void* beside(std::int64_t bytes) {
    auto memory = std::make_shared<Memory>(static_cast<std::size_t>(bytes));
    void* place = memory->data();
    keep(std::move(memory));
    return place;
  }
  void keep(std::shared_ptr<void> memory) {
    if (!kept_) kept_ = std::make_unique<std::vector<std::shared_ptr<void>>>();
    kept_->push_back(std::move(memory));
  }

  Out& out_;
  ByteRange input_[static_cast<std::size_t>(Inputs) + 1];
  Number number_[static_cast<std::size_t>(count)];
  /// Memory that lives until the end of the run; hardly ever there.
  std::unique_ptr<std::vector<std::shared_ptr<void>>> kept_;
};

}  // namespace ctgrad::detail
