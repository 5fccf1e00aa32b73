// SPDX-License-Identifier: BSL-1.0
/// \file
/// Whole Jacobians over a graph: a pass of forward mode for each input, or of reverse mode for each output.
///
/// The passes over an array's elements are one pass, vectorized over the unit vectors. The passes over different arrays
/// and numbers stay apart, for each leaves out what its argument does not reach, unless there are many of them.
#pragma once

#include "ctgrad/passes/differentiate.hpp"

namespace ctgrad {

namespace detail {

/// Derivatives of `outputs` nodes by `inputs` nodes: block(k, i) is that of output k by input i.
class JacobianBlocks {
public:
  constexpr JacobianBlocks(int outputs, int inputs) : inputs_(inputs), ids_(outputs * inputs, -1) {}
  constexpr int& operator()(int output, int input) { return ids_.at[output * inputs_ + input]; }
  constexpr const int* ids() const { return ids_.at; }

private:
  int inputs_;
  Vector<int> ids_;
};

/// The nodes that separate passes append at most; beyond it they are joined.
inline constexpr int most_separate_nodes = 1000;

constexpr Value ones(GraphBuilder& builder, DType dtype, const ShapeValue& shape) {
  return broadcast_value(record_constant(builder, dtype, 1), shape);
}

constexpr Value reshaped(const Value& x, const ShapeValue& shape) {
  return x.shape() == shape ? x : apply_shaped<ops::Reshape>(x, shape);
}

/// The rows first .. first + size - 1 of a square of `total` unit vectors, as [total, shape...].
constexpr Value unit_vectors(GraphBuilder& builder, DType dtype, Extent total, Extent first, const ShapeValue& shape) {
  auto count = [&](Extent length, bool column) {
    ShapeValue own;
    own.push_back(length);
    const Value v = record<ops::Arange>(builder, DType::int32, own, 0);
    if (!column) return v;
    own.push_back(1);
    return reshaped(v, own);
  };
  const Value column = count(total, true);
  Value row = count(shape.size(), false);
  if (first != 0) row = row + static_cast<double>(first);
  const Value hit = column == row;
  const Value units = record<ops::Cast>(builder, dtype, hit.shape(), static_cast<std::int64_t>(dtype), hit);
  return reshaped(units, lead(total, shape));
}

constexpr ShapeValue joined(const ShapeValue& first, const ShapeValue& second) {
  ShapeValue result = first;
  for (int axis = 0; axis < second.rank; ++axis) result.push_back(second[axis]);
  return result;
}

/// [points, shape...] with the axis of the points moved to the end and split into the axes of `second`.
constexpr Value points_last(const Value& x, const ShapeValue& shape, const ShapeValue& second) {
  Value moved = x;
  if (shape.rank > 0) {
    std::int64_t attribute = 0;
    for (int axis = 1; axis <= shape.rank; ++axis) attribute |= static_cast<std::int64_t>(axis) << (4 * (axis - 1));
    moved = apply_shaped<ops::Permute>(x, ops::Permute::shape(x.shape(), attribute), attribute);
  }
  return reshaped(moved, joined(shape, second));
}

/// [.., S_second] from [S_first.., ..]: the transpose of a block of a symmetric matrix.
constexpr Value transposed_block(const Value& x, int first_rank) {
  const int rank = x.shape().rank;
  if (first_rank == 0 || first_rank == rank) return x;
  std::int64_t attribute = 0;
  for (int axis = 0; axis < rank; ++axis)
    attribute |= static_cast<std::int64_t>((axis + first_rank) % rank) << (4 * axis);
  return apply_shaped<ops::Permute>(x, ops::Permute::shape(x.shape(), attribute), attribute);
}

/// The elements first, first + 1, ... of axis 0, as many as `count`.
constexpr Value slice_rows(const Value& x, Extent first, Extent count) {
  ShapeValue shape = x.shape();
  if (shape[0] == count) return x;
  shape[0] = count;
  return apply_shaped<ops::Slice>(x, shape, ops::Slice::make(0, first, 1));
}

constexpr Extent total_size(const GraphBuilder& builder, const int* ids, int count) {
  Extent total = 0;
  for (int i = 0; i < count; ++i) total += builder.shape(ids[i]).size();
  return total;
}

/// True when `passes` passes over the nodes from `first` to `last` are few enough to stand one beside the other.
constexpr bool stay_separate(int passes, int first, int last) {
  return passes == 1 || passes * (last - first) <= most_separate_nodes;
}

/// Forward mode, one pass for each input. With `symmetric` the blocks above the diagonal are transposes of those below.
constexpr void forward_blocks(GraphBuilder& b, const int* x, int inputs, const int* y, int outputs, bool symmetric,
                              JacobianBlocks& blocks) {
  for (int i = 0; i < inputs; ++i) {
    const ShapeValue shape = b.shape(x[i]);
    const DType dtype = b.nodes.at[x[i]].dtype;
    const int first = symmetric ? i : 0;
    const Extent size = shape.size();
    Vector<int> tangent(outputs);
    const Value seed = size == 1 ? ones(b, dtype, shape) : placeholder(b, dtype, shape);
    forward(b, x + i, &seed.id, 1, y + first, outputs - first, tangent.at + first);
    if (size != 1) {
      const Vector<int> single = tangent;
      const Value units = unit_vectors(b, dtype, size, 0, shape);
      vectorize(b, size, &seed.id, &units.id, 1, single.at + first, outputs - first, tangent.at + first);
    }
    for (int k = first; k < outputs; ++k) {
      const Value t{&b, tangent.at[k]};
      const ShapeValue own = b.shape(y[k]);
      const Value block = size == 1 ? reshaped(t, joined(own, shape)) : points_last(t, own, shape);
      blocks(k, i) = block.id;
      if (symmetric && k != i) blocks(i, k) = transposed_block(block, own.rank).id;
    }
  }
}

/// Forward mode, one pass along the unit vectors of all inputs together.
constexpr void joined_forward_blocks(GraphBuilder& b, const int* x, int inputs, const int* y, int outputs,
                                     JacobianBlocks& blocks) {
  const Extent total = total_size(b, x, inputs);
  Vector<int> seeds;
  Vector<int> units;
  Extent first = 0;
  for (int i = 0; i < inputs; ++i) {
    const ShapeValue shape = b.shape(x[i]);
    const DType dtype = b.nodes.at[x[i]].dtype;
    seeds.push_back(placeholder(b, dtype, shape).id);
    units.push_back(unit_vectors(b, dtype, total, first, shape).id);
    first += shape.size();
  }
  Vector<int> single(outputs);
  Vector<int> tangent(outputs);
  forward(b, x, seeds.at, inputs, y, outputs, single.at);
  vectorize(b, total, seeds.at, units.at, inputs, single.at, outputs, tangent.at);
  for (int k = 0; k < outputs; ++k) {
    first = 0;
    for (int i = 0; i < inputs; ++i) {
      const ShapeValue shape = b.shape(x[i]);
      const Value rows = slice_rows(Value{&b, tangent.at[k]}, first, shape.size());
      blocks(k, i) = points_last(rows, b.shape(y[k]), shape).id;
      first += shape.size();
    }
  }
}

/// Reverse mode, one pass for each output.
constexpr void reverse_blocks(GraphBuilder& b, const int* x, int inputs, const int* y, int outputs,
                              JacobianBlocks& blocks) {
  for (int k = 0; k < outputs; ++k) {
    const ShapeValue shape = b.shape(y[k]);
    const DType dtype = b.nodes.at[y[k]].dtype;
    const Extent size = shape.size();
    const Value seed = size == 1 ? ones(b, dtype, shape) : placeholder(b, dtype, shape);
    Vector<int> adjoints(inputs);
    reverse(b, y[k], seed.id, x, inputs, adjoints.at);
    if (size != 1) {
      const Vector<int> single = adjoints;
      const Value units = unit_vectors(b, dtype, size, 0, shape);
      vectorize(b, size, &seed.id, &units.id, 1, single.at, inputs, adjoints.at);
    }
    for (int i = 0; i < inputs; ++i)
      blocks(k, i) = reshaped(Value{&b, adjoints.at[i]}, joined(shape, b.shape(x[i]))).id;
  }
}

/// Reverse mode, one pass with the unit vectors of all outputs together.
constexpr void joined_reverse_blocks(GraphBuilder& b, const int* x, int inputs, const int* y, int outputs,
                                     JacobianBlocks& blocks) {
  const Extent total = total_size(b, y, outputs);
  Vector<int> seeds;
  Vector<int> units;
  Extent first = 0;
  for (int k = 0; k < outputs; ++k) {
    const ShapeValue shape = b.shape(y[k]);
    const DType dtype = b.nodes.at[y[k]].dtype;
    const Value seed = placeholder(b, dtype, shape);
    seeds.push_back(seed.id);
    units.push_back(unit_vectors(b, dtype, total, first, shape).id);
    first += shape.size();
  }
  Vector<int> single(inputs);
  Vector<int> adjoints(inputs);
  reverse(b, y, seeds.at, outputs, x, inputs, single.at);
  vectorize(b, total, seeds.at, units.at, outputs, single.at, inputs, adjoints.at);
  first = 0;
  for (int k = 0; k < outputs; ++k) {
    const ShapeValue shape = b.shape(y[k]);
    for (int i = 0; i < inputs; ++i) {
      const Value rows = slice_rows(Value{&b, adjoints.at[i]}, first, shape.size());
      blocks(k, i) = reshaped(rows, joined(shape, b.shape(x[i]))).id;
    }
    first += shape.size();
  }
}

constexpr int smallest(const int* ids, int count) {
  int result = ids[0];
  for (int i = 1; i < count; ++i)
    if (ids[i] < result) result = ids[i];
  return result;
}
constexpr int largest(const int* ids, int count) {
  int result = ids[0];
  for (int i = 1; i < count; ++i)
    if (ids[i] > result) result = ids[i];
  return result;
}

}  // namespace detail

/// Appends the nodes of the Jacobian of the nodes `y` by the nodes `x`, whose shapes are static. Block (k, i) has the
/// axes of output k and then those of input i. `symmetric` says that `y` is the gradient by `x`, so that the Jacobian
/// is symmetric.
constexpr detail::JacobianBlocks jacobian_blocks(GraphBuilder& builder, const int* x, int inputs, const int* y,
                                                 int outputs, bool by_forward, bool symmetric = false) {
  using namespace detail;
  JacobianBlocks blocks(outputs, inputs);
  const int first = smallest(x, inputs);
  const int last = largest(y, outputs);
  if (by_forward && stay_separate(inputs, first, last)) {
    forward_blocks(builder, x, inputs, y, outputs, symmetric, blocks);
  } else if (by_forward) {
    joined_forward_blocks(builder, x, inputs, y, outputs, blocks);
  } else if (stay_separate(outputs, first, last)) {
    reverse_blocks(builder, x, inputs, y, outputs, blocks);
  } else {
    joined_reverse_blocks(builder, x, inputs, y, outputs, blocks);
  }
  return blocks;
}

}  // namespace ctgrad
