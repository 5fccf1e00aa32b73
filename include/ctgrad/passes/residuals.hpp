// SPDX-License-Identifier: BSL-1.0
/// \file
/// What reverse mode needs of the way to a result, where the way there and the way back are two programs.
#pragma once

#include "ctgrad/passes/differentiate.hpp"

namespace ctgrad::detail {

/// True for what is stored rather than computed again: the rule by which fusion chooses between two loops.
constexpr bool is_dear(const Node& node) {
  const OpKind kind = operation_info[node.op].kind;
  if (kind == OpKind::leaf) return node.is<ops::RandomUniform>();
  if (kind == OpKind::view) return false;
  return kind != OpKind::elementwise || !operation_info[node.op].cheap;
}

/// The nodes of [begin, end), the way to a result, that the nodes `adjoints`, appended after them, need and that are
/// dear to compute, in order. What else they need is cheap, made of these and of nodes before `begin`.
constexpr Vector<int> residuals(const GraphBuilder& builder, int begin, int end, const Vector<int>& adjoints) {
  Vector<char> needed(builder.nodes.count);
  for (int i = 0; i < adjoints.count; ++i) needed.at[adjoints.at[i]] = 1;
  Vector<char> kept(end);
  for (int id = builder.nodes.count - 1; id >= begin; --id) {
    if (needed.at[id] == 0) continue;
    const Node& node = builder.nodes.at[id];
    if (id < end && is_dear(node)) {
      kept.at[id] = 1;
      continue;
    }
    // What a rule of a user's own speaks of besides the value is of no use to the value.
    const int operands = node.is<ops::CustomDerivative>() ? 1 : 3;
    for (int k = 0; k < operands && node.operand[k] >= 0; ++k) needed.at[node.operand[k]] = 1;
  }
  Vector<int> result;
  for (int id = begin; id < end; ++id)
    if (kept.at[id] != 0) result.push_back(id);
  return result;
}

/// Puts the nodes `to`, which stand before `begin`, in the place of the nodes `from` in what all nodes from `begin` on
/// read, and in `adjoints`.
constexpr void substitute(GraphBuilder& builder, int begin, const Vector<int>& from, const Vector<int>& to,
                          Vector<int>& adjoints) {
  Vector<int> place(builder.nodes.count, -1);
  for (int i = 0; i < from.count; ++i) place.at[from.at[i]] = to.at[i];
  for (int id = begin; id < builder.nodes.count; ++id)
    for (std::int32_t& operand : builder.nodes.at[id].operand)
      if (operand >= 0 && place.at[operand] >= 0) operand = place.at[operand];
  for (int i = 0; i < adjoints.count; ++i)
    if (place.at[adjoints.at[i]] >= 0) adjoints.at[i] = place.at[adjoints.at[i]];
}

}  // namespace ctgrad::detail
