// SPDX-License-Identifier: BSL-1.0
/// \file
/// Turns fused steps into rows of a table and finds the distinct kernels among them.
#pragma once

#include "ctgrad/passes/schedule.hpp"

namespace ctgrad {

namespace detail {

class Lowerer {
public:
  constexpr Lowerer(const GraphView& graph, const FusionView& fusion)
      : graph_(graph), fusion_(fusion), accesses_(graph), value_of_(graph.size, -1) {}

  constexpr ScheduleBuilder run() {
    out_.steps.reserve(fusion_.step_count);
    out_.operands.reserve(4 * fusion_.step_count);
    for (int i = 0; i < fusion_.step_count; ++i) {
      if (fusion_.steps[i].node >= 0) {
        lower_own_step(fusion_.steps[i].node);
      } else {
        lower_loop(i);
      }
    }
    return static_cast<ScheduleBuilder&&>(out_);
  }

private:
  static constexpr StepKind kind_of(const Node& node) {
    if (node.op == opcode<ops::MatMul>) return StepKind::matmul;
    if (node.op == opcode<ops::Concat>) return StepKind::concat;
    if (node.op == opcode<ops::Pad>) return StepKind::pad;
    if (node.op == opcode<ops::Gather>) return StepKind::gather;
    if (node.op == opcode<ops::ScatterAdd>) return StepKind::scatter_add;
    if (node.op == opcode<ops::Take>) return StepKind::take;
    if (node.op == opcode<ops::TakeAdjoint>) return StepKind::take_adjoint;
    if (node.op == opcode<ops::ArgMax>) return StepKind::argmax;
    if (node.op == opcode<ops::ArgMin>) return StepKind::argmin;
    if (node.op == opcode<ops::RandomUniform>) return StepKind::random_uniform;
    if (node.op == opcode<ops::Conv2d>) return StepKind::conv2d;
    if (node.op == opcode<ops::Conv2dInputGradient>) return StepKind::conv2d_input_gradient;
    if (node.op == opcode<ops::Conv2dWeightGradient>) return StepKind::conv2d_weight_gradient;
    if (node.op == opcode<ops::MaxPool2d>) return StepKind::max_pool2d;
    if (node.op == opcode<ops::MaxPool2dGradient>) return StepKind::max_pool2d_gradient;
    if (node.op == opcode<ops::AvgPool2d>) return StepKind::avg_pool2d;
    if (node.op == opcode<ops::AvgPool2dGradient>) return StepKind::avg_pool2d_gradient;
    if (node.op == opcode<ops::BatchNorm>) return StepKind::batch_norm;
    if (node.op == opcode<ops::BatchNormGradient>) return StepKind::batch_norm_gradient;
    if (node.op == opcode<ops::UserKernel>) return StepKind::user_kernel;
    throw "an operation has no step of its own and cannot be fused";
  }

  constexpr StepOperand operand_of(int node, const Access& access) const {
    StepOperand operand;
    operand.node = access.root;
    operand.offset = access.offset;
    operand.dtype = graph_.nodes[node].dtype;
    for (int axis = 0; axis < max_rank; ++axis) operand.stride[axis] = access.stride[axis];
    return operand;
  }

  /// An operation with a step of its own: operands contiguous, in order, then the result. The operands'
  /// extents travel in their `stride`, since their strides are known.
  constexpr void lower_own_step(int i) {
    const Node& node = graph_.nodes[i];
    Step step;
    step.kind = kind_of(node);
    step.node = i;
    step.space = graph_.shape(i);
    step.attribute = node.attribute;
    if (node.user != nullptr) step.user = node.user->routine;
    step.first_operand = out_.operands.size();
    for (int k = 0; k < 3 && node.operand[k] >= 0; ++k) {
      const int x = node.operand[k];
      add_own_operand(x, accesses_.at(graph_, x));
      ++step.input_count;
    }
    add_own_operand(i, accesses_.at(graph_, i));
    if (step.kind == StepKind::batch_norm || step.kind == StepKind::batch_norm_gradient) {
      const int side = side_result_of(i);
      if (side >= 0) add_own_operand(side, accesses_.at(graph_, side));
    }
    step.operand_count = out_.operands.size() - step.first_operand;
    // argmax and argmin work on the operand's type, the others on the result's.
    const bool searches = step.kind == StepKind::argmax || step.kind == StepKind::argmin;
    step.kernel = find_routine({step.kind, searches ? graph_.nodes[node.operand[0]].dtype : node.dtype});
    out_.steps.push_back(step);
  }

  /// The array that the step of node i writes beside its result; -1 where nobody reads it.
  constexpr int side_result_of(int i) {
    if (side_result_.empty()) {
      side_result_ = Vector<int>(graph_.size, -1);
      for (int k = 0; k < graph_.size; ++k)
        if (graph_.nodes[k].op == opcode<ops::SideResult>) side_result_.at[graph_.nodes[k].operand[0]] = k;
    }
    return side_result_.at[i];
  }

  constexpr int find_routine(const Routine& routine) {
    for (int i = 0; i < out_.routines.count; ++i)
      if (out_.routines.at[i] == routine) return i;
    out_.routines.push_back(routine);
    return out_.routines.count - 1;
  }

  constexpr void add_own_operand(int x, const Access& access) {
    StepOperand operand = operand_of(x, access);
    const ShapeValue& shape = graph_.shape(x);
    operand.rank = static_cast<std::int8_t>(shape.rank);
    for (int axis = 0; axis < shape.rank; ++axis) operand.stride[axis] = shape.extent[axis];
    out_.operands.push_back(operand);
  }

  /// One array that a loop reads or writes.
  struct LoopOperand {
    int node;
    Access access;
  };

  constexpr void lower_loop(int number) {
    const FusedStep& fused = fusion_.steps[number];
    const std::int32_t* members = fusion_.members + fused.first_member;
    const ShapeValue& space = graph_.shapes[fused.space];
    operands_.clear();
    instructions_.clear();
    outputs_.clear();
    loaded_.clear();
    inputs_.clear();

    for (int m = 0; m < fused.member_count; ++m) value_of_.at[members[m]] = -2 - m;
    // Inputs first, so that they have the first value numbers.
    for (int m = 0; m < fused.member_count; ++m) {
      const Node& node = graph_.nodes[members[m]];
      for (int k = 0; k < 3 && node.operand[k] >= 0; ++k) {
        const int x = node.operand[k];
        if (is_value(x, fused.space) || value_of_.at[x] >= 0) continue;
        value_of_.at[x] = operands_.count;
        loaded_.push_back(x);
        operands_.push_back({x, stretch(accesses_.at(graph_, x), graph_.shape(x), space)});
      }
    }
    const int input_count = operands_.count;
    for (int m = 0; m < fused.member_count; ++m) {
      const int i = members[m];
      const Node& node = graph_.nodes[i];
      if (operation_info[node.op].kind == OpKind::reduction) continue;
      KernelInstruction instruction;
      instruction.op = node.op;
      // 16-bit values are floats in a loop; only a cast rounds to what the type holds.
      instruction.dtype = node.op == opcode<ops::Cast> ? node.dtype : compute_type(node.dtype);
      if (node.user != nullptr) instruction.user = node.user->routine;
      for (int k = 0; k < 3 && node.operand[k] >= 0; ++k) instruction.operand[k] = value_of_.at[node.operand[k]];
      value_of_.at[i] = input_count + instructions_.count;
      instructions_.push_back(instruction);
    }
    for (int m = 0; m < fused.member_count; ++m) {
      const int i = members[m];
      if (fusion_.producer[i] != number) continue;
      const Node& node = graph_.nodes[i];
      KernelOutput output;
      output.dtype = node.dtype;
      if (operation_info[node.op].kind == OpKind::reduction) {
        output.reduction = node.op;
        output.value = value_of_.at[node.operand[0]];
        operands_.push_back({i, reduced_access(i, space)});
      } else {
        output.value = value_of_.at[i];
        operands_.push_back({i, accesses_.at(graph_, i)});
      }
      outputs_.push_back(output);
    }

    Step step;
    step.kind = StepKind::kernel;
    step.node = members[fused.member_count - 1];
    step.space = collapse(space, operands_);
    step.is_epilogue = fused.is_epilogue;
    const int inner = step.space.rank - 1;
    for (int i = 0; i < input_count; ++i)
      inputs_.push_back({graph_.nodes[operands_.at[i].node].dtype, access_kind(operands_.at[i].access.stride[inner])});
    for (int i = 0; i < outputs_.count; ++i)
      outputs_.at[i].access = access_kind(operands_.at[input_count + i].access.stride[inner]);
    step.kernel = find_kernel(inputs_, instructions_, outputs_);
    step.first_operand = out_.operands.size();
    step.operand_count = operands_.count;
    step.input_count = input_count;
    for (int i = 0; i < operands_.count; ++i)
      out_.operands.push_back(operand_of(operands_.at[i].node, operands_.at[i].access));
    out_.steps.push_back(step);

    for (int m = 0; m < fused.member_count; ++m) value_of_.at[members[m]] = -1;
    for (int i = 0; i < loaded_.count; ++i) value_of_.at[loaded_.at[i]] = -1;
  }

  /// True for a member of the loop at hand whose value is used where it is computed.
  constexpr bool is_value(int x, std::int32_t space) const {
    return value_of_.at[x] <= -2 && operation_info[graph_.nodes[x].op].kind == OpKind::elementwise &&
           graph_.nodes[x].shape == space;
  }

  /// Where a reduction's result goes: stride 0 along the reduced axes.
  constexpr Access reduced_access(int i, const ShapeValue& space) {
    Access access = accesses_.at(graph_, i);
    const auto mask = static_cast<unsigned>(graph_.nodes[i].attribute);
    int own = 0;
    for (int axis = 0; axis < space.rank; ++axis)
      access.stride[axis] = (mask >> axis & 1U) != 0 ? 0 : accesses_.at(graph_, i).stride[own++];
    return access;
  }

  static constexpr InnerAccess access_kind(Extent stride) {
    return stride == 0 ? InnerAccess::broadcast : stride == 1 ? InnerAccess::contiguous : InnerAccess::strided;
  }

  /// Drops unit axes and joins neighbours that all operands walk through in one stride.
  static constexpr ShapeValue collapse(const ShapeValue& space, Vector<LoopOperand>& operands) {
    ShapeValue result;
    for (int axis = 0; axis < space.rank; ++axis) {
      if (space[axis] == 1) continue;
      bool join = result.rank > 0;
      for (int i = 0; join && i < operands.count; ++i) {
        const Extent outer = operands.at[i].access.stride[result.rank - 1];
        join = outer == multiply(operands.at[i].access.stride[axis], space[axis]);
      }
      if (join) {
        result[result.rank - 1] = multiply(result[result.rank - 1], space[axis]);
      } else {
        result.push_back(space[axis]);
      }
      for (int i = 0; i < operands.count; ++i)
        operands.at[i].access.stride[result.rank - 1] = operands.at[i].access.stride[axis];
    }
    if (result.rank == 0) {
      result.push_back(1);
      for (int i = 0; i < operands.count; ++i) operands.at[i].access.stride[0] = 0;
    }
    for (int i = 0; i < operands.count; ++i)
      for (int axis = result.rank; axis < max_rank; ++axis) operands.at[i].access.stride[axis] = 0;
    return result;
  }

  template <class T>
  static constexpr bool same_range(const Vector<T>& all, int first, int count, const Vector<T>& other) {
    if (count != other.count) return false;
    for (int i = 0; i < count; ++i)
      if (!(all.at[first + i] == other.at[i])) return false;
    return true;
  }

  template <class T>
  static constexpr void append(Vector<T>& to, const Vector<T>& from) {
    for (int i = 0; i < from.count; ++i) to.push_back(from.at[i]);
  }

  /// The number of the kernel with these parts. There are few distinct kernels, so a search will do.
  constexpr int find_kernel(const Vector<KernelInput>& inputs, const Vector<KernelInstruction>& instructions,
                            const Vector<KernelOutput>& outputs) {
    for (int i = 0; i < out_.kernels.count; ++i) {
      const KernelDescription& k = out_.kernels.at[i];
      if (same_range(out_.inputs, k.first_input, k.input_count, inputs) &&
          same_range(out_.instructions, k.first_instruction, k.instruction_count, instructions) &&
          same_range(out_.outputs, k.first_output, k.output_count, outputs))
        return i;
    }
    out_.kernels.push_back({out_.inputs.size(), inputs.size(), out_.instructions.size(), instructions.size(),
                            out_.outputs.size(), outputs.size()});
    append(out_.inputs, inputs);
    append(out_.instructions, instructions);
    append(out_.outputs, outputs);
    return out_.kernels.count - 1;
  }

  GraphView graph_;
  FusionView fusion_;
  AccessTable accesses_;
  /// In the loop at hand: a value's number; -2 - position for members without one yet; -1 for others.
  Vector<int> value_of_;
  /// For each node its side result, or -1; empty until a step has one.
  Vector<int> side_result_;
  ScheduleBuilder out_;
  // The parts of the loop at hand; kept, because making an array costs the compiler more than filling it.
  Vector<LoopOperand> operands_;
  Vector<KernelInput> inputs_;
  Vector<KernelInstruction> instructions_;
  Vector<KernelOutput> outputs_;
  Vector<int> loaded_;
};

}  // namespace detail

/// The rows and the distinct kernels of a fused graph. Memory places are assigned by `plan`.
constexpr detail::ScheduleBuilder lower(const GraphView& graph, const FusionView& fusion) {
  return detail::Lowerer(graph, fusion).run();
}

}  // namespace ctgrad
