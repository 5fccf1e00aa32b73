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
#include "ctgrad/device/cpu/static_step.hpp"

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

/// The widest registers for the rows of a step. A load that takes what two stores have written waits until both are in
/// the cache, where it could have had the one from the processor's queue: rows of two numbers are read by two.
template <class Source, int I, class Kernel>
constexpr int widest_row() {
  int width = native_width<Kernel>;
  for (int k = 0; k < Kernel::input_count; ++k) {
    const std::int64_t length = StaticStep<Source, I>::place(k).product_row;
    while (length > 1 && length < width && (length & (length - 1)) == 0) width /= 2;
  }
  return width;
}

/// All axes from `Axis` on of a loop with constant extents.
template <class Source, int I, class Kernel, int Axis>
CTGRAD_ALWAYS_INLINE void run_static_axes(const Row<Kernel>& start, const bool (&fresh)[Kernel::output_count]) {
  using S = StaticStep<Source, I>;
  constexpr ShapeValue space = S::step.space;
  if constexpr (Axis + 1 == space.rank) {
    Row<Kernel> row = start;
    for (int o = 0; o < Kernel::output_count; ++o) row.first[o] = fresh[o];
    run_static_row<Kernel, widest_row<Source, I, Kernel>(), 0, space.extent[Axis]>(row);
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
  auto* const target = static_cast<std::byte*>(static_address<Source, I, result>(context.region, stack));
  const auto* const first = static_cast<const std::byte*>(static_address<Source, I, 0>(context.region, stack));
  constexpr StaticSplit from(S::template operand<0>, axis);
  if constexpr (pads) {
    constexpr std::int64_t start = ops::Pad::first(S::step.attribute), distance = ops::Pad::step(S::step.attribute);
    std::memset(target, 0, static_cast<std::size_t>(to.outer * to.length * piece));
    for (std::int64_t i = 0; i < from.outer; ++i)
      for (std::int64_t k = 0; k < from.length; ++k)
        std::memcpy(target + (i * to.length + start + k * distance) * piece, first + (i * from.length + k) * piece,
                    static_cast<std::size_t>(piece));
  } else {
    const auto* const second = static_cast<const std::byte*>(static_address<Source, I, 1>(context.region, stack));
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
      ((row.pointer[K] = static_cast<char*>(static_address<Source, I, K>(context.region, stack)),
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
                 transpose_a, transpose_b>(static_cast<const T*>(static_address<Source, I, 0>(context.region, stack)),
                                           static_cast<const T*>(static_address<Source, I, 1>(context.region, stack)),
                                           static_cast<T*>(static_address<Source, I, 2>(context.region, stack)));
  } else if constexpr (is_static_copy<Source, I>) {
    run_static_copy<Source, I>(context, stack);
  } else {
    // Rare steps run as in the table, on the same addresses.
    void* region[S::step.operand_count];
    std::int64_t factor[S::step.operand_count];
    [&]<int... K>(std::integer_sequence<int, K...>) __attribute__((always_inline)) {
      ((region[K] = static_address<Source, I, K>(context.region, stack), factor[K] = 1), ...);
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
