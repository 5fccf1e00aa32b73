// SPDX-License-Identifier: BSL-1.0
/// \file
/// A graph as text, one line for each node.
#pragma once

#include <charconv>
#include <string>

#include "ctgrad/graph/graph.hpp"

namespace ctgrad {

namespace detail {

/// The shortest decimal number that reads back as `value` in the element type.
inline std::string number_text(DType dtype, double value) {
  char digits[32];
  if (!is_floating(dtype)) value = dtype == DType::boolean ? (value != 0 ? 1 : 0) : value;
  // Constants beside 16-bit values are floats.
  const std::to_chars_result end = compute_type(dtype) == DType::float32
                                       ? std::to_chars(digits, digits + 32, static_cast<float>(value))
                                       : std::to_chars(digits, digits + 32, value);
  return std::string(digits, end.ptr);
}

inline std::string node_name(int id) { return "%" + std::to_string(id); }

/// "float32[batch, 10]".
inline std::string type_text(const GraphView& graph, int id) {
  return std::string(name_of(graph[id].dtype)) + ctgrad::text_of(graph.shape(id));
}

/// The name of a node's operation; a user operation has its own.
inline std::string operation_name(const Node& node) {
  return std::string(node.user != nullptr ? node.user->routine->name : info(node).name);
}

/// "[0, 2]" for the axes whose bits are set.
inline std::string axes_text(std::int64_t mask) {
  std::string text = "[";
  for (int axis = 0; axis < max_rank; ++axis)
    if ((mask >> axis & 1) != 0) text += (text.size() > 1 ? ", " : "") + std::to_string(axis);
  return text + "]";
}

/// The elements a slice takes: "axis 1, 2 to 8, step 3".
inline std::string slice_text(const GraphView& graph, int id) {
  const std::int64_t attribute = graph[id].attribute;
  const int axis = ops::Slice::axis(attribute);
  const std::int64_t first = ops::Slice::first(attribute);
  const std::int64_t step = ops::Slice::step(attribute);
  const Extent count = graph.shape(id)[axis];
  const std::int64_t end = count <= 0 ? first : first + (count - 1) * step + 1;
  return "axis " + std::to_string(axis) + ", " + std::to_string(first) + " to " + std::to_string(end) +
         (step == 1 ? "" : ", step " + std::to_string(step));
}

/// "stride 2 2, padding 1 1, dilation 1 1, groups 1" of a convolution, "stride 2 2, padding 0 0, kernel 2 2" of a
/// pooling.
inline std::string window_text(std::int64_t attribute, bool convolution) {
  const auto pair = [&](const char* name, int i) {
    return name + std::to_string(ops::WindowAttribute::byte(attribute, i)) + " " +
           std::to_string(ops::WindowAttribute::byte(attribute, i + 1));
  };
  const std::string text = pair("stride ", 0) + pair(", padding ", 2);
  if (!convolution) return text + pair(", kernel ", 4);
  return text + pair(", dilation ", 4) + ", groups " + std::to_string(attribute >> 48);
}

/// "[0, 1, 2, ...]": a table's elements, of a long one the first.
inline std::string table_text(const GraphView& graph, int id) {
  std::string text = "[";
  const Extent count = graph.shape(id).size();
  for (Extent k = 0; k < count && k < 8; ++k) text += (k == 0 ? "" : ", ") + std::to_string(graph[id].table[k]);
  return text + (count > 8 ? ", ...]" : "]");
}

/// What an operation needs beyond its operands, in words; empty where that is nothing.
inline std::string attribute_text(const GraphView& graph, int id) {
  const Node& node = graph[id];
  const std::int64_t attribute = node.attribute;
  if (node.is<ops::Input>() || node.is<ops::Parameter>() || node.is<ops::Block>()) return std::to_string(attribute);
  if (node.is<ops::Constant>()) return number_text(node.dtype, node.scalar);
  if (node.is<ops::Table>()) return table_text(graph, id);
  if (node.is<ops::ExtentOf>()) return ctgrad::text_of(static_cast<Extent>(attribute));
  if (node.is<ops::RandomUniform>()) return "stream " + std::to_string(attribute);
  if (info(node).kind == OpKind::reduction) return "axes " + axes_text(attribute);
  if (node.is<ops::Permute>()) {
    std::string text = "axes [";
    for (int axis = 0; axis < graph.shape(id).rank; ++axis)
      text += (axis > 0 ? ", " : "") + std::to_string(ops::Permute::source_axis(attribute, axis));
    return text + "]";
  }
  if (node.is<ops::Slice>()) return slice_text(graph, id);
  if (node.is<ops::Pad>())
    return "axis " + std::to_string(ops::Pad::axis(attribute)) + ", from " +
           std::to_string(ops::Pad::first(attribute)) + ", step " + std::to_string(ops::Pad::step(attribute));
  if (node.is<ops::MatMul>()) {
    const bool a = ops::MatMul::transpose_a(attribute);
    const bool b = ops::MatMul::transpose_b(attribute);
    return a && b ? "both transposed" : a ? "first transposed" : b ? "second transposed" : "";
  }
  if (node.is<ops::Conv2d>() || node.is<ops::Conv2dInputGradient>() || node.is<ops::Conv2dWeightGradient>())
    return window_text(attribute, true);
  if (node.is<ops::MaxPool2d>() || node.is<ops::MaxPool2dGradient>() || node.is<ops::AvgPool2d>() ||
      node.is<ops::AvgPool2dGradient>())
    return window_text(attribute, false);
  if (node.is<ops::BatchNorm>() || node.is<ops::BatchNormGradient>())
    return "epsilon " + number_text(node.dtype, ops::BatchNorm::epsilon(attribute));
  if (node.is<ops::ArgMax>() || node.is<ops::ArgMin>() || node.is<ops::Concat>() || node.is<ops::Gather>() ||
      node.is<ops::ScatterAdd>())
    return "axis " + std::to_string(attribute);
  return "";
}

/// "%3, %5": the operands of a node.
inline std::string operands_text(const GraphView& graph, int id) {
  const Node& node = graph[id];
  std::string text;
  auto add = [&](int operand) { text += (text.empty() ? "" : ", ") + node_name(operand); };
  for (int k = 0; k < 3 && node.operand[k] >= 0; ++k) add(node.operand[k]);
  if (node.is<ops::Pack>())
    for (int k = 0; k < ops::Pack::count(node.attribute); ++k) add(graph.lists[ops::Pack::first(node.attribute) + k]);
  return text;
}

/// "sum(%3, axes [0])", "input 0", "constant 0.5".
inline std::string expression_text(const GraphView& graph, int id) {
  const std::string operands = operands_text(graph, id);
  const std::string attribute = attribute_text(graph, id);
  if (operands.empty()) return operation_name(graph[id]) + (attribute.empty() ? "" : " " + attribute);
  return operation_name(graph[id]) + "(" + operands + (attribute.empty() ? "" : ", " + attribute) + ")";
}

}  // namespace detail

/// One line for each node, in the order of evaluation, then the outputs:
///
///     %0 = input 0 : float32[batch, 10]
///     %1 = constant 2 : float32[]
///     %2 = multiply(%0, %1) : float32[batch, 10]
///     %3 = sum(%2, axes [0]) : float32[10]
///     result 0 = %3
inline std::string to_string(const GraphView& graph) {
  std::string text;
  for (int i = 0; i < graph.size; ++i)
    text +=
        detail::node_name(i) + " = " + detail::expression_text(graph, i) + " : " + detail::type_text(graph, i) + "\n";
  for (int i = 0; i < graph.output_count; ++i) {
    const Output& output = graph.outputs[i];
    text += (output.kind == OutputKind::result ? "result " : "new block ") + std::to_string(output.index) + " = " +
            detail::node_name(output.node) + "\n";
  }
  return text;
}

}  // namespace ctgrad
