// SPDX-License-Identifier: BSL-1.0
/// \file
/// Batch normalisation as a step of its own, for libraries that have it in one call. Traced functions never have these
/// operations; passes/batch_norm_steps.hpp puts them where a device asks for them.
#pragma once

#include <bit>

#include "ctgrad/ops/reshape.hpp"
#include "ctgrad/ops/slice.hpp"

namespace ctgrad::ops {

/// Another array that the step of the operand writes beside its result: an operation with a step of its own may have
/// one. It is known by what it belongs to.
struct SideResult : Structured {
  static constexpr std::string_view name = "side_result";
  static constexpr bool reverse_only = true;
};

/// What a batch normalisation keeps beside its result, row by row: numbers for each channel.
struct BatchNormStatistics {
  /// The mean of the minibatch; its variance with the divisor n - 1; 1 / sqrt(variance + epsilon) with the divisor n;
  /// the weight, which the reverse pass needs; a row that a library may write to.
  enum Row { mean, variance, scale, weight, spare, rows };
};

/// Row `row` of an array [rows, C].
template <class V>
constexpr V row_of(V array, int row) {
  ShapeValue shape = array.shape();
  shape[0] = 1;
  const V part = apply_shaped<Slice>(array, shape, Slice::make(0, row, 1));
  ShapeValue channels;
  channels.push_back(shape[1]);
  return apply_shaped<Reshape>(part, channels);
}

/// The side result of `x`, with so many rows of numbers for each channel.
template <class V>
constexpr V rows_beside(V x, int rows) {
  ShapeValue shape;
  shape.push_back(rows);
  shape.push_back(x.shape()[1]);
  return apply_shaped<SideResult>(x, shape);
}

/// Base of both: the attribute holds the bits of epsilon.
struct BatchNormAttribute {
  static constexpr std::int64_t make(double epsilon) { return std::bit_cast<std::int64_t>(epsilon); }
  static constexpr double epsilon(std::int64_t attribute) { return std::bit_cast<double>(attribute); }
  /// Reverse mode has rules for these operations, once; the pass that makes them comes when all else is differentiated.
  static constexpr bool reverse_only = true;
};

/// Operands: x, the adjoint t of the normalised x, the statistics of the normalisation. The adjoint of x; the side
/// result has those of weight and bias.
struct BatchNormGradient : Structured, BatchNormAttribute {
  static constexpr std::string_view name = "batch_norm_gradient";
};

/// Operands: x, weight, bias. Each channel (second axis) normalised with its own mean and variance, scaled and moved,
/// as batch_norm does it with batch_statistics; the side result has the rows of BatchNormStatistics.
struct BatchNorm : Structured, BatchNormAttribute {
  static constexpr std::string_view name = "batch_norm";
  static constexpr unsigned linear = 0b111;

  /// Ioffe and Szegedy 2015, section 3: through mean and variance too.
  template <class V>
  static constexpr V adjoint(int i, V t, const V (&operand)[3], V y) {
    const V statistics = rows_beside(y, BatchNormStatistics::rows);
    const V by_x = apply_shaped<BatchNormGradient>(operand[0], operand[0].shape(), y.node().attribute, t, statistics);
    return i == 0 ? by_x : row_of(rows_beside(by_x, 2), i - 1);
  }
};

}  // namespace ctgrad::ops
