// SPDX-License-Identifier: BSL-1.0
/// \file
/// Appends nodes once more with sums and chains of sums or products in another order than they were written in.
///
/// sum(s * x + t) becomes s * sum(x) + n * t, where s and t are the same for all n elements, and a chain
/// ((a * b) * c) * d of single numbers becomes (a * b) * (c * d). In exact arithmetic these are the same; rounding, and
/// what overflows or underflows on the way, may differ.
#pragma once

#include "ctgrad/core/vector.hpp"
#include "ctgrad/graph/shared_factors.hpp"

namespace ctgrad {

namespace detail {

class Reassociator {
public:
  /// Nodes from `begin` on are taken apart.
  constexpr Reassociator(GraphBuilder& builder, int begin)
      : builder_(builder), begin_(begin), end_(builder.nodes.count), now_(end_, -1), uses_(end_, 0), user_(end_, -1) {
    for (int i = 0; i < begin; ++i) now_.at[i] = i;
  }

  constexpr void run(const int* outputs, int count) {
    find_uses(outputs, count);
    for (int i = begin_; i < end_; ++i)
      if (uses_.at[i] > 0) now_.at[i] = append(i);
  }

  /// The node in place of node `id`.
  constexpr int operator[](int id) const { return now_.at[id]; }

private:
  constexpr void find_uses(const int* outputs, int count) {
    for (int i = 0; i < count; ++i) uses_.at[outputs[i]] += 2;  // more than the one use inside a chain
    for (int i = end_ - 1; i >= begin_; --i) {
      if (uses_.at[i] == 0) continue;
      const Node& node = builder_.nodes.at[i];
      if (node.op == opcode<ops::Pack>) throw "ctgrad: reassociate has no rule for a pack of parameters";
      for (int k = 0; k < 3 && node.operand[k] >= 0; ++k) {
        ++uses_.at[node.operand[k]];
        user_.at[node.operand[k]] = i;
      }
    }
  }

  constexpr int append(int id) {
    const Node node = builder_.nodes.at[id];
    if (node.op == opcode<ops::Sum> && is_floating(node.dtype)) return sum_again(node);
    if (is_chain(id) && !is_link(id)) {
      Vector<int> links;
      collect(id, links);
      if (links.count >= 4) return balanced(links, 0, links.count, node).id;
    }
    return copy(id, node);
  }

  /// The same node on what its operands have become; the node itself where these have not changed.
  constexpr int copy(int id, Node node) {
    bool changed = false;
    for (int k = 0; k < 3 && node.operand[k] >= 0; ++k) {
      const int now = now_.at[node.operand[k]];
      changed = changed || now != node.operand[k];
      node.operand[k] = now;
    }
    return changed ? builder_.append(node) : id;
  }

  constexpr Value value(int id) { return {&builder_, id}; }

  constexpr int sum_again(const Node& node) {
    const Value x = value(now_.at[node.operand[0]]);
    const auto mask = static_cast<unsigned>(node.attribute);
    const bool everything = mask == (1U << x.shape().rank) - 1;
    const ShapeValue to = everything ? ShapeValue{} : reduce_shape(x.shape(), mask, true);
    const Value sum = sum_of(x, to, mask, 0);
    const ShapeValue shape = builder_.shapes.at[node.shape];
    return sum.shape() == shape ? sum.id : apply_shaped<ops::Reshape>(sum, shape).id;
  }

  /// `x` summed along the axes of `mask`, in the shape `to`, which keeps them with length 1 or has no axes.
  constexpr Value sum_of(const Value& x, const ShapeValue& to, unsigned mask, int depth) {
    const ShapeValue wide = x.shape();
    const SharedFactors factors(x, to, mask, begin_, true);
    const Value rest = broadcast_value(factors.rest, wide);
    const Node node = factors.rest.node();
    const Extent count = summed_elements(wide, mask);
    const bool adds = node.op == opcode<ops::Add>;
    if (count > 0 && depth < deepest && factors.rest.id >= begin_ && !is_half_type(x.dtype()) &&
        (adds || node.op == opcode<ops::Subtract>)) {
      const Value a = value(node.operand[0]), b = value(node.operand[1]);
      const auto times = [&](const Value& y) { return y * static_cast<double>(count); };
      if (factors.is_same_along_axes(b)) {
        if (const Value term = factors.beside_sum(b); term.builder != nullptr) {
          const Value others = sum_of(broadcast_value(a, wide), to, mask, depth + 1);
          return factors.apply(adds ? others + times(term) : others - times(term));
        }
      } else if (factors.is_same_along_axes(a)) {
        if (const Value term = factors.beside_sum(a); term.builder != nullptr) {
          const Value others = sum_of(broadcast_value(b, wide), to, mask, depth + 1);
          return factors.apply(adds ? times(term) + others : times(term) - others);
        }
      }
    }
    const Value sum = apply_shaped<ops::Sum>(rest, reduce_shape(wide, mask, false), mask);
    return factors.apply(sum.shape() == to ? sum : apply_shaped<ops::Reshape>(sum, to));
  }

  /// A sum or product of two single numbers.
  constexpr bool is_chain(int id) const {
    const Node& node = builder_.nodes.at[id];
    if (node.op != opcode<ops::Add> && node.op != opcode<ops::Multiply>) return false;
    const ShapeValue& shape = builder_.shapes.at[node.shape];
    return is_floating(node.dtype) && !is_half_type(node.dtype) && shape.is_static() && shape.size() == 1;
  }
  /// Whether only a longer chain of the same operation uses this one.
  constexpr bool is_link(int id) const {
    const int user = user_.at[id];
    return id >= begin_ && uses_.at[id] == 1 && user >= 0 && is_chain(id) && is_chain(user) &&
           builder_.nodes.at[user].op == builder_.nodes.at[id].op;
  }
  /// What the chain that ends in node `id` adds or multiplies, in the order in which it was written.
  constexpr void collect(int id, Vector<int>& links) const {
    Vector<int> open;
    open.push_back(id);
    while (open.count > 0) {
      const int next = open.at[--open.count];
      if (next == id || is_link(next)) {
        open.push_back(builder_.nodes.at[next].operand[1]);
        open.push_back(builder_.nodes.at[next].operand[0]);
      } else {
        links.push_back(now_.at[next]);
      }
    }
  }
  constexpr Value balanced(const Vector<int>& links, int first, int count, const Node& node) {
    if (count == 1) return value(links.at[first]);
    // A power of two in front, so that neighbours meet first.
    int half = 1;
    while (2 * half < count) half *= 2;
    const Value a = balanced(links, first, half, node), b = balanced(links, first + half, count - half, node);
    return node.op == opcode<ops::Add> ? a + b : a * b;
  }

  static constexpr int deepest = 6;
  GraphBuilder& builder_;
  int begin_, end_;
  Vector<int> now_, uses_, user_;
};

}  // namespace detail

/// Appends the nodes from `begin` on that `outputs` need once more with sums and chains reassociated, and writes the
/// nodes in place of the outputs to `result`.
constexpr void reassociate(GraphBuilder& builder, int begin, const int* outputs, int count, int* result) {
  detail::Reassociator pass(builder, begin);
  pass.run(outputs, count);
  for (int i = 0; i < count; ++i) result[i] = pass[outputs[i]];
}

}  // namespace ctgrad
