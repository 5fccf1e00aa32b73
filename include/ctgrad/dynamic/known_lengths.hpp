// SPDX-License-Identifier: BSL-1.0
/// \file
/// The run-time lengths of a result, from those of its operands.
#pragma once

#include "ctgrad/dynamic/lengths.hpp"

namespace ctgrad::detail {

[[noreturn]] CTGRAD_COLD inline void throw_lengths(std::int64_t one, std::int64_t other, Extent extent) {
  throw_error(Message()
                  .text("ctgrad: the operands have different lengths, ")
                  .number(one)
                  .text(" and ")
                  .number(other)
                  .text(", along axes that are both named ")
                  .value(NamedExtent{extent})
                  .text("; use tensors that agree there"));
}
[[noreturn]] CTGRAD_COLD inline void throw_unknown_length(Extent extent, const ShapeValue& shape) {
  throw_error(Message()
                  .text("ctgrad: the length ")
                  .value(NamedExtent{extent})
                  .text(" of a result of shape ")
                  .value(shape)
                  .text(" stands in no operand; write the result's shape with lengths that do"));
}

/// What the operands of one operation tell about the named dimensions in their shapes.
class KnownLengths {
public:
  /// Learns from an operand's shape and extents. Throws Error when they contradict what is known.
  template <class S>
  void learn(const Lengths<S>& extents) {
    if constexpr (!S::value.is_static())
      for (int axis = 0; axis < S::rank; ++axis)
        if (!is_static(S::value.extent[axis])) learn_one(S::value.extent[axis], extents[axis]);
  }

  /// The extents of a result. Throws Error when a name stands in no operand.
  template <class S>
  Lengths<S> extents() const {
    if constexpr (S::value.is_static()) {
      return {};
    } else {
      Extents<S::rank> lengths{};
      for (int axis = 0; axis < S::rank; ++axis) {
        const Extent extent = S::value.extent[axis];
        lengths[static_cast<std::size_t>(axis)] = is_static(extent) ? extent : length(extent, S::value);
      }
      return Lengths<S>(lengths);
    }
  }

private:
  static constexpr int room = 3 * max_rank;

  void learn_one(Extent extent, std::int64_t length) {
    for (int i = 0; i < count_; ++i) {
      if (symbol_[i] != extent) continue;
      if (length_[i] != length) throw_lengths(length_[i], length, extent);
      return;
    }
    symbol_[count_] = extent;
    length_[count_++] = length;
  }

  std::int64_t length(Extent extent, const ShapeValue& shape) const {
    for (int i = 0; i < count_; ++i)
      if (symbol_[i] == extent) return length_[i];
    // 10 * batch from batch, or batch from 10 * batch.
    Dimensions dimensions;
    dimensions.length.fill(-1);
    for (int i = 0; i < count_; ++i)
      if ((names_of(symbol_[i]) >> 6) == 0) dimensions[symbol_[i]] = length_[i] / coefficient_of(symbol_[i]);
    for (std::uint64_t names = names_of(extent); names != 0; names >>= 6)
      if (dimensions.length[names & 63] < 0) throw_unknown_length(extent, shape);
    return dimensions(extent);
  }

  Extent symbol_[room] = {};
  std::int64_t length_[room] = {};
  int count_ = 0;
};

/// The run-time extents of a result of shape S, from those of the operands.
template <class S, class... From>
Lengths<S> result_lengths(const Lengths<From>&... operands) {
  if constexpr (S::value.is_static() && (From::value.is_static() && ...)) {
    return Lengths<S>();
  } else {
    KnownLengths known;
    (known.learn(operands), ...);
    return known.extents<S>();
  }
}

}  // namespace ctgrad::detail
