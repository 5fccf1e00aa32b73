// SPDX-License-Identifier: BSL-1.0
/// \file
/// Removes the nodes that no output needs.
#pragma once

#include "ctgrad/graph/graph.hpp"

namespace ctgrad::detail {

/// The graph without the nodes that no output needs. The tables stay.
constexpr GraphBuilder remove_dead(GraphBuilder& simplified) {
  const GraphView source = simplified.view();
  Vector<int> map(source.size, -1);
  for (int i = 0; i < source.output_count; ++i) map.at[source.outputs[i].node] = 0;
  for (int i = source.size - 1; i >= 0; --i) {
    if (map.at[i] < 0) continue;
    const Node& node = source.nodes[i];
    for (int k = 0; k < 3 && node.operand[k] >= 0; ++k) map.at[node.operand[k]] = 0;
    if (node.op == opcode<ops::Pack>)
      for (int k = 0; k < ops::Pack::count(node.attribute); ++k)
        map.at[source.lists[ops::Pack::first(node.attribute) + k]] = 0;
  }
  int dead = 0;
  for (int i = 0; i < source.size; ++i) dead += map.at[i] < 0 ? 1 : 0;
  if (dead == 0) return static_cast<GraphBuilder&&>(simplified);
  GraphBuilder graph;
  graph.copy_tables(source);
  graph.nodes.reserve(source.size);
  for (int i = 0; i < source.size; ++i) {
    if (map.at[i] < 0) continue;
    Node node = source.nodes[i];
    for (int k = 0; k < 3 && node.operand[k] >= 0; ++k) node.operand[k] = map.at[node.operand[k]];
    if (node.op == opcode<ops::Pack>)
      for (int k = 0; k < ops::Pack::count(node.attribute); ++k) {
        const int at = ops::Pack::first(node.attribute) + k;
        graph.lists.at[at] = map.at[source.lists[at]];
      }
    map.at[i] = graph.append(node);
  }
  graph.copy_outputs(source, map);
  return graph;
}

}  // namespace ctgrad::detail
