// SPDX-License-Identifier: BSL-1.0
/// \file
/// Shapes as types and as values, and the NumPy rule of broadcasting.
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include "ctgrad/tensor/extent.hpp"

namespace ctgrad {

/// The largest number of axes a tensor can have.
inline constexpr int max_rank = 6;

/// A shape as a value: what the passes over a graph work with.
struct ShapeValue {
  int rank = 0;
  Extent extent[max_rank] = {};

  constexpr ShapeValue() = default;

  constexpr void push_back(Extent length) { extent[rank++] = length; }
  constexpr Extent& operator[](int axis) { return extent[axis]; }
  constexpr Extent operator[](int axis) const { return extent[axis]; }

  /// Number of elements.
  constexpr Extent size() const {
    Extent product = 1;
    for (int axis = 0; axis < rank; ++axis) product = multiply(product, extent[axis]);
    return product;
  }
  constexpr bool is_static() const {
    for (int axis = 0; axis < rank; ++axis)
      if (extent[axis] < 0) return false;
    return true;
  }
  friend constexpr bool operator==(const ShapeValue& a, const ShapeValue& b) {
    if (a.rank != b.rank) return false;
    for (int axis = 0; axis < a.rank; ++axis)
      if (a.extent[axis] != b.extent[axis]) return false;
    return true;
  }
};

/// A shape as a type: `Shape<64, 1000>`, `Shape<batch, 784>`, and `Shape<>` for a scalar.
template <Extent... Extents>
struct Shape {
  static_assert(sizeof...(Extents) <= max_rank, "ctgrad: a tensor has at most six axes");
  static constexpr int rank = sizeof...(Extents);
  static constexpr ShapeValue value = [] {
    ShapeValue shape;
    (shape.push_back(Extents), ...);
    return shape;
  }();
};

/// A shape as an argument: `reshape(x, shape<2, 3>)`.
template <Extent... Extents>
inline constexpr Shape<Extents...> shape{};

namespace detail {

template <class T>
inline constexpr bool is_shape = false;
template <Extent... Extents>
inline constexpr bool is_shape<Shape<Extents...>> = true;

template <class Holder, class Indices>
struct ShapeFrom;
template <class Holder, std::size_t... I>
struct ShapeFrom<Holder, std::index_sequence<I...>> {
  using type = Shape<Holder::value.extent[I]...>;
};

/// The type of the shape `Holder::value`.
template <class Holder>
using shape_from =
    typename ShapeFrom<Holder, std::make_index_sequence<static_cast<std::size_t>(Holder::value.rank)>>::type;

/// True when the two shapes stretch to a common one (NumPy's rule: aligned at the last axis, equal
/// or one of them 1).
constexpr bool can_broadcast(const ShapeValue& a, const ShapeValue& b) {
  for (int i = 1; i <= a.rank && i <= b.rank; ++i) {
    const Extent x = a[a.rank - i];
    const Extent y = b[b.rank - i];
    if (x != y && x != 1 && y != 1) return false;
  }
  return true;
}

/// The common shape of two shapes that can broadcast.
constexpr ShapeValue broadcast(const ShapeValue& a, const ShapeValue& b) {
  ShapeValue result = a.rank >= b.rank ? a : b;
  const ShapeValue& shorter = a.rank >= b.rank ? b : a;
  for (int i = 1; i <= shorter.rank; ++i)
    if (result[result.rank - i] == 1) result[result.rank - i] = shorter[shorter.rank - i];
  return result;
}

/// Bit i is set when axis i of `large` is stretched from a missing or unit axis of `small`.
constexpr unsigned broadcast_axes(const ShapeValue& small, const ShapeValue& large) {
  unsigned mask = 0;
  for (int axis = 0; axis < large.rank; ++axis) {
    const int own = axis - (large.rank - small.rank);
    if (own < 0 || (small[own] == 1 && large[axis] != 1)) mask |= 1U << axis;
  }
  return mask;
}

/// The shape without the axes of `mask`, or with them as 1.
constexpr ShapeValue reduce_shape(const ShapeValue& shape, unsigned mask, bool keep) {
  ShapeValue result;
  for (int axis = 0; axis < shape.rank; ++axis) {
    if ((mask >> axis & 1U) == 0) {
      result.push_back(shape[axis]);
    } else if (keep) {
      result.push_back(1);
    }
  }
  return result;
}

}  // namespace detail

CTGRAD_COLD inline void write_to(detail::Message& message, const ShapeValue& shape) {
  message.text("[");
  for (int axis = 0; axis < shape.rank; ++axis)
    message.text(axis == 0 ? "" : ", ").value(detail::NamedExtent{shape[axis]});
  message.text("]");
}

/// "[64, batch, 10]".
CTGRAD_COLD inline std::string text_of(const ShapeValue& shape) { return detail::Message().value(shape).c_str(); }

/// The axes an operation works on: `sum(x, axis<0, -1>)`. Negative numbers count from the end.
template <int... Axes>
struct Axis {};
template <int... Axes>
inline constexpr Axis<Axes...> axis{};

/// Asks a reduction to leave the reduced axes in place with extent 1.
struct KeepDims {};
inline constexpr KeepDims keepdims{};

namespace detail {

/// The non-negative form of an axis number, or -1 when there is no such axis.
constexpr int normal_axis(int number, int rank) {
  const int positive = number < 0 ? number + rank : number;
  return positive >= 0 && positive < rank ? positive : -1;
}

template <int Rank, int... Axes>
inline constexpr bool axes_exist = ((normal_axis(Axes, Rank) >= 0) && ...);

template <int Rank, int... Axes>
inline constexpr unsigned axes_mask = sizeof...(Axes) == 0 ? (1U << Rank) - 1U
                                                           : (0U | ... | (1U << (normal_axis(Axes, Rank) & 31)));

}  // namespace detail

}  // namespace ctgrad
