// SPDX-License-Identifier: BSL-1.0
/// \file
/// The arrays of a fused loop as a functor on thousands of threads carries them: pointers, strides, and the way from an
/// element's number to its place in each.
#pragma once

#include <cstdint>

#include "ctgrad/device/loop_arguments.hpp"
#include "ctgrad/kernels/kernel.hpp"

namespace ctgrad::parallel {

/// V elements that are read or written at once.
template <class T, int V>
struct alignas(sizeof(T) * V) Pack {
  T value[V];
};

/// What the placing of a kernel's arrays depends on.
struct KernelArray {
  DType dtype;
  InnerAccess access;
  bool is_reduction;
};

/// The arrays of a kernel, inputs first.
template <class K, class Inputs = std::make_integer_sequence<int, K::input_count>,
          class Outputs = std::make_integer_sequence<int, K::output_count>>
struct KernelArrays;
template <class K, int... I, int... O>
struct KernelArrays<K, std::integer_sequence<int, I...>, std::integer_sequence<int, O...>> {
  static constexpr KernelArray value[] = {
      {K::template input<I>::dtype, K::template input<I>::access, false}...,
      {K::template output<O>::dtype, K::template output<O>::access, K::template output<O>::is_reduction}...};
};

/// A loop's axes in order: those that every output keeps, then those that reductions fold. Works for any kernel, so
/// that it is compiled once, and not inlined into each.
class LoopLayout {
public:
  int rank = 0;
  /// Axes before this one are kept.
  int kept = 0;
  /// True where the innermost axis of the loop, along which arrays are contiguous, is folded.
  bool folds_innermost = false;
  int count;
  std::int64_t extent[max_rank];
  char* pointer[max_loop_operands];
  /// Bytes between neighbours along each axis.
  std::int64_t stride[max_loop_operands][max_rank];
  /// Bytes between neighbours along the loop's innermost axis.
  std::int64_t inner[max_loop_operands];

  [[gnu::noinline]] LoopLayout(const LoopArguments& loop, const KernelArray* arrays, int array_count)
      : count(array_count), arrays_(arrays) {
    const int last = loop.rank - 1;
    for (const bool folded : {false, true}) {
      for (int axis = 0; axis < loop.rank; ++axis) {
        if (is_folded(loop, axis) != folded) continue;
        extent[rank] = loop.extent[axis];
        for (int k = 0; k < count; ++k) stride[k][rank] = loop.stride[k][axis] * bytes_of(k);
        ++rank;
      }
      if (!folded) kept = rank;
    }
    folds_innermost = is_folded(loop, last);
    for (int k = 0; k < count; ++k) {
      pointer[k] = static_cast<char*>(loop.pointer[k]);
      inner[k] = loop.stride[k][last] * bytes_of(k);
    }
  }

  /// Elements of each result of a reduction: the product of the kept extents.
  std::int64_t results() const { return product(0, kept); }
  /// Elements folded into each of them.
  std::int64_t folded() const { return product(kept, rank); }

  /// True when V neighbours along the innermost axis are one aligned piece of memory in every contiguous array, and
  /// a piece never reaches over the end of a row (but for the end of the only row).
  [[gnu::noinline]] bool packs(int v) const {
    // The innermost axis of the loop is the last of its group.
    const int last = folds_innermost ? rank - 1 : kept - 1;
    const bool one_row = folds_innermost ? rank - kept == 1 : rank == 1;
    if (!one_row && extent[last] % v != 0) return false;
    for (int k = 0; k < count; ++k) {
      if (arrays_[k].access != InnerAccess::contiguous) continue;
      const std::int64_t bytes = v * bytes_of(k);
      if (reinterpret_cast<std::uintptr_t>(pointer[k]) % static_cast<std::uintptr_t>(bytes) != 0) return false;
      for (int axis = 0; axis < rank; ++axis)
        if (axis != last && stride[k][axis] % bytes != 0) return false;
    }
    return true;
  }

private:
  std::int64_t bytes_of(int k) const { return static_cast<std::int64_t>(size_of(arrays_[k].dtype)); }
  bool is_folded(const LoopArguments& loop, int axis) const {
    for (int k = 0; k < count; ++k)
      if (arrays_[k].is_reduction && loop.stride[k][axis] == 0) return true;
    return false;
  }
  std::int64_t product(int begin, int end) const {
    std::int64_t result = 1;
    for (int axis = begin; axis < end; ++axis) result *= extent[axis];
    return result;
  }

  const KernelArray* arrays_;
};

/// What a functor needs of a layout of N arrays; made by one function for all kernels of as many.
template <int N>
struct Arrays {
  int rank;
  int kept;
  std::int64_t extent[max_rank];
  char* pointer[N];
  std::int64_t stride[N][max_rank];
  std::int64_t inner[N];

  [[gnu::noinline]] explicit Arrays(const LoopLayout& layout) : rank(layout.rank), kept(layout.kept) {
    for (int axis = 0; axis < rank; ++axis) extent[axis] = layout.extent[axis];
    for (int k = 0; k < N; ++k) {
      pointer[k] = layout.pointer[k];
      inner[k] = layout.inner[k];
      for (int axis = 0; axis < rank; ++axis) stride[k][axis] = layout.stride[k][axis];
    }
  }

  /// Adds the place of element `index` of the axes [begin, end) to the offsets of all arrays.
  CTGRAD_HOST_DEVICE void locate(std::int64_t index, int begin, int end, std::int64_t (&offset)[N]) const {
    for (int axis = end - 1; axis >= begin; --axis) {
      std::int64_t at = index;
      if (axis > begin) {
        // 64-bit division takes several times the instructions of 32-bit division.
        if (index <= 0x7fffffff && extent[axis] <= 0x7fffffff) {
          const std::uint32_t whole = static_cast<std::uint32_t>(index) / static_cast<std::uint32_t>(extent[axis]);
          at = static_cast<std::uint32_t>(index) - whole * static_cast<std::uint32_t>(extent[axis]);
          index = whole;
        } else {
          const std::int64_t whole = index / extent[axis];
          at = index - whole * extent[axis];
          index = whole;
        }
      }
      for (int k = 0; k < N; ++k) offset[k] += at * stride[k][axis];
    }
  }
};
template <class K>
using ArraysOf = Arrays<K::input_count + K::output_count>;
template <class K>
LoopLayout layout_of(const LoopArguments& loop) {
  return LoopLayout(loop, KernelArrays<K>::value, K::input_count + K::output_count);
}

/// Elements that fill 16 bytes, the largest access, of a kernel's widest type.
template <class K>
inline constexpr int pack_width = 16 / K::widest > 8 ? 8 : 16 / K::widest;

/// Reads and writes V neighbours along the innermost axis at given offsets.
template <class K, int V>
struct Element {
  static constexpr int inputs = K::input_count;
  using Bank = typename K::template bank<1>;

  template <int I>
  CTGRAD_HOST_DEVICE static void load(Bank (&bank)[V], const ArraysOf<K>& arrays,
                                      const std::int64_t (&offset)[K::input_count + K::output_count]) {
    using In = typename K::template input<I>;
    using T = element_t<In::dtype>;
    using Value = kernels::lanes_t<In::dtype, 1>;  // float for elements of 16 bits
    const char* from = arrays.pointer[I] + offset[I];
    if constexpr (V > 1 && In::access == InnerAccess::contiguous) {
      const Pack<T, V> pack = *reinterpret_cast<const Pack<T, V>*>(from);
      for (int j = 0; j < V; ++j) kernels::get<I>(bank[j]) = static_cast<Value>(pack.value[j]);
    } else if constexpr (In::access == InnerAccess::broadcast) {
      const auto value = static_cast<Value>(*reinterpret_cast<const T*>(from));
      for (int j = 0; j < V; ++j) kernels::get<I>(bank[j]) = value;
    } else {
      for (int j = 0; j < V; ++j)
        kernels::get<I>(bank[j]) = static_cast<Value>(*reinterpret_cast<const T*>(from + j * arrays.inner[I]));
    }
  }

  template <int... I>
  CTGRAD_HOST_DEVICE static void compute(Bank (&bank)[V], const ArraysOf<K>& arrays,
                                         const std::int64_t (&offset)[K::input_count + K::output_count],
                                         std::integer_sequence<int, I...>) {
    (load<I>(bank, arrays, offset), ...);
    for (int j = 0; j < V; ++j) K::template compute<1>(bank[j]);
  }

  /// Writes output O, unless it is a reduction.
  template <int O>
  CTGRAD_HOST_DEVICE static void store(const Bank (&bank)[V], const ArraysOf<K>& arrays,
                                       const std::int64_t (&offset)[K::input_count + K::output_count]) {
    using Out = typename K::template output<O>;
    if constexpr (!Out::is_reduction) {
      using T = element_t<Out::dtype>;
      char* to = arrays.pointer[inputs + O] + offset[inputs + O];
      if constexpr (V > 1 && Out::access == InnerAccess::contiguous) {
        Pack<T, V> pack;
        for (int j = 0; j < V; ++j) pack.value[j] = static_cast<T>(kernels::get<Out::value>(bank[j]));
        *reinterpret_cast<Pack<T, V>*>(to) = pack;
      } else {
        for (int j = 0; j < V; ++j)
          *reinterpret_cast<T*>(to + j * arrays.inner[inputs + O]) = static_cast<T>(kernels::get<Out::value>(bank[j]));
      }
    }
  }
};

}  // namespace ctgrad::parallel
