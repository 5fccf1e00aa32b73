// SPDX-License-Identifier: BSL-1.0
/// \file
/// Sparse derivatives over a graph: one pass for the columns, or rows, of each colour, and the entries read from what
/// the passes give.
#pragma once

#include "ctgrad/passes/differentiate.hpp"
#include "ctgrad/passes/jacobian.hpp"

namespace ctgrad::detail {

/// What a sparse derivative needs to know of its pattern, in static memory.
struct CompressedPlan {
  int rows = 0;
  int columns = 0;
  int nonzeros = 0;
  bool by_forward = true;
  /// The number of colours, and that of each column (of each row in reverse mode).
  int colours = 0;
  const std::int32_t* colour = nullptr;
  /// For each entry its place among the sums of a colour.
  const std::int32_t* place = nullptr;
};

/// For each colour the elements that have it as 1 and the others as 0: [colours, shape...]. `colour` has those of the
/// elements.
constexpr Value colour_seeds(GraphBuilder& b, DType dtype, int colours, const std::int32_t* colour,
                             const ShapeValue& shape) {
  ShapeValue column;
  column.push_back(colours);
  const Value numbers = record<ops::Arange>(b, DType::int32, column, 0);
  column.push_back(1);
  const int size = static_cast<int>(shape.size());
  const Value own = size == 1 ? record_constant(b, DType::int32, colour[0]) : record_table(b, colour, size);
  const Value hit = reshaped(numbers, column) == own;
  const Value seeds = record<ops::Cast>(b, dtype, hit.shape(), static_cast<std::int64_t>(dtype), hit);
  return reshaped(seeds, lead(colours, shape));
}

/// Arrays [rows, n] of some nodes joined to one, by halves.
constexpr Value side_by_side(GraphBuilder& b, const int* ids, int count) {
  if (count == 1) return {&b, ids[0]};
  const Value first = side_by_side(b, ids, count / 2);
  const Value second = side_by_side(b, ids + count / 2, count - count / 2);
  ShapeValue shape = first.shape();
  shape[1] += second.shape()[1];
  return apply_shaped<ops::Concat>(first, shape, 1, second);
}

/// What the passes give, [colours, shape...] each, as one axis: that of colour c from c * the number of elements on.
constexpr Value joined_sums(GraphBuilder& b, const Vector<int>& sums, int colours) {
  Vector<int> flat;
  for (int i = 0; i < sums.count; ++i) {
    const Value sum{&b, sums.at[i]};
    ShapeValue shape;
    shape.push_back(colours);
    shape.push_back(sum.shape().size() / colours);
    flat.push_back(reshaped(sum, shape).id);
  }
  const Value all = side_by_side(b, flat.at, flat.count);
  ShapeValue line;
  line.push_back(all.shape().size());
  return reshaped(all, line);
}

/// Forward mode along the sums of the columns of each colour.
constexpr Value compressed_forward(GraphBuilder& b, const int* x, int inputs, const int* y, int outputs,
                                   const CompressedPlan& plan) {
  Vector<int> seeds;
  Vector<int> wide;
  const std::int32_t* colour = plan.colour;
  for (int i = 0; i < inputs; ++i) {
    const ShapeValue shape = b.shape(x[i]);
    const DType dtype = b.nodes.at[x[i]].dtype;
    seeds.push_back(placeholder(b, dtype, shape).id);
    wide.push_back(colour_seeds(b, dtype, plan.colours, colour, shape).id);
    colour += shape.size();
  }
  Vector<int> single(outputs);
  Vector<int> tangents(outputs);
  forward(b, x, seeds.at, inputs, y, outputs, single.at);
  vectorize(b, plan.colours, seeds.at, wide.at, inputs, single.at, outputs, tangents.at);
  return joined_sums(b, tangents, plan.colours);
}

/// Reverse mode from the sums of the rows of each colour.
constexpr Value compressed_reverse(GraphBuilder& b, const int* x, int inputs, const int* y, int outputs,
                                   const CompressedPlan& plan) {
  Vector<int> seeds;
  Vector<int> wide;
  const std::int32_t* colour = plan.colour;
  for (int k = 0; k < outputs; ++k) {
    const ShapeValue shape = b.shape(y[k]);
    const DType dtype = b.nodes.at[y[k]].dtype;
    const Value seed = placeholder(b, dtype, shape);
    seeds.push_back(seed.id);
    wide.push_back(colour_seeds(b, dtype, plan.colours, colour, shape).id);
    colour += shape.size();
  }
  Vector<int> single(inputs);
  Vector<int> adjoints(inputs);
  reverse(b, y, seeds.at, outputs, x, inputs, single.at);
  vectorize(b, plan.colours, seeds.at, wide.at, outputs, single.at, inputs, adjoints.at);
  return joined_sums(b, adjoints, plan.colours);
}

/// Appends the nodes of the entries of the derivative of the nodes `y` by the nodes `x`, row by row.
constexpr Value compressed_entries(GraphBuilder& b, const int* x, int inputs, const int* y, int outputs,
                                   const CompressedPlan& plan) {
  ShapeValue shape;
  shape.push_back(plan.nonzeros);
  if (plan.nonzeros == 0) return placeholder(b, b.nodes.at[x[0]].dtype, shape);
  const Value sums = plan.by_forward ? compressed_forward(b, x, inputs, y, outputs, plan)
                                     : compressed_reverse(b, x, inputs, y, outputs, plan);
  return apply_shaped<ops::Take>(sums, shape, 0, record_table(b, plan.place, plan.nonzeros));
}

/// The whole matrix [rows, columns] of its entries, which have their places in it.
constexpr Value dense_of_entries(const Value& entries, const CompressedPlan& plan, const std::int32_t* places) {
  GraphBuilder& b = *entries.builder;
  ShapeValue shape;
  shape.push_back(plan.rows);
  shape.push_back(plan.columns);
  if (plan.nonzeros == 0) return placeholder(b, entries.dtype(), shape);
  ShapeValue line;
  line.push_back(shape.size());
  const Value all = apply_shaped<ops::TakeAdjoint>(entries, line, 0, record_table(b, places, plan.nonzeros));
  return reshaped(all, shape);
}

/// The elements first .. first + count - 1 along one axis.
constexpr Value part_of_axis(const Value& x, int axis, Extent first, Extent count) {
  ShapeValue shape = x.shape();
  if (shape[axis] == count) return x;
  shape[axis] = count;
  return apply_shaped<ops::Slice>(x, shape, ops::Slice::make(axis, first, 1));
}

/// The dense matrix cut into the derivative of each output by each input, with the axes of both.
constexpr JacobianBlocks blocks_of_dense(const Value& dense, const int* x, int inputs, const int* y, int outputs) {
  GraphBuilder& b = *dense.builder;
  JacobianBlocks blocks(outputs, inputs);
  Extent row = 0;
  for (int k = 0; k < outputs; ++k) {
    const ShapeValue own = b.shape(y[k]);
    const Value rows = part_of_axis(dense, 0, row, own.size());
    Extent column = 0;
    for (int i = 0; i < inputs; ++i) {
      const ShapeValue shape = b.shape(x[i]);
      blocks(k, i) = reshaped(part_of_axis(rows, 1, column, shape.size()), joined(own, shape)).id;
      column += shape.size();
    }
    row += own.size();
  }
  return blocks;
}

}  // namespace ctgrad::detail
