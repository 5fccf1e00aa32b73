// SPDX-License-Identifier: BSL-1.0
/// \file
/// The memory of a running program, and the run itself on devices whose memory is the host's.
#pragma once

#include <array>
#include <cstring>

#include "ctgrad/core/memory.hpp"
#include "ctgrad/core/memory_use.hpp"
#include "ctgrad/device/step_arguments.hpp"
#include "ctgrad/tensor/tensor.hpp"

namespace ctgrad {

/// What a program can run on: Cpu, and what other headers add.
template <class Device>
concept DeviceType = requires {
  typename Device::ctgrad_device;
};

}  // namespace ctgrad

namespace ctgrad::detail {

/// Writes `value` as an element of `dtype`.
inline void write_scalar(std::byte* to, DType dtype, double value) {
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
      return put(value != 0);
    case DType::bfloat16:
      return put(bfloat16(value));
    case DType::float16:
      return put(float16(value));
  }
}

/// The regions of a program: its arenas in memory of type `ArenaMemory`, its constants on the host, and the addresses
/// of everything else.
template <class ArenaMemory, class Source, int Inputs>
class ProgramMemory {
public:
  static constexpr ScheduleView schedule = Source::view();
  static constexpr Regions regions = schedule.regions;

  ProgramMemory() : constants_(static_cast<std::size_t>(schedule.constant_bytes)) {
    for (std::int64_t& factor : factor_) factor = 1;
    for (int i = 0; i < schedule.constant_count; ++i) {
      const ConstantEntry& entry = schedule.constants[i];
      for (std::int64_t k = 0; k < entry.count; ++k)
        write_scalar(constants_.data() + entry.byte_offset + k * static_cast<std::int64_t>(size_of(entry.dtype)),
                     entry.dtype, entry.element(k));
    }
  }

  /// Makes arenas of the size that the dimensions ask for. Allocates only when they grow.
  void prepare(const Dimensions& dimensions) {
    for (int i = 0; i < schedule.arena_count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      factor_[at] = dimensions.monomial(schedule.arenas[i].factor);
      arenas_[at].reserve(static_cast<std::size_t>(schedule.arenas[i].bytes * factor_[at]));
      region_[at] = arenas_[at].data();
    }
    for (int i = 0; i < schedule.constant_count; ++i) {
      const ConstantEntry& entry = schedule.constants[i];
      if (entry.kind == ConstantEntry::Kind::extent)
        write_scalar(constants_.data() + entry.byte_offset, entry.dtype, static_cast<double>(dimensions(entry.extent)));
    }
  }

  /// The constants as the host has them; prepare() writes extents into them.
  const Memory& constants() const { return constants_; }
  /// True when some constant depends on the dimensions.
  static constexpr bool constants_vary() {
    for (int i = 0; i < schedule.constant_count; ++i)
      if (schedule.constants[i].kind == ConstantEntry::Kind::extent) return true;
    return false;
  }

  void set_constants(void* data) { region_[static_cast<std::size_t>(regions.constants())] = data; }
  void set_block(int i, void* data) { region_[static_cast<std::size_t>(regions.block(i))] = data; }
  void set_input(int i, const void* data) {
    region_[static_cast<std::size_t>(regions.input(i))] = const_cast<void*>(data);
  }
  void set_result(int i, void* data) { region_[static_cast<std::size_t>(regions.result(i))] = data; }
  const auto& region() const { return region_; }
  const auto& factor() const { return factor_; }

  /// Where result i lies after a run.
  const void* result(int i) const {
    const StepOperand& place = schedule.results[i].place;
    const auto region = static_cast<std::size_t>(place.region);
    return static_cast<const char*>(region_[region]) + place.byte_offset * factor_[region];
  }

  static constexpr std::int64_t planned_arena_bytes(const Dimensions& dimensions) {
    std::int64_t bytes = 0;
    for (int i = 0; i < schedule.arena_count; ++i)
      bytes += schedule.arenas[i].bytes * dimensions.monomial(schedule.arenas[i].factor);
    return bytes;
  }
  std::int64_t arena_bytes() const {
    std::int64_t bytes = 0;
    for (const ArenaMemory& arena : arenas_) bytes += static_cast<std::int64_t>(arena.bytes());
    return bytes;
  }

private:
  std::array<ArenaMemory, static_cast<std::size_t>(schedule.arena_count) + 1> arenas_;
  Memory constants_;
  std::array<void*, static_cast<std::size_t>(regions.input(Inputs)) + 1> region_{};
  std::array<std::int64_t, static_cast<std::size_t>(regions.input(Inputs)) + 1> factor_{};
};

/// A block of the host's memory as the steps see it: on a device with the host's memory, the block itself.
class HostMirror {
public:
  template <class Device>
  explicit HostMirror(const Device&) {}

  /// Where steps find the block.
  void* on_device(void* host, std::size_t) { return host; }
  /// Says that steps have written, or that the host may have.
  void changed_on_device() {}
  void changed_on_host() {}
  /// Makes the host's block what the steps have made of it.
  void update_host(void*, std::size_t) const {}
};

/// Runs a schedule on a device whose memory is the host's: arguments are read where they lie, results are looked at
/// where they were computed. `run_program<Source>(context)` runs the steps.
template <class Device, class Source, int Inputs>
class HostExecutor {
  using Place = ProgramMemory<Memory, Source, Inputs>;

public:
  explicit HostExecutor(Device device = {}) : device_(std::move(device)) {}

  const Device& device() const { return device_; }

  void prepare(const Dimensions& dimensions) {
    memory_.prepare(dimensions);
    memory_.set_constants(const_cast<std::byte*>(memory_.constants().data()));
  }

  void set_block(int i, void* data) { memory_.set_block(i, data); }
  template <class T, class S>
  void set_input(int i, const TensorView<const T, S>& argument) {
    memory_.set_input(i, argument.data());
  }
  void set_scalar(int i, const void* data, std::size_t) { memory_.set_input(i, data); }
  /// Where result i goes, in a program whose results have regions of their own.
  void set_result(int i, void* data) { memory_.set_result(i, data); }
  const void* result_address(int i) const { return memory_.result(i); }

  void run(const Dimensions& dimensions, std::uint64_t seed) {
    run_program<Source>(
        RunContext<Device>{memory_.region().data(), memory_.factor().data(), &dimensions, &seed, &device_});
  }

  /// A view of result i.
  template <class T, class S>
  TensorView<const T, S> result(int i, const Extents<S::rank>& extents) const {
    return {static_cast<const T*>(memory_.result(i)), extents};
  }

  /// What memory() is after a run with these dimensions, when no earlier one had larger ones.
  static constexpr MemoryUse memory_plan(const Dimensions& dimensions) {
    MemoryUse use;
    use.arenas = Place::planned_arena_bytes(dimensions);
    use.constants = Place::schedule.constant_bytes;
    use.workspace = Device::template planned_workspace_bytes<Source>();
    return use;
  }

  /// What is held now.
  MemoryUse memory() const {
    MemoryUse use;
    use.arenas = memory_.arena_bytes();
    use.constants = static_cast<std::int64_t>(memory_.constants().bytes());
    use.workspace = device_.workspace_bytes();
    return use;
  }

private:
  Place memory_;
  Device device_;
};

}  // namespace ctgrad::detail
