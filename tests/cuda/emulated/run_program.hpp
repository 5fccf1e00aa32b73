// SPDX-License-Identifier: BSL-1.0
/// \file
/// What nvcc compiles of a program, for the host's compiler: the steps go to the emulated runtime.
#pragma once

#include "ctgrad/cuda.hpp"
#include "ctgrad/device/cuda/system.hpp"

namespace ctgrad {

template <class Source, std::derived_from<Cuda> Device>
void run_program(const RunContext<Device>& context) {
  cuda::System<typename Device::Libraries> system(context.device->context());
  parallel::run<Source>(context, system);
}

}  // namespace ctgrad
