// SPDX-License-Identifier: BSL-1.0
/// \file
/// The steps and operands of a program as straight-line code sees them: constants all.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ctgrad/core/config.hpp"
#include "ctgrad/passes/schedule.hpp"

namespace ctgrad::cpu::detail {

/// Where an operand lies.
struct OperandPlace {
  std::int64_t offset = 0;
  std::int32_t region = 0;
  /// The number of the scalar constant that it is, or -1.
  std::int32_t constant = -1;
  /// True for temporaries. The program's results, and parts of them, outlive the call.
  bool on_stack = false;
  /// The length of the rows in which a product writes what is read here, where it is the last to write it; else 0.
  std::int64_t product_row = 0;
};

/// The places of all operands of a program, found at once: the compiler pays for every variable and every lambda.
template <class Source>
struct OperandPlaces {
  OperandPlace at[Source::view().operand_count + 1];

  static constexpr OperandPlaces find() {
    const ScheduleView schedule = Source::view();
    bool any_product = false;
    for (int i = 0; i < schedule.step_count; ++i)
      any_product = any_product || schedule.steps[i].kind == StepKind::matmul;
    OperandPlaces found{};
    for (int i = 0; i < schedule.step_count; ++i) {
      const Step& step = schedule.steps[i];
      for (int k = step.first_operand; k < step.first_operand + step.operand_count; ++k) {
        const StepOperand& operand = schedule.operands[k];
        OperandPlace& x = found.at[k];
        x.offset = operand.byte_offset + operand.offset * static_cast<std::int64_t>(size_of(operand.dtype));
        x.region = operand.region;
        x.constant = constant_of(schedule, operand);
        x.on_stack = operand.region < schedule.regions.arenas && !is_result(schedule, operand);
        if (any_product && k < step.first_operand + step.input_count)
          x.product_row = product_row_of(schedule, operand, i);
      }
    }
    return found;
  }

private:
  static constexpr std::int32_t constant_of(const ScheduleView& schedule, const StepOperand& operand) {
    if (operand.region != schedule.regions.constants()) return -1;
    for (int i = 0; i < schedule.constant_count; ++i)
      if (schedule.constants[i].byte_offset == operand.byte_offset &&
          schedule.constants[i].kind == ConstantEntry::Kind::scalar)
        return i;
    return -1;
  }

  static constexpr bool is_result(const ScheduleView& schedule, const StepOperand& operand) {
    for (int i = 0; i < schedule.result_count; ++i)
      if (schedule.results[i].place.array == operand.array) return true;
    return false;
  }

  static constexpr std::int64_t product_row_of(const ScheduleView& schedule, const StepOperand& operand, int before) {
    for (int i = before - 1; i >= 0; --i) {
      const Step& step = schedule.steps[i];
      for (int k = step.input_count; k < step.operand_count; ++k) {
        const StepOperand& written = schedule.operands[step.first_operand + k];
        if (written.region == operand.region && written.byte_offset == operand.byte_offset)
          return step.kind == StepKind::matmul ? step.space.extent[step.space.rank - 1] : std::int64_t{0};
      }
    }
    return 0;
  }
};
template <class Source>
inline constexpr OperandPlaces<Source> operand_places = OperandPlaces<Source>::find();

template <class Source, int I>
struct StaticStep {
  static constexpr ScheduleView schedule = Source::view();
  static constexpr Step step = schedule.steps[I];
  template <int K>
  static constexpr StepOperand operand = schedule.operands[step.first_operand + K];

  static constexpr const OperandPlace& place(int k) { return operand_places<Source>.at[step.first_operand + k]; }

  /// True when the kernel's reductions fold along the axis.
  template <class Kernel, int Axis>
  static constexpr bool reduces = [] {
    for (int o = 0; o < Kernel::output_count; ++o)
      if (schedule.operands[step.first_operand + Kernel::input_count + o].stride[Axis] == 0) return true;
    return false;
  }();
};

/// A scalar constant that the optimiser can see.
template <class Source, int C>
struct StaticConstant {
  static constexpr ConstantEntry entry = Source::view().constants[C];
  static constexpr element_t<entry.dtype> value = static_cast<element_t<entry.dtype>>(entry.value);
};

/// The address of operand K of step I. Temporaries lie in `stack`, scalar constants in variables of their own, and
/// everything else in its region.
template <class Source, int I, int K>
CTGRAD_ALWAYS_INLINE void* static_address(void* const* region, std::byte* stack) {
  constexpr OperandPlace operand = StaticStep<Source, I>::place(K);
  if constexpr (operand.constant >= 0) {
    return const_cast<void*>(static_cast<const void*>(&StaticConstant<Source, operand.constant>::value));
  } else if constexpr (operand.on_stack) {
    return stack + operand.offset;
  } else {
    return static_cast<std::byte*>(region[operand.region]) + operand.offset;
  }
}

}  // namespace ctgrad::cpu::detail
