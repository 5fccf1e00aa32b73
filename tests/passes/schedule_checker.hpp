// SPDX-License-Identifier: BSL-1.0
/// \file
/// Runs a schedule element by element on memory that knows which array each byte belongs to.
#pragma once

#include <cstring>
#include <stdexcept>
#include <string>

#include "interpreter.hpp"

namespace ctgrad_test {

/// All stages of a program, worked out at run time.
struct Stages {
  GraphBuilder traced;
  GraphBuilder simplified;
  GraphBuilder legal;
  ctgrad::detail::FusionBuilder fused;
  ctgrad::detail::ScheduleBuilder planned;

  explicit Stages(const GraphBuilder& graph, int blocks = 0)
      : traced(graph),
        simplified(simplify(traced.view())),
        legal(legalize(simplified.view())),
        fused(fuse(legal.view())),
        planned(plan(legal.view(), fusion(), blocks)) {}

  FusionView fusion() const {
    return {fused.steps.data(), fused.steps.size(), fused.members.data(), fused.members.size(), fused.producer.data()};
  }
};

/// A broken rule of a schedule.
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Runs a schedule and throws Broken where a step reads a byte that does not hold, at that moment, the array it
/// means to read (never written, or overwritten since), where it writes outside the arenas or over its own
/// operands in a way that the order of elements could spoil, or where a loop uses a value it has not computed.
/// Nothing here comes from the fusion, lowering or planning under test but their result.
class ScheduleChecker {
public:
  ScheduleChecker(const Stages& stages, const Leaves& leaves, const Dimensions& dimensions)
      : graph_(stages.legal.view()),
        fusion_(stages.fusion()),
        schedule_(stages.planned.view()),
        dimensions_(dimensions),
        leaves_(leaves) {}

  /// The results in order, then the blocks after the run.
  std::vector<Numbers> run() {
    find_owners();
    fill_memory();
    for (int i = 0; i < schedule_.step_count; ++i) run_step(i);
    std::vector<Numbers> results;
    for (int i = 0; i < schedule_.result_count; ++i) {
      const ResultPlace& result = schedule_.results[i];
      Numbers values;
      const std::int64_t count = product(extents_of(result.shape, dimensions_));
      for (std::int64_t k = 0; k < count; ++k) values.push_back(read(result.place, k, "a result"));
      results.push_back(std::move(values));
    }
    for (int b = 0; b < schedule_.regions.blocks; ++b) {
      const Memory& memory = memory_[static_cast<std::size_t>(schedule_.regions.block(b))];
      Numbers values(leaves_.blocks.at(static_cast<std::size_t>(b)).size());
      for (std::size_t k = 0; k < values.size(); ++k)
        values[k] = load(leaves_.block_type, memory.bytes.data() + k * size_of(leaves_.block_type));
      results.push_back(std::move(values));
    }
    return results;
  }

private:
  struct Memory {
    std::vector<unsigned char> bytes;
    /// For each byte the node whose array it belongs to; -1 for none.
    std::vector<int> owner;
    bool writable = true;
  };

  [[noreturn]] void fail(const std::string& what) const { throw Broken("step " + std::to_string(step_) + ": " + what); }

  /// Parts of a pack belong to the pack.
  void find_owners() {
    for (int i = 0; i < graph_.size; ++i) owner_of_.push_back(i);
    for (int i = 0; i < graph_.size; ++i) {
      if (!graph_[i].is<ops::Pack>()) continue;
      for (int k = 0; k < ops::Pack::count(graph_[i].attribute); ++k) {
        int part = graph_.lists[ops::Pack::first(graph_[i].attribute) + k];
        while (info(graph_[part]).kind == OpKind::view) part = graph_[part].operand[0];
        owner_of_[static_cast<std::size_t>(part)] = i;
      }
    }
  }

  static void store(DType dtype, unsigned char* to, double value) {
    auto put = [&](auto x) { std::memcpy(to, &x, sizeof(x)); };
    switch (dtype) {
      case DType::float32:
        return put(static_cast<float>(value));
      case DType::float64:
        return put(value);
      case DType::int32:
        return put(static_cast<std::int32_t>(value));
      case DType::int64:
        return put(static_cast<std::int64_t>(value));
      case DType::boolean:
        return put(static_cast<unsigned char>(value != 0));
      case DType::bfloat16:
        return put(bfloat16(value));
      case DType::float16:
        return put(float16(value));
    }
  }
  static double load(DType dtype, const unsigned char* from) {
    auto get = [&](auto x) {
      std::memcpy(&x, from, sizeof(x));
      return static_cast<double>(x);
    };
    switch (dtype) {
      case DType::float32:
        return get(float{});
      case DType::float64:
        return get(double{});
      case DType::int32:
        return get(std::int32_t{});
      case DType::int64:
        return get(std::int64_t{});
      case DType::bfloat16:
        return get(bfloat16{});
      case DType::float16:
        return get(float16{});
      default:
        return get(static_cast<unsigned char>(0));
    }
  }

  void fill_memory() {
    const Regions& regions = schedule_.regions;
    memory_.resize(static_cast<std::size_t>(regions.input(static_cast<int>(leaves_.inputs.size()))));
    for (int i = 0; i < schedule_.arena_count; ++i) {
      const ArenaInfo& arena = schedule_.arenas[i];
      Memory& memory = memory_[static_cast<std::size_t>(i)];
      memory.bytes.assign(static_cast<std::size_t>(arena.bytes * dimensions_.monomial(arena.factor)), 0xff);
      memory.owner.assign(memory.bytes.size(), -1);
    }
    Memory& constants = memory_[static_cast<std::size_t>(regions.constants())];
    constants.bytes.assign(static_cast<std::size_t>(schedule_.constant_bytes), 0);
    constants.writable = false;
    for (int i = 0; i < schedule_.constant_count; ++i) {
      const ConstantEntry& entry = schedule_.constants[i];
      for (std::int64_t k = 0; k < entry.count; ++k)
        store(entry.dtype,
              constants.bytes.data() + entry.byte_offset + k * static_cast<std::int64_t>(size_of(entry.dtype)),
              entry.kind == ConstantEntry::Kind::arange   ? static_cast<double>(k)
              : entry.kind == ConstantEntry::Kind::extent ? static_cast<double>(dimensions_(entry.extent))
                                                          : entry.value);
    }
    for (std::size_t b = 0; b < leaves_.blocks.size(); ++b) {
      Memory& memory = memory_[static_cast<std::size_t>(regions.block(static_cast<int>(b)))];
      for (const double value : leaves_.blocks[b]) append(memory, leaves_.block_type, value);
      memory.owner.assign(memory.bytes.size(), -1);
    }
    for (int i = 0; i < graph_.size; ++i) {
      if (!graph_[i].is<ops::Input>()) continue;
      Memory& memory = memory_[static_cast<std::size_t>(regions.input(static_cast<int>(graph_[i].attribute)))];
      memory.writable = false;
      memory.bytes.clear();
      for (const double value : leaves_.inputs.at(static_cast<std::size_t>(graph_[i].attribute)))
        append(memory, graph_[i].dtype, value);
    }
  }
  static void append(Memory& memory, DType dtype, double value) {
    const std::size_t at = memory.bytes.size();
    memory.bytes.resize(at + size_of(dtype));
    store(dtype, memory.bytes.data() + at, value);
  }

  std::int64_t byte_of(const StepOperand& operand, std::int64_t element) const {
    std::int64_t factor = 1;
    if (operand.region < schedule_.arena_count) factor = dimensions_.monomial(schedule_.arenas[operand.region].factor);
    return operand.byte_offset * factor +
           (dimensions_(operand.offset) + element) * static_cast<std::int64_t>(size_of(operand.dtype));
  }

  bool is_leaf(int node) const { return info(graph_[node]).kind == OpKind::leaf; }

  int region_of_leaf(int node) const {
    const Node& leaf = graph_[node];
    if (leaf.is<ops::Input>()) return schedule_.regions.input(static_cast<int>(leaf.attribute));
    if (leaf.is<ops::Parameter>())
      return schedule_.regions.block(graph_.parameters[leaf.attribute].trainable ? 0 : schedule_.regions.blocks - 1);
    if (leaf.is<ops::Block>()) return schedule_.regions.block(static_cast<int>(leaf.attribute));
    return schedule_.regions.constants();
  }

  double read(const StepOperand& operand, std::int64_t element, const std::string& who) const {
    const Memory& memory = memory_.at(static_cast<std::size_t>(operand.region));
    const std::int64_t at = byte_of(operand, element);
    const auto size = static_cast<std::int64_t>(size_of(operand.dtype));
    const std::string name = "%" + std::to_string(operand.node) + " element " + std::to_string(element);
    if (at < 0 || at + size > static_cast<std::int64_t>(memory.bytes.size()))
      fail(who + " reads " + name + " outside its region");
    if (at % size != 0) fail(who + " reads " + name + " at an odd address");
    const bool leaf = is_leaf(operand.node);
    if (leaf && operand.region != region_of_leaf(operand.node)) fail(who + " reads the leaf " + name + " elsewhere");
    if (!memory.owner.empty()) {
      const int wanted = leaf ? -1 : owner_of_[static_cast<std::size_t>(operand.node)];
      for (std::int64_t b = at; b < at + size; ++b)
        if (memory.owner[static_cast<std::size_t>(b)] != wanted)
          fail(who + " reads " + name + ", where there is %" +
               std::to_string(memory.owner[static_cast<std::size_t>(b)]));
    }
    return load(operand.dtype, memory.bytes.data() + at);
  }

  void write(const StepOperand& operand, std::int64_t element, double value) {
    Memory& memory = memory_.at(static_cast<std::size_t>(operand.region));
    const std::int64_t at = byte_of(operand, element);
    const auto size = static_cast<std::int64_t>(size_of(operand.dtype));
    if (!memory.writable) fail("writes to memory that is not the program's");
    if (at < 0 || at + size > static_cast<std::int64_t>(memory.bytes.size())) fail("writes outside its region");
    store(operand.dtype, memory.bytes.data() + at, value);
    for (std::int64_t b = at; b < at + size; ++b)
      memory.owner[static_cast<std::size_t>(b)] = owner_of_[static_cast<std::size_t>(operand.node)];
  }

  /// The first and the last byte that an operand touches, plus one.
  std::pair<std::int64_t, std::int64_t> bytes_touched(const StepOperand& operand,
                                                      const std::vector<std::int64_t>& extents, bool loop) const {
    std::int64_t last = 0;
    if (product(extents) == 0) return {0, 0};
    if (loop) {
      for (std::size_t axis = 0; axis < extents.size(); ++axis)
        last += (extents[axis] - 1) * dimensions_(operand.stride[axis]);
    } else {
      last = product(own_extents(operand)) - 1;
      if (last < 0) return {0, 0};
    }
    return {byte_of(operand, 0), byte_of(operand, last + 1)};
  }

  std::vector<std::int64_t> own_extents(const StepOperand& operand) const {
    std::vector<std::int64_t> extents;
    for (int axis = 0; axis < operand.rank; ++axis) extents.push_back(dimensions_(operand.stride[axis]));
    return extents;
  }

  void check_overlap(const Step& step, const StepOperand* operands, const std::vector<std::int64_t>& extents) const {
    const bool loop = step.kind == StepKind::kernel;
    for (int o = step.input_count; o < step.operand_count; ++o)
      for (int k = 0; k < step.operand_count; ++k) {
        if (k == o || operands[k].region != operands[o].region) continue;
        const auto [a0, a1] = bytes_touched(operands[o], extents, loop);
        const auto [b0, b1] = bytes_touched(operands[k], extents, loop);
        if (a1 <= b0 || b1 <= a0) continue;
        // In place is fine when each element is read just before its successor is written in the same spot.
        bool same = loop && k < step.input_count && a0 == b0 && a1 == b1 && operands[k].dtype == operands[o].dtype;
        for (std::size_t axis = 0; axis < extents.size() && same; ++axis)
          same = extents[axis] == 1 || dimensions_(operands[k].stride[axis]) == dimensions_(operands[o].stride[axis]);
        for (std::size_t axis = 0; axis < extents.size() && same; ++axis)
          same = extents[axis] == 1 || dimensions_(operands[o].stride[axis]) != 0;
        if (!same)
          fail("writes %" + std::to_string(operands[o].node) + " over %" + std::to_string(operands[k].node) +
               ", which it still needs");
      }
  }

  /// A part of an epilogue may run before other parts of the step it belongs to: it may read whole results of that
  /// step's reductions only, and write nothing that the step reads or writes.
  void check_epilogue(const Step& step, const StepOperand* operands, const std::vector<std::int64_t>& space) const {
    if (step_ == 0) fail("is the epilogue of nothing");
    const Step& host = schedule_.steps[step_ - 1];
    if (host.kind != StepKind::kernel || host.is_epilogue) fail("is the epilogue of a step that can have none");
    const KernelDescription& kernel = schedule_.kernels[host.kernel];
    const std::vector<std::int64_t> host_space = extents_of(host.space, dimensions_);
    for (int h = 0; h < host.operand_count; ++h) {
      const StepOperand& theirs = schedule_.operands[host.first_operand + h];
      const auto [b0, b1] = bytes_touched(theirs, host_space, true);
      const bool reduction =
          h >= host.input_count && schedule_.outputs[kernel.first_output + h - host.input_count].reduction >= 0;
      for (int k = 0; k < step.operand_count; ++k) {
        const bool reads = k < step.input_count;
        if (operands[k].region != theirs.region || (reads && h < host.input_count)) continue;
        const auto [a0, a1] = bytes_touched(operands[k], space, true);
        if (a1 <= b0 || b1 <= a0) continue;
        const bool whole = reduction && a0 == b0 && a1 == b1 && operands[k].dtype == theirs.dtype &&
                           a1 - a0 == product(space) * static_cast<std::int64_t>(size_of(theirs.dtype));
        if (!whole)
          fail("as an epilogue, uses %" + std::to_string(operands[k].node) + " where its step uses %" +
               std::to_string(theirs.node));
      }
    }
  }

  void run_step(int number) {
    step_ = number;
    const Step& step = schedule_.steps[number];
    const StepOperand* operands = schedule_.operands + step.first_operand;
    if (step.operand_count > max_operands) fail("has too many operands");
    const std::vector<std::int64_t> space = extents_of(step.space, dimensions_);
    check_overlap(step, operands, space);
    if (step.is_epilogue) check_epilogue(step, operands, space);
    if (step.kind == StepKind::kernel) {
      check_members(fusion_.steps[number], step, operands);
      run_loop(step, operands, space);
    } else {
      run_own(graph_[fusion_.steps[number].node], step, operands);
    }
  }

  /// Every operand of every member is an earlier member or an array the step reads.
  void check_members(const FusedStep& fused, const Step& step, const StepOperand* operands) const {
    for (int m = 0; m < fused.member_count; ++m) {
      const Node& node = graph_[fusion_.members[fused.first_member + m]];
      for (int k = 0; k < 3 && node.operand[k] >= 0; ++k) {
        bool known = false;
        for (int e = 0; e < m && !known; ++e) known = fusion_.members[fused.first_member + e] == node.operand[k];
        int root = node.operand[k];
        while (info(graph_[root]).kind == OpKind::view) root = graph_[root].operand[0];
        for (int i = 0; i < step.input_count && !known; ++i) known = operands[i].node == root;
        if (!known) fail("computes with %" + std::to_string(node.operand[k]) + ", which it neither reads nor computes");
      }
    }
  }

  void run_loop(const Step& step, const StepOperand* operands, const std::vector<std::int64_t>& space) {
    const KernelDescription& kernel = schedule_.kernels[step.kernel];
    auto element = [&](const StepOperand& operand, const std::vector<std::int64_t>& at) {
      std::int64_t offset = 0;
      for (std::size_t axis = 0; axis < at.size(); ++axis) offset += at[axis] * dimensions_(operand.stride[axis]);
      return offset;
    };
    for (int o = 0; o < kernel.output_count; ++o) {
      const KernelOutput& output = schedule_.outputs[kernel.first_output + o];
      if (output.reduction < 0) continue;
      const StepOperand& to = operands[kernel.input_count + o];
      std::vector<std::int64_t> kept = space;
      for (std::size_t axis = 0; axis < kept.size(); ++axis)
        if (to.stride[axis] == 0) kept[axis] = 1;
      for_each_index(kept, [&](const std::vector<std::int64_t>& at) {
        write(to, element(to, at), reduction_identity(output.reduction));
      });
    }
    for_each_index(space, [&](const std::vector<std::int64_t>& at) {
      std::vector<double> values;
      for (int i = 0; i < kernel.input_count; ++i)
        values.push_back(read(operands[i], element(operands[i], at), "the loop"));
      for (int i = 0; i < kernel.instruction_count; ++i) {
        const KernelInstruction& instruction = schedule_.instructions[kernel.first_instruction + i];
        auto value = [&](int k) {
          return instruction.operand[k] >= 0 ? values.at(static_cast<std::size_t>(instruction.operand[k])) : 0.0;
        };
        values.push_back(scalar_value(instruction.op, instruction.dtype, value(0), value(1), value(2)));
      }
      for (int o = 0; o < kernel.output_count; ++o) {
        const KernelOutput& output = schedule_.outputs[kernel.first_output + o];
        const StepOperand& to = operands[kernel.input_count + o];
        double value = values.at(static_cast<std::size_t>(output.value));
        if (output.reduction >= 0)
          value = reduction_step(output.reduction, read(to, element(to, at), "the reduction"), value);
        write(to, element(to, at), value);
      }
    });
  }

  void run_own(const Node& node, const Step& step, const StepOperand* operands) {
    std::vector<Numbers> arrays;
    std::vector<const Numbers*> pointers;
    std::vector<std::vector<std::int64_t>> shapes;
    for (int k = 0; k < step.input_count; ++k) {
      shapes.push_back(own_extents(operands[k]));
      Numbers values;
      for (std::int64_t e = 0; e < product(shapes.back()); ++e) values.push_back(read(operands[k], e, "the step"));
      arrays.push_back(std::move(values));
    }
    for (const Numbers& array : arrays) pointers.push_back(&array);
    const StepOperand& to = operands[step.input_count];
    const Numbers result = evaluate_structured(node.op, step.attribute, pointers, shapes, own_extents(to));
    for (std::size_t e = 0; e < result.size(); ++e) write(to, static_cast<std::int64_t>(e), result[e]);
  }

  static constexpr int max_operands = max_loop_operands;

  GraphView graph_;
  FusionView fusion_;
  ScheduleView schedule_;
  Dimensions dimensions_;
  const Leaves& leaves_;
  std::vector<Memory> memory_;
  std::vector<int> owner_of_;
  int step_ = 0;
};

}  // namespace ctgrad_test
