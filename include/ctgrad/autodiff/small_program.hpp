// SPDX-License-Identifier: BSL-1.0
/// \file
/// Runs small programs in memory on the stack, so that a call allocates nothing.
#pragma once

#include "ctgrad/autodiff/results.hpp"
#include "ctgrad/program/program.hpp"

namespace ctgrad::detail {

/// True for programs whose every step is straight-line code on known addresses: they need no memory but the stack's.
template <class Stages>
inline constexpr bool runs_on_stack = [] {
  if constexpr (cpu::runs_inline<Stages>) {
    const ScheduleView schedule = Stages::view();
    if (schedule.arena_count > 1 || schedule.arenas[0].bytes > 16384) return false;
    for (int i = 0; i < schedule.step_count; ++i) {
      const Step& step = schedule.steps[i];
      const bool loop = step.kind == StepKind::kernel && step.space.size() > 0;
      const bool product = step.kind == StepKind::matmul && step.space.rank == 2 &&
                           !is_half_type(schedule.operands[step.first_operand].dtype);
      if (!loop && !product) return false;
    }
    return true;
  } else {
    return false;
  }
}();

/// The constants of a program in read-only memory.
template <class Stages>
struct ConstantBytes {
  static constexpr std::int64_t size = Stages::view().constant_bytes;
  alignas(64) std::byte at[size + 1];

  constexpr ConstantBytes() : at{} {
    const ScheduleView schedule = Stages::view();
    for (int i = 0; i < schedule.constant_count; ++i) {
      const ConstantEntry& entry = schedule.constants[i];
      const auto bytes = static_cast<std::int64_t>(size_of(entry.dtype));
      for (std::int64_t k = 0; k < entry.count; ++k)
        put(at + entry.byte_offset + k * bytes, entry.dtype,
            entry.kind == ConstantEntry::Kind::arange ? static_cast<double>(k) : entry.value);
    }
  }

private:
  static constexpr void put(std::byte* to, DType dtype, double value) {
    switch (dtype) {
      case DType::float32:
        return copy_bytes(to, static_cast<float>(value));
      case DType::float64:
        return copy_bytes(to, value);
      case DType::int32:
        return copy_bytes(to, static_cast<std::int32_t>(value));
      case DType::int64:
        return copy_bytes(to, static_cast<std::int64_t>(value));
      case DType::boolean:
        return copy_bytes(to, value != 0);
      case DType::bfloat16:
        return copy_bytes(to, bfloat16(value));
      case DType::float16:
        return copy_bytes(to, float16(value));
    }
  }
  template <class T>
  static constexpr void copy_bytes(std::byte* to, T value) {
    const auto bytes = __builtin_bit_cast(std::array<std::byte, sizeof(T)>, value);
    for (std::size_t i = 0; i < sizeof(T); ++i) to[i] = bytes[i];
  }
};
template <class Stages>
inline constexpr ConstantBytes<Stages> constant_bytes{};

/// A program in straight lines, compiled on its own, so that what it is called from does not change how.
template <class Stages>
[[gnu::noinline]] void run_straight(void* const* region) {
  cpu::run_inline<Stages>(cpu::RunContext{region, nullptr, nullptr, nullptr, nullptr});
}

/// Runs a small program in memory on the stack and writes its results to `out`.
template <class Stages, int Inputs, class Out, class... X>
CTGRAD_ALWAYS_INLINE void run_on_stack(Out& out, const X&... x) {
  constexpr ScheduleView schedule = Stages::view();
  alignas(64) std::byte arena[schedule.arenas[0].bytes + 64];
  void* region[static_cast<std::size_t>(schedule.regions.input(Inputs)) + 1];
  region[0] = arena;
  region[schedule.regions.constants()] = const_cast<std::byte*>(constant_bytes<Stages>.at);
  void** input = region + schedule.regions.input(0);
  const auto point_to = [&](const auto& leaf) {
    if constexpr (is_number<std::remove_cvref_t<decltype(leaf)>>) {
      *input++ = const_cast<void*>(static_cast<const void*>(&leaf));
    } else {
      *input++ = const_cast<void*>(static_cast<const void*>(leaf.data()));
    }
  };
  (for_each_leaf(x, point_to), ...);
  Destinations<Out, Inputs> destinations(out, x...);
  destinations.prepare([&](int i, void* place) { region[schedule.regions.result(i)] = place; },
                       []<class S>(Tag<S>) { return static_extents<S>(); });
  run_straight<Stages>(region);
  destinations.finish([&](int i) -> const void* {
    const StepOperand& place = schedule.results[i].place;
    return static_cast<const std::byte*>(region[place.region]) + place.byte_offset;
  });
}

}  // namespace ctgrad::detail
