// SPDX-License-Identifier: BSL-1.0
/// \file
/// Extents and strides whose known part is in the type and whose run-time part, if any, is in the
/// object.
#pragma once

#include "ctgrad/passes/legalize.hpp"
#include "ctgrad/tensor/tensor.hpp"

namespace ctgrad {

/// Distances in elements between neighbours along each axis, as a type; 0 repeats an element. Like
/// extents they can contain named run-time dimensions.
template <Extent... Distances>
struct Strides {
  static constexpr int rank = sizeof...(Distances);
  static constexpr ShapeValue value = [] {
    ShapeValue strides;
    (strides.push_back(Distances), ...);
    return strides;
  }();
};

namespace detail {

template <class Holder, class Indices>
struct StridesFrom;
template <class Holder, std::size_t... I>
struct StridesFrom<Holder, std::index_sequence<I...>> {
  using type = Strides<Holder::value.stride[I]...>;
};

template <class S>
struct RowMajorAccess {
  static constexpr Access value = contiguous_access(-1, S::value);
};

/// The strides of an array of shape S without gaps.
template <class S>
using RowMajor =
    typename StridesFrom<RowMajorAccess<S>, std::make_index_sequence<static_cast<std::size_t>(S::rank)>>::type;

/// The access to an array of shape S with strides D.
template <class D>
constexpr Access access_of() {
  Access access;
  for (int axis = 0; axis < D::rank; ++axis) access.stride[axis] = D::value.extent[axis];
  return access;
}

/// The strides of `Holder::value`, an access to an array of shape S; those of an array without gaps
/// have one spelling.
template <class S, class Holder>
struct NormalStrides {
  static constexpr auto choose() {
    if constexpr (is_contiguous(Holder::value, S::value)) {
      return Tag<RowMajor<S>>{};
    } else {
      return Tag<typename StridesFrom<Holder, std::make_index_sequence<static_cast<std::size_t>(S::rank)>>::type>{};
    }
  }
  using type = typename decltype(choose())::type;
};

/// The numbers that L stands for (a Shape or Strides). Takes no memory when all are known at
/// compile time.
template <class L, bool Known = L::value.is_static()>
class Lengths {
public:
  constexpr Lengths() = default;
  constexpr explicit Lengths(const Extents<L::rank>&) {}
  constexpr std::int64_t operator[](int axis) const { return L::value.extent[axis]; }
  constexpr Extents<L::rank> array() const {
    Extents<L::rank> numbers{};
    for (int axis = 0; axis < L::rank; ++axis) numbers[static_cast<std::size_t>(axis)] = L::value.extent[axis];
    return numbers;
  }
};
template <class L>
class Lengths<L, false> {
public:
  constexpr Lengths() = default;
  constexpr explicit Lengths(const Extents<L::rank>& numbers) : numbers_(numbers) {}
  constexpr std::int64_t operator[](int axis) const { return numbers_[static_cast<std::size_t>(axis)]; }
  constexpr const Extents<L::rank>& array() const { return numbers_; }

private:
  Extents<L::rank> numbers_{};
};

template <class S>
constexpr std::int64_t size_of(const Lengths<S>& extents) {
  std::int64_t size = 1;
  for (int axis = 0; axis < S::rank; ++axis) size *= extents[axis];
  return size;
}

/// The strides of an array without gaps.
template <class S>
constexpr Lengths<RowMajor<S>> row_major(const Lengths<S>& extents) {
  if constexpr (RowMajor<S>::value.is_static()) {
    return {};
  } else {
    Extents<S::rank> strides{};
    std::int64_t stride = 1;
    for (int axis = S::rank - 1; axis >= 0; --axis) {
      strides[static_cast<std::size_t>(axis)] = stride;
      stride *= extents[axis];
    }
    return Lengths<RowMajor<S>>(strides);
  }
}

/// The axis of an array of shape From that follows axis `axis` when it is stretched to To; -1 when
/// it is repeated.
template <class From, class To>
constexpr int stretched_axis(int axis) {
  const int own = axis - (To::rank - From::rank);
  return own < 0 || (From::value.extent[own] == 1 && To::value.extent[axis] != 1) ? -1 : own;
}

[[noreturn]] CTGRAD_COLD inline void throw_stretch(std::span<const std::int64_t> from, const ShapeValue& from_shape,
                                                   std::span<const std::int64_t> to, const ShapeValue& to_shape,
                                                   Extent length) {
  throw_error(Message()
                  .text("ctgrad: the extents ")
                  .extents(from)
                  .text(" and ")
                  .extents(to)
                  .text(" of the shapes ")
                  .value(from_shape)
                  .text(" and ")
                  .value(to_shape)
                  .text(" differ where the shapes name one length; use tensors of the same ")
                  .value(NamedExtent{length}));
}

/// Throws Error when the lengths of an array of shape From do not agree with those of the shape To
/// it is stretched to.
template <class From, class To>
void check_stretch(const Lengths<From>& from, const Lengths<To>& to) {
  if constexpr (!From::value.is_static() || !To::value.is_static()) {
    for (int axis = 0; axis < To::rank; ++axis) {
      const int own = stretched_axis<From, To>(axis);
      if (own >= 0 && from[own] != to[axis])
        throw_stretch(from.array(), From::value, to.array(), To::value, To::value.extent[axis]);
    }
  }
}

}  // namespace detail

}  // namespace ctgrad
