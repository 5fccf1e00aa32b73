// SPDX-License-Identifier: BSL-1.0
/// \file
/// Memory of other libraries as arrays: `as_view` of a pointer, a std::span, a std::mdspan or what is like one.
///
/// Nothing is copied. A view goes where a tensor goes: into expressions, programs, derivatives, and as what into()
/// writes to.
#pragma once

#include <concepts>
#include <span>

#include "ctgrad/tensor/tensor.hpp"

namespace ctgrad {

/// A view of several axes as std::mdspan (C++23) has them: Kokkos' mdspan and others with the same members, too.
template <class M>
concept MdspanLike = requires(const M& m) {
  typename M::element_type;
  { M::rank() } -> std::convertible_to<std::size_t>;
  { M::static_extent(std::size_t{}) } -> std::convertible_to<std::size_t>;
  { m.extent(std::size_t{}) } -> std::convertible_to<std::int64_t>;
  { m.stride(std::size_t{}) } -> std::convertible_to<std::int64_t>;
  { m.data_handle() } -> std::convertible_to<typename M::element_type*>;
};

namespace detail {

/// The number of axes of a shape whose length is known at run time only.
template <class S>
inline constexpr int dynamic_axes = [] {
  int count = 0;
  for (int axis = 0; axis < S::rank; ++axis) count += is_static(S::value[axis]) ? 0 : 1;
  return count;
}();

[[noreturn]] CTGRAD_COLD inline void throw_span_length(const ShapeValue& shape, std::size_t length) {
  throw_error(Message()
                  .text("ctgrad: a span of ")
                  .number(length)
                  .text(" elements does not hold an array of shape ")
                  .value(shape)
                  .text("; give as_view a shape of as many elements"));
}
[[noreturn]] CTGRAD_COLD inline void throw_not_row_major(std::span<const std::int64_t> extents,
                                                         std::span<const std::int64_t> strides) {
  throw_error(Message()
                  .text("ctgrad: as_view needs elements one after the other, the last axis first ")
                  .text("(std::layout_right): an array ")
                  .extents(extents)
                  .text(" with strides ")
                  .extents(strides)
                  .text(" is none; copy it to a Tensor"));
}

/// The extents of an array of shape S with `length` elements, at most one of them unknown.
template <class S>
Extents<S::rank> extents_of_length(std::size_t length) {
  std::int64_t known = 1;
  for (int axis = 0; axis < S::rank; ++axis)
    if (is_static(S::value[axis])) known *= S::value[axis];
  const auto count = static_cast<std::int64_t>(length);
  Extents<S::rank> extents{};
  for (int axis = 0; axis < S::rank; ++axis)
    extents[static_cast<std::size_t>(axis)] = is_static(S::value[axis]) ? S::value[axis]
                                              : known == 0              ? 0
                                                                        : count / known;
  if (product(extents) != count) throw_span_length(S::value, length);
  return extents;
}

/// The shape of an mdspan whose extents are all in its type.
template <class M, class Axes>
struct MdspanShape;
template <class M, std::size_t... Axis>
struct MdspanShape<M, std::index_sequence<Axis...>> {
  static constexpr bool is_known = ((M::static_extent(Axis) != std::dynamic_extent) && ...);
  using type = Shape<static_cast<std::int64_t>(M::static_extent(Axis))...>;
};
template <class M>
using mdspan_shape = MdspanShape<M, std::make_index_sequence<M::rank()>>;

}  // namespace detail

/// A view of `data` as an array of shape S, which must hold as many elements: `as_view<Shape<3, 4>>(pointer)`.
template <class S, class T>
requires Element<std::remove_const_t<T>>
constexpr TensorView<T, S> as_view(T* data) {
  static_assert(S::value.is_static(),
                "ctgrad: a view of a pointer needs the lengths of the axes that the shape names: as_view<Shape<batch, "
                "3>>(pointer, {n, 3})");
  return TensorView<T, S>(data);
}
/// The same with the extents of all axes, for shapes with run-time axes. Throws Error where they are not the shape's.
template <class S, class T>
requires Element<std::remove_const_t<T>> TensorView<T, S> as_view(T* data, const Extents<S::rank>& extents) {
  detail::check_extents<S>(extents);
  return TensorView<T, S>(data, extents);
}

/// A view of a span as an array of shape S; one axis may be named at run time. Throws Error where the span holds more
/// or fewer elements.
template <class S, class T, std::size_t N>
requires Element<std::remove_const_t<T>> TensorView<T, S> as_view(std::span<T, N> elements) {
  static_assert(detail::dynamic_axes<S> <= 1,
                "ctgrad: a span has one length: as_view needs all axes but one known at compile time, or a pointer and "
                "the extents of all");
  return TensorView<T, S>(elements.data(), detail::extents_of_length<S>(elements.size()));
}
/// A view of a span whose length is in its type.
template <class T, std::size_t N>
requires(Element<std::remove_const_t<T>>&& N != std::dynamic_extent) TensorView < T, Shape <
                                                                                         static_cast<std::int64_t>(N)
>> as_view(std::span<T, N> elements) { return TensorView<T, Shape<static_cast<std::int64_t>(N)>>(elements.data()); }

/// A view of an mdspan as an array of shape S. Throws Error where its extents are not the shape's, or its elements do
/// not lie one after the other in row-major order.
template <class S, MdspanLike M>
TensorView<typename M::element_type, S> as_view(const M& m) {
  static_assert(M::rank() == static_cast<std::size_t>(S::rank),
                "ctgrad: the mdspan and the shape have other numbers of axes");
  Extents<S::rank> extents{};
  Extents<S::rank> strides{};
  std::int64_t stride = 1;
  bool row_major = true;
  for (std::size_t axis = M::rank(); axis-- > 0;) {
    extents[axis] = static_cast<std::int64_t>(m.extent(axis));
    strides[axis] = static_cast<std::int64_t>(m.stride(axis));
    // An axis of one element makes no steps.
    row_major = row_major && (extents[axis] == 1 || strides[axis] == stride);
    stride *= extents[axis];
  }
  if (!row_major && stride > 0) detail::throw_not_row_major(extents, strides);
  detail::check_extents<S>(extents);
  return TensorView<typename M::element_type, S>(m.data_handle(), extents);
}
/// A view of an mdspan whose extents are all in its type.
template <MdspanLike M>
auto as_view(const M& m) {
  constexpr bool is_known = detail::mdspan_shape<M>::is_known;
  static_assert(is_known,
                "ctgrad: some extents of the mdspan are known at run time only: name them in a shape, "
                "as_view<Shape<batch, 3>>(m)");
  if constexpr (is_known) return as_view<typename detail::mdspan_shape<M>::type>(m);
}

}  // namespace ctgrad
