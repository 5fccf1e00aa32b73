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
  conv2d,
  conv2d_input_gradient,
  conv2d_weight_gradient,
  max_pool2d,
  max_pool2d_gradient,
  avg_pool2d,
  avg_pool2d_gradient,
  batch_norm,
  batch_norm_gradient,
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
  /// The node in whose array they lie: itself, or the pack that it is a part of.
  std::int32_t array = -1;
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
  /// Operands in the schedule's table: what is read, then what is written: by a step that is no loop its result, and
  /// after it the side result where somebody wants it.
  std::int32_t first_operand = 0;
  std::int32_t operand_count = 0;
  std::int32_t input_count = 0;
  /// True for a fused loop that is the epilogue of the step before it: it reads that step's reductions and may run on
  /// a part of their results as soon as that part is finished.
  bool is_epilogue = false;
  /// The iteration space of a fused loop, with unit axes dropped and neighbouring axes joined where all
  /// operands allow it; at least one axis. Otherwise the result's shape.
  ShapeValue space;
  std::int64_t attribute = 0;
  const UserRoutine* user = nullptr;
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
  const UserRoutine* user = nullptr;
  friend constexpr bool operator==(const KernelInstruction& a, const KernelInstruction& b) {
    return a.op == b.op && a.dtype == b.dtype && a.operand[0] == b.operand[0] && a.operand[1] == b.operand[1] &&
           a.operand[2] == b.operand[2] &&
           (a.op != opcode<ops::UserElementwise> || detail::is_same_value(*a.user, *b.user));
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

/// A value written to the region of constants: a scalar, 0 1 2 ..., a table of integers, or an extent known at run
/// time.
struct ConstantEntry {
  enum class Kind : std::uint8_t { scalar, arange, table, extent } kind = Kind::scalar;
  DType dtype = DType::float32;
  std::int64_t byte_offset = 0;
  std::int64_t count = 1;
  double value = 0;
  Extent extent = 0;
  const std::int32_t* table = nullptr;

  /// Element k as it stands before the run.
  constexpr double element(std::int64_t k) const {
    if (kind == Kind::arange) return static_cast<double>(k);
    return kind == Kind::table ? table[k] : value;
  }
};

/// Temporary memory whose size is `bytes` times the run-time monomial `factor` (1 for static sizes).
struct ArenaInfo {
  Extent factor = 1;
  std::int64_t bytes = 0;
  /// What it would take if no two arrays shared memory.
  std::int64_t bytes_without_reuse = 0;
};

/// The memory regions of a program, in this order: the arenas, the constants, the blocks (parameters,
/// optimizer state, and last the buffers where there are any), the results where the caller says where they go, the
/// inputs.
struct Regions {
  int arenas = 0;
  int blocks = 0;
  int results = 0;
  constexpr int constants() const { return arenas; }
  constexpr int block(int i) const { return arenas + 1 + i; }
  constexpr int result(int i) const { return arenas + 1 + blocks + i; }
  constexpr int input(int i) const { return arenas + 1 + blocks + results + i; }
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
    return {steps.data(),    steps.size(),   operands.data(),  operands.size(),     kernels.data(),
            kernels.size(),  inputs.data(),  inputs.size(),    instructions.data(), instructions.size(),
            outputs.data(),  outputs.size(), constants.data(), constants.size(),    constant_bytes,
            arenas.data(),   arenas.size(),  results.data(),   results.size(),      routines.data(),
            routines.size(), regions};
  }
};

/// Numbers of elements: of a finished schedule, or that one has room for.
struct ScheduleSize {
  int steps = 0, operands = 0, kernels = 0, inputs = 0, instructions = 0, outputs = 0, constants = 0, arenas = 0,
      results = 0, routines = 0;

  constexpr bool holds(const ScheduleSize& x) const {
    return x.steps <= steps && x.operands <= operands && x.kernels <= kernels && x.inputs <= inputs &&
           x.instructions <= instructions && x.outputs <= outputs && x.constants <= constants && x.arenas <= arenas &&
           x.results <= results && x.routines <= routines;
  }
};

constexpr ScheduleSize size_of(const ScheduleBuilder& b) {
  return {b.steps.size(),   b.operands.size(),  b.kernels.size(), b.inputs.size(),  b.instructions.size(),
          b.outputs.size(), b.constants.size(), b.arenas.size(),  b.results.size(), b.routines.size()};
}

/// A finished schedule: what a constexpr variable holds. The arrays may be longer than what is in use.
template <int Steps, int Operands, int Kernels, int Inputs, int Instructions, int Outputs, int Constants, int Arenas,
          int Results, int Routines>
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

  ScheduleSize count;
  /// False for a schedule that did not fit: then the arrays hold nothing, and `count` is what it needs.
  bool fits = false;

  constexpr ScheduleView view() const {
    return {steps,          count.steps,   operands,     count.operands,  kernels,
            count.kernels,  inputs,        count.inputs, instructions,    count.instructions,
            outputs,        count.outputs, constants,    count.constants, constant_bytes,
            arenas,         count.arenas,  results,      count.results,   routines,
            count.routines, regions};
  }
};

/// Copies a schedule into arrays of the given lengths, if it fits.
template <int Steps, int Operands, int Kernels, int Inputs, int Instructions, int Outputs, int Constants, int Arenas,
          int Results, int Routines>
constexpr auto freeze(const ScheduleBuilder& b) {
  Schedule<Steps, Operands, Kernels, Inputs, Instructions, Outputs, Constants, Arenas, Results, Routines> schedule{};
  schedule.count = size_of(b);
  schedule.fits =
      ScheduleSize{Steps, Operands, Kernels, Inputs, Instructions, Outputs, Constants, Arenas, Results, Routines}.holds(
          schedule.count);
  if (!schedule.fits) return schedule;
  copy_to(b.steps, schedule.steps);
  copy_to(b.operands, schedule.operands);
  copy_to(b.kernels, schedule.kernels);
  copy_to(b.inputs, schedule.inputs);
  copy_to(b.instructions, schedule.instructions);
  copy_to(b.outputs, schedule.outputs);
  copy_to(b.constants, schedule.constants);
  copy_to(b.arenas, schedule.arenas);
  copy_to(b.results, schedule.results);
  copy_to(b.routines, schedule.routines);
  schedule.constant_bytes = b.constant_bytes;
  schedule.regions = b.regions;
  return schedule;
}

}  // namespace detail

namespace detail {

template <class Pass>
struct GuessedSchedule {
  static constexpr ScheduleSize room = Pass::expected();
  static constexpr auto schedule =
      freeze<room.steps, room.operands, room.kernels, room.inputs, room.instructions, room.outputs, room.constants,
             room.arenas, room.results, room.routines>(Pass::run());
};

template <class Pass, bool Fits = GuessedSchedule<Pass>::schedule.fits>
struct ScheduleThatFits : GuessedSchedule<Pass> {};
template <class Pass>
struct ScheduleThatFits<Pass, false> {
  static constexpr ScheduleSize room = GuessedSchedule<Pass>::schedule.count;
  static constexpr auto schedule =
      freeze<room.steps, room.operands, room.kernels, room.inputs, room.instructions, room.outputs, room.constants,
             room.arenas, room.results, room.routines>(Pass::run());
};

}  // namespace detail

/// The schedule of `Pass::run()` as constexpr data, in arrays of the lengths `Pass::expected()`, or of the exact
/// lengths where that is too small.
template <class Pass>
struct FrozenSchedule : detail::ScheduleThatFits<Pass> {};

/// What the kernels of the schedule `Source::view()` are made from, copied into a constant of its own. nvcc reads the
/// whole constant for one of its elements, and what its pointers point to: with a network of 128 blocks 5 MB of memory
/// each time. Each kernel takes some dozens of elements.
template <class Source>
struct KernelTables {
  struct Counts {
    int kernels, inputs, instructions, outputs;
  };
  static constexpr Counts count_all() {
    const ScheduleView schedule = Source::view();
    return {schedule.kernel_count, schedule.input_count, schedule.instruction_count, schedule.output_count};
  }
  static constexpr Counts counts = count_all();

  KernelDescription kernels[counts.kernels + 1];
  KernelInput inputs[counts.inputs + 1];
  KernelInstruction instructions[counts.instructions + 1];
  KernelOutput outputs[counts.outputs + 1];

  static constexpr KernelTables copy() {
    const ScheduleView schedule = Source::view();
    KernelTables tables{};
    for (int i = 0; i < counts.kernels; ++i) tables.kernels[i] = schedule.kernels[i];
    for (int i = 0; i < counts.inputs; ++i) tables.inputs[i] = schedule.inputs[i];
    for (int i = 0; i < counts.instructions; ++i) tables.instructions[i] = schedule.instructions[i];
    for (int i = 0; i < counts.outputs; ++i) tables.outputs[i] = schedule.outputs[i];
    return tables;
  }
};
template <class Source>
inline constexpr KernelTables<Source> kernel_tables = KernelTables<Source>::copy();

/// The fusion of `Pass::run()` as constexpr data. `Pass::nodes()` is the number of nodes that are fused.
template <class Pass>
struct FrozenFusion {
  template <int Members>
  struct Fusion {
    FusedStep steps[static_cast<unsigned>(Pass::nodes()) + 1];
    std::int32_t members[static_cast<unsigned>(Members) + 1];
    std::int32_t producer[static_cast<unsigned>(Pass::nodes()) + 1];
    int step_count = 0;
    int member_count = 0;
    constexpr FusionView view() const { return {steps, step_count, members, member_count, producer}; }
  };
  // A parameter: of a variable with an initializer, compilers find out its value once more.
  template <int Members>
  static constexpr Fusion<Members> copy(const detail::FusionBuilder& b) {
    Fusion<Members> fusion{};
    fusion.step_count = b.steps.size();
    fusion.member_count = b.members.size();
    if (b.members.size() > Members) return fusion;
    detail::copy_to(b.steps, fusion.steps);
    detail::copy_to(b.members, fusion.members);
    detail::copy_to(b.producer, fusion.producer);
    return fusion;
  }
  // Some nodes are computed in several loops. Room is cheap, another evaluation is not.
  static constexpr int guess = 2 * Pass::nodes() + 16;
  static constexpr auto guessed = copy<guess>(Pass::run());
  static constexpr FusionView fusion_view() {
    if constexpr (guessed.member_count <= guess) {
      return guessed.view();
    } else {
      return Exact<guessed.member_count>::fusion.view();
    }
  }

private:
  template <int Members>
  struct Exact {
    static constexpr auto fusion = copy<Members>(Pass::run());
  };
};

}  // namespace ctgrad
