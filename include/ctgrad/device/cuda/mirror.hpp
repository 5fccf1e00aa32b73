// SPDX-License-Identifier: BSL-1.0
/// \file
/// A block of the host's memory that also lies on a GPU.
#pragma once

#include <memory>

#include "ctgrad/device/cuda/context.hpp"

namespace ctgrad::cuda {

/// Two copies of a block, of which at least one is up to date; the other is brought up to date when it is asked for.
/// Copies of this object stand for the same block.
class Mirror {
  struct State {
    std::shared_ptr<Context> context;
    DeviceMemory memory;
    bool host_is_newer = true;
    bool device_is_newer = false;
  };

public:
  template <class Device>
  explicit Mirror(const Device& device) : state_(std::make_shared<State>()) {
    state_->context = device.shared_context();
  }

  /// Where steps find the block, after what the host has written.
  void* on_device(const void* host, std::size_t bytes) {
    if (state_->host_is_newer && bytes > 0) {
      const CurrentDevice current(state_->context->index());
      state_->memory.reserve(bytes, "the parameters of a model");
      check(cudaMemcpyAsync(state_->memory.data(), host, bytes, cudaMemcpyHostToDevice, state_->context->stream()),
            "cudaMemcpyAsync");
      // The host may write again at once.
      check(cudaStreamSynchronize(state_->context->stream()), "cudaStreamSynchronize");
    }
    state_->host_is_newer = false;
    return state_->memory.data();
  }
  void changed_on_device() { state_->device_is_newer = true; }
  void changed_on_host() { state_->host_is_newer = true; }

  /// Makes the host's block what the steps have made of it. Waits for the GPU.
  void update_host(void* host, std::size_t bytes) const {
    if (!state_->device_is_newer) return;
    const CurrentDevice current(state_->context->index());
    if (bytes > 0)
      check(cudaMemcpyAsync(host, state_->memory.data(), bytes, cudaMemcpyDeviceToHost, state_->context->stream()),
            "cudaMemcpyAsync");
    state_->context->synchronize();
    state_->device_is_newer = false;
  }

private:
  std::shared_ptr<State> state_;
};

}  // namespace ctgrad::cuda
