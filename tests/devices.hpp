// SPDX-License-Identifier: BSL-1.0
/// \file
/// The devices that tests run on: `for_each_device` calls a test once for each of them.
#pragma once

#include <ctgrad/ctgrad.hpp>
#if defined(CTGRAD_HAS_THRUST) && !defined(__CUDACC__)
#include <ctgrad/thrust_host.hpp>
#endif
#if defined(CTGRAD_TEST_ON_CUDA)
#include <cstdio>
#include <ctgrad/cuda.hpp>
#endif

namespace ctgrad_test {

using namespace ctgrad;

template <class Device>
struct DeviceTag {
  using type = Device;
};

#if defined(CTGRAD_TEST_ON_CUDA)
/// Whether there is a GPU. Counts how often it is asked in vain, and says so in the end.
inline bool has_gpu() {
  struct Skipped {
    int tests = 0;
    ~Skipped() {
      if (tests > 0) std::printf("skipped, its kernels only compiled: %d times a test of a device (no GPU)\n", tests);
    }
  };
  static Skipped skipped;
  int count = 0;
  const bool found = cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
  if (!found) ++skipped.tests;
  return found;
}
#endif

/// Calls test(DeviceTag<Device>{}) for every device of this build: the CPU, the host's threads through Thrust where
/// its headers are, and in tests for a GPU the GPU's levels alone.
template <class Test>
void for_each_device(const Test& test) {
#if defined(CTGRAD_TEST_ON_CUDA)
  if (has_gpu()) test(DeviceTag<Cuda>{});
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
