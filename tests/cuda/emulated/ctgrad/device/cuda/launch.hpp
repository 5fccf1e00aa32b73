// SPDX-License-Identifier: BSL-1.0
/// \file
/// Stands in for ctgrad/device/cuda/launch.hpp: the same threads, one after the other on the host, when their stream
/// comes to them.
#pragma once

#include "ctgrad/device/cuda/error.hpp"
#include "ctgrad/device/parallel/reduction.hpp"
#include "streams.hpp"

namespace ctgrad::cuda {

/// A group of one thread. (tests/device/parallel has groups of many.)
struct Group {
  static constexpr int size() { return 1; }
  static constexpr int rank() { return 0; }
  static void synchronize() {}
  template <class Operation, class T>
  T reduce(T x) const {
    return x;
  }
};

template <class Body>
void for_each(cudaStream_t stream, std::int64_t count, const Body& body) {
  static_assert(sizeof(Body) <= 4000);
  if (count <= 0) return;
  stream->add([body, count] {
    ++emulated::runtime.launches;
    for (std::int64_t i = 0; i < count; ++i) body(i);
  });
}

template <class Body>
void for_each_group(cudaStream_t stream, std::int64_t count, int, const Body& body) {
  static_assert(sizeof(Body) <= 4000);
  if (count <= 0) return;
  stream->add([body, count] {
    ++emulated::runtime.launches;
    for (std::int64_t i = 0; i < count; ++i) body(Group{}, i);
  });
}

}  // namespace ctgrad::cuda
