// SPDX-License-Identifier: BSL-1.0
/// \file
/// Random numbers, the same as the CPU's to the last bit.
#pragma once

#include "ctgrad/device/step_arguments.hpp"
#include "ctgrad/tensor/philox.hpp"

namespace ctgrad::parallel {

/// The numbers of one Philox block: four floats or two doubles.
template <class T>
struct RandomUniformBody {
  T* result;
  std::int64_t count;
  /// The seed changes from run to run, so it is read where the steps run.
  const std::uint64_t* seed;
  std::uint64_t stream;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t block_number) const {
    constexpr int lanes = ctgrad::detail::random_lanes<T>;
    const PhiloxBlock block = random_block(*seed, stream, static_cast<std::uint64_t>(block_number));
    for (int lane = 0; lane < lanes; ++lane) {
      const std::int64_t i = block_number * lanes + lane;
      if (i < count) result[i] = ctgrad::detail::uniform_from<T>(block, lane);
    }
  }
};

template <class T, class System>
void run_random_uniform(System& system, const StepArguments& x, const std::uint64_t* seed, std::uint64_t stream) {
  constexpr int lanes = ctgrad::detail::random_lanes<T>;
  const std::int64_t count = x.result_shape().size();
  system.for_each((count + lanes - 1) / lanes, RandomUniformBody<T>{static_cast<T*>(x.result()), count, seed, stream});
}

}  // namespace ctgrad::parallel
