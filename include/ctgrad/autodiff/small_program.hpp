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
      const bool copy = (step.kind == StepKind::concat || step.kind == StepKind::pad) && step.space.size() > 0;
      if (!loop && !product && !copy) return false;
    }
    return true;
  } else {
    return false;
  }
}();

/// True for programs whose every step computes one number.
template <class Stages>
inline constexpr bool computes_numbers_only = [] {
  const ScheduleView schedule = Stages::view();
  for (int i = 0; i < schedule.step_count; ++i)
    if (schedule.steps[i].kind != StepKind::kernel || schedule.steps[i].space.size() != 1) return false;
  return true;
}();

/// True where a run writes result i to where the caller wants it. It does not where the result is an argument, a
/// constant, or the same as another.
constexpr bool is_written_by_run(const ScheduleView& schedule, int i) {
  return i < schedule.regions.results && schedule.results[i].place.region == schedule.regions.result(i) &&
         schedule.results[i].place.byte_offset == 0;
}

/// The same for all results of a program.
template <class Stages>
inline constexpr auto results_written_by_run = [] {
  std::array<bool, Stages::view().result_count> written{};
  for (std::size_t i = 0; i < written.size(); ++i) written[i] = is_written_by_run(Stages::view(), static_cast<int>(i));
  return written;
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
        put(at + entry.byte_offset + k * bytes, entry.dtype, entry.element(k));
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

/// Runs a small program in memory on the stack and writes its results to `out`, which shares no memory with `x`.
template <class Stages, class Out, class... X>
CTGRAD_ALWAYS_INLINE void run_here(Out& out, const X&... x) {
  constexpr ScheduleView schedule = Stages::view();
  constexpr Regions regions = schedule.regions;
  alignas(64) std::byte arena[schedule.arenas[0].bytes + 64];
  void* region[static_cast<std::size_t>(regions.input(leaf_types<X...>::size)) + 1];
  region[0] = arena;
  region[regions.constants()] = const_cast<std::byte*>(constant_bytes<Stages>.at);
  NumberPlace numbers[static_cast<std::size_t>(leaf_types<Out>::size)];
  place_results(
      out, numbers, [&](int i, void* place) { region[regions.result(i)] = place; }, [](auto) {});
  void** input = region + regions.input(0);
  const auto point_to = [&](const auto& leaf) __attribute__((always_inline)) {
    if constexpr (is_number<std::remove_cvref_t<decltype(leaf)>>) {
      *input++ = const_cast<void*>(static_cast<const void*>(&leaf));
    } else {
      *input++ = const_cast<void*>(static_cast<const void*>(leaf.data()));
    }
  };
  (for_each_leaf(x, point_to), ...);
  cpu::detail::run_static_steps<Stages>(cpu::RunContext{region, nullptr, nullptr, nullptr, nullptr},
                                        std::make_integer_sequence<int, schedule.step_count>{});
  copy_results(
      out,
      [&](int i) -> const void* {
        const StepOperand& place = schedule.results[i].place;
        return static_cast<const std::byte*>(region[place.region]) + place.byte_offset;
      },
      [](int i) { return results_written_by_run<Stages>[static_cast<std::size_t>(i)]; });
}

/// The same compiled on its own, so that what it is called from does not change how. What a std::tie refers to is
/// passed by itself, in registers while these last.
template <class Stages, class Out>
struct RunStraight {
  template <class... X>
  [[gnu::noinline]] static void run(Out& out, const X&... x) {
    run_here<Stages>(out, x...);
  }
  template <class... X>
  CTGRAD_NUMBERS_ONLY [[gnu::noinline]] static void run_numbers(Out& out, const X&... x) {
    run_here<Stages>(out, x...);
  }
  template <class... X>
  CTGRAD_ALWAYS_INLINE static void call(Out& out, const X&... x) {
    if constexpr (computes_numbers_only<Stages>) {
      run_numbers(out, x...);
    } else {
      run(out, x...);
    }
  }
};
template <class Stages, class... Out>
struct RunStraight<Stages, std::tuple<Out&...>> {
  template <class... X>
  [[gnu::noinline]] static void run(Out&... out, const X&... x) {
    auto all = std::tie(out...);
    run_here<Stages>(all, x...);
  }
  template <class... X>
  CTGRAD_NUMBERS_ONLY [[gnu::noinline]] static void run_numbers(Out&... out, const X&... x) {
    auto all = std::tie(out...);
    run_here<Stages>(all, x...);
  }
  template <class... X>
  CTGRAD_ALWAYS_INLINE static void call(const std::tuple<Out&...>& out, const X&... x) {
    [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
      if constexpr (computes_numbers_only<Stages>) {
        run_numbers<X...>(std::get<I>(out)..., x...);
      } else {
        run<X...>(std::get<I>(out)..., x...);
      }
    }
    (std::index_sequence_for<Out...>{});
  }
};
template <class Stages, class... Out>
struct RunStraight<Stages, const std::tuple<Out&...>> : RunStraight<Stages, std::tuple<Out&...>> {};

/// Runs a small program; one with fewer operations than a call takes, where it is called.
template <class Stages, class Out, class... X>
CTGRAD_ALWAYS_INLINE void run_on_stack(Out& out, const X&... x) {
  if constexpr (cpu::inline_operations<Stages> <= 16) {
    run_here<Stages>(out, x...);
  } else {
    RunStraight<Stages, Out>::call(out, x...);
  }
}

}  // namespace ctgrad::detail
