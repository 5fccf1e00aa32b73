// SPDX-License-Identifier: BSL-1.0
/// \file
/// Rebuilds a graph without what is dead, said twice, or the identity.
///
/// Only identities that hold for every IEEE number, infinities, NaN and signed zero included, are applied:
/// x * 1 = x, x / 1 = x, x * -1 = -x, x / -1 = -x, -(-x) = x, x - 0 = x, x + (-y) = x - y,
/// x - (-y) = x + y, (-x) * (-y) = x * y, (-x) * y = -(x * y), -x - x = -(x + x), x / 2^k = x * 2^-k, where(c, x, x) =
/// x; operations on constants; views of views; transposes of matrix products and of their operands; stretching before
/// an elementwise operation, which stretches by itself. Not applied, because they are not exact: x + 0 = x (x = -0), x
/// - x = 0 (x = inf), 0 * x = 0 (x = NaN).
#pragma once

#include <bit>

#include "ctgrad/graph/value.hpp"
#include "ctgrad/passes/fold_constants.hpp"
#include "ctgrad/passes/remove_dead.hpp"

namespace ctgrad {

namespace detail {

constexpr bool is_user_operation(const Node& node) {
  return node.op == opcode<ops::UserElementwise> || node.op == opcode<ops::UserKernel> ||
         node.op == opcode<ops::CustomDerivative>;
}

/// True when two tables of one length hold the same integers.
constexpr bool same_elements(const Node& a, const Node& b, int count) {
  for (int i = 0; i < count; ++i)
    if (a.table[i] != b.table[i]) return false;
  return true;
}

constexpr bool same_node(const Node& a, const Node& b) {
  return a.op == b.op && a.dtype == b.dtype && a.shape == b.shape && a.operand[0] == b.operand[0] &&
         a.operand[1] == b.operand[1] && a.operand[2] == b.operand[2] && a.attribute == b.attribute &&
         std::bit_cast<std::uint64_t>(a.scalar) == std::bit_cast<std::uint64_t>(b.scalar) &&
         (!is_user_operation(a) || is_same_operation(*a.user, *b.user));
}

/// Emits nodes in simplest form, each one once.
class Simplifier {
public:
  constexpr explicit Simplifier(const GraphView& source) : source_(source) {
    graph.copy_tables(source);
    for (int i = 0; i < graph.lists.count; ++i) graph.lists.at[i] = -1;
    int capacity = 64;
    while (capacity < 2 * source.size) capacity *= 2;
    table_ = Vector<int>(capacity);
    graph.nodes.reserve(source.size + 16);
  }

  constexpr void run() {
    const Vector<char> live = mark_live();
    map_ = Vector<int>(source_.size, -1);
    uses_ = Vector<int>(source_.size);
    count_uses(live);
    single_use_ = Vector<char>();
    find_cut(live);
    for (int i = 0; i < source_.size; ++i) {
      if (live.at[i] == 0) continue;
      Node node = source_.nodes[i];
      for (int k = 0; k < 3 && node.operand[k] >= 0; ++k) node.operand[k] = map_.at[node.operand[k]];
      if (node.op == opcode<ops::Pack>)
        for (int k = 0; k < ops::Pack::count(node.attribute); ++k) {
          const int at = ops::Pack::first(node.attribute) + k;
          graph.lists.at[at] = map_.at[source_.lists[at]];
        }
      once_ = uses_.at[i] <= 1;
      map_.at[i] = is_cut(source_.nodes[i]) ? emit_part(node, node.operand[0], true) : emit(node);
    }
    graph.copy_outputs(source_, map_);
  }

  GraphBuilder graph;

private:
  constexpr Vector<char> mark_live() const {
    Vector<char> live(source_.size);
    for (int i = 0; i < source_.output_count; ++i) live.at[source_.outputs[i].node] = 1;
    for (int i = source_.size - 1; i >= 0; --i) {
      if (live.at[i] == 0) continue;
      const Node& node = source_.nodes[i];
      for (int k = 0; k < 3 && node.operand[k] >= 0; ++k) live.at[node.operand[k]] = 1;
      if (node.op == opcode<ops::Pack>)
        for (int k = 0; k < ops::Pack::count(node.attribute); ++k)
          live.at[source_.lists[ops::Pack::first(node.attribute) + k]] = 1;
    }
    return live;
  }

  constexpr void count_uses(const Vector<char>& live) {
    for (int i = 0; i < source_.list_count; ++i) ++uses_.at[source_.lists[i]];
    for (int i = 0; i < source_.output_count; ++i) ++uses_.at[source_.outputs[i].node];
    for (int i = source_.size - 1; i >= 0; --i) {
      if (live.at[i] == 0) continue;
      const Node& node = source_.nodes[i];
      // The users of a node that will be gone are users of its operand.
      const bool vanishes = node.op == opcode<ops::StopGradient> || node.op == opcode<ops::CustomDerivative> ||
                            (keeps_whole(node.op) && source_.nodes[node.operand[0]].shape == node.shape);
      for (int k = 0; k < 3 && node.operand[k] >= 0; ++k)
        uses_.at[node.operand[k]] += !vanishes ? 1 : k == 0 ? uses_.at[i] : 0;
    }
  }

  /// Finds the elementwise results of which only parts are used, no element twice, and some as parts of a concat: so do
  /// shifts. Each part is computed for itself, a concat's in its place, and the whole is never stored.
  constexpr void find_cut(const Vector<char>& live) {
    for (int i = 0; i < source_.size; ++i) {
      if (source_.nodes[i].op != opcode<ops::Concat> || live.at[i] == 0) continue;
      for (int k = 0; k < 2; ++k) {
        const Node& part = source_.nodes[source_.nodes[i].operand[k]];
        if (part.op != opcode<ops::Slice> || !is_cuttable(source_.nodes[part.operand[0]])) continue;
        if (cut_.count == 0) cut_ = Vector<char>(source_.size);
        cut_.at[part.operand[0]] = 1;
      }
    }
    if (cut_.count == 0) return;
    Vector<int> slices(source_.size);
    Vector<std::int64_t> elements(source_.size);
    for (int i = 0; i < source_.size; ++i) {
      if (source_.nodes[i].op != opcode<ops::Slice> || live.at[i] == 0) continue;
      ++slices.at[source_.nodes[i].operand[0]];
      elements.at[source_.nodes[i].operand[0]] += source_.shapes[source_.nodes[i].shape].size();
    }
    for (int i = 0; i < source_.size; ++i)
      if (slices.at[i] != uses_.at[i] || elements.at[i] > source_.shapes[source_.nodes[i].shape].size()) cut_.at[i] = 0;
  }
  constexpr bool is_cuttable(const Node& node) const {
    return operation_info[node.op].kind == OpKind::elementwise && !is_user_operation(node) &&
           is_static(source_.shapes[node.shape].size());
  }
  constexpr bool is_cut(const Node& node) const {
    return cut_.count > 0 && node.op == opcode<ops::Slice> && cut_.at[node.operand[0]] != 0 &&
           source_.nodes[node.operand[0]].shape != node.shape;
  }

  /// The part `slice` of node `id`: of what nobody else reads, computed from parts of its operands.
  constexpr int emit_part(const Node& slice, int id, bool whole_is_unused) {
    Node part = slice;
    part.operand[0] = id;
    if (!is_cuttable(graph.nodes.at[id]) || !(whole_is_unused || is_single_use(id))) return emit_view(part);
    Node node = graph.nodes.at[id];
    const ShapeValue whole = shape(id);
    const int axis = ops::Slice::axis(slice.attribute);
    for (int k = 0; k < node.arity(); ++k) {
      // A shorter operand, and one of extent 1, stands for every part.
      const ShapeValue from = shape(node.operand[k]);
      const int own = axis - (whole.rank - from.rank);
      if (own < 0 || from[own] != whole[axis]) continue;
      ShapeValue cut = from;
      cut[own] = shape_of(slice)[axis];
      part.dtype = graph.nodes.at[node.operand[k]].dtype;
      part.shape = graph.intern(cut);
      part.attribute =
          ops::SliceAttribute::make(own, ops::Slice::first(slice.attribute), ops::Slice::step(slice.attribute));
      node.operand[k] = emit_part(part, node.operand[k], false);
    }
    node.shape = slice.shape;
    return emit_elementwise(node);
  }

  /// True for operations whose result is their operand where it has its shape: a slice is then all of an axis, and no
  /// zeros are beside what is padded.
  static constexpr bool keeps_whole(Opcode op) {
    return op == opcode<ops::Reshape> || op == opcode<ops::Slice> || op == opcode<ops::Pad>;
  }

  constexpr const ShapeValue& shape(int id) const { return graph.shape(id); }
  constexpr bool is_constant(int id) const { return graph.nodes.at[id].op == opcode<ops::Constant>; }
  constexpr bool is_constant(int id, double value) const {
    return is_constant(id) &&
           std::bit_cast<std::uint64_t>(graph.nodes.at[id].scalar) == std::bit_cast<std::uint64_t>(value);
  }
  constexpr bool is_negate(int id) const { return graph.nodes.at[id].op == opcode<ops::Negate>; }
  constexpr int negated(int id) const { return graph.nodes.at[id].operand[0]; }

  /// The node `id`, stretched if an operand of a smaller shape stands for a result of `shape`.
  constexpr int as_shape(int id, std::int32_t shape_id) {
    if (graph.nodes.at[id].shape == shape_id) return id;
    return unary<ops::BroadcastTo>(id, shape_id);
  }

  template <class Op>
  constexpr int unary(int x, std::int32_t shape_id, std::int64_t attribute = 0) {
    Node node;
    node.op = opcode<Op>;
    node.dtype = graph.nodes.at[x].dtype;
    node.shape = shape_id;
    node.operand[0] = x;
    node.attribute = attribute;
    return emit(node);
  }

  constexpr int constant(const Node& like, double value) {
    Node node;
    node.op = opcode<ops::Constant>;
    node.dtype = like.dtype;
    node.shape = graph.intern(ShapeValue{});
    node.scalar = value;
    return as_shape(unique(node), like.shape);
  }

  // clang can evaluate a template of a class only where its body comes before its use.
  template <class Op>
  constexpr int rewrite(const Node& like, int a, int b = -1) {
    Node node = like;
    node.op = opcode<Op>;
    node.operand[0] = a;
    node.operand[1] = b;
    return emit_elementwise(node);
  }

  constexpr int emit(Node& node) {
    const OpKind kind = operation_info[node.op].kind;
    if (node.op == opcode<ops::StopGradient> || node.op == opcode<ops::CustomDerivative>) return node.operand[0];
    if (kind == OpKind::elementwise) return emit_elementwise(node);
    if (keeps_whole(node.op) && graph.nodes.at[node.operand[0]].shape == node.shape) return node.operand[0];
    if (kind == OpKind::view) return emit_view(node);
    if (node.op == opcode<ops::MatMul>) return emit_product(node);
    return unique(node);
  }

  constexpr int emit_product(Node& node) {
    absorb_transposes(node);
    for (int k = 0; k < 2; ++k)
      if (const int sums = product_with_number(node, k); sums >= 0) return sums;
    return unique(node);
  }

  /// A matrix product one of whose operands, `which`, is a number everywhere (so is the adjoint of a sum): sums along
  /// an axis of the other operand, one for each column or row of the result. -1 for other products.
  constexpr int product_with_number(const Node& node, int which) {
    const Node stretched = graph.nodes.at[node.operand[which]];
    if (stretched.op != opcode<ops::BroadcastTo> || shape(stretched.operand[0]).size() != 1) return -1;
    const int other = node.operand[1 - which];
    const ShapeValue from = shape(other);
    const ShapeValue to = shape_of(node);
    if (from.rank != to.rank) return -1;
    const bool transposed =
        which == 0 ? ops::MatMul::transpose_b(node.attribute) : ops::MatMul::transpose_a(node.attribute);
    // The axis that the product folds: of the second operand the rows, of the first the columns.
    const int folded = from.rank - ((which == 0) != transposed ? 2 : 1);
    const unsigned mask = 1U << folded;
    Node scaled = graph.nodes.at[other];
    scaled.attribute = 0;
    const int product = rewrite<ops::Multiply>(scaled, other, as_rank(stretched.operand[0], 0));
    const int sums = unary<ops::Sum>(product, graph.intern(reduce_shape(from, mask, false)), mask);
    ShapeValue kept = to;
    kept.extent[to.rank - (which == 0 ? 2 : 1)] = 1;
    return unary<ops::BroadcastTo>(unary<ops::Reshape>(sums, graph.intern(kept)), node.shape);
  }

  constexpr ShapeValue shape_of(const Node& node) const { return graph.shapes.at[node.shape]; }
  /// A number as an array of no axes.
  constexpr int as_rank(int id, int rank) {
    return shape(id).rank == rank ? id : unary<ops::Reshape>(id, graph.intern(ShapeValue{}));
  }

  constexpr int emit_elementwise(Node& node) {
    const int arity = node.arity();
    bool all_constant = true;
    for (int k = 0; k < arity; ++k) {
      while (graph.nodes.at[node.operand[k]].op == opcode<ops::BroadcastTo>)
        node.operand[k] = graph.nodes.at[node.operand[k]].operand[0];
      all_constant = all_constant && is_constant(node.operand[k]);
    }
    if (all_constant && arity <= 2 && fold_table.known[node.op] && is_floating(node.dtype)) {
      const double a = graph.nodes.at[node.operand[0]].scalar;
      const double b = arity == 2 ? graph.nodes.at[node.operand[1]].scalar : 0;
      if (can_fold(node.op, a, b)) return constant(node, fold_table.fold[node.op](node.dtype, a, b));
    }
    const int a = node.operand[0];
    const int b = node.operand[1];
    if (node.op == opcode<ops::Negate>) {
      if (is_negate(a)) return as_shape(negated(a), node.shape);
    } else if (node.op == opcode<ops::Multiply>) {
      if (is_constant(a, 1)) return as_shape(b, node.shape);
      if (is_constant(b, 1)) return as_shape(a, node.shape);
      if (is_constant(a, -1)) return rewrite<ops::Negate>(node, b);
      if (is_constant(b, -1)) return rewrite<ops::Negate>(node, a);
      if (is_negate(a) && is_negate(b)) return rewrite<ops::Multiply>(node, negated(a), negated(b));
      // The sign outside, so that products which differ in it are one.
      if (is_negate(a)) return rewrite<ops::Negate>(node, rewrite<ops::Multiply>(node, negated(a), b));
      if (is_negate(b)) return rewrite<ops::Negate>(node, rewrite<ops::Multiply>(node, a, negated(b)));
    } else if (node.op == opcode<ops::Divide>) {
      if (is_constant(b, 1)) return as_shape(a, node.shape);
      if (is_constant(b, -1)) return rewrite<ops::Negate>(node, a);
      if (is_constant(b) && is_floating(node.dtype) && has_exact_inverse(graph.nodes.at[b].scalar))
        return rewrite<ops::Multiply>(node, a, constant(graph.nodes.at[b], 1 / graph.nodes.at[b].scalar));
    } else if (node.op == opcode<ops::Subtract>) {
      if (is_constant(b, 0)) return as_shape(a, node.shape);
      if (is_negate(b)) return rewrite<ops::Add>(node, a, negated(b));
      if (is_negate(a) && negated(a) == b) return rewrite<ops::Negate>(node, rewrite<ops::Add>(node, b, b));
    } else if (node.op == opcode<ops::Add>) {
      if (is_negate(b)) return rewrite<ops::Subtract>(node, a, negated(b));
      if (is_negate(a)) return rewrite<ops::Subtract>(node, b, negated(a));
    } else if (node.op == opcode<ops::Where>) {
      if (b == node.operand[2]) return as_shape(b, node.shape);
    } else if (node.op == opcode<ops::Cast>) {
      if (graph.nodes.at[a].dtype == node.dtype && holds_exactly(a)) return as_shape(a, node.shape);
    }
    if (operation_info[node.op].commutative && order(a) > order(b)) {
      node.operand[0] = b;
      node.operand[1] = a;
    }
    return unique(node);
  }

  /// True when a node's elements are numbers of its element type already. Those of a 16-bit type are floats while a
  /// loop computes with them: then a cast to the type they have rounds them.
  constexpr bool holds_exactly(int id) const {
    const Node& node = graph.nodes.at[id];
    if (!is_half_type(node.dtype)) return true;
    const OpKind kind = operation_info[node.op].kind;
    if (kind == OpKind::view) return holds_exactly(node.operand[0]);
    return kind == OpKind::structured || node.op == opcode<ops::Cast> || node.op == opcode<ops::Input> ||
           node.op == opcode<ops::Parameter> || node.op == opcode<ops::Block>;
  }

  /// The place of an operand where the order is free: as the nodes stand, with leaves last. A number or a weight may
  /// stand before or after its partner in the graph, and a repeated layer should be the same kernel each time.
  constexpr int order(int id) const {
    return operation_info[graph.nodes.at[id].op].kind == OpKind::leaf ? id + (1 << 24) : id;
  }

  /// Powers of two whose inverse is a normal float can be multiplied instead of divided by.
  static constexpr bool has_exact_inverse(double x) {
    const std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
    const auto exponent = static_cast<int>(bits >> 52 & 0x7ff) - 1023;
    return (bits & 0xfffffffffffffULL) == 0 && exponent > -100 && exponent < 100;
  }

  constexpr int emit_view(const Node& node) {
    const int x = node.operand[0];
    const Node inner = graph.nodes.at[x];
    if (node.op == opcode<ops::Reshape>) {
      if (inner.shape == node.shape) return x;
      if (inner.op == opcode<ops::Reshape>) return unary<ops::Reshape>(inner.operand[0], node.shape);
      // A number is the same in any shape.
      if (inner.op == opcode<ops::Constant>) return unary<ops::BroadcastTo>(x, node.shape);
      if (inner.op == opcode<ops::BroadcastTo> && is_constant(inner.operand[0]))
        return unary<ops::BroadcastTo>(inner.operand[0], node.shape);
    } else if (node.op == opcode<ops::BroadcastTo>) {
      if (inner.shape == node.shape) return x;
      if (inner.op == opcode<ops::BroadcastTo>) return unary<ops::BroadcastTo>(inner.operand[0], node.shape);
    } else if (node.op == opcode<ops::Permute>) {
      const int rank = shape(x).rank;
      if (is_identity(node.attribute, rank)) return x;
      if (inner.op == opcode<ops::Permute>) {
        std::int64_t joined = 0;
        for (int i = 0; i < rank; ++i)
          joined |= static_cast<std::int64_t>(
                        ops::Permute::source_axis(inner.attribute, ops::Permute::source_axis(node.attribute, i)))
                    << (4 * i);
        return unary<ops::Permute>(inner.operand[0], node.shape, joined);
      }
      // (A B)^T = B^T A^T, when nobody else wants A B.
      if (inner.op == opcode<ops::MatMul> && node.attribute == swap_last_two(rank) && is_single_use(x)) {
        Node product = inner;
        product.shape = node.shape;
        product.operand[0] = inner.operand[1];
        product.operand[1] = inner.operand[0];
        product.attribute =
            (ops::MatMul::transpose_b(inner.attribute) ? 0 : 1) | (ops::MatMul::transpose_a(inner.attribute) ? 0 : 2);
        return emit_product(product);
      }
    }
    return unique(node);
  }

  static constexpr bool is_identity(std::int64_t attribute, int rank) {
    for (int i = 0; i < rank; ++i)
      if (ops::Permute::source_axis(attribute, i) != i) return false;
    return true;
  }

  constexpr void absorb_transposes(Node& node) {
    for (int k = 0; k < 2; ++k) {
      const Node& operand = graph.nodes.at[node.operand[k]];
      if (operand.op != opcode<ops::Permute> || operand.attribute != swap_last_two(shape(node.operand[k]).rank))
        continue;
      node.operand[k] = operand.operand[0];
      node.attribute ^= k == 0 ? 1 : 2;
    }
  }

  constexpr bool is_single_use(int id) const { return single_use_.at[id] != 0; }

  /// The node equal to `node`, which is appended if there is none yet.
  constexpr int unique(const Node& node) {
    if (node.op == opcode<ops::Pack>) return append(node);
    // One expression, no calls and no loop: a constant evaluation pays for each.
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15ULL;
    std::uint64_t hash = (((static_cast<std::uint64_t>(node.op) * odd + static_cast<std::uint64_t>(node.shape)) * odd +
                           static_cast<std::uint64_t>(node.operand[0] + 1)) *
                              odd +
                          static_cast<std::uint64_t>(node.operand[1] + 1)) *
                             odd +
                         static_cast<std::uint64_t>(node.operand[2] + 1);
    hash = (hash ^ static_cast<std::uint64_t>(node.attribute)) * odd;
    if (node.op == opcode<ops::Constant>) hash = (hash ^ std::bit_cast<std::uint64_t>(node.scalar)) * odd;
    const int mask = table_.count - 1;
    int slot = static_cast<int>(hash >> 40 & static_cast<std::uint64_t>(mask));
    while (table_.at[slot] > 0) {
      const int known = table_.at[slot] - 1;
      if (same_node(graph.nodes.at[known], node) &&
          (node.op != opcode<ops::Table> ||
           same_elements(graph.nodes.at[known], node, static_cast<int>(graph.shapes.at[node.shape].size())))) {
        single_use_.at[known] = 0;
        return known;
      }
      slot = (slot + 1) & mask;
    }
    const int id = append(node);
    table_.at[slot] = id + 1;
    return id;
  }

  constexpr int append(const Node& node) {
    single_use_.push_back(once_ ? 1 : 0);
    return graph.append(node);
  }

  GraphView source_;
  Vector<int> map_;
  Vector<int> uses_;
  Vector<char> single_use_;
  /// Marks the nodes of the source of which only parts are computed; empty where there are none.
  Vector<char> cut_;
  /// A hash table of the nodes' numbers, plus one: 0 is a free place.
  Vector<int> table_;
  bool once_ = true;
};

}  // namespace detail

/// The same results from fewer nodes: common subexpressions once, constants folded, the identities above
/// applied, transposes made flags of matrix products, dead nodes gone.
constexpr GraphBuilder simplify(const GraphView& source) {
  detail::Simplifier simplifier(source);
  simplifier.run();
  return detail::remove_dead(simplifier.graph);
}

}  // namespace ctgrad
