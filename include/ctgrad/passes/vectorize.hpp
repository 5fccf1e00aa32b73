// SPDX-License-Identifier: BSL-1.0
/// \file
/// Nodes written for one point, appended once more for many points along a new leading axis.
///
/// There is one rule for each kind of operation, as in JAX's vmap (Bradbury et al. 2018): elementwise operations
/// broadcast, reductions and views move their axes by one, matrix products take the new axis as a batch. Nodes that do
/// not depend on the points stay single and are shared.
#pragma once

#include "ctgrad/core/vector.hpp"
#include "ctgrad/graph/value.hpp"

namespace ctgrad {

namespace detail {

/// A node of its own that stands for one point or one vector until `vectorize` puts many in its place.
constexpr Value placeholder(GraphBuilder& builder, DType dtype, const ShapeValue& shape) {
  return broadcast_value(record_constant(builder, dtype, 0), shape);
}

/// `shape` with `length` in front.
constexpr ShapeValue lead(Extent length, const ShapeValue& shape) {
  if (shape.rank == max_rank)
    throw "ctgrad: vmap, jacobian and hessian add an axis to what the function computes, and a tensor has at most six "
          "axes; reshape it to fewer";
  ShapeValue result;
  result.push_back(length);
  for (int axis = 0; axis < shape.rank; ++axis) result.push_back(shape[axis]);
  return result;
}

/// `shape` with its last `rank` axes kept, and unit axes between them and the leading one where it has fewer.
constexpr ShapeValue lead_aligned(Extent length, const ShapeValue& shape, int rank) {
  ShapeValue result;
  for (int axis = 0; axis < rank - shape.rank; ++axis) result.push_back(1);
  for (int axis = 0; axis < shape.rank; ++axis) result.push_back(shape[axis]);
  return lead(length, result);
}

/// Appends the nodes for all points.
class Vectorizer {
public:
  constexpr Vectorizer(GraphBuilder& builder, Extent length, int size)
      : builder_(builder), length_(length), batched_(size, -1) {}

  constexpr int& batched(int id) { return batched_.at[id]; }

  /// The node with the leading axis in any case: what is the same for all points is repeated.
  constexpr Value expanded(int id) {
    if (batched_.at[id] >= 0) return {&builder_, batched_.at[id]};
    return apply_shaped<ops::BroadcastTo>(single(id), lead(length_, builder_.shape(id)));
  }

  /// Appends the node for all points; one of its operands has the leading axis.
  constexpr void append(int id) {
    const Node node = builder_.nodes.at[id];
    const OpKind kind = info(node).kind;
    if (node.is<ops::Pack>()) {
      throw "ctgrad: vmap, jacobian and hessian have no rule for a pack of parameters";
    } else if (node.is<ops::UserKernel>()) {
      int wide[3] = {-1, -1, -1};
      for (int i = 0; i < 3 && node.operand[i] >= 0; ++i) wide[i] = expanded(node.operand[i]).id;
      copy(id, user_attribute(node, id), wide[0], wide[1], wide[2]);
    } else if (kind == OpKind::elementwise) {
      const int rank = builder_.shape(id).rank;
      copy(id, user_attribute(node, id), operand(node, 0, rank), operand(node, 1, rank), operand(node, 2, rank));
    } else if (kind == OpKind::reduction) {
      copy(id, node.attribute << 1, operand(node, 0, -1));
    } else if (kind == OpKind::view) {
      append_view(id, node);
    } else {
      append_structured(id, node);
    }
  }

private:
  constexpr Value single(int id) { return {&builder_, id}; }

  /// Operand i with the leading axis in front of its last `rank` axes (-1: of all it has), where it has one; else as
  /// it is.
  constexpr int operand(const Node& node, int i, int rank) {
    const int id = node.operand[i];
    if (id < 0 || batched_.at[id] < 0) return id;
    const ShapeValue shape = builder_.shape(id);
    if (rank <= shape.rank) return batched_.at[id];
    return reshape(batched_.at[id], lead_aligned(length_, shape, rank)).id;
  }
  constexpr Value reshape(int id, const ShapeValue& shape) {
    if (builder_.shape(id) == shape) return single(id);
    return apply_shaped<ops::Reshape>(single(id), shape);
  }

  /// Where the derivative of a user's operation finds the node it was written for.
  static constexpr std::int64_t user_attribute(const Node& node, int id) {
    const bool user = node.is<ops::UserElementwise>() || node.is<ops::CustomDerivative>() || node.is<ops::UserKernel>();
    return user ? ops::PointAttribute::make(ops::PointAttribute::levels(node.attribute) + 1, id) : node.attribute;
  }

  /// The same operation on other operands, its result with the leading axis.
  constexpr void copy(int id, std::int64_t attribute, int a, int b = -1, int c = -1) {
    Node node = builder_.nodes.at[id];
    node.attribute = attribute;
    node.operand[0] = a;
    node.operand[1] = b;
    node.operand[2] = c;
    node.shape = builder_.intern(lead(length_, builder_.shape(id)));
    batched_.at[id] = builder_.append(node);
  }

  constexpr void append_view(int id, const Node& node) {
    const int x = node.operand[0];
    if (node.is<ops::CustomDerivative>()) {
      copy(id, user_attribute(node, id), expanded(x).id, expanded(node.operand[1]).id,
           node.operand[2] < 0 ? -1 : expanded(node.operand[2]).id);
    } else if (node.is<ops::BroadcastTo>()) {
      copy(id, 0, operand(node, 0, builder_.shape(id).rank));
    } else if (node.is<ops::Permute>()) {
      std::int64_t attribute = 0;
      for (int axis = 0; axis < builder_.shape(id).rank; ++axis)
        attribute |= static_cast<std::int64_t>(ops::Permute::source_axis(node.attribute, axis) + 1) << (4 * (axis + 1));
      copy(id, attribute, batched_.at[x]);
    } else {
      copy(id, node.is<ops::Slice>() ? next_axis(node.attribute) : node.attribute, batched_.at[x]);
    }
  }

  /// The attribute of a slice or a pad along the next axis.
  static constexpr std::int64_t next_axis(std::int64_t attribute) {
    using A = ops::SliceAttribute;
    return A::make(A::axis(attribute) + 1, A::first(attribute), A::step(attribute));
  }

  constexpr void append_structured(int id, const Node& node) {
    const int x = node.operand[0];
    if (node.is<ops::MatMul>()) {
      append_product(id, node);
    } else if (node.is<ops::Concat>()) {
      copy(id, node.attribute + 1, expanded(x).id, expanded(node.operand[1]).id);
    } else if (node.is<ops::Pad>()) {
      copy(id, next_axis(node.attribute), batched_.at[x]);
    } else if (node.is<ops::ArgMax>() || node.is<ops::ArgMin>()) {
      copy(id, node.attribute + 1, batched_.at[x]);
    } else if (node.is<ops::Gather>() || node.is<ops::ScatterAdd>()) {
      copy(id, node.attribute + 1, expanded(x).id, expanded(node.operand[1]).id);
    } else if (node.is<ops::Take>()) {
      append_take(id, node);
    } else if (node.is<ops::TakeAdjoint>()) {
      append_take_adjoint(id, node);
    } else if (node.is<ops::MaxPool2d>() || node.is<ops::MaxPool2dGradient>()) {
      copy(id, node.attribute, expanded(x).id, expanded(node.operand[1]).id);
    } else if (node.is<ops::AvgPool2d>() || node.is<ops::AvgPool2dGradient>()) {
      copy(id, node.attribute, batched_.at[x]);
    } else {
      append_convolution(id, node);
    }
  }

  /// A product whose second factor is one matrix for all points is one product of all their rows.
  constexpr void append_product(int id, const Node& node) {
    const int a = node.operand[0];
    const int b = node.operand[1];
    const ShapeValue shape = lead(length_, builder_.shape(id));
    const ShapeValue shape_a = builder_.shape(a);
    if (batched_.at[b] < 0 && builder_.shape(b).rank == 2 && !ops::MatMul::transpose_a(node.attribute)) {
      ShapeValue rows;
      rows.push_back(multiply(divide_last(shape_a), length_));
      rows.push_back(shape_a[shape_a.rank - 1]);
      ShapeValue result = rows;
      result[1] = shape[shape.rank - 1];
      const Value product =
          apply_shaped<ops::MatMul>(reshape(batched_.at[a], rows), result, node.attribute, Value{&builder_, b});
      batched_.at[id] = reshape(product.id, shape).id;
    } else {
      const int rank = shape.rank - 1;
      copy(id, node.attribute, operand(node, 0, rank), operand(node, 1, rank));
    }
  }
  /// The product of all extents but the last.
  static constexpr Extent divide_last(const ShapeValue& shape) {
    Extent rows = 1;
    for (int axis = 0; axis + 1 < shape.rank; ++axis) rows = multiply(rows, shape[axis]);
    return rows;
  }

  /// The shape of a table's rows: `shape` without its first axis, after `first` and where given `second`.
  static constexpr ShapeValue rows(const ShapeValue& shape, Extent first, Extent second) {
    ShapeValue result;
    result.push_back(first);
    result.push_back(second);
    for (int axis = 1; axis < shape.rank; ++axis) result.push_back(shape[axis]);
    return result;
  }
  /// The index of a take as that of a gather along axis 1 of [points, table, row...].
  constexpr Value wide_index(int index, const ShapeValue& table) {
    const Extent count = builder_.shape(index).size();
    ShapeValue narrow = rows(table, length_, count);
    const ShapeValue wide = narrow;
    for (int axis = 2; axis < narrow.rank; ++axis) narrow[axis] = 1;
    return broadcast_value(reshape(expanded(index).id, narrow), wide);
  }

  constexpr void append_take(int id, const Node& node) {
    const int table = node.operand[0];
    const int index = node.operand[1];
    const ShapeValue shape = lead(length_, builder_.shape(id));
    if (batched_.at[table] < 0) {
      copy(id, 0, table, batched_.at[index]);
    } else {
      const Value where = wide_index(index, builder_.shape(table));
      const Value found = apply_shaped<ops::Gather>(single(batched_.at[table]), where.shape(), 1, where);
      batched_.at[id] = reshape(found.id, shape).id;
    }
  }

  constexpr void append_take_adjoint(int id, const Node& node) {
    const ShapeValue table = builder_.shape(id);
    const Value where = wide_index(node.operand[1], table);
    const Value t = reshape(expanded(node.operand[0]).id, where.shape());
    batched_.at[id] = apply_shaped<ops::ScatterAdd>(t, lead(length_, table), 1, where).id;
  }

  /// Images of all points are one batch of images, as long as the weights are the same for all.
  constexpr void append_convolution(int id, const Node& node) {
    const int x = node.operand[0];
    if (node.is<ops::Conv2dWeightGradient>() || batched_.at[node.operand[1]] >= 0)
      throw "ctgrad: vmap, jacobian and hessian cannot batch a convolution whose weights differ from point to point; "
            "call it for each point, or differentiate by the weights with gradient";
    auto joined = [&](const ShapeValue& shape) {
      ShapeValue result = shape;
      result[0] = multiply(length_, shape[0]);
      return result;
    };
    const ShapeValue shape = builder_.shape(id);
    const Value images = reshape(batched_.at[x], joined(builder_.shape(x)));
    Node same = node;
    same.operand[0] = images.id;
    same.shape = builder_.intern(joined(shape));
    batched_.at[id] = reshape(builder_.append(same), lead(length_, shape)).id;
  }

  GraphBuilder& builder_;
  Extent length_;
  Vector<int> batched_;
};

/// Marks the nodes up to `last` that are needed for `results` and depend on one of `from`.
constexpr Vector<char> mark_between(const GraphBuilder& builder, const int* from, int count, const int* results,
                                    int result_count, int last) {
  constexpr char needed = 1, source = 2, between = 4;
  Vector<char> mark(last + 1);
  int first = last;
  for (int i = 0; i < count; ++i) {
    mark.at[from[i]] = source;
    if (from[i] < first) first = from[i];
  }
  for (int i = 0; i < result_count; ++i) mark.at[results[i]] |= needed;
  for (int id = last; id > first; --id) {
    if ((mark.at[id] & needed) == 0 || (mark.at[id] & source) != 0) continue;
    for (const std::int32_t operand : builder.nodes.at[id].operand)
      if (operand >= 0) mark.at[operand] |= needed;
  }
  for (int id = first; id <= last; ++id) {
    const char own = mark.at[id];
    mark.at[id] = 0;
    if ((own & source) != 0) {
      mark.at[id] = source;
    } else if ((own & needed) != 0) {
      for (const std::int32_t operand : builder.nodes.at[id].operand)
        if (operand >= first && mark.at[operand] != 0) mark.at[id] = between;
    }
  }
  for (int id = 0; id < first; ++id) mark.at[id] = 0;
  for (int id = first; id <= last; ++id) mark.at[id] = mark.at[id] == between ? 1 : 0;
  return mark;
}

}  // namespace detail

/// Appends the nodes that compute `results` for `length` points at once. Node `from[i]` is what differs from point to
/// point; node `to[i]` holds it for all points, along a leading axis. Writes the ids of the results, which have that
/// axis too, to `out`. Works for operations with derivative rules of a user's own as well; a user's kernel, and a
/// convolution by weights that differ from point to point, have no rule and are an error.
constexpr void vectorize(GraphBuilder& builder, Extent length, const int* from, const int* to, int count,
                         const int* results, int result_count, int* out) {
  int last = 0;
  for (int i = 0; i < result_count; ++i)
    if (results[i] > last) last = results[i];
  for (int i = 0; i < count; ++i)
    if (from[i] > last) last = from[i];
  const detail::Vector<char> between = detail::mark_between(builder, from, count, results, result_count, last);
  detail::Vectorizer points(builder, length, last + 1);
  for (int i = 0; i < count; ++i) points.batched(from[i]) = to[i];
  for (int id = 0; id <= last; ++id)
    if (between.at[id] != 0) points.append(id);
  for (int i = 0; i < result_count; ++i) out[i] = points.expanded(results[i]).id;
}

}  // namespace ctgrad
