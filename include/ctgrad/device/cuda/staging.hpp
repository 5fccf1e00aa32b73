// SPDX-License-Identifier: BSL-1.0
/// \file
/// How arguments in the host's memory reach a GPU: one copy a run, while the run before still computes.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "ctgrad/device/cuda/context.hpp"

namespace ctgrad::cuda {

/// Two places, used in turn: the host fills one while the GPU reads the other. Arguments are gathered in pinned memory
/// and sent together.
template <int Inputs>
class Staging {
  struct Slot {
    PinnedMemory host;
    DeviceMemory device;
    Event sent;
    Event read;
  };

public:
  /// Says that argument i is `bytes` bytes of the host's memory, which must stay until send().
  void add(int i, const void* data, std::size_t bytes) { part_[static_cast<std::size_t>(i)] = {data, bytes}; }
  /// Argument i is not sent.
  void skip(int i) { part_[static_cast<std::size_t>(i)] = {}; }

  /// Sends the seed and the arguments. Work that the context's stream gets from now on sees them.
  void send(Context& context, std::uint64_t seed) {
    slot_ = &slots_[next_];
    next_ = 1 - next_;
    std::size_t total = alignment;
    for (int i = 0; i < Inputs; ++i) {
      offset_[static_cast<std::size_t>(i)] = total;
      total += (part_[static_cast<std::size_t>(i)].bytes + alignment - 1) / alignment * alignment;
    }
    slot_->sent.wait();
    slot_->host.reserve(total);
    slot_->device.reserve(total, "the arguments of a program");
    std::memcpy(slot_->host.data(), &seed, sizeof(seed));
    for (std::size_t i = 0; i < part_.size(); ++i)
      if (part_[i].bytes > 0) std::memcpy(slot_->host.data() + offset_[i], part_[i].data, part_[i].bytes);
    // A second stream lets a large copy overlap with the steps; for a small one it would only be two more calls.
    const bool is_large = total > large;
    const cudaStream_t stream = is_large ? context.copies() : context.stream();
    if (is_large) slot_->read.hold(stream);
    check(cudaMemcpyAsync(slot_->device.data(), slot_->host.data(), total, cudaMemcpyHostToDevice, stream),
          "cudaMemcpyAsync");
    slot_->sent.record(stream);
    if (is_large) slot_->sent.hold(context.stream());
  }

  /// Says that all steps that read the arguments are in the stream.
  void finish(Context& context) { slot_->read.record(context.stream()); }

  /// Where argument i is on the GPU.
  const void* place(int i) const { return slot_->device.data() + offset_[static_cast<std::size_t>(i)]; }
  const std::uint64_t* seed() const { return reinterpret_cast<const std::uint64_t*>(slot_->device.data()); }
  bool is_sent(int i) const { return part_[static_cast<std::size_t>(i)].data != nullptr; }

  std::int64_t bytes() const { return static_cast<std::int64_t>(slots_[0].device.bytes() + slots_[1].device.bytes()); }

private:
  struct Part {
    const void* data = nullptr;
    std::size_t bytes = 0;
  };
  static constexpr std::size_t alignment = 256;
  static constexpr std::size_t large = 256 * 1024;

  std::array<Slot, 2> slots_;
  std::size_t next_ = 0;
  Slot* slot_ = nullptr;
  std::array<Part, static_cast<std::size_t>(Inputs)> part_{};
  std::array<std::size_t, static_cast<std::size_t>(Inputs)> offset_{};
};

}  // namespace ctgrad::cuda
