// SPDX-License-Identifier: BSL-1.0
/// \file
/// A finished program as text: steps, kernels, memory, and what it costs.
#pragma once

#include <string>

#include "ctgrad/graph/text.hpp"
#include "ctgrad/passes/step_name.hpp"

namespace ctgrad {

namespace detail {

/// A sum of extents, kept apart by their run-time factor: "1024 + 512*batch".
class ExtentSum {
public:
  /// Adds `count` times `extent`.
  constexpr void add(Extent extent, std::int64_t count) {
    const std::int64_t value = coefficient_of(extent) * count;
    const std::uint64_t names = names_of(extent);
    if (value == 0) return;
    for (Term& term : terms_)
      if (term.names == names) {
        term.value += value;
        return;
      }
    terms_.push_back({names, value});
  }
  constexpr void add(const ExtentSum& other) {
    for (const Term& term : other.terms_) add(make_extent(1, term.names), term.value);
  }

  std::string text() const {
    std::string result;
    for (const Term& term : terms_) {
      result += (result.empty() ? "" : " + ") + std::to_string(term.value);
      if (term.names != 0) result += "*" + ctgrad::text_of(make_extent(1, term.names));
    }
    return result.empty() ? "0" : result;
  }

private:
  struct Term {
    std::uint64_t names = 0;
    std::int64_t value = 0;
  };
  Vector<Term> terms_;
};

inline const char* name_of(InnerAccess access) {
  switch (access) {
    case InnerAccess::broadcast:
      return "one element";
    case InnerAccess::contiguous:
      return "contiguous";
    case InnerAccess::strided:
      return "strided";
  }
  return "?";
}

/// Writes a schedule, line by line, and adds up what it costs.
class ScheduleWriter {
public:
  ScheduleWriter(const ScheduleView& schedule, const GraphView& graph, const FusionView& fusion)
      : schedule_(schedule), graph_(graph), fusion_(fusion) {}

  std::string run() {
    for (int i = 0; i < schedule_.step_count; ++i) write_step(i);
    for (int i = 0; i < schedule_.kernel_count; ++i) write_kernel(i);
    write_memory();
    return text_;
  }

private:
  std::string region_text(int region) const {
    const Regions& regions = schedule_.regions;
    if (region < regions.arenas) return "arena " + std::to_string(region);
    if (region == regions.constants()) return "constants";
    if (region < regions.result(0)) return "block " + std::to_string(region - regions.block(0));
    if (region < regions.input(0)) return "result " + std::to_string(region - regions.result(0));
    return "input " + std::to_string(region - regions.input(0));
  }

  /// The number of different elements a step touches in an operand.
  Extent elements_of(const Step& step, const StepOperand& operand) const {
    if (step.kind != StepKind::kernel) {
      Extent count = 1;
      for (int axis = 0; axis < operand.rank; ++axis) count = multiply(count, operand.stride[axis]);
      return count;
    }
    Extent count = 1;
    for (int axis = 0; axis < step.space.rank; ++axis)
      if (operand.stride[axis] != 0) count = multiply(count, step.space[axis]);
    return count;
  }

  /// Strides of a loop's operand, extents of another step's.
  std::string layout_text(const Step& step, const StepOperand& operand) const {
    ShapeValue layout;
    const int rank = step.kind == StepKind::kernel ? step.space.rank : operand.rank;
    for (int axis = 0; axis < rank; ++axis) layout.push_back(operand.stride[axis]);
    return (step.kind == StepKind::kernel ? "strides " : "shape ") + ctgrad::text_of(layout);
  }

  std::string place_text(const StepOperand& operand) const {
    std::string text = region_text(operand.region) + " at byte " + std::to_string(operand.byte_offset);
    const bool scaled = operand.region < schedule_.arena_count && !is_static(schedule_.arenas[operand.region].factor) &&
                        operand.byte_offset != 0;
    if (scaled) text += "*" + ctgrad::text_of(schedule_.arenas[operand.region].factor);
    if (operand.offset != 0) text += " + " + ctgrad::text_of(operand.offset) + " elements";
    return text;
  }

  ExtentSum flops_of(int number) const {
    const FusedStep& fused = fusion_.steps[number];
    const Step& step = schedule_.steps[number];
    ExtentSum flops;
    if (step.kind == StepKind::kernel) {
      for (int m = 0; m < fused.member_count; ++m) {
        const Node& node = graph_[fusion_.members[fused.first_member + m]];
        flops.add(graph_.shapes[fused.space].size(),
                  node.user != nullptr ? node.user->routine->flops : info(node).flops);
      }
    } else if (step.kind == StepKind::matmul) {
      const Node& node = graph_[fused.node];
      const ShapeValue& a = graph_.shape(node.operand[0]);
      const Extent inner = a[a.rank - (ops::MatMul::transpose_a(node.attribute) ? 2 : 1)];
      flops.add(multiply(graph_.shape(fused.node).size(), inner), 2);
    } else if (step.kind == StepKind::conv2d || step.kind == StepKind::conv2d_input_gradient ||
               step.kind == StepKind::conv2d_weight_gradient) {
      // Each product of an output element and an element of its window.
      const Node& node = graph_[fused.node];
      const bool forward = step.kind == StepKind::conv2d;
      const ShapeValue& y =
          graph_.shape(forward ? fused.node : node.operand[step.kind == StepKind::conv2d_weight_gradient ? 1 : 0]);
      const ShapeValue& w =
          step.kind == StepKind::conv2d_weight_gradient ? graph_.shape(fused.node) : graph_.shape(node.operand[1]);
      flops.add(multiply(y.size(), w[1] * w[2] * w[3]), 2);
    } else if (step.kind == StepKind::user_kernel) {
      flops.add(graph_.shape(fused.node).size(), graph_[fused.node].user->routine->flops);
    }
    return flops;
  }

  void write_step(int number) {
    const Step& step = schedule_.steps[number];
    const FusedStep& fused = fusion_.steps[number];
    const bool loop = step.kind == StepKind::kernel;
    text_ += "step " + std::to_string(number) + ": " + name_of(step.kind);
    if (loop) text_ += ", kernel " + std::to_string(step.kernel);
    text_ += ", over " + ctgrad::text_of(step.space);
    if (step.is_epilogue) text_ += ", epilogue of step " + std::to_string(number - 1);
    text_ += "\n";
    if (loop) {
      text_ += "  computes";
      for (int m = 0; m < fused.member_count; ++m) {
        const int node = fusion_.members[fused.first_member + m];
        text_ += (m > 0 ? ", " : " ") + node_name(node) + " " + operation_name(graph_[node]);
      }
      text_ += "\n";
    } else {
      text_ += "  computes " + node_name(fused.node) + " = " + expression_text(graph_, fused.node) + "\n";
    }
    ExtentSum read;
    ExtentSum written;
    for (int k = 0; k < step.operand_count; ++k) {
      const StepOperand& operand = schedule_.operands[step.first_operand + k];
      const bool input = k < step.input_count;
      (input ? read : written)
          .add(elements_of(step, operand), static_cast<std::int64_t>(ctgrad::size_of(operand.dtype)));
      text_ += std::string(input ? "  reads  " : "  writes ") + node_name(operand.node) + " : " +
               std::string(ctgrad::name_of(operand.dtype)) + ", " + layout_text(step, operand) + ", " +
               place_text(operand) + "\n";
    }
    const ExtentSum flops = flops_of(number);
    text_ += "  " + read.text() + " bytes read, " + written.text() + " bytes written, " + flops.text() + " flops\n";
    read_.add(read);
    written_.add(written);
    flops_.add(flops);
  }

  static std::string value_name(int value) { return "v" + std::to_string(value); }

  void write_kernel(int number) {
    const KernelDescription& kernel = schedule_.kernels[number];
    int users = 0;
    for (int i = 0; i < schedule_.step_count; ++i)
      if (schedule_.steps[i].kind == StepKind::kernel && schedule_.steps[i].kernel == number) ++users;
    text_ += "kernel " + std::to_string(number) + ", run by " + std::to_string(users) +
             (users == 1 ? " step\n" : " steps\n");
    for (int i = 0; i < kernel.input_count; ++i) {
      const KernelInput& input = schedule_.inputs[kernel.first_input + i];
      text_ += "  " + value_name(i) + " = load, " + name_of(input.access) + " : " +
               std::string(ctgrad::name_of(input.dtype)) + "\n";
    }
    for (int i = 0; i < kernel.instruction_count; ++i) {
      const KernelInstruction& instruction = schedule_.instructions[kernel.first_instruction + i];
      text_ += "  " + value_name(kernel.input_count + i) + " = " +
               std::string(instruction.user != nullptr ? instruction.user->name : info(instruction.op).name) + "(";
      for (int k = 0; k < 3 && instruction.operand[k] >= 0; ++k)
        text_ += (k > 0 ? ", " : "") + value_name(instruction.operand[k]);
      text_ += ") : " + std::string(ctgrad::name_of(instruction.dtype)) + "\n";
    }
    for (int i = 0; i < kernel.output_count; ++i) {
      const KernelOutput& output = schedule_.outputs[kernel.first_output + i];
      text_ += "  store " +
               (output.reduction >= 0 ? std::string(info(output.reduction).name) + " of " + value_name(output.value)
                                      : value_name(output.value)) +
               ", " + name_of(output.access) + " : " + std::string(ctgrad::name_of(output.dtype)) + "\n";
    }
  }

  void write_memory() {
    ExtentSum bytes;
    ExtentSum without_reuse;
    for (int i = 0; i < schedule_.arena_count; ++i) {
      const ArenaInfo& arena = schedule_.arenas[i];
      ExtentSum own;
      ExtentSum own_without_reuse;
      own.add(arena.factor, arena.bytes);
      own_without_reuse.add(arena.factor, arena.bytes_without_reuse);
      bytes.add(own);
      without_reuse.add(own_without_reuse);
      text_ +=
          "arena " + std::to_string(i) + ": " + own.text() + " bytes, " + own_without_reuse.text() + " without reuse\n";
    }
    text_ += "constants: " + std::to_string(schedule_.constant_bytes) + " bytes\n";
    text_ += "total: " + std::to_string(schedule_.step_count) + " steps, " + std::to_string(schedule_.kernel_count) +
             " kernels, " + bytes.text() + " bytes of temporary memory (" + without_reuse.text() + " without reuse), " +
             read_.text() + " bytes read, " + written_.text() + " bytes written, " + flops_.text() + " flops\n";
  }

  const ScheduleView& schedule_;
  const GraphView& graph_;
  const FusionView& fusion_;
  std::string text_;
  ExtentSum read_;
  ExtentSum written_;
  ExtentSum flops_;
};

}  // namespace detail

/// The steps of a program in their order (what each computes, reads and writes, and where), its distinct
/// kernels, its memory with and without reuse, and totals. Bytes read count every element of an operand once,
/// as a cache that holds broadcast operands sees them; flops are the operations' own estimates.
///
/// `legal_graph` and `fusion` are the stages that `schedule` was made from: `to_string(P::view(), P::legal(),
/// P::fusion())` for a pipeline P.
inline std::string to_string(const ScheduleView& schedule, const GraphView& legal_graph, const FusionView& fusion) {
  return detail::ScheduleWriter(schedule, legal_graph, fusion).run();
}

}  // namespace ctgrad
