// SPDX-License-Identifier: BSL-1.0
/// \file
/// Computes expressions: into a tensor when one is assigned, into memory of their own where one is
/// needed as an array.
#pragma once

#include <cstring>

#include "ctgrad/dynamic/fused_loop.hpp"

namespace ctgrad {

namespace detail {

/// True when writing the elements of `to` in order would change elements of `leaf` that are read
/// later: they share memory and are not the same element at the same place.
template <class L, class T, class S>
bool is_disturbed(const L& leaf, const T* to, const Lengths<S>& extents) {
  if constexpr (!L::is_array) {
    return false;
  } else if constexpr (std::remove_cvref_t<decltype(leaf.storage())>::owns) {
    return false;
  } else {
    using From = typename L::shape_type;
    std::int64_t last = 0;
    for (int axis = 0; axis < From::rank; ++axis) {
      if (leaf.extent(axis) == 0) return false;
      last += (leaf.extent(axis) - 1) * leaf.distances()[axis];
    }
    const auto from_begin = reinterpret_cast<std::uintptr_t>(leaf.data());
    const auto from_end = reinterpret_cast<std::uintptr_t>(leaf.data() + last + 1);
    const auto to_begin = reinterpret_cast<std::uintptr_t>(to);
    const auto to_end = reinterpret_cast<std::uintptr_t>(to + size_of(extents));
    if (from_end <= to_begin || to_end <= from_begin) return false;
    if (!std::is_same_v<T, typename L::element_type> || from_begin != to_begin) return true;
    const Lengths<RowMajor<S>> strides = row_major(extents);
    for (int axis = 0; axis < S::rank; ++axis) {
      const int own = stretched_axis<From, S>(axis);
      if (extents[axis] != 1 && (own < 0 ? 0 : leaf.distances()[own]) != strides[axis]) return true;
    }
    return false;
  }
}

template <class From, class To>
inline constexpr bool expression_stretches_to_tensor = From::rank <= To::rank&& can_broadcast(From::value, To::value) &&
                                                       broadcast(From::value, To::value) == To::value;

// Written below: the elements of an array as they are, those of an expression computed now.
template <class X>
auto materialize(const X& x);

/// Computes an expression in one loop into `to`, through other memory when the expression reads
/// what it overwrites.
template <class E, class T, class S>
void assign_loop(const E& expression, TensorView<T, S> to) {
  using Loop = FusedLoop<E, S, RowMajor<S>, void>;
  const Lengths<S> extents(to.extents());
  const auto bytes = static_cast<std::size_t>(to.size()) * sizeof(T);
  bool disturbed = false;
  Loop::visit(expression, [&](const auto& leaf) { disturbed = disturbed || is_disturbed(leaf, to.data(), extents); });
  const BlockReference block = disturbed ? BlockReference(bytes) : BlockReference();
  T* target = disturbed ? static_cast<T*>(block.data()) : to.data();
  Loop::run(expression, extents, target, row_major(extents));
  if (disturbed) std::memcpy(to.data(), target, bytes);
}

/// Computes the elements of an expression or array into `to`.
template <class E, class T, class S>
void evaluate_into(const E& expression, TensorView<T, S> to) {
  using From = typename E::shape_type;
  static_assert(std::is_same_v<T, typename E::element_type>,
                "ctgrad: the expression has another element type than the tensor it is assigned "
                "to; convert it with "
                "cast<T>(x)");
  static_assert(expression_stretches_to_tensor<From, S>,
                "ctgrad: the shape of the expression does not stretch to that of the tensor it is "
                "assigned to; "
                "reshape one of them");
  check_stretch(expression.lengths(), Lengths<S>(to.extents()));
  if (to.size() == 0) return;
  if constexpr (is_expression<E>) {
    if constexpr (From::value.size() == S::value.size()) {
      assign_loop(expression, to);
    } else {
      // Every element is needed again and again.
      evaluate_into(materialize(expression), to);
    }
  } else if constexpr (E::is_row_major && std::is_same_v<From, S>) {
    std::memmove(to.data(), expression.data(), static_cast<std::size_t>(to.size()) * sizeof(T));
  } else {
    assign_loop(make_expression<ops::Copy, T>(expression.lengths(), expression), to);
  }
}

/// The elements of an array as they are, those of an expression computed now.
template <class X>
auto materialize(const X& x) {
  if constexpr (is_expression<X>) {
    using S = typename X::shape_type;
    auto result = make_owned<typename X::element_type, S>(x.lengths());
    evaluate_into(x, TensorView<typename X::element_type, S>(result.storage().data(), x.extents()));
    return result;
  } else if constexpr (is_array<X>) {
    return x;
  } else {
    using S = typename X::shape_type;
    using T = typename X::element_type;
    const Lengths<S> extents = lengths_of(x);
    return BorrowedArray<T, S>(Borrowed<T>(x.data()), extents, row_major(extents));
  }
}

/// The same elements without gaps.
template <class X>
auto compact(const X& array) {
  if constexpr (X::is_row_major) {
    return array;
  } else {
    return materialize(make_expression<ops::Copy, typename X::element_type>(array.lengths(), array));
  }
}

}  // namespace detail

}  // namespace ctgrad
