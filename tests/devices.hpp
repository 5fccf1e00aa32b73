// SPDX-License-Identifier: BSL-1.0
/// \file
/// The devices that tests run on: `for_each_device` calls a test once for each of them.
#pragma once

#include <ctgrad/ctgrad.hpp>
#if defined(CTGRAD_HAS_THRUST) && !defined(__CUDACC__)
#include <ctgrad/thrust_host.hpp>
#endif
#if defined(CTGRAD_TEST_ON_CUDA)
#include <ctgrad/cuda.hpp>
#endif

namespace ctgrad_test {

using namespace ctgrad;

template <class Device>
struct DeviceTag {
  using type = Device;
};

/// Calls test(DeviceTag<Device>{}) for every device of this build: the CPU, the host's threads through Thrust where
/// its headers are, and in tests for a GPU the GPU's levels alone.
template <class Test>
void for_each_device(const Test& test) {
#if defined(CTGRAD_TEST_ON_CUDA)
  test(DeviceTag<Cuda>{});
#else
  test(DeviceTag<Cpu>{});
#if defined(CTGRAD_HAS_THRUST)
  test(DeviceTag<ThrustHost>{});
#endif
#endif
}

/// A result in the host's memory.
template <class View>
decltype(auto) on_host(const View& view) {
  if constexpr (requires { view.cpu(); }) {
    return view.cpu();
  } else {
    return (view);
  }
}

}  // namespace ctgrad_test
