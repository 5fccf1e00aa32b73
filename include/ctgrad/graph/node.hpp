// SPDX-License-Identifier: BSL-1.0
/// \file
/// One node of a graph, and the tables that describe every operation as data.
#pragma once

#include <cstdint>
#include <string_view>

#include "ctgrad/ops/list.hpp"
#include "ctgrad/tensor/dtype.hpp"
#include "ctgrad/tensor/shape.hpp"

namespace ctgrad {

struct UserOperation;

/// The position of an operation in `ops::List`.
using Opcode = std::int16_t;

template <class Op>
requires(ops::List::index_of<Op> >= 0) inline constexpr Opcode opcode = static_cast<Opcode>(ops::List::index_of<Op>);

/// One operation of a graph and its result. Nodes stand in an array in the order of evaluation
/// (static single assignment); operands are named by their position in it.
struct Node {
  Opcode op = -1;
  DType dtype = DType::float32;
  /// Position of the result's shape in the graph's table of shapes.
  std::int32_t shape = 0;
  /// Positions of the operands; -1 for none.
  std::int32_t operand[3] = {-1, -1, -1};
  /// What the operation needs beyond its operands: axes, flags, an input number. Each operation's file
  /// says what it means.
  std::int64_t attribute = 0;
  /// The value of a floating constant.
  double scalar = 0;
  /// An operation from a user's header, or null.
  const UserOperation* user = nullptr;
  /// The elements of a table, in static memory, or null.
  const std::int32_t* table = nullptr;

  constexpr int arity() const { return operand[0] < 0 ? 0 : operand[1] < 0 ? 1 : operand[2] < 0 ? 2 : 3; }
  template <class Op>
  constexpr bool is() const {
    return op == opcode<Op>;
  }
};

/// The facts about an operation that the passes look up by opcode.
struct OperationInfo {
  std::string_view name;
  OpKind kind;
  bool commutative;
  bool cheap;
  /// Floating-point operations for one element of the result (of the operand, for reductions).
  int flops;
};

namespace detail {

template <class... Op>
constexpr auto make_operation_table(TypeList<Op...>) {
  struct Table {
    OperationInfo row[sizeof...(Op)];
  };
  return Table{{OperationInfo{Op::name, Op::kind, Op::commutative, Op::cheap, Op::flops}...}};
}

inline constexpr auto operation_table = make_operation_table(ops::List{});

}  // namespace detail

/// The facts about each operation, by opcode.
inline constexpr const auto& operation_info = detail::operation_table.row;

/// The facts about the operation of a node.
constexpr const OperationInfo& info(Opcode op) { return detail::operation_table.row[op]; }
constexpr const OperationInfo& info(const Node& node) { return info(node.op); }

}  // namespace ctgrad
