// SPDX-License-Identifier: BSL-1.0
/// \file
/// The finished program as data: steps, their operands, the distinct kernels, the memory plan.
#pragma once

#include "ctgrad/passes/fuse.hpp"

namespace ctgrad {

/// What runs a step.
enum class StepKind : std::uint8_t {
  kernel,  ///< a fused loop
  matmul,
  concat,
  pad,
  gather,
  scatter_add,
  take,
  take_adjoint,
  argmax,
  argmin,
  random_uniform,
  user_kernel,
};

/// How the innermost loop walks over an operand.
enum class InnerAccess : std::uint8_t {
  broadcast,   ///< the same element all along
  contiguous,  ///< neighbours in memory
  strided,     ///< any other distance
};

/// One operand of a step: an array, or a view into one.
struct StepOperand {
  /// Number of the memory region (see `Regions`).
  std::int32_t region = 0;
  /// Bytes from the region's start; in an arena with a run-time factor, times that factor.
  std::int64_t byte_offset = 0;
  /// Elements from there.
  Extent offset = 0;
  /// Elements between neighbours along each axis of the step's iteration space. Steps that are not fused
  /// loops read contiguous arrays; for them these are the operand's extents.
  Extent stride[max_rank] = {};
  DType dtype = DType::float32;
  /// Number of axes of the operand, for steps that are not fused loops.
  std::int8_t rank = 0;
  /// The node whose elements these are: for texts.
  std::int32_t node = -1;
};

/// An operation with a step of its own, for one element type: what is instantiated for it.
struct Routine {
  StepKind kind = StepKind::matmul;
  DType dtype = DType::float32;
  friend constexpr bool operator==(const Routine&, const Routine&) = default;
};

/// A row of the program.
struct Step {
  StepKind kind = StepKind::kernel;
  /// Number of the kernel, for fused loops; of the routine, for other steps.
  std::int32_t kernel = -1;
  /// Operands in the schedule's table: what is read, then what is written.
  std::int32_t first_operand = 0;
  std::int32_t operand_count = 0;
  std::int32_t input_count = 0;
  /// The iteration space of a fused loop, with unit axes dropped and neighbouring axes joined where all
  /// operands allow it; at least one axis. Otherwise the result's shape.
  ShapeValue space;
  std::int64_t attribute = 0;
  const UserOperation* user = nullptr;
  /// The node with a step of its own, or the first member of a loop: for texts.
  std::int32_t node = -1;
};

struct KernelInput {
  DType dtype = DType::float32;
  InnerAccess access = InnerAccess::contiguous;
  friend constexpr bool operator==(const KernelInput&, const KernelInput&) = default;
};

/// One operation inside a fused loop. Values are numbered: the inputs first, then one per instruction.
struct KernelInstruction {
  Opcode op = -1;
  DType dtype = DType::float32;
  std::int32_t operand[3] = {-1, -1, -1};
  const UserOperation* user = nullptr;
  friend constexpr bool operator==(const KernelInstruction& a, const KernelInstruction& b) {
    return a.op == b.op && a.dtype == b.dtype && a.operand[0] == b.operand[0] && a.operand[1] == b.operand[1] &&
           a.operand[2] == b.operand[2] && a.user == b.user;
  }
};

struct KernelOutput {
  std::int32_t value = 0;
  DType dtype = DType::float32;
  InnerAccess access = InnerAccess::contiguous;
  /// The reduction, or -1 to store every element.
  Opcode reduction = -1;
  friend constexpr bool operator==(const KernelOutput&, const KernelOutput&) = default;
};

/// A distinct fused loop: ranges in the schedule's tables.
struct KernelDescription {
  std::int32_t first_input = 0, input_count = 0;
  std::int32_t first_instruction = 0, instruction_count = 0;
  std::int32_t first_output = 0, output_count = 0;
};

/// A value written to the region of constants: a scalar, 0 1 2 ..., or an extent known at run time.
struct ConstantEntry {
  enum class Kind : std::uint8_t { scalar, arange, extent } kind = Kind::scalar;
  DType dtype = DType::float32;
  std::int64_t byte_offset = 0;
  std::int64_t count = 1;
  double value = 0;
  Extent extent = 0;
};

/// Temporary memory whose size is `bytes` times the run-time monomial `factor` (1 for static sizes).
struct ArenaInfo {
  Extent factor = 1;
  std::int64_t bytes = 0;
  /// What it would take if no two arrays shared memory.
  std::int64_t bytes_without_reuse = 0;
};

/// The memory regions of a program, in this order: the arenas, the constants, the blocks (parameters, then
/// optimizer state), the inputs.
struct Regions {
  int arenas = 0;
  int blocks = 0;
  constexpr int constants() const { return arenas; }
  constexpr int block(int i) const { return arenas + 1 + i; }
  constexpr int input(int i) const { return arenas + 1 + blocks + i; }
};

/// Where a result of the program lies when a run has finished.
struct ResultPlace {
  StepOperand place;
  ShapeValue shape;
};

struct ScheduleView {
  const Step* steps = nullptr;
  int step_count = 0;
  const StepOperand* operands = nullptr;
  int operand_count = 0;
  const KernelDescription* kernels = nullptr;
  int kernel_count = 0;
  const KernelInput* inputs = nullptr;
  int input_count = 0;
  const KernelInstruction* instructions = nullptr;
  int instruction_count = 0;
  const KernelOutput* outputs = nullptr;
  int output_count = 0;
  const ConstantEntry* constants = nullptr;
  int constant_count = 0;
  std::int64_t constant_bytes = 0;
  const ArenaInfo* arenas = nullptr;
  int arena_count = 0;
  const ResultPlace* results = nullptr;
  int result_count = 0;
  const Routine* routines = nullptr;
  int routine_count = 0;
  Regions regions;
};

namespace detail {

struct ScheduleBuilder {
  Vector<Step> steps;
  Vector<StepOperand> operands;
  Vector<KernelDescription> kernels;
  Vector<KernelInput> inputs;
  Vector<KernelInstruction> instructions;
  Vector<KernelOutput> outputs;
  Vector<ConstantEntry> constants;
  std::int64_t constant_bytes = 0;
  Vector<ArenaInfo> arenas;
  Vector<ResultPlace> results;
  Vector<Routine> routines;
  Regions regions;

  constexpr ScheduleView view() const {
    return {steps.data(),        steps.size(),        operands.data(), operands.size(),  kernels.data(),
            kernels.size(),      inputs.data(),       inputs.size(),   instructions.data(),
            instructions.size(), outputs.data(),      outputs.size(),  constants.data(), constants.size(),
            constant_bytes,      arenas.data(),       arenas.size(),   results.data(),   results.size(),
            routines.data(),     routines.size(),     regions};
  }
};

struct ScheduleSize {
  int steps, operands, kernels, inputs, instructions, outputs, constants, arenas, results, routines;
};

constexpr ScheduleSize size_of(const ScheduleBuilder& b) {
  return {b.steps.size(),        b.operands.size(), b.kernels.size(),
          b.inputs.size(),       b.instructions.size(), b.outputs.size(),
          b.constants.size(),    b.arenas.size(),   b.results.size(),
          b.routines.size()};
}

template <class T>
constexpr void copy_to(const Vector<T>& from, T* to) {
  for (int i = 0; i < from.size(); ++i) to[i] = from[i];
}

/// A schedule of exact size.
template <int Steps, int Operands, int Kernels, int Inputs, int Instructions, int Outputs, int Constants,
          int Arenas, int Results, int Routines>
struct Schedule {
  Step steps[Steps + 1];
  StepOperand operands[Operands + 1];
  KernelDescription kernels[Kernels + 1];
  KernelInput inputs[Inputs + 1];
  KernelInstruction instructions[Instructions + 1];
  KernelOutput outputs[Outputs + 1];
  ConstantEntry constants[Constants + 1];
  ArenaInfo arenas[Arenas + 1];
  ResultPlace results[Results + 1];
  Routine routines[Routines + 1];
  std::int64_t constant_bytes = 0;
  Regions regions;

  constexpr ScheduleView view() const {
    return {steps,   Steps,   operands,     Operands,     kernels, Kernels, inputs,    Inputs,
            instructions, Instructions, outputs, Outputs, constants, Constants, constant_bytes,
            arenas,  Arenas,  results,      Results,      routines, Routines, regions};
  }
};

}  // namespace detail

/// The schedule of `Pass::run()` as constexpr data of exact size.
template <class Pass>
struct FrozenSchedule {
  static constexpr detail::ScheduleSize size = detail::size_of(Pass::run());
  static constexpr auto make() {
    const detail::ScheduleBuilder b = Pass::run();
    detail::Schedule<size.steps, size.operands, size.kernels, size.inputs, size.instructions, size.outputs,
                     size.constants, size.arenas, size.results, size.routines>
        schedule{};
    detail::copy_to(b.steps, schedule.steps);
    detail::copy_to(b.operands, schedule.operands);
    detail::copy_to(b.kernels, schedule.kernels);
    detail::copy_to(b.inputs, schedule.inputs);
    detail::copy_to(b.instructions, schedule.instructions);
    detail::copy_to(b.outputs, schedule.outputs);
    detail::copy_to(b.constants, schedule.constants);
    detail::copy_to(b.arenas, schedule.arenas);
    detail::copy_to(b.results, schedule.results);
    detail::copy_to(b.routines, schedule.routines);
    schedule.constant_bytes = b.constant_bytes;
    schedule.regions = b.regions;
    return schedule;
  }
  static constexpr auto schedule = make();
};

/// The fusion of `Pass::run()` as constexpr data of exact size.
template <class Pass>
struct FrozenFusion {
  struct Size {
    int steps, members, producers;
  };
  static constexpr Size size = [] {
    const detail::FusionBuilder b = Pass::run();
    return Size{b.steps.size(), b.members.size(), b.producer.size()};
  }();
  struct Fusion {
    FusedStep steps[static_cast<unsigned>(size.steps) + 1];
    std::int32_t members[static_cast<unsigned>(size.members) + 1];
    std::int32_t producer[static_cast<unsigned>(size.producers) + 1];
    constexpr FusionView view() const { return {steps, size.steps, members, size.members, producer}; }
  };
  static constexpr Fusion make() {
    const detail::FusionBuilder b = Pass::run();
    Fusion fusion{};
    detail::copy_to(b.steps, fusion.steps);
    detail::copy_to(b.members, fusion.members);
    detail::copy_to(b.producer, fusion.producer);
    return fusion;
  }
  static constexpr Fusion fusion = make();
};

}  // namespace ctgrad
