// SPDX-License-Identifier: BSL-1.0
/// \file
/// A graph under construction, a finished graph of exact size, and a view of either.
#pragma once

#include <cstdint>

#include "ctgrad/core/vector.hpp"
#include "ctgrad/graph/node.hpp"

namespace ctgrad {

/// How the initial value of a parameter is drawn. `a` and `b` mean: constant a; uniform in [a, b);
/// normal with mean a and standard deviation b.
enum class Initializer : std::uint8_t { constant, uniform, normal };

/// A trainable parameter that the traced model asked for.
struct ParameterInfo {
  int node = -1;
  std::int32_t shape = -1;
  DType dtype = DType::float32;
  Initializer initializer = Initializer::constant;
  double a = 0;
  double b = 0;
};

/// What a finished result is for.
enum class OutputKind : std::uint8_t {
  result,  ///< returned to the caller
  update,  ///< written into a block of parameters or optimizer state
};

struct Output {
  int node = -1;
  OutputKind kind = OutputKind::result;
  /// Position among the results, or the number of the block.
  int index = 0;
};

/// A read-only view of a graph. All passes take one.
struct GraphView {
  const Node* nodes = nullptr;
  int size = 0;
  const ShapeValue* shapes = nullptr;
  int shape_count = 0;
  /// Operands of the n-ary nodes, which hold a position and a count in it.
  const std::int32_t* lists = nullptr;
  int list_count = 0;
  const Output* outputs = nullptr;
  int output_count = 0;
  const ParameterInfo* parameters = nullptr;
  int parameter_count = 0;

  constexpr const Node& operator[](int i) const { return nodes[i]; }
  constexpr const ShapeValue& shape(int i) const { return shapes[nodes[i].shape]; }
};

/// A graph that grows: what tracing and the passes write to.
class GraphBuilder {
public:
  detail::Vector<Node> nodes;
  detail::Vector<ShapeValue> shapes;
  detail::Vector<std::int32_t> lists;
  detail::Vector<Output> outputs;
  detail::Vector<ParameterInfo> parameters;
  /// True while a training step is traced: layers such as dropout ask for it.
  bool training = false;

  constexpr GraphBuilder() = default;
  /// Starts with a copy of `graph`, to append to.
  constexpr explicit GraphBuilder(const GraphView& graph) {
    nodes.reserve(graph.size + graph.size / 2);
    for (int i = 0; i < graph.size; ++i) nodes.push_back(graph.nodes[i]);
    copy_tables(graph);
    for (int i = 0; i < graph.output_count; ++i) outputs.push_back(graph.outputs[i]);
  }

  /// Copies everything but nodes and outputs.
  constexpr void copy_tables(const GraphView& graph) {
    for (int i = 0; i < graph.shape_count; ++i) shapes.push_back(graph.shapes[i]);
    for (int i = 0; i < graph.list_count; ++i) lists.push_back(graph.lists[i]);
    for (int i = 0; i < graph.parameter_count; ++i) parameters.push_back(graph.parameters[i]);
  }

  constexpr GraphView view() const {
    return {nodes.data(),   nodes.size(),   shapes.data(),     shapes.size(),     lists.data(),
            lists.size(),   outputs.data(), outputs.size(),    parameters.data(), parameters.size()};
  }

  /// The position of `shape` in the table of shapes, which holds each shape once. Graphs have few
  /// different shapes, so a search costs less than a hash.
  constexpr std::int32_t intern(const ShapeValue& shape) {
    for (int i = 0; i < shapes.size(); ++i)
      if (shapes[i] == shape) return i;
    shapes.push_back(shape);
    return shapes.size() - 1;
  }

  constexpr int append(const Node& node) {
    nodes.push_back(node);
    return nodes.size() - 1;
  }

  constexpr const ShapeValue& shape(int i) const { return shapes[nodes[i].shape]; }
};

/// A finished graph of exact size: what a constexpr variable holds.
template <int Nodes, int Shapes, int Lists, int Outputs, int Parameters>
struct Graph {
  Node nodes[Nodes + 1];
  ShapeValue shapes[Shapes + 1];
  std::int32_t lists[Lists + 1];
  Output outputs[Outputs + 1];
  ParameterInfo parameters[Parameters + 1];

  constexpr GraphView view() const {
    return {nodes, Nodes, shapes, Shapes, lists, Lists, outputs, Outputs, parameters, Parameters};
  }
};

namespace detail {

struct GraphSize {
  int nodes, shapes, lists, outputs, parameters;
};

constexpr GraphSize size_of(const GraphBuilder& b) {
  return {b.nodes.size(), b.shapes.size(), b.lists.size(), b.outputs.size(), b.parameters.size()};
}

template <int Nodes, int Shapes, int Lists, int Outputs, int Parameters>
constexpr auto freeze(const GraphBuilder& builder) {
  Graph<Nodes, Shapes, Lists, Outputs, Parameters> graph{};
  for (int i = 0; i < Nodes; ++i) graph.nodes[i] = builder.nodes[i];
  for (int i = 0; i < Shapes; ++i) graph.shapes[i] = builder.shapes[i];
  for (int i = 0; i < Lists; ++i) graph.lists[i] = builder.lists[i];
  for (int i = 0; i < Outputs; ++i) graph.outputs[i] = builder.outputs[i];
  for (int i = 0; i < Parameters; ++i) graph.parameters[i] = builder.parameters[i];
  return graph;
}

}  // namespace detail

/// The result of one pass as constexpr data. `Pass::run()` returns a GraphBuilder; it is evaluated
/// twice, once for the sizes and once for the contents, so that the data has exactly its size.
template <class Pass>
struct Frozen {
  static constexpr detail::GraphSize size = detail::size_of(Pass::run());
  static constexpr auto graph = detail::freeze<size.nodes, size.shapes, size.lists, size.outputs,
                                               size.parameters>(Pass::run());
};

}  // namespace ctgrad
