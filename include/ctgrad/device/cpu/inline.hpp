// SPDX-License-Identifier: BSL-1.0
/// \file
/// Runs a tiny program as straight-line code: every step inline, every extent and offset a constant, temporaries
/// on the stack and, where they are scalars, in registers.
///
/// A table of kernels costs some tens of nanoseconds a step. That is nothing beside a layer of a thousand numbers
/// and everything beside one of four. Which way a program runs is decided while it compiles, by `runs_inline`.
#pragma once

#include "ctgrad/device/cpu/cpu.hpp"
#include "ctgrad/device/cpu/small_matmul.hpp"

/// Programs of at most this many element operations, and no run-time extent, run as straight-line code. 0 turns
/// it off.
#ifndef CTGRAD_INLINE_OPERATIONS
#define CTGRAD_INLINE_OPERATIONS 65536
#endif

namespace ctgrad::cpu {

namespace detail {

/// Element operations of a step; negative for steps with a run-time extent.
constexpr std::int64_t count_operations(const ScheduleView& schedule, const Step& step) {
  const Extent size = step.space.size();
  if (size < 0) return -1;
  // The result may be static where an operand is not: a sum over the batch, a gradient of weights.
  for (int k = 0; k < step.operand_count; ++k) {
    const StepOperand& operand = schedule.operands[step.first_operand + k];
    if (!is_static(operand.offset)) return -1;
    for (const Extent extent : operand.stride)
      if (!is_static(extent)) return -1;
  }
  if (step.kind == StepKind::kernel) return size * (schedule.kernels[step.kernel].instruction_count + 1);
  if (step.kind != StepKind::matmul) return size;
  const StepOperand& a = schedule.operands[step.first_operand];
  const Extent inner = a.stride[a.rank - (ops::MatMul::transpose_a(step.attribute) ? 2 : 1)];
  return size * inner;
}

/// Steps whose code is worth repeating inline.
inline constexpr int inline_steps = 64;

}  // namespace detail

/// Element operations of a program that could run as straight-line code; -1 for others.
template <class Source>
inline constexpr std::int64_t inline_operations = [] {
  const ScheduleView schedule = Source::view();
  if (schedule.step_count > detail::inline_steps) return std::int64_t{-1};
  std::int64_t total = 0;
  for (int i = 0; i < schedule.step_count; ++i) {
    const std::int64_t operations = detail::count_operations(schedule, schedule.steps[i]);
    if (operations < 0) return std::int64_t{-1};
    total += operations;
  }
  return total;
}();

/// True for programs that run as straight-line code.
template <class Source>
inline constexpr bool runs_inline =
    inline_operations<Source> >= 0 && inline_operations<Source> <= CTGRAD_INLINE_OPERATIONS;

namespace detail {

template <class Source, int I>
struct StaticStep {
  static constexpr ScheduleView schedule = Source::view();
  static constexpr Step step = schedule.steps[I];
  template <int K>
  static constexpr StepOperand operand = schedule.operands[step.first_operand + K];

  /// True when the kernel's reductions fold along the axis.
  template <class Kernel, int Axis>
  static constexpr bool reduces = [] {
    for (int o = 0; o < Kernel::output_count; ++o)
      if (schedule.operands[step.first_operand + Kernel::input_count + o].stride[Axis] == 0) return true;
    return false;
  }();

  /// True when operand K is one of the program's results, or a part of one, which outlive the call.
  template <int K>
  static constexpr bool is_result = [] {
    for (int i = 0; i < schedule.result_count; ++i)
      if (schedule.results[i].place.array == operand<K>.array) return true;
    return false;
  }();

  /// The number of the constant that operand K is, or -1.
  template <int K>
  static constexpr int constant = [] {
    // Not an early return: nvcc warns of a loop that cannot be reached.
    const bool is_constant = operand<K>.region == schedule.regions.constants();
    for (int i = 0; is_constant && i < schedule.constant_count; ++i)
      if (schedule.constants[i].byte_offset == operand<K>.byte_offset &&
          schedule.constants[i].kind == ConstantEntry::Kind::scalar)
        return i;
    return -1;
  }();
};

/// A scalar constant that the optimiser can see.
template <class Source, int C>
struct StaticConstant {
  static constexpr ConstantEntry entry = Source::view().constants[C];
  static constexpr element_t<entry.dtype> value = static_cast<element_t<entry.dtype>>(entry.value);
};

/// The address of operand K of step I. Temporaries lie in `stack`.
template <class Source, int I, int K>
CTGRAD_ALWAYS_INLINE void* static_address(const RunContext& context, std::byte* stack) {
  using S = StaticStep<Source, I>;
  constexpr StepOperand operand = S::template operand<K>;
  constexpr std::int64_t offset =
      operand.byte_offset + operand.offset * static_cast<std::int64_t>(size_of(operand.dtype));
  if constexpr (S::template constant<K> >= 0) {
    return const_cast<void*>(static_cast<const void*>(&StaticConstant<Source, S::template constant<K>>::value));
  } else if constexpr (operand.region < S::schedule.regions.arenas && !S::template is_result<K>) {
    return stack + offset;
  } else {
    return static_cast<std::byte*>(context.region[operand.region]) + offset;
  }
}

/// The length of the rows in which a product writes operand K of step I, where it is the last to write it; else 0.
template <class Source, int I, int K>
inline constexpr std::int64_t rows_of_product = [] {
  using S = StaticStep<Source, I>;
  for (int i = I - 1; i >= 0; --i) {
    const Step& step = S::schedule.steps[i];
    for (int k = step.input_count; k < step.operand_count; ++k) {
      const StepOperand& written = S::schedule.operands[step.first_operand + k];
      if (written.region == S::template operand<K>.region && written.byte_offset == S::template operand<K>.byte_offset)
        return step.kind == StepKind::matmul ? step.space.extent[step.space.rank - 1] : std::int64_t{0};
    }
  }
  return std::int64_t{0};
}();

/// The widest registers for the rows of a step. A load that takes what two stores have written waits until both are in
/// the cache, where it could have had the one from the processor's queue: rows of two numbers are read by two.
template <class Source, int I, class Kernel>
inline constexpr int widest_row = []<int... K>(std::integer_sequence<int, K...>) {
  int width = native_width<Kernel>;
  const auto limit = [&](std::int64_t length) {
    while (length > 1 && length < width && (length & (length - 1)) == 0) width /= 2;
  };
  (limit(rows_of_product<Source, I, K>), ...);
  return width;
}
(std::make_integer_sequence<int, Kernel::input_count>{});

/// All axes from `Axis` on of a loop with constant extents.
template <class Source, int I, class Kernel, int Axis>
CTGRAD_ALWAYS_INLINE void run_static_axes(const Row<Kernel>& start, const bool (&fresh)[Kernel::output_count]) {
  using S = StaticStep<Source, I>;
  constexpr ShapeValue space = S::step.space;
  if constexpr (Axis + 1 == space.rank) {
    Row<Kernel> row = start;
    for (int o = 0; o < Kernel::output_count; ++o) row.first[o] = fresh[o];
    run_static_row<Kernel, widest_row<Source, I, Kernel>, 0, space.extent[Axis]>(row);
  } else if constexpr (Axis + 2 == space.rank && RowLoop<Kernel, native_width<Kernel>>::adds_rows &&
                       S::template reduces<Kernel, Axis>) {
    Row<Kernel> row = start;
    for (int o = 0; o < Kernel::output_count; ++o) row.first[o] = fresh[o];
    [&]<int... K>(std::integer_sequence<int, K...>) __attribute__((always_inline)) {
      const std::int64_t next[] = {S::template operand<K>.stride[Axis] *
                                   static_cast<std::int64_t>(size_of(S::template operand<K>.dtype))...};
      for (std::int64_t i = 0; i < space.extent[Axis]; i += added_rows) {
        const std::int64_t rest = space.extent[Axis] - i;
        const std::int64_t count = rest < added_rows ? rest : added_rows;
        add_static_rows<Kernel, 0, space.extent[Axis + 1]>(row, next, count);
        ((row.pointer[K] += count * next[K]), ...);
        for (int o = 0; o < Kernel::output_count; ++o)
          row.first[o] = row.first[o] && next[Kernel::input_count + o] != 0;
      }
    }
    (std::make_integer_sequence<int, Row<Kernel>::operands>{});
  } else {
    Row<Kernel> row = start;
    bool first[Kernel::output_count];
    for (int o = 0; o < Kernel::output_count; ++o) first[o] = fresh[o];
    for (std::int64_t i = 0; i < space.extent[Axis]; ++i) {
      run_static_axes<Source, I, Kernel, Axis + 1>(row, first);
      [&]<int... K>(std::integer_sequence<int, K...>) __attribute__((always_inline)) {
        ((row.pointer[K] +=
          S::template operand<K>.stride[Axis] * static_cast<std::int64_t>(size_of(S::template operand<K>.dtype))),
         ...);
      }
      (std::make_integer_sequence<int, Row<Kernel>::operands>{});
      [&]<int... O>(std::integer_sequence<int, O...>) __attribute__((always_inline)) {
        ((S::template operand<Kernel::input_count + O>.stride[Axis] == 0 ? static_cast<void>(first[O] = false)
                                                                         : static_cast<void>(0)),
         ...);
      }
      (std::make_integer_sequence<int, Kernel::output_count>{});
    }
  }
}

/// The elements of a contiguous operand before, along and after an axis.
struct StaticSplit {
  std::int64_t outer = 1, length = 1, inner = 1;
  constexpr StaticSplit(const StepOperand& operand, int axis) {
    for (int i = 0; i < operand.rank; ++i) (i < axis ? outer : i == axis ? length : inner) *= operand.stride[i];
  }
};

/// True for steps without a loop of their own that are copies of whole pieces.
template <class Source, int I>
inline constexpr bool is_static_copy = [] {
  const Step& step = StaticStep<Source, I>::step;
  return (step.kind == StepKind::concat || step.kind == StepKind::pad) && step.space.size() > 0;
}();

/// Operands side by side along an axis; or one among zeros.
template <class Source, int I>
CTGRAD_ALWAYS_INLINE void run_static_copy(const RunContext& context, std::byte* stack) {
  using S = StaticStep<Source, I>;
  constexpr bool pads = S::step.kind == StepKind::pad;
  constexpr int axis = pads ? ops::Pad::axis(S::step.attribute) : static_cast<int>(S::step.attribute);
  constexpr int result = pads ? 1 : 2;
  constexpr StepOperand written = S::template operand<result>;
  constexpr StaticSplit to(written, axis);
  constexpr auto piece = to.inner * static_cast<std::int64_t>(size_of(written.dtype));
  auto* const target = static_cast<std::byte*>(static_address<Source, I, result>(context, stack));
  const auto* const first = static_cast<const std::byte*>(static_address<Source, I, 0>(context, stack));
  constexpr StaticSplit from(S::template operand<0>, axis);
  if constexpr (pads) {
    constexpr std::int64_t start = ops::Pad::first(S::step.attribute), distance = ops::Pad::step(S::step.attribute);
    std::memset(target, 0, static_cast<std::size_t>(to.outer * to.length * piece));
    for (std::int64_t i = 0; i < from.outer; ++i)
      for (std::int64_t k = 0; k < from.length; ++k)
        std::memcpy(target + (i * to.length + start + k * distance) * piece, first + (i * from.length + k) * piece,
                    static_cast<std::size_t>(piece));
  } else {
    const auto* const second = static_cast<const std::byte*>(static_address<Source, I, 1>(context, stack));
    constexpr std::int64_t size = from.length * piece, row = to.length * piece;
    for (std::int64_t i = 0; i < to.outer; ++i) {
      std::memcpy(target + i * row, first + i * size, static_cast<std::size_t>(size));
      std::memcpy(target + i * row + size, second + i * (row - size), static_cast<std::size_t>(row - size));
    }
  }
}

/// The operands of step I, each at the beginning of a region of its own.
template <int Count>
struct ApartOperands {
  StepOperand at[Count];
};
template <class Source, int I>
inline constexpr auto apart_operands = [] {
  const ScheduleView schedule = Source::view();
  const Step& step = schedule.steps[I];
  ApartOperands<StaticStep<Source, I>::step.operand_count> operands{};
  for (int k = 0; k < step.operand_count; ++k) {
    operands.at[k] = schedule.operands[step.first_operand + k];
    operands.at[k].region = k;
    operands.at[k].byte_offset = 0;
    operands.at[k].offset = 0;
  }
  return operands;
}();

template <class Source, int I>
CTGRAD_ALWAYS_INLINE void run_static_step(const RunContext& context, std::byte* stack) {
  using S = StaticStep<Source, I>;
  if constexpr (S::step.kind == StepKind::kernel && S::step.space.size() > 0) {
    using Kernel = kernels::kernel_of<Source, S::step.kernel>;
    Row<Kernel> row;
    bool fresh[Kernel::output_count];
    for (bool& first : fresh) first = true;
    [&]<int... K>(std::integer_sequence<int, K...>) __attribute__((always_inline)) {
      ((row.pointer[K] = static_cast<char*>(static_address<Source, I, K>(context, stack)),
        row.inner[K] = S::template operand<K>.stride[S::step.space.rank - 1]),
       ...);
    }
    (std::make_integer_sequence<int, Row<Kernel>::operands>{});
    run_static_axes<Source, I, Kernel, 0>(row, fresh);
  } else if constexpr (S::step.kind == StepKind::matmul && S::step.space.rank == 2 &&
                       !is_half_type(S::template operand<2>.dtype)) {
    using T = element_t<S::template operand<2>.dtype>;
    constexpr bool transpose_a = ops::MatMul::transpose_a(S::step.attribute);
    constexpr bool transpose_b = ops::MatMul::transpose_b(S::step.attribute);
    constexpr int k = static_cast<int>(S::template operand<0>.stride[transpose_a ? 0 : 1]);
    small_matmul<T, static_cast<int>(S::step.space.extent[0]), static_cast<int>(S::step.space.extent[1]), k,
                 transpose_a, transpose_b>(static_cast<const T*>(static_address<Source, I, 0>(context, stack)),
                                           static_cast<const T*>(static_address<Source, I, 1>(context, stack)),
                                           static_cast<T*>(static_address<Source, I, 2>(context, stack)));
  } else if constexpr (is_static_copy<Source, I>) {
    run_static_copy<Source, I>(context, stack);
  } else {
    // Rare steps run as in the table, on the same addresses.
    void* region[S::step.operand_count];
    std::int64_t factor[S::step.operand_count];
    [&]<int... K>(std::integer_sequence<int, K...>) __attribute__((always_inline)) {
      ((region[K] = static_address<Source, I, K>(context, stack), factor[K] = 1), ...);
    }
    (std::make_integer_sequence<int, S::step.operand_count>{});
    RunContext own = context;
    own.region = region;
    own.factor = factor;
    if constexpr (S::step.kind == StepKind::kernel) {
      run_loop_step(S::step, apart_operands<Source, I>.at, own,
                    loop_kernel<kernels::kernel_of<Source, S::step.kernel>>);
    } else {
      constexpr Routine routine = S::schedule.routines[S::step.kernel];
      run_own_step<routine.kind, element_t<routine.dtype>>(S::step, apart_operands<Source, I>.at, own);
    }
  }
}

template <class Source, int... I>
CTGRAD_ALWAYS_INLINE void run_static_steps(const RunContext& context, std::integer_sequence<int, I...>) {
  alignas(64) std::byte stack[Source::view().arenas[0].bytes + 64];
  (run_static_step<Source, I>(context, stack), ...);
}

}  // namespace detail

/// Runs the whole program as straight-line code.
template <class Source>
void run_inline(const RunContext& context) {
  detail::run_static_steps<Source>(context, std::make_integer_sequence<int, Source::view().step_count>{});
}

}  // namespace ctgrad::cpu
