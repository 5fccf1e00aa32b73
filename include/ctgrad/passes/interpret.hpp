// SPDX-License-Identifier: BSL-1.0
/// \file
/// Evaluates a small graph node by node inside constant evaluation: `static_assert(gradient(f)(2.0) == 4.0)`.
#pragma once

#include "ctgrad/core/vector.hpp"
#include "ctgrad/graph/value.hpp"

namespace ctgrad {

namespace detail {

/// Calls `visit` with a value-initialised number of the C++ type that elements of `dtype` are computed in.
template <class Visit>
constexpr double with_number_type(DType dtype, const Visit& visit) {
  switch (compute_type(dtype)) {
    case DType::float32:
      return visit(float{});
    case DType::float64:
      return visit(double{});
    case DType::int32:
      return visit(std::int32_t{});
    case DType::int64:
      return visit(std::int64_t{});
    case DType::boolean:
      return visit(bool{});
    default:
      return 0;
  }
}

/// A number after conversion to an element type.
constexpr double as_element(DType dtype, double x) {
  if (dtype == DType::boolean) return x != 0 ? 1 : 0;
  if (dtype == DType::bfloat16) return static_cast<double>(static_cast<float>(bfloat16(x)));
  if (dtype == DType::float16) return static_cast<double>(static_cast<float>(float16(x)));
  return with_number_type(dtype, [x](auto type) { return static_cast<double>(static_cast<decltype(type)>(x)); });
}

template <class Op, class T>
inline constexpr bool takes_element = Op::takes == Takes::any ||
                                      (Op::takes == Takes::booleans && std::is_same_v<T, bool>) ||
                                      (Op::takes == Takes::floating && std::is_floating_point_v<T>) ||
                                      (Op::takes == Takes::numbers && !std::is_same_v<T, bool>);

/// One element of an elementwise operation whose operands are of type `dtype`.
template <class Op>
constexpr double element_value(DType dtype, double a, double b, double c) {
  return with_number_type(dtype, [=](auto type) -> double {
    using T = decltype(type);
    if constexpr (std::is_same_v<Op, ops::Where>) {
      return static_cast<double>(a != 0 ? static_cast<T>(b) : static_cast<T>(c));
    } else if constexpr (takes_element<Op, T>) {
      if constexpr (requires { Op::value(type); }) {
        return static_cast<double>(Op::value(static_cast<T>(a)));
      } else {
        return static_cast<double>(Op::value(static_cast<T>(a), static_cast<T>(b)));
      }
    } else {
      throw "ctgrad: an operation met an element type it is not defined for";
    }
  });
}

/// `ops::List`, as a name that depends on the template that says it: only where that is instantiated are the rules of
/// all operations made.
template <class>
struct OperationsOnDemand {
  using type = ops::List;
};

using ElementValue = double (*)(DType, double, double, double);

template <class Op>
constexpr ElementValue element_rule() {
  constexpr bool special = std::is_same_v<Op, ops::Cast> || std::is_same_v<Op, ops::UserElementwise>;
  if constexpr (Op::kind == OpKind::elementwise && !special) {
    return &element_value<Op>;
  } else {
    return nullptr;
  }
}

template <class... Op>
constexpr auto make_element_table(TypeList<Op...>) {
  struct Table {
    ElementValue rule[sizeof...(Op)];
  };
  return Table{{element_rule<Op>()...}};
}
/// A template, as what uses it, though `Operations` is `ops::List` always: most translation units evaluate nothing in
/// constant expressions and need not pay for the rules of all operations.
template <class Operations>
inline constexpr auto element_table = make_element_table(Operations{});

/// One element of a user's elementwise operation.
constexpr double user_element(const UserRoutine& user, DType dtype, double a, double b, double c) {
  const auto x = static_cast<float>(a);
  const auto y = static_cast<float>(b);
  const auto z = static_cast<float>(c);
  const bool single = compute_type(dtype) == DType::float32;
  if (user.arity == 1) return single ? static_cast<double>(user.float_1(x)) : user.double_1(a);
  if (user.arity == 2) return single ? static_cast<double>(user.float_2(x, y)) : user.double_2(a, b);
  return single ? static_cast<double>(user.float_3(x, y, z)) : user.double_3(a, b, c);
}

/// The position in an array of shape `shape` of the element that an index of `rank` axes stretches to.
constexpr int position_of(const ShapeValue& shape, const Extent* index, int rank) {
  Extent at = 0;
  for (int axis = 0; axis < shape.rank; ++axis)
    at = at * shape[axis] + (shape[axis] == 1 ? 0 : index[rank - shape.rank + axis]);
  return static_cast<int>(at);
}

/// Moves to the next index in row-major order; false after the last.
constexpr bool next_index(const ShapeValue& shape, Extent* index) {
  for (int axis = shape.rank - 1; axis >= 0; --axis) {
    if (++index[axis] < shape[axis]) return true;
    index[axis] = 0;
  }
  return false;
}

template <class Operations>
class Interpreter {
public:
  constexpr Interpreter(const GraphView& graph, const double* inputs) : graph_(graph), first_(graph.size + 1) {
    for (int id = 0; id < graph.size; ++id) {
      if (!graph.shape(id).is_static())
        throw "ctgrad: only functions of lengths known at compile time can be evaluated in a constant expression";
      first_.at[id + 1] = first_.at[id] + static_cast<int>(graph.shape(id).size());
    }
    values_ = Vector<double>(first_.at[graph.size]);
    Vector<int> first_input(graph.size + 1);
    for (int id = 0; id < graph.size; ++id)
      if (graph[id].is<ops::Input>())
        first_input.at[graph[id].attribute + 1] = static_cast<int>(graph.shape(id).size());
    for (int i = 0; i < graph.size; ++i) first_input.at[i + 1] += first_input.at[i];
    for (int id = 0; id < graph.size; ++id)
      if (graph[id].is<ops::Input>())
        for (int k = first_.at[id]; k < first_.at[id + 1]; ++k)
          values_.at[k] = inputs[first_input.at[graph[id].attribute] + k - first_.at[id]];
    // What no result needs, such as the points that vmap made up, need not be evaluated.
    Vector<char> needed(graph.size);
    for (int i = 0; i < graph.output_count; ++i) needed.at[graph.outputs[i].node] = 1;
    for (int id = graph.size - 1; id >= 0; --id)
      if (needed.at[id] != 0)
        for (const std::int32_t operand : graph[id].operand)
          if (operand >= 0) needed.at[operand] = 1;
    for (int id = 0; id < graph.size; ++id)
      if (needed.at[id] != 0 && !graph[id].is<ops::Input>()) evaluate(id);
  }

  constexpr const double* value(int id) const { return values_.at + first_.at[id]; }

private:
  constexpr void evaluate(int id) {
    const Node& node = graph_[id];
    const ShapeValue shape = graph_.shape(id);
    double* y = values_.at + first_.at[id];
    if (first_.at[id] == first_.at[id + 1]) return;
    const OpKind kind = info(node).kind;
    if (node.is<ops::Constant>()) {
      y[0] = as_element(node.dtype, node.scalar);
    } else if (node.is<ops::Arange>()) {
      for (int i = 0; i < static_cast<int>(shape.size()); ++i) y[i] = i;
    } else if (node.is<ops::Table>()) {
      for (int i = 0; i < static_cast<int>(shape.size()); ++i) y[i] = node.table[i];
    } else if (node.is<ops::ExtentOf>()) {
      y[0] = static_cast<double>(node.attribute);
    } else if (kind == OpKind::elementwise) {
      elementwise(node, shape, y);
    } else if (kind == OpKind::reduction) {
      reduce(node, graph_.shape(node.operand[0]), y, static_cast<int>(shape.size()));
    } else if (kind == OpKind::view) {
      view(node, shape, y);
    } else if (node.is<ops::MatMul>()) {
      matmul(node, shape, y);
    } else if (node.is<ops::Concat>() || node.is<ops::Pad>()) {
      place(node, shape, y);
    } else if (node.is<ops::UserKernel>() && node.user->runs_in_constants) {
      user_kernel(node, shape, y);
    } else {
      throw "ctgrad: this operation cannot be evaluated in a constant expression; call the function at run time";
    }
  }

  constexpr void elementwise(const Node& node, const ShapeValue& shape, double* y) const {
    const double* x[3] = {};
    ShapeValue from[3];
    for (int i = 0; i < 3 && node.operand[i] >= 0; ++i) {
      x[i] = value(node.operand[i]);
      from[i] = graph_.shape(node.operand[i]);
    }
    const DType dtype = graph_[node.operand[node.arity() - 1]].dtype;
    Extent index[max_rank] = {};
    do {
      double operand[3] = {};
      for (int i = 0; i < 3 && node.operand[i] >= 0; ++i) operand[i] = x[i][position_of(from[i], index, shape.rank)];
      double result = 0;
      if (node.is<ops::Cast>()) {
        result = as_element(node.dtype, operand[0]);
      } else if (node.is<ops::UserElementwise>()) {
        result = user_element(*node.user->routine, dtype, operand[0], operand[1], operand[2]);
      } else {
        result = element_table<Operations>.rule[node.op](dtype, operand[0], operand[1], operand[2]);
      }
      *y++ = result;
    } while (next_index(shape, index));
  }

  constexpr void reduce(const Node& node, const ShapeValue& from, double* y, int size) const {
    const double* x = value(node.operand[0]);
    Vector<char> begun(size);
    if (from.size() == 0) {
      if (node.is<ops::Max>() || node.is<ops::Min>())
        throw "ctgrad: the largest or smallest of no elements has no value here";
      for (int i = 0; i < size; ++i) y[i] = node.is<ops::Prod>() ? 1 : 0;
      return;
    }
    Extent index[max_rank] = {};
    do {
      Extent at = 0;
      for (int axis = 0; axis < from.rank; ++axis)
        if ((node.attribute >> axis & 1) == 0) at = at * from[axis] + index[axis];
      const int to = static_cast<int>(at);
      const double next = *x++;
      if (begun.at[to] == 0) {
        y[to] = next;
        begun.at[to] = 1;
      } else {
        const Opcode op = node.is<ops::Sum>()    ? opcode<ops::Add>
                          : node.is<ops::Prod>() ? opcode<ops::Multiply>
                          : node.is<ops::Max>()  ? opcode<ops::Maximum>
                                                 : opcode<ops::Minimum>;
        y[to] = element_table<Operations>.rule[op](node.dtype, y[to], next, 0);
      }
    } while (next_index(from, index));
  }

  constexpr void view(const Node& node, const ShapeValue& shape, double* y) const {
    const double* x = value(node.operand[0]);
    const ShapeValue from = graph_.shape(node.operand[0]);
    Extent index[max_rank] = {};
    int at = 0;
    do {
      Extent source[max_rank] = {};
      for (int axis = 0; axis < shape.rank; ++axis) source[axis] = index[axis];
      if (node.is<ops::Permute>()) {
        for (int axis = 0; axis < shape.rank; ++axis)
          source[ops::Permute::source_axis(node.attribute, axis)] = index[axis];
      } else if (node.is<ops::Slice>()) {
        const int axis = ops::Slice::axis(node.attribute);
        source[axis] = ops::Slice::first(node.attribute) + index[axis] * ops::Slice::step(node.attribute);
      }
      const bool in_order = node.is<ops::Reshape>() || node.is<ops::CustomDerivative>();
      y[at] = x[in_order ? at : position_of(from, source, shape.rank)];
      ++at;
    } while (next_index(shape, index));
  }

  constexpr void matmul(const Node& node, const ShapeValue& shape, double* y) const {
    const double* a = value(node.operand[0]);
    const double* b = value(node.operand[1]);
    const ShapeValue shape_a = graph_.shape(node.operand[0]);
    const ShapeValue shape_b = graph_.shape(node.operand[1]);
    const bool transposed_a = ops::MatMul::transpose_a(node.attribute);
    const bool transposed_b = ops::MatMul::transpose_b(node.attribute);
    const int r = shape.rank;
    const Extent inner = shape_a[shape_a.rank - (transposed_a ? 2 : 1)];
    Extent index[max_rank] = {};
    do {
      double total = 0;
      for (Extent k = 0; k < inner; ++k) {
        Extent at_a[max_rank] = {};
        Extent at_b[max_rank] = {};
        for (int axis = 0; axis < r; ++axis) at_a[axis] = at_b[axis] = index[axis];
        at_a[r - 2] = transposed_a ? k : index[r - 2];
        at_a[r - 1] = transposed_a ? index[r - 2] : k;
        at_b[r - 2] = transposed_b ? index[r - 1] : k;
        at_b[r - 1] = transposed_b ? k : index[r - 1];
        const double product = element_table<Operations>.rule[opcode<ops::Multiply>](
            node.dtype, a[position_of(shape_a, at_a, r)], b[position_of(shape_b, at_b, r)], 0);
        total = element_table<Operations>.rule[opcode<ops::Add>](node.dtype, total, product, 0);
      }
      *y++ = total;
    } while (next_index(shape, index));
  }

  /// Operands put side by side, or between zeros.
  constexpr void place(const Node& node, const ShapeValue& shape, double* y) const {
    for (int i = 0; i < static_cast<int>(shape.size()); ++i) y[i] = 0;
    const bool pad = node.is<ops::Pad>();
    const int along = pad ? ops::Pad::axis(node.attribute) : static_cast<int>(node.attribute);
    Extent first = pad ? ops::Pad::first(node.attribute) : 0;
    const Extent step = pad ? ops::Pad::step(node.attribute) : 1;
    for (int i = 0; i < 2 && node.operand[i] >= 0; ++i) {
      const double* x = value(node.operand[i]);
      const ShapeValue from = graph_.shape(node.operand[i]);
      Extent index[max_rank] = {};
      if (from.size() != 0) do {
          Extent to[max_rank] = {};
          for (int axis = 0; axis < shape.rank; ++axis) to[axis] = index[axis];
          to[along] = first + index[along] * step;
          y[position_of(shape, to, shape.rank)] = *x++;
        } while (next_index(from, index));
      first += from[along];
    }
  }

  /// A kernel, once for each point that `vectorize` gave it; shapes[0] is the result's.
  constexpr void user_kernel(const Node& node, const ShapeValue& shape, double* y) const {
    const int levels = ops::PointAttribute::levels(node.attribute);
    int points = 1;
    for (int axis = 0; axis < levels; ++axis) points *= static_cast<int>(shape[axis]);
    const double* x[3] = {};
    KernelShape shapes[4];
    for (int k = 0; k <= node.arity(); ++k) {
      const ShapeValue from = k == 0 ? shape : graph_.shape(node.operand[k - 1]);
      if (k > 0) x[k - 1] = value(node.operand[k - 1]);
      shapes[k].rank = from.rank - levels;
      for (int axis = levels; axis < from.rank; ++axis) shapes[k].extent[axis - levels] = from[axis];
    }
    for (int point = 0; point < points; ++point) {
      node.user->constant(y, x, shapes);
      y += shapes[0].size();
      for (int k = 0; k < node.arity(); ++k) x[k] += shapes[k + 1].size();
    }
  }

  GraphView graph_;
  /// Where the elements of each node begin.
  Vector<int> first_;
  Vector<double> values_;
};

}  // namespace detail

/// The results of a graph of static shapes, one after the other, all as double. `inputs` are the elements of all
/// inputs, one input after the other: for scalars `inputs[i]` is input i. Numbers are computed in their own type.
template <class Operations = ops::List>
constexpr detail::Vector<double> interpret(const GraphView& graph, const double* inputs) {
  const detail::Interpreter<Operations> interpreter(graph, inputs);
  detail::Vector<double> results;
  for (int i = 0; i < graph.output_count; ++i) {
    const int node = graph.outputs[i].node;
    const double* value = interpreter.value(node);
    for (int k = 0; k < static_cast<int>(graph.shape(node).size()); ++k) results.push_back(value[k]);
  }
  return results;
}

}  // namespace ctgrad
