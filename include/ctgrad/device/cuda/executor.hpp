// SPDX-License-Identifier: BSL-1.0
/// \file
/// A running program on a GPU: its memory there, its arguments' way to it, its steps recorded and replayed.
#pragma once

#include <array>

#include "ctgrad/device/cuda/graph.hpp"
#include "ctgrad/device/cuda/staging.hpp"
#include "ctgrad/device/cuda/tensor.hpp"
#include "ctgrad/device/executor.hpp"

namespace ctgrad::cuda {

template <class Device, class Source, int Inputs>
class Executor {
  using Place = ctgrad::detail::ProgramMemory<DeviceMemory, Source, Inputs>;

public:
  explicit Executor(Device device = {}) : device_(std::move(device)) {}

  const Device& device() const { return device_; }

  void prepare(const Dimensions& dimensions) {
    const CurrentDevice current(context().index());
    try {
      memory_.prepare(dimensions);
    } catch (const Error& error) {
      throw_error(error.what() + what_fits(dimensions));
    }
    const bool first = constants_.data() == nullptr;
    if (first || (Place::constants_vary() && dimensions.length != constants_for_.length)) {
      const std::size_t bytes = memory_.constants().bytes();
      constants_.reserve(bytes + 1, "constants");
      memory_.set_constants(constants_.data());
      constants_for_ = dimensions;
      check(cudaMemcpyAsync(constants_.data(), memory_.constants().data(), bytes, cudaMemcpyHostToDevice,
                            context().stream()),
            "cudaMemcpyAsync");
      // The host's copy changes with the next dimensions.
      check(cudaStreamSynchronize(context().stream()), "cudaStreamSynchronize");
    }
  }

  void set_block(int i, void* data) { memory_.set_block(i, data); }
  template <class T, class S>
  void set_input(int i, const Argument<T, S>& argument) {
    if (argument.is_on_device()) {
      memory_.set_input(i, argument.data());
      staging_.skip(i);
    } else {
      staging_.add(i, argument.data(), argument.bytes());
    }
  }
  void set_scalar(int i, const void* data, std::size_t bytes) { staging_.add(i, data, bytes); }

  void run(const Dimensions& dimensions, std::uint64_t seed) {
    const CurrentDevice current(context().index());
    staging_.send(context(), seed);
    for (int i = 0; i < Inputs; ++i)
      if (staging_.is_sent(i)) memory_.set_input(i, staging_.place(i));
    auto steps = [&] {
      run_program<Source>(
          RunContext<Device>{memory_.region().data(), memory_.factor().data(), &dimensions, staging_.seed(), &device_});
    };
    if (context().replays_graphs) {
      auto key = [&] {
        Context& c = context();
        return Key{memory_.region(),  dimensions.length,      staging_.seed(),
                   c.scratch_place(), c.host_kernels.place(), c.settings};
      };
      graphs_.run(context().stream(), key, steps);
    } else {
      steps();
    }
    staging_.finish(context());
  }

  /// A view of result i. It is there when the GPU has come to it.
  template <class T, class S>
  TensorView<const T, S, Cuda> result(int i, const Extents<S::rank>& extents) {
    return {static_cast<const T*>(memory_.result(i)), extents, context()};
  }

  /// Bytes on the GPU. Scratch memory, which all programs of a context share, is not planned.
  static constexpr MemoryUse memory_plan(const Dimensions& dimensions) {
    MemoryUse use;
    use.arenas = Place::planned_arena_bytes(dimensions);
    use.constants = Place::schedule.constant_bytes;
    return use;
  }
  MemoryUse memory() const {
    MemoryUse use;
    use.arenas = memory_.arena_bytes();
    use.constants = static_cast<std::int64_t>(constants_.bytes());
    use.workspace = staging_.bytes();
    return use;
  }

private:
  /// What a recorded run depends on.
  struct Key {
    std::remove_cvref_t<decltype(std::declval<const Place&>().region())> region;
    decltype(Dimensions::length) length;
    const void* seed;
    const void* scratch;
    const void* host_place;
    Settings settings;
    friend bool operator==(const Key&, const Key&) = default;
  };

  Context& context() const { return device_.context(); }

  /// After an allocation failed: how many bytes a sample takes, and how many samples there is room for.
  CTGRAD_COLD std::string what_fits(const Dimensions& dimensions) const {
    Dimensions more = dimensions;
    const std::int64_t samples = dimensions.monomial(batch);
    if (samples <= 0) return "";
    ++more[batch];
    const std::int64_t bytes = Place::planned_arena_bytes(dimensions);
    const std::int64_t each = Place::planned_arena_bytes(more) - bytes;
    std::size_t free = 0;
    std::size_t total = 0;
    if (each <= 0 || cudaMemGetInfo(&free, &total) != cudaSuccess) return "";
    // What is held stays held until there is something larger.
    const std::int64_t room = static_cast<std::int64_t>(free) - (bytes - each * samples);
    return "; the program takes " + std::to_string(each) + " bytes for each of a batch's " + std::to_string(samples) +
           " samples, and about " + std::to_string(room > 0 ? room / each : 0) + " of them would fit";
  }

  Device device_;
  Place memory_;
  DeviceMemory constants_;
  Dimensions constants_for_;
  Staging<Inputs> staging_;
  GraphCache<Key> graphs_;
};

}  // namespace ctgrad::cuda
