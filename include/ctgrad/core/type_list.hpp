// SPDX-License-Identifier: BSL-1.0
/// \file
/// A list of types, indexed in constant depth.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace ctgrad::detail {

template <class T>
struct Tag {
  using type = T;
};

template <std::size_t I, class T>
struct IndexedTag {};

template <class Indices, class... Ts>
struct IndexedTags;
template <std::size_t... I, class... Ts>
struct IndexedTags<std::index_sequence<I...>, Ts...> : IndexedTag<I, Ts>... {};

template <std::size_t I, class T>
Tag<T> tag_at(const IndexedTag<I, T>&);

template <class... Ts>
struct TypeList {
  static constexpr int size = sizeof...(Ts);
  using Tags = IndexedTags<std::index_sequence_for<Ts...>, Ts...>;

  /// The type at position I.
  template <int I>
  using at = typename decltype(tag_at<static_cast<std::size_t>(I)>(std::declval<Tags>()))::type;

  /// The position of T, or -1.
  template <class T>
  static constexpr int index_of = [] {
    constexpr bool same[] = {std::is_same_v<T, Ts>..., false};
    for (int i = 0; i < size; ++i)
      if (same[i]) return i;
    return -1;
  }();
};

}  // namespace ctgrad::detail
