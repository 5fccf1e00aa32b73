// SPDX-License-Identifier: BSL-1.0
/// \file
/// Inserts the copies that make every operand addressable, joins arrays where they are computed, and says which values
/// of 16-bit types are stored as float: what fusion and planning may rely on.
#pragma once

#include "ctgrad/graph/value.hpp"

namespace ctgrad {

/// Where the elements of a node lie: in the array of node `root`, at `offset` plus the sum of index times
/// stride, all counted in elements. A stride of 0 repeats an element.
struct Access {
  int root = -1;
  Extent offset = 0;
  Extent stride[max_rank] = {};
};

namespace detail {

/// Row-major strides of an array of its own.
constexpr Access contiguous_access(int root, const ShapeValue& shape) {
  Access access;
  access.root = root;
  Extent stride = 1;
  for (int axis = shape.rank - 1; axis >= 0; --axis) {
    access.stride[axis] = stride;
    stride = multiply(stride, shape[axis]);
  }
  return access;
}

/// True when the elements lie in row-major order without gaps.
constexpr bool is_contiguous(const Access& access, const ShapeValue& shape) {
  Extent stride = 1;
  for (int axis = shape.rank - 1; axis >= 0; --axis) {
    if (shape[axis] != 1 && access.stride[axis] != stride) return false;
    stride = multiply(stride, shape[axis]);
  }
  return true;
}

/// The access to `x`, of shape `from`, when it is stretched to `to`.
constexpr Access stretch(const Access& x, const ShapeValue& from, const ShapeValue& to) {
  Access access;
  access.root = x.root;
  access.offset = x.offset;
  for (int axis = 0; axis < to.rank; ++axis) {
    const int own = axis - (to.rank - from.rank);
    access.stride[axis] = own < 0 || (from[own] == 1 && to[axis] != 1) ? 0 : x.stride[own];
  }
  return access;
}

/// The access of a view, given that of its operand. A reshape must be of something contiguous.
constexpr Access view_access(const Node& node, const Access& x, const ShapeValue& from, const ShapeValue& to) {
  Access access = x;
  if (node.op == opcode<ops::BroadcastTo>) return stretch(x, from, to);
  if (node.op == opcode<ops::Permute>) {
    for (int i = 0; i < to.rank; ++i) access.stride[i] = x.stride[ops::Permute::source_axis(node.attribute, i)];
  } else if (node.op == opcode<ops::Slice>) {
    const int axis = ops::Slice::axis(node.attribute);
    access.offset = x.offset + multiply(ops::Slice::first(node.attribute), x.stride[axis]);
    access.stride[axis] = multiply(ops::Slice::step(node.attribute), x.stride[axis]);
  } else {
    access = contiguous_access(x.root, to);
    access.offset = x.offset;
  }
  return access;
}

constexpr bool is_view(const Node& node) { return operation_info[node.op].kind == OpKind::view; }

/// Leaves lie in memory that the program does not own as a temporary.
constexpr bool is_memory_leaf(const Node& node) {
  return operation_info[node.op].kind == OpKind::leaf && node.op != opcode<ops::RandomUniform>;
}

/// The access of every node of a legal graph. Most nodes are arrays of their own, whose strides follow from the
/// shape: only the views are worked out one by one.
class AccessTable {
public:
  constexpr AccessTable() = default;
  constexpr explicit AccessTable(const GraphView& graph) {
    roots_.reserve(graph.size);
    views_of_.reserve(graph.size);
    for (int i = 0; i < graph.size; ++i) add(graph.nodes, graph.shapes, i);
  }

  /// Adds node i, the one after those added so far.
  constexpr void add(const Node* nodes, const ShapeValue* shapes, int i) {
    const Node& node = nodes[i];
    if (is_view(node)) {
      const int x = node.operand[0];
      const ShapeValue& from = shapes[nodes[x].shape];
      views_.push_back(view_access(node, at(nodes, shapes, x), from, shapes[node.shape]));
      roots_.push_back(views_.back().root);
      views_of_.push_back(views_.count - 1);
    } else {
      roots_.push_back(i);
      views_of_.push_back(-1);
    }
  }

  /// The node whose array holds the elements of node i.
  constexpr int root(int i) const { return roots_.at[i]; }

  constexpr Access at(const Node* nodes, const ShapeValue* shapes, int i) {
    if (views_of_.at[i] >= 0) return views_.at[views_of_.at[i]];
    const int shape = nodes[i].shape;
    while (by_shape_.count <= shape) by_shape_.push_back(contiguous_access(-1, shapes[by_shape_.count]));
    Access access = by_shape_.at[shape];
    access.root = i;
    return access;
  }
  constexpr Access at(const GraphView& graph, int i) { return at(graph.nodes, graph.shapes, i); }

  /// True for a node that is no view; its elements lie in row-major order by themselves.
  constexpr bool owns(int i) const { return views_of_.at[i] < 0; }
  /// The access of a view.
  constexpr const Access& view(int i) const { return views_.at[views_of_.at[i]]; }

private:
  Vector<int> roots_;
  /// For each node its position among the views, or -1.
  Vector<int> views_of_;
  Vector<Access> views_;
  Vector<Access> by_shape_;
};

class Legalizer {
public:
  constexpr explicit Legalizer(const GraphView& source) : source_(source) {
    graph.copy_tables(source);
    graph.nodes.reserve(source.size + 16);
  }

  constexpr void run() {
    Vector<int> map(source_.size, -1);
    find_inner_joins();
    for (int i = 0; i < source_.size; ++i) {
      if (is_inner_join_.at[i] != 0) continue;
      Node node = joined_in_place(i, map);
      const OpKind kind = operation_info[node.op].kind;
      for (int k = 0; k < 3 && node.operand[k] >= 0; ++k) {
        int operand = map.at[node.operand[k]];
        if (!access_.owns(operand)) {
          const Access& access = access_.view(operand);
          const bool scattered = (kind == OpKind::structured || node.op == opcode<ops::Reshape>)&&!is_contiguous(
              access, graph.shape(operand));
          if (scattered || (node.op == opcode<ops::Slice> && !offset_fits(node, access)) ||
              (kind == OpKind::structured && !is_static(access.offset)))
            operand = shared_copy(operand, kind == OpKind::structured ? source_.nodes[node.operand[k]].dtype
                                                                      : graph.nodes.at[operand].dtype);
        }
        if (kind == OpKind::structured && graph.nodes.at[operand].dtype != source_.nodes[node.operand[k]].dtype)
          operand = shared_copy(operand, source_.nodes[node.operand[k]].dtype);
        node.operand[k] = operand;
      }
      if (is_half_type(node.dtype)) widen(node, kind);
      if (node.op == opcode<ops::Pack>) pack_operands(node, map);
      map.at[i] = append(node);
    }
    finish_outputs(map);
    for (int i = 0; i < graph.parameters.count; ++i)
      if (graph.parameters.at[i].node >= 0) graph.parameters.at[i].node = map.at[graph.parameters.at[i].node];
  }

  GraphBuilder graph;

private:
  constexpr int append(const Node& node) {
    const int id = graph.append(node);
    claimed_.push_back(0);
    copy_.push_back(-1);
    access_.add(graph.nodes.data(), graph.shapes.data(), id);
    return id;
  }

  /// Constants, random numbers and the results of reductions are float where the graph says a 16-bit type: a loop
  /// computes with floats, and a sum over many elements needs them. So is a view of one. Where an operation or a result
  /// asks for the 16-bit type, a copy is made.
  constexpr void widen(Node& node, OpKind kind) const {
    const bool made = kind == OpKind::leaf && node.op != opcode<ops::Input> && node.op != opcode<ops::Parameter> &&
                      node.op != opcode<ops::Block>;
    if (made || kind == OpKind::reduction) node.dtype = DType::float32;
    if (kind == OpKind::view) node.dtype = graph.nodes.at[node.operand[0]].dtype;
  }

  constexpr int copy(int x, DType dtype) {
    Node node;
    node.op = opcode<ops::Copy>;
    node.dtype = dtype;
    node.shape = graph.nodes.at[x].shape;
    node.operand[0] = x;
    return append(node);
  }

  /// A copy for reading: one for all who ask.
  constexpr int shared_copy(int x, DType dtype) {
    if (copy_.at[x] < 0 || graph.nodes.at[copy_.at[x]].dtype != dtype) {
      const int made = copy(x, dtype);
      copy_.at[x] = made;
    }
    return copy_.at[x];
  }

  /// False when a slice would start at a sum of two terms of which one is known at run time only: one extent
  /// cannot hold it.
  static constexpr bool offset_fits(const Node& slice, const Access& x) {
    const Extent step = multiply(ops::Slice::first(slice.attribute), x.stride[ops::Slice::axis(slice.attribute)]);
    return x.offset == 0 || step == 0 || (is_static(x.offset) && is_static(step));
  }

  /// True where the operands of a concat lie one after the other in the result.
  constexpr bool is_flat_join(const Node& node) const {
    if (node.op != opcode<ops::Concat>) return false;
    const ShapeValue& shape = source_.shapes[node.shape];
    for (int axis = 0; axis < static_cast<int>(node.attribute); ++axis)
      if (shape[axis] != 1) return false;
    return is_static(shape.size()) && shape.size() > 0;
  }

  /// A concat of which only another reads the result: its operands are that one's.
  constexpr void find_inner_joins() {
    is_inner_join_ = Vector<char>(source_.size);
    Vector<int> joins;
    for (int i = 0; i < source_.size; ++i)
      if (is_flat_join(source_.nodes[i])) joins.push_back(i);
    if (joins.count < 2) return;
    Vector<int> uses(source_.size);
    for (int i = 0; i < source_.size; ++i)
      for (int k = 0; k < 3 && source_.nodes[i].operand[k] >= 0; ++k) ++uses.at[source_.nodes[i].operand[k]];
    for (int i = 0; i < source_.list_count; ++i) ++uses.at[source_.lists[i]];
    for (int i = 0; i < source_.output_count; ++i) ++uses.at[source_.outputs[i].node];
    for (int j = 0; j < joins.count; ++j) {
      for (int k = 0; k < 2; ++k) {
        const int x = source_.nodes[joins.at[j]].operand[k];
        if (is_flat_join(source_.nodes[x]) && uses.at[x] == 1) is_inner_join_.at[x] = 1;
      }
    }
  }

  /// The parts of a chain of concats, the empty ones too: what they are made from would have no reader otherwise.
  constexpr void list_parts(int i) {
    for (int k = 0; k < 2; ++k) {
      const int x = source_.nodes[i].operand[k];
      if (is_inner_join_.at[x] != 0) {
        list_parts(x);
      } else {
        graph.lists.push_back(x);
      }
    }
  }

  /// Node i of the source; a concat becomes a pack where that saves copies: where a part can be computed in its place,
  /// or where a chain of concats would copy the first parts again and again.
  constexpr Node joined_in_place(int i, const Vector<int>& map) {
    const Node& node = source_.nodes[i];
    if (!is_flat_join(node)) return node;
    const int first = graph.lists.count;
    list_parts(i);
    const int count = graph.lists.count - first;
    bool saves = count > 2;
    for (int k = 0; k < count; ++k) {
      const int part = map.at[graph.lists.at[first + k]];
      saves = saves || (is_whole_array(part) && graph.nodes.at[access_.root(part)].op != opcode<ops::Pack> &&
                        is_claimable(access_.root(part)));
    }
    if (!saves) {
      while (graph.lists.count > first) graph.lists.pop_back();
      return node;
    }
    Node pack;
    pack.op = opcode<ops::Pack>;
    pack.dtype = node.dtype;
    pack.shape = node.shape;
    pack.attribute = ops::Pack::make(first, count);
    return pack;
  }

  /// Each part of a pack is written straight into its place, so it must be an array that a step writes and
  /// that has no other fixed place.
  constexpr void pack_operands(const Node& node, const Vector<int>& map) {
    const int first = ops::Pack::first(node.attribute);
    for (int k = 0; k < ops::Pack::count(node.attribute); ++k) {
      int part = map.at[graph.lists.at[first + k]];
      const bool fits = graph.nodes.at[part].dtype == node.dtype && is_whole_array(part);
      if (!fits || graph.nodes.at[access_.root(part)].op == opcode<ops::Pack> || !claim(access_.root(part))) {
        part = copy(part, node.dtype);
        claim(part);
      }
      graph.lists.at[first + k] = part;
    }
  }

  /// True when a node is all elements of its array in order: the array itself, or reshaped.
  constexpr bool is_whole_array(int i) const {
    if (access_.owns(i)) return true;
    const Access& access = access_.view(i);
    return is_contiguous(access, graph.shape(i)) && access.offset == 0 &&
           graph.shape(access.root).size() == graph.shape(i).size();
  }

  constexpr bool is_claimable(int root) const {
    return !is_memory_leaf(graph.nodes.at[root]) && claimed_.at[root] == 0;
  }

  /// Claims an array for a fixed place; false when that cannot be.
  constexpr bool claim(int root) {
    if (!is_claimable(root)) return false;
    claimed_.at[root] = 1;
    return true;
  }

  constexpr void finish_outputs(const Vector<int>& map) {
    for (int i = 0; i < source_.output_count; ++i) {
      Output output = source_.outputs[i];
      output.node = map.at[output.node];
      const Node& node = graph.nodes.at[output.node];
      const bool update = output.kind == OutputKind::update;
      // An update overwrites a block in place, so it must be the last word of an elementwise step.
      const bool writable = operation_info[node.op].kind == OpKind::elementwise || !update;
      const DType dtype = source_.nodes[source_.outputs[i].node].dtype;
      if (node.dtype != dtype || is_view(node) || is_memory_leaf(node) || !writable || !claim(output.node)) {
        output.node = copy(output.node, dtype);
        claim(output.node);
      }
      graph.outputs.push_back(output);
    }
  }

  GraphView source_;
  AccessTable access_;
  Vector<char> claimed_;
  Vector<char> is_inner_join_;
  Vector<int> copy_;
};

}  // namespace detail

/// The same graph with copies such that: operands of steps of their own (matrix products, gathers, ...) and
/// of reshapes are contiguous; every part of a pack and every output is an array of its own. A concat whose operands
/// lie one after the other becomes a pack, whose parts are computed where they belong.
constexpr GraphBuilder legalize(const GraphView& source) {
  detail::Legalizer legalizer(source);
  legalizer.run();
  return static_cast<GraphBuilder&&>(legalizer.graph);
}

}  // namespace ctgrad
