// SPDX-License-Identifier: BSL-1.0
/// \file
/// A graph as a picture, in the language of Graphviz.
#pragma once

#include <string>

#include "ctgrad/graph/text.hpp"

namespace ctgrad {

namespace detail {

/// A string as a quoted Graphviz string; the two characters \n stay a line break.
inline std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"') result += '\\';
    result += c;
  }
  return result + "\"";
}

/// A light colour for each kind of operation; the text on it stays black.
inline const char* fill_colour(OpKind kind) {
  switch (kind) {
    case OpKind::leaf:
      return "#e6e6e6";
    case OpKind::elementwise:
      return "#cfe8cf";
    case OpKind::reduction:
      return "#f6d9b8";
    case OpKind::view:
      return "#ffffff";
    case OpKind::structured:
      return "#c9dcf2";
  }
  return "#ffffff";
}

/// The label of a node: operation and attribute, then type and shape.
inline std::string dot_label(const GraphView& graph, int id) {
  const std::string attribute = attribute_text(graph, id);
  return node_name(id) + " " + operation_name(graph[id]) + (attribute.empty() ? "" : " " + attribute) + "\\n" +
         type_text(graph, id);
}

}  // namespace detail

/// The graph for Graphviz: write it to a file and run `dot -Tsvg`. Leaves are boxes, operations are rounded
/// and coloured by kind (green elementwise, orange reductions, blue operations with a step of their own,
/// white views), results and new blocks hang below in bold.
inline std::string to_dot(const GraphView& graph) {
  std::string text =
      "digraph ctgrad {\n"
      "  node [fontname=\"Helvetica\", fontsize=11, shape=box, style=\"filled,rounded\"];\n"
      "  edge [arrowsize=0.7];\n";
  for (int i = 0; i < graph.size; ++i) {
    const Node& node = graph[i];
    const std::string name = "n" + std::to_string(i);
    text += "  " + name + " [label=" + detail::quoted(detail::dot_label(graph, i)) + ", fillcolor=\"" +
            detail::fill_colour(info(node).kind) + "\"" +
            (node.arity() == 0 && !node.is<ops::Pack>() ? ", style=filled" : "") + "];\n";
    auto edge = [&](int from) { text += "  n" + std::to_string(from) + " -> " + name + ";\n"; };
    for (int k = 0; k < 3 && node.operand[k] >= 0; ++k) edge(node.operand[k]);
    if (node.is<ops::Pack>())
      for (int k = 0; k < ops::Pack::count(node.attribute); ++k)
        edge(graph.lists[ops::Pack::first(node.attribute) + k]);
  }
  for (int i = 0; i < graph.output_count; ++i) {
    const Output& output = graph.outputs[i];
    const std::string name = "output" + std::to_string(i);
    text += "  " + name + " [label=\"" + (output.kind == OutputKind::result ? "result " : "new block ") +
            std::to_string(output.index) + "\", style=\"filled,bold\", fillcolor=\"#f2c9d4\"];\n";
    text += "  n" + std::to_string(output.node) + " -> " + name + ";\n";
  }
  return text + "}\n";
}

}  // namespace ctgrad
