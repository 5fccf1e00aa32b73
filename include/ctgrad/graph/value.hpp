// SPDX-License-Identifier: BSL-1.0
/// \file
/// A node as an operand: the handle that derivative rules and passes compute with.
#pragma once

#include <limits>

#include "ctgrad/graph/graph.hpp"

namespace ctgrad {

/// A node of a graph under construction whose shape is a value. Derivative rules are written on it;
/// users meet `Symbol`, whose shape is a type.
struct Value {
  using ctgrad_handle = Value;

  GraphBuilder* builder = nullptr;
  int id = -1;

  constexpr const Node& node() const { return builder->nodes[id]; }
  /// A copy: a reference into the graph's table would die when the table grows.
  constexpr ShapeValue shape() const { return builder->shape(id); }
  constexpr DType dtype() const { return node().dtype; }
};

namespace detail {

template <class X>
constexpr int operand_id(GraphBuilder& builder, const X& x);

/// Appends a node.
template <class Op, class... V>
constexpr Value record(GraphBuilder& builder, DType dtype, const ShapeValue& shape, std::int64_t attribute,
                       const V&... operands) {
  Node node;
  node.op = opcode<Op>;
  node.dtype = dtype;
  node.shape = builder.intern(shape);
  node.attribute = attribute;
  int count = 0;
  ((node.operand[count++] = operand_id(builder, operands)), ...);
  return {&builder, builder.append(node)};
}

/// Appends a scalar constant.
constexpr Value record_constant(GraphBuilder& builder, DType dtype, double value) {
  Node node;
  node.op = opcode<ops::Constant>;
  node.dtype = dtype;
  node.shape = builder.intern(ShapeValue{});
  node.scalar = value;
  // What a conversion to float would give, without the overflow that ends a constant evaluation. Constants beside
  // 16-bit values are floats, as are all values in a loop.
  constexpr double largest = std::numeric_limits<float>::max();
  if (compute_type(dtype) == DType::float32 && (value > largest || value < -largest))
    node.scalar = value > 0 ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
  return {&builder, builder.append(node)};
}

/// Appends `count` integers in static memory as an array of one axis.
constexpr Value record_table(GraphBuilder& builder, const std::int32_t* elements, int count) {
  std::uint64_t hash = 0;
  for (int i = 0; i < count; ++i)
    hash = (hash ^ static_cast<std::uint32_t>(elements[i])) * std::uint64_t{0x9e3779b97f4a7c15};
  ShapeValue shape;
  shape.push_back(count);
  Node node;
  node.op = opcode<ops::Table>;
  node.dtype = DType::int32;
  node.shape = builder.intern(shape);
  node.attribute = static_cast<std::int64_t>(hash >> 1);
  node.table = elements;
  return {&builder, builder.append(node)};
}

template <class X>
constexpr Value to_value(GraphBuilder& builder, DType dtype, const X& x) {
  if constexpr (std::is_arithmetic_v<X>) {
    return record_constant(builder, dtype, static_cast<double>(x));
  } else {
    if constexpr (requires { x.number; })
      if (x.builder == nullptr)
        return record_constant(builder, dtype_of<typename X::element_type>, static_cast<double>(x.number));
    return Value{x.builder, x.id};
  }
}

/// The node of an operand. A scalar symbol that is a plain number becomes one.
template <class X>
constexpr int operand_id(GraphBuilder& builder, const X& x) {
  return to_value(builder, DType::float32, x).id;
}

template <class First, class... Rest>
constexpr auto first_handle(const First& first, const Rest&... rest) {
  if constexpr (Handle<First>) {
    return first;
  } else {
    return first_handle(rest...);
  }
}

/// The dtype that plain numbers beside handles take: that of the last non-boolean handle (a
/// condition's type says nothing about the numbers chosen by it).
template <class... V>
constexpr DType number_type(const V&... operands) {
  DType result = DType::boolean;
  auto look = [&](const auto& x) {
    if constexpr (Handle<decltype(x)>)
      if (x.dtype() != DType::boolean) result = x.dtype();
  };
  (look(operands), ...);
  return result;
}

}  // namespace detail

/// Applies an elementwise operation to nodes and numbers.
template <class Op, std::int64_t Attribute, class... X>
requires(Op::kind == OpKind::elementwise && (std::is_same_v<X, Value> || ...)) constexpr Value
    ctgrad_apply(OpCall<Op, Attribute>, const X&... operands) {
  GraphBuilder& builder = *detail::first_handle(operands...).builder;
  const DType number = detail::number_type(operands...);
  const Value values[] = {detail::to_value(builder, number, operands)...};
  ShapeValue shape = values[0].shape();
  for (const Value& value : values) shape = detail::broadcast(shape, value.shape());
  Node node;
  node.op = opcode<Op>;
  node.dtype = Op::result_type(values[sizeof...(X) - 1].dtype());
  if constexpr (requires { Op::template cast_type<Attribute>; }) node.dtype = Op::template cast_type<Attribute>;
  node.shape = builder.intern(shape);
  node.attribute = Attribute;
  for (int i = 0; i < static_cast<int>(sizeof...(X)); ++i) node.operand[i] = values[i].id;
  return {&builder, builder.append(node)};
}

/// Applies an operation whose result shape the caller knows.
template <class Op, class... Rest>
constexpr Value apply_shaped(const Value& x, ShapeValue shape, std::int64_t attribute = 0, const Rest&... rest) {
  return detail::record<Op>(*x.builder, Op::result_type(x.dtype()), shape, attribute, x, rest...);
}

/// `x` repeated to `shape`.
constexpr Value broadcast_value(const Value& x, ShapeValue shape) {
  return x.shape() == shape ? x : apply_shaped<ops::BroadcastTo>(x, shape);
}

/// `x` converted to the element type of `like`.
constexpr Value cast_like(const Value& x, const Value& like) {
  return detail::record<ops::Cast>(*x.builder, like.dtype(), x.shape(), static_cast<std::int64_t>(like.dtype()), x);
}

}  // namespace ctgrad
