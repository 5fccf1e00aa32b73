// SPDX-License-Identifier: BSL-1.0
/// \file
/// Runs the body of a fused loop at one element after the other: on the GPU a thread each, on the CPU in turn.
#pragma once

#include <cstdint>
#include <utility>

#include "ctgrad/kernels/kernel.hpp"
#include "device.hpp"

namespace ctgrad_test {

using namespace ctgrad;

/// The arrays of a kernel by number.
struct Arrays {
  static constexpr int most = 4;
  const void* input[most] = {};
  void* output[most] = {};
};

template <class K, std::size_t... I, std::size_t... O>
CTGRAD_HOST_DEVICE void run_element(const Arrays& arrays, int i, std::index_sequence<I...>, std::index_sequence<O...>) {
  static_assert(K::input_count <= Arrays::most && K::output_count <= Arrays::most);
  static_assert(!K::has_reduction);
  typename K::template bank<1> values;
  ((kernels::get<static_cast<int>(I)>(values) = static_cast<const element_t<K::template input<I>::dtype>*>(
        arrays.input[I])[K::template input<I>::access == InnerAccess::broadcast ? 0 : i]),
   ...);
  K::template compute<1>(values);
  ((static_cast<element_t<K::template output<O>::dtype>*>(arrays.output[O])[i] =
        kernels::get<K::template output<O>::value>(values)),
   ...);
}

template <class K>
CTGRAD_HOST_DEVICE void run_element(const Arrays& arrays, int i) {
  run_element<K>(arrays, i, std::make_index_sequence<K::input_count>{}, std::make_index_sequence<K::output_count>{});
}

template <class K>
__global__ void run_kernel(Arrays arrays, int size) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < size) run_element<K>(arrays, i);
}

template <class K>
void run_on_device(const Arrays& arrays, int size, const char* what) {
  run_kernel<K><<<static_cast<unsigned>(size + 127) / 128, 128>>>(arrays, size);
  finish(what);
}

template <class K>
void run_on_host(const Arrays& arrays, int size) {
  for (int i = 0; i < size; ++i) run_element<K>(arrays, i);
}

}  // namespace ctgrad_test
