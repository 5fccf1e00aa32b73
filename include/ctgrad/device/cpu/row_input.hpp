// SPDX-License-Identifier: BSL-1.0
/// \file
/// How the innermost loop of a fused loop reads its inputs. These functions know the kind of an input and nothing of
/// the kernel, so all kernels of a translation unit share them: the compiler makes them once.
#pragma once

#include <cstdint>

#include "ctgrad/kernels/kernel.hpp"

namespace ctgrad::cpu {

/// Where the elements of a row are read from: `inner` elements from one to the next, which counts where the access is
/// strided or elements are read one by one.
struct InputRow {
  const char* pointer;
  std::int64_t inner;
};

/// Reads an `Input` (a kernels::In) into its place in a bank of values, `Width` lanes at a time.
template <class Input, int Width>
struct InputReader {
  using T = element_t<Input::dtype>;
  using Lanes = kernels::MemoryLanes<Input::dtype, Width>;

  /// The one element of an input that is the same for the whole row; nothing for the others.
  template <class Value>
  CTGRAD_ALWAYS_INLINE static void read_broadcast(Value& value, const InputRow& row) {
    if constexpr (Input::access == InnerAccess::broadcast)
      value = static_cast<compute_t<T>>(*reinterpret_cast<const T*>(row.pointer));
  }

  /// The elements [i, i + Width).
  template <class Value>
  CTGRAD_ALWAYS_INLINE static void read(Value& value, const InputRow& row, std::int64_t i) {
    const T* const from = reinterpret_cast<const T*>(row.pointer);
    if constexpr (Input::access == InnerAccess::broadcast) {
      return;
    } else if constexpr (Width == 1) {
      value = from[i * row.inner];
    } else if constexpr (Input::access == InnerAccess::contiguous) {
      value = Lanes::load(from + i);
    } else {
      T lanes[Width];
      for (int k = 0; k < Width; ++k) lanes[k] = from[(i + k) * row.inner];
      value = Lanes::load(lanes);
    }
  }

  /// The elements [i, i + count); the other lanes are zero.
  template <class Value>
  CTGRAD_ALWAYS_INLINE static void read_partial(Value& value, const InputRow& row, std::int64_t i, std::int64_t count) {
    const T* const from = reinterpret_cast<const T*>(row.pointer);
    if constexpr (Input::access == InnerAccess::broadcast) {
      return;
    } else if constexpr (Input::access == InnerAccess::contiguous && Width > 1 && Input::dtype != DType::boolean) {
      value = Lanes::load_partial(from + i, count);
    } else {
      T lanes[Width] = {};
      const std::int64_t stride = Input::access == InnerAccess::contiguous ? 1 : row.inner;
      for (int k = 0; k < count; ++k) lanes[k] = from[(i + k) * stride];
      if constexpr (Width == 1) {
        value = lanes[0];
      } else {
        value = Lanes::load(lanes);
      }
    }
  }
};

}  // namespace ctgrad::cpu
