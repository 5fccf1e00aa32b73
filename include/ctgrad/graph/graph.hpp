// SPDX-License-Identifier: BSL-1.0
/// \file
/// A graph under construction, a finished graph as a constant, and a view of either.
#pragma once

#include <cstdint>
#include <limits>

#include "ctgrad/core/vector.hpp"
#include "ctgrad/graph/node.hpp"

namespace ctgrad {

/// How the initial value of a parameter is drawn. `a` and `b` mean: constant a; uniform in [a, b);
/// normal with mean a and standard deviation b.
enum class Initializer : std::uint8_t { constant, uniform, normal };

/// A trainable parameter, or a buffer, that the traced model asked for.
struct ParameterInfo {
  int node = -1;
  std::int32_t shape = -1;
  DType dtype = DType::float32;
  Initializer initializer = Initializer::constant;
  double a = 0;
  double b = 0;
  /// False for a buffer: state that a training step updates by itself, not by the gradient. Buffers have a block of
  /// their own, the last one.
  bool trainable = true;
  /// In a graph as it was traced, the node of a buffer's new value; -1 where it stays.
  int update = -1;
};

/// What a finished result is for.
enum class OutputKind : std::uint8_t {
  result,  ///< returned to the caller
  update,  ///< written into a block of parameters, optimizer state or buffers
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
  /// While reverse mode appends nodes: the first of them. Nobody else refers to these, and the function that is
  /// differentiated has none of them.
  int adjoints_begin = std::numeric_limits<int>::max();

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
    shapes.reserve(graph.shape_count);
    lists.reserve(graph.list_count);
    parameters.reserve(graph.parameter_count);
    for (int i = 0; i < graph.shape_count; ++i) shapes.push_back(graph.shapes[i]);
    for (int i = 0; i < graph.list_count; ++i) lists.push_back(graph.lists[i]);
    for (int i = 0; i < graph.parameter_count; ++i) parameters.push_back(graph.parameters[i]);
  }

  /// Takes over the outputs of the graph whose tables were copied; `number` has the new numbers of its nodes.
  constexpr void copy_outputs(const GraphView& graph, const detail::Vector<int>& number) {
    for (int i = 0; i < graph.output_count; ++i) {
      Output output = graph.outputs[i];
      output.node = number.at[output.node];
      outputs.push_back(output);
    }
    for (int i = 0; i < parameters.count; ++i)
      if (parameters.at[i].node >= 0) parameters.at[i].node = number.at[parameters.at[i].node];
  }

  constexpr GraphView view() const {
    return {nodes.data(), nodes.size(),   shapes.data(),  shapes.size(),     lists.data(),
            lists.size(), outputs.data(), outputs.size(), parameters.data(), parameters.size()};
  }

  /// The position of `shape` in the table of shapes, which holds each shape once. Graphs have few
  /// different shapes, so a search costs less than a hash.
  constexpr std::int32_t intern(const ShapeValue& shape) {
    for (int i = 0; i < shapes.count; ++i)
      if (shapes.at[i] == shape) return i;
    shapes.push_back(shape);
    return shapes.count - 1;
  }

  constexpr int append(const Node& node) {
    nodes.push_back(node);
    return nodes.count - 1;
  }

  constexpr const ShapeValue& shape(int i) const { return shapes.at[nodes.at[i].shape]; }
};

namespace detail {

/// Numbers of elements: of a finished graph, or that one has room for.
struct GraphSize {
  int nodes = 0;
  int shapes = 0;
  int lists = 0;
  int outputs = 0;
  int parameters = 0;

  constexpr bool holds(const GraphSize& other) const {
    return other.nodes <= nodes && other.shapes <= shapes && other.lists <= lists && other.outputs <= outputs &&
           other.parameters <= parameters;
  }
};

constexpr GraphSize size_of(const GraphBuilder& b) {
  return {b.nodes.size(), b.shapes.size(), b.lists.size(), b.outputs.size(), b.parameters.size()};
}

}  // namespace detail

/// A finished graph: what a constexpr variable holds. The arrays may be longer than what is in use.
template <int Nodes, int Shapes, int Lists, int Outputs, int Parameters>
struct Graph {
  Node nodes[Nodes + 1];
  ShapeValue shapes[Shapes + 1];
  std::int32_t lists[Lists + 1];
  Output outputs[Outputs + 1];
  ParameterInfo parameters[Parameters + 1];
  detail::GraphSize count;
  /// False for a graph that did not fit: then the arrays hold nothing, and `count` is what it needs.
  bool fits = false;

  constexpr GraphView view() const {
    return {nodes,       count.nodes, shapes,        count.shapes, lists,
            count.lists, outputs,     count.outputs, parameters,   count.parameters};
  }
};

namespace detail {

template <class T>
constexpr void copy_to(const Vector<T>& from, T* to) {
  const T* data = from.at;
  const int count = from.count;
  for (int i = 0; i < count; ++i) to[i] = data[i];
}

/// Copies a graph into arrays of the given lengths, if it fits.
template <int Nodes, int Shapes, int Lists, int Outputs, int Parameters>
constexpr auto freeze(const GraphBuilder& builder) {
  Graph<Nodes, Shapes, Lists, Outputs, Parameters> graph{};
  graph.count = size_of(builder);
  graph.fits = GraphSize{Nodes, Shapes, Lists, Outputs, Parameters}.holds(graph.count);
  if (!graph.fits) return graph;
  copy_to(builder.nodes, graph.nodes);
  copy_to(builder.shapes, graph.shapes);
  copy_to(builder.lists, graph.lists);
  copy_to(builder.outputs, graph.outputs);
  copy_to(builder.parameters, graph.parameters);
  return graph;
}

/// The lengths that the result of a pass is expected to fit in: what the pass says, or those of a small graph.
template <class Pass>
constexpr GraphSize expected_size() {
  if constexpr (requires { Pass::expected(); }) {
    return Pass::expected();
  } else {
    return {192, 32, 64, 16, 16};
  }
}

template <class Pass>
struct GuessedGraph {
  static constexpr GraphSize room = expected_size<Pass>();
  static constexpr auto graph = freeze<room.nodes, room.shapes, room.lists, room.outputs, room.parameters>(Pass::run());
};

template <class Pass, bool Fits = GuessedGraph<Pass>::graph.fits>
struct GraphThatFits : GuessedGraph<Pass> {};
template <class Pass>
struct GraphThatFits<Pass, false> {
  static constexpr GraphSize room = GuessedGraph<Pass>::graph.count;
  static constexpr auto graph = freeze<room.nodes, room.shapes, room.lists, room.outputs, room.parameters>(Pass::run());
};

}  // namespace detail

/// The result of one pass as constexpr data. `Pass::run()` returns a GraphBuilder. A pass may say in `Pass::expected()`
/// how large it expects its result to be; where that is larger, the pass is evaluated a second time.
template <class Pass>
struct Frozen : detail::GraphThatFits<Pass> {};

}  // namespace ctgrad
