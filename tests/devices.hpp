// SPDX-License-Identifier: BSL-1.0
/// \file
/// The devices that tests run on: `for_each_device` calls a test once for each of them, `for_each_level` also for each
/// level of a GPU, in builds that ask for these (CTGRAD_TEST_ALL_LEVELS): nvcc takes as long for a level as for a
/// device.
#pragma once

#include <ctgrad/ctgrad.hpp>
#include <vector>
#if defined(CTGRAD_HAS_THRUST) && !defined(__CUDACC__)
#include <ctgrad/thrust_host.hpp>
#endif
#if defined(CTGRAD_TEST_ON_CUDA)
#include <cstdio>
#include <ctgrad/cuda.hpp>
#if defined(CTGRAD_TEST_ON_EMULATED_CUDA)
#include "cuda/emulated/run_program.hpp"
#endif
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
/// its headers are, and in tests for a GPU the GPU alone, as Cuda.
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

/// The same with all levels of a GPU. They differ in the calls of cuDNN alone, so this is for what has images.
template <class Test>
void for_each_level(const Test& test) {
  for_each_device(test);
#if defined(CTGRAD_TEST_ON_CUDA) && defined(CTGRAD_TEST_ALL_LEVELS)
  if (has_gpu()) {
    test(DeviceTag<CudaPlain>{});
    test(DeviceTag<CudaDnn>{});
  }
#endif
}

/// True for a program that the levels of a GPU run in different ways.
template <class Stages>
constexpr bool has_levels() {
  constexpr ScheduleView schedule = Stages::view();
  for (int i = 0; i < schedule.routine_count; ++i) {
    const StepKind kind = schedule.routines[i].kind;
    if (kind >= StepKind::conv2d && kind <= StepKind::avg_pool2d_gradient) return true;
  }
  return false;
}

/// Calls test(tag) for every device, and for every level that runs the compiled F of the specs in a way of its own.
template <class F, class... Specs, class Test>
void for_each_device_of(const Test& test) {
  if constexpr (has_levels<Pipeline<FunctionSource<F, Specs...>>>()) {
    for_each_level(test);
  } else {
    for_each_device(test);
  }
}

/// A tensor of what the Spec S says, with these elements. Not inlined, nor is its reverse: each is compiled once for
/// each type, and not in every check.
template <class S>
[[gnu::noinline]] auto tensor_of(const std::vector<double>& numbers, const Dimensions& dimensions = {}) {
  using T = typename S::element_type;
  Tensor<T, typename S::shape_type> tensor(ctgrad::detail::evaluate_extents<typename S::shape_type>(dimensions));
  for (std::size_t k = 0; k < numbers.size(); ++k) tensor.data()[k] = static_cast<T>(numbers[k]);
  return tensor;
}

/// The elements of an array in the host's memory.
template <class View>
[[gnu::noinline]] std::vector<double> numbers_of(const View& view) {
  std::vector<double> numbers;
  for (std::int64_t k = 0; k < view.size(); ++k) numbers.push_back(static_cast<double>(view.data()[k]));
  return numbers;
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
